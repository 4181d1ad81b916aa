"""Which holdouts serve next, and for how many rounds the sealed labels are enough.

Shards of one draw are exchangeable, shards of two label files are not: a round pairs a query holdout with a
fresh one of the same draw, and of one that no audit has opened before. A publication moves on within the draw
while such a pair is left in it, and then to the next draw. Nothing here opens a label.
"""

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_

from django.db.models import Q

from stats.drawing import MIN_ITEMS
from vault import fresh_openings, sentences
from vault.holdout_kinds import DECIDING
from vault.models import Benchmark, Holdout, Round
from vault.statuses import HoldoutStatus, PublicationKind, RoundStatus

# Shards that serve, or may yet serve, a round.
USABLE = (HoldoutStatus.SEALED, HoldoutStatus.FRESH, HoldoutStatus.QUERY)
OVER = (RoundStatus.PUBLISHED, RoundStatus.CANCELLED)
FEW = 1
NOT_AUDITABLE = (
    "no fresh iid holdout of the query holdout's draw is chosen, so no team could be tested: choose one that "
    "no audit has opened"
)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A shard on the conveyor; `was_opened` tells whether an audit has had its labels."""

    id: uuid.UUID
    batch: uuid.UUID
    status: str
    was_opened: bool = False

    @property
    def may_judge(self) -> bool:
        """Whether it can be the fresh holdout of a round: nobody was ever told anything of it."""
        return self.status != HoldoutStatus.QUERY and not self.was_opened


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What the next round compares: two shards of one draw."""

    query: Place
    fresh: Place


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What a publication does to the holdouts, beside retiring the query holdout."""

    next: Pair | None
    # Opened shards of a draw that has nothing left to compare them with.
    retired: Sequence[Place] = ()


@dataclass(frozen=True, kw_only=True)
class Stock:
    """How many further rounds can be audited, if each is published coarsely, or each in full.

    Further than `pending` rounds: those that are planned, open or not published yet have their holdouts.
    """

    coarse_rounds: int
    full_rounds: int
    n_pending: int = 0

    @property
    def line(self) -> str:
        """Say it in one line."""
        rounds = sentences.counted(n=self.coarse_rounds, noun="auditable round")
        in_full = ""
        if self.full_rounds != self.coarse_rounds:
            in_full = f" ({self.full_rounds:,} if each is published in full)"
        after = ""
        if self.n_pending:
            ahead = sentences.counted(n=self.n_pending, noun="round")
            after = (
                f", after {ahead} that {'is' if self.n_pending == 1 else 'are'} not published yet"
            )
        return f"{rounds} left{in_full}{after}"

    @property
    def warning(self) -> str:
        """Say that it runs out, and what to do; empty while it does not."""
        if self.coarse_rounds > FEW:
            return ""
        return (
            f"{self.line}: seal a new label file, of at least two iid shards, before the next round after "
            f"{'it' if self.coarse_rounds else 'that'} is to be planned."
        )


def pair_of(shards: Sequence[Place]) -> Pair | None:
    """Choose a query and a fresh shard among those of one draw, in the order of use; None: none are left.

    What was opened already can still answer queries, and nothing else; so it goes first.
    """
    judges = [each for each in shards if each.may_judge]
    judges.sort(key=lambda each: each.status != HoldoutStatus.FRESH)
    spent = [each for each in shards if not each.may_judge]
    spent.sort(key=lambda each: each.status != HoldoutStatus.QUERY)
    if not judges:
        return None
    # Of shards that may do either, the fresh one is not moved without need.
    queries = [*spent, *judges[1:]]
    return Pair(query=queries[0], fresh=judges[0]) if queries else None


def turn(*, shards: Sequence[Place], batch: uuid.UUID, moves_on: bool = True) -> Turn:
    """Find what follows a publication about the draw `batch`; its query holdout is none of `shards` any more.

    Without `moves_on` another round is on the way already, and its own publication will take the next draw.
    """
    own = [each for each in shards if each.batch == batch]
    if (pair := pair_of(own)) is not None:
        return Turn(next=pair)
    spent = [each for each in own if each.status == HoldoutStatus.FRESH and each.was_opened]
    if not moves_on:
        return Turn(next=None, retired=spent)
    others = [each for each in by_draw(shards) if each[0].batch != batch]
    pairs = (pair_of(each) for each in others)
    return Turn(next=next((pair for pair in pairs if pair is not None), None), retired=spent)


def by_draw(shards: Sequence[Place]) -> list[list[Place]]:
    """Divide shards by their draws, in the order of use."""
    draws: dict[uuid.UUID, list[Place]] = {}
    for each in shards:
        draws.setdefault(each.batch, []).append(each)
    return list(draws.values())


def published(
    *, shards: Sequence[Place], query: uuid.UUID, fresh: Iterable[uuid.UUID], is_full: bool
) -> list[Place]:
    """Give the shards as a round's publication leaves them, before the conveyor turns."""
    judged = set(fresh)
    left = [each for each in shards if each.id != query and not (is_full and each.id in judged)]
    return [replace(each, was_opened=each.was_opened or each.id in judged) for each in left]


def rounds_left(*, shards: Sequence[Place], is_full: bool) -> int:
    """Count the rounds that shards of any draws are enough for.

    A coarse one takes a shard that judges, and makes it the next one's query holdout; a full one takes it
    away. Of s shards that nothing was told of these are s - 1, and half of s.
    """
    return sum(_rounds_left(draw, is_full=is_full) for draw in by_draw(shards))


def _rounds_left(draw: Sequence[Place], *, is_full: bool) -> int:
    n_judges = sum(each.may_judge for each in draw)
    n_spent = len(draw) - n_judges
    if not is_full:
        return n_judges if n_spent else max(0, n_judges - 1)
    with_spent = min(n_spent, n_judges)
    return with_spent + (n_judges - with_spent) // 2


def stock(*, benchmark: Benchmark) -> Stock:
    """Count what is left of a benchmark's labels once the rounds that are planned or open are published.

    From what everybody may know: which holdouts there are, and which rounds have them.
    """
    pending = [(each, list(each.fresh_holdouts.all())) for each in _pending(benchmark=benchmark)]
    return _after(pending, benchmark=benchmark)


def stock_after(*, round: Round, fresh_holdouts: Sequence[Holdout]) -> Stock:
    """Count what would be left after a round that is not planned yet."""
    benchmark = round.benchmark
    pending = [(each, list(each.fresh_holdouts.all())) for each in _pending(benchmark=benchmark)]
    return _after([*pending, (round, list(fresh_holdouts))], benchmark=benchmark)


def _after(pending: Sequence[tuple[Round, list[Holdout]]], *, benchmark: Benchmark) -> Stock:
    known = usable(benchmark=benchmark)
    audited = Round.objects.filter(benchmark=benchmark, status=RoundStatus.PUBLISHED)
    shards = places(known, opened=audited.values_list("fresh_holdouts", flat=True))
    for round, fresh in pending:
        shards = published(
            shards=shards,
            query=round.query_holdout_id,
            fresh=[each.pk for each in fresh],
            is_full=round.publication == PublicationKind.FULL,
        )
    return Stock(
        coarse_rounds=rounds_left(shards=shards, is_full=False),
        full_rounds=rounds_left(shards=shards, is_full=True),
        n_pending=len(pending),
    )


def next_turn(*, round: Round) -> Turn:
    """Find what follows the publication of a round whose query holdout is retired, by the journal."""
    benchmark = round.benchmark
    return turn(
        shards=places_of(free(benchmark=benchmark)),
        batch=round.query_holdout.batch,
        moves_on=not _pending(benchmark=benchmark),
    )


def proposed(*, benchmark: Benchmark) -> tuple[Holdout, Holdout] | None:
    """Choose the holdouts of a round that would be planned now; None: no pair is ready."""
    known = {
        each.pk: each for each in free(benchmark=benchmark) if each.status != HoldoutStatus.SEALED
    }
    for draw in by_draw(places_of(list(known.values()))):
        pair = pair_of(draw)
        if pair is not None and pair.query.status == HoldoutStatus.QUERY:
            return known[pair.query.id], known[pair.fresh.id]
    return None


def waiting(*, benchmark: Benchmark) -> Pair | None:
    """Find a pair that no publication will put in place: none is ready, and no round is on the way.

    So it is with a label file that was sealed for later when all that came before was used up already.
    """
    if _pending(benchmark=benchmark) or proposed(benchmark=benchmark) is not None:
        return None
    pairs = (pair_of(draw) for draw in by_draw(places_of(free(benchmark=benchmark))))
    return next((pair for pair in pairs if pair is not None), None)


def free(*, benchmark: Benchmark) -> list[Holdout]:
    """List the usable shards that no round has which is not over."""
    pending = _pending(benchmark=benchmark)
    engaged = {each.query_holdout_id for each in pending}
    engaged |= {fresh.pk for each in pending for fresh in each.fresh_holdouts.all()}
    return [each for each in usable(benchmark=benchmark) if each.pk not in engaged]


def places_of(holdouts: Sequence[Holdout]) -> list[Place]:
    """Put holdouts on the conveyor, by the journal."""
    return places(holdouts, opened=opened(holdouts=holdouts))


def unjudged(*, round: Round) -> str:
    """Say why a round's audit could test nobody, unless it was planned so; empty if it can."""
    if round.unaudited:
        return ""
    fresh = [
        each for each in round.fresh_holdouts.all() if each.decides_beside(round.query_holdout)
    ]
    used = opened(holdouts=fresh, but_for=round)
    if any(each.pk not in used and each.status == HoldoutStatus.FRESH for each in fresh):
        return ""
    return (
        "it has no fresh iid holdout of the query holdout's draw that no audit has opened, so no team could "
        "be tested: cancel it, and plan it with one, or say that it is unaudited"
    )


def usable(*, benchmark: Benchmark) -> list[Holdout]:
    """List the shards that can serve a round, in the order of use: the oldest draw first."""
    found = Holdout.objects.filter(
        benchmark=benchmark, status__in=USABLE, kind__in=DECIDING, n_items__gte=MIN_ITEMS
    )
    return sorted(found, key=lambda each: (each.sealed_at, str(each.batch), str(each.pk)))


def places(holdouts: Iterable[Holdout], *, opened: Iterable[uuid.UUID]) -> list[Place]:
    """Put holdouts on the conveyor, knowing which were opened."""
    known = set(opened)
    return [
        Place(
            id=each.pk,
            batch=each.batch,
            status=str(each.status),
            was_opened=each.pk in known,
        )
        for each in holdouts
    ]


def opened(*, holdouts: Sequence[Holdout], but_for: Round | None = None) -> set[uuid.UUID]:
    """Tell by the journal which of the holdouts were ever opened, but for what one round's audits opened."""
    if not holdouts:
        return set()
    named = reduce(or_, (Q(payload__contains=str(each.pk)) for each in holdouts))
    benchmarks = {each.benchmark_id for each in holdouts}
    entries = fresh_openings.entries(benchmark_ids=benchmarks)
    wanted, found = {str(each.pk): each.pk for each in holdouts}, set()
    own = None if but_for is None else but_for.number
    for text in entries.filter(named).values_list("payload", flat=True):
        told = json.loads(text)
        is_own = own is not None and told.get("reason", {}).get("round") == own
        if told["holdout"] in wanted and not is_own:
            found.add(wanted[told["holdout"]])
    return found


def _pending(*, benchmark: Benchmark) -> list[Round]:
    """List the rounds that have their holdouts and are not over."""
    rounds = Round.objects.filter(benchmark=benchmark).exclude(status__in=OVER)
    return list(rounds.prefetch_related("fresh_holdouts").order_by("number"))
