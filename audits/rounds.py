"""From the end of a round to its publication: close, audit, publish, turn the conveyor.

Each step is a compare-and-set on the round's status, so a task that is delivered twice or killed half
way is simply run again. What a coarse publication told of the fresh holdout is entered into its ledger, and
it takes the place of the old query holdout while its draw has another one to judge; after a full one both
retire.
"""

import datetime as dt
import hashlib
import json
import logging
from contextlib import suppress
from typing import Any

from django.db import transaction

from audits import heads, publication, runs
from audits.models import AuditRun, Publication
from audits.runs import Clock
from vault import conveyor, journal, locks, rounds
from vault.conveyor import Pair
from vault.errors import TransitionError
from vault.holdout_kinds import DECIDING, WITHOUT_LABELS
from vault.models import Benchmark, Holdout, PublishedResult, Round, Team
from vault.sealing import holdouts
from vault.statuses import HoldoutStatus, PublicationKind, RoundStatus

logger = logging.getLogger(__name__)

ACTOR = "worker-audit"


def advance(*, round_id: int, clock: Clock) -> bool:
    """Take CLOSING or CLOSED to AUDITED; False while submissions wait or another worker is at it."""
    with locks.one_audit(round_id=round_id) as is_alone:
        if not is_alone:
            return False
        round = _get(round_id)
        if round.status == RoundStatus.CLOSING and not rounds.close(
            round=round, actor=ACTOR, now=clock()
        ):
            return False
        if round.status != RoundStatus.CLOSED:
            return round.status in (RoundStatus.AUDITED, RoundStatus.PUBLISHED)
        if rounds.is_being_rescored(round=round):
            return False
        # What the finals are is out of anybody's hands before a fresh label is opened.
        heads.sign(benchmark=round.benchmark, clock=clock)
        runs.run(round=round, clock=clock)
        rounds.mark_audited(round=round, actor=ACTOR, now=clock())
    return True


def publish(*, round_id: int, clock: Clock) -> None:
    """AUDITED -> PUBLISHED, all in one transaction with the conveyor. It is idempotent."""
    with locks.one_audit(round_id=round_id) as is_alone:
        round = _get(round_id)
        if not is_alone or round.status == RoundStatus.PUBLISHED:
            return
        if round.status != RoundStatus.AUDITED:
            raise TransitionError(
                f"the round {round} is {round.status}; only an audited round is published"
            )
        now = clock()
        with transaction.atomic():
            audit = latest_run(round=round)
            shown = publication.document(round=round, audit=audit)
            results = publication.results(round=round, audit=audit, shown=shown)
            rounds.publish(round=round, results=results, actor=ACTOR, now=now)
            Publication.objects.create(
                round=round, benchmark=round.benchmark, document=shown, published_at=now
            )
            _enter(round, shown=shown, results=results, now=now)
            _turn_conveyor(round, shown=shown, now=now)
            _retire_measured(round, now=now)
        if warning := conveyor.stock(benchmark=round.benchmark).warning:
            logger.warning("%s: %s", round.benchmark.slug, warning)
        heads.sign(benchmark=round.benchmark, clock=clock)


def _enter(
    round: Round, *, shown: dict[str, Any], results: list[PublishedResult], now: dt.datetime
) -> None:
    """Enter what was published: the document by its hash, and what it says of each team."""
    written = json.dumps(shown, sort_keys=True, separators=(",", ":"))
    sha256 = hashlib.sha256(written.encode()).hexdigest()
    journal.append_of_round(
        round=round, kind="document_published", actor=ACTOR, now=now, sha256=sha256
    )
    names = Team.objects.in_bulk([each.team_id for each in results])
    for result in results:
        if result.verdict:
            journal.append_of_round(
                round=round,
                kind="verdict",
                actor=ACTOR,
                now=now,
                team=names[result.team_id].name,
                submission=str(result.submission_id),
                verdict=str(result.verdict),
            )


def take_up(*, clock: Clock) -> None:
    """Put the next draw's first two in place where no publication will: its labels came too late."""
    stocked = Holdout.objects.filter(status=HoldoutStatus.SEALED).values("benchmark")
    for benchmark in Benchmark.objects.filter(pk__in=stocked).order_by("pk"):
        pair = conveyor.waiting(benchmark=benchmark)
        if pair is None:
            continue
        # Another worker may have been quicker; then it is done.
        with suppress(TransitionError), transaction.atomic():
            _put_in_place(pair, now=clock())
            logger.info("%s goes on with the holdouts of its next label file", benchmark.slug)


def latest_run(*, round: Round) -> AuditRun:
    run = AuditRun.last_done(round)
    if run is None:
        raise TransitionError(f"the round {round} was not audited")
    return run


def due() -> list[int]:
    """List the rounds that wait for their audit."""
    waiting = Round.objects.filter(status__in=(RoundStatus.CLOSING, RoundStatus.CLOSED))
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def _get(round_id: int) -> Round:
    return Round.objects.select_related("benchmark", "query_holdout").get(pk=round_id)


def _turn_conveyor(round: Round, *, shown: dict[str, Any], now: dt.datetime) -> None:
    """Retire the old query holdout; the next pair of one draw answers and judges."""
    holdouts.retire(holdout=round.query_holdout, actor=ACTOR, now=now)
    deciding = publication.deciding(round=round)
    if round.publication == PublicationKind.FULL:
        # Exact figures end a holdout.
        for holdout in deciding:
            holdouts.retire(holdout=holdout, actor=ACTOR, now=now)
    elif deciding:
        _count_publication(round, deciding, shown=shown, now=now)
    found = conveyor.next_turn(round=round)
    known = Holdout.objects.filter(benchmark=round.benchmark_id).in_bulk()
    for each in found.retired:
        holdouts.retire(holdout=known[each.id], actor=ACTOR, now=now)
    if found.next is not None:
        _put_in_place(found.next, now=now)


def _retire_measured(round: Round, *, now: dt.datetime) -> None:
    """Retire what the round measured beside the verdict, once no other round is still to measure it."""
    measured = round.fresh_holdouts.filter(status=HoldoutStatus.FRESH)
    waiting = Round.objects.exclude(status__in=(RoundStatus.PUBLISHED, RoundStatus.CANCELLED))
    awaited = set(waiting.exclude(pk=round.pk).values_list("fresh_holdouts", flat=True))
    for holdout in measured.exclude(kind__in=(*DECIDING, *WITHOUT_LABELS)).order_by("pk"):
        if holdout.pk not in awaited:
            holdouts.retire(holdout=holdout, actor=ACTOR, now=now)


def _put_in_place(pair: Pair, *, now: dt.datetime) -> None:
    """Let the one answer and the other judge the next round."""
    query, fresh = pair.query, pair.fresh
    known = Holdout.objects.in_bulk([query.id, fresh.id])
    if query.status != HoldoutStatus.QUERY:
        holdouts.promote(holdout=known[query.id], actor=ACTOR, now=now)
    if fresh.status != HoldoutStatus.FRESH:
        holdouts.freshen(holdout=known[fresh.id], actor=ACTOR, now=now)


def _count_publication(
    round: Round, deciding: list[Holdout], *, shown: dict[str, Any], now: dt.datetime
) -> None:
    """Enter what was told of each of the holdouts that a figure was computed on."""
    nats = publication.nats(round=round, shown=shown)
    for holdout in deciding:
        rounds.count_publication(round=round, holdout=holdout, nats=nats, now=now)
        journal.append(
            benchmark_id=round.benchmark_id,
            kind="fresh_figures_published",
            actor=ACTOR,
            payload={"holdout": str(holdout.pk), "nats": nats},
            now=now,
        )
