"""From the end of a round to its publication: close, audit, publish, turn the conveyor.

Each step is a compare-and-set on the round's status, so a task that is delivered twice or killed half
way is simply run again. What a coarse publication told of the fresh holdout is entered into its ledger,
and it takes the place of the old query holdout; after a full one both retire.
"""

import datetime as dt
import uuid
from collections import Counter
from typing import Any

from django.db import transaction

from audits import heads, publication, runs
from audits.models import AuditRun, Publication
from audits.runs import Clock
from vault import journal, locks, rounds
from vault.errors import TransitionError
from vault.holdout_kinds import DECIDING, WITHOUT_LABELS
from vault.models import Benchmark, Holdout, Round
from vault.sealing import holdouts
from vault.statuses import HoldoutStatus, PublicationKind, RoundStatus

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
            _turn_conveyor(round, shown=shown, now=now)
            _retire_measured(round, now=now)
        heads.sign(benchmark=round.benchmark, clock=clock)


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
    """Retire the old query holdout; the next answers, and one behind it becomes fresh."""
    holdouts.retire(holdout=round.query_holdout, actor=ACTOR, now=now)
    deciding = publication.deciding(round=round)
    if not deciding:
        return
    promoted: Holdout | None = deciding[0]
    if round.publication == PublicationKind.FULL:
        promoted = _retire_all(deciding, now=now)
    else:
        nats = publication.nats(round=round, shown=shown)
        # Each of the holdouts that a figure was computed on may have been told of by it.
        for holdout in deciding:
            rounds.count_publication(round=round, holdout=holdout, nats=nats, now=now)
            journal.append(
                benchmark_id=round.benchmark_id,
                kind="fresh_figures_published",
                actor=ACTOR,
                payload={"holdout": str(holdout.pk), "nats": nats},
                now=now,
            )
    if promoted is None:
        return
    holdouts.promote(holdout=promoted, actor=ACTOR, now=now)
    waiting = _stock(benchmark=round.benchmark, batch=promoted.batch)
    if waiting:
        holdouts.freshen(holdout=waiting[0], actor=ACTOR, now=now)


def _retire_measured(round: Round, *, now: dt.datetime) -> None:
    """Retire what the round measured beside the verdict, once no other round is still to measure it."""
    measured = round.fresh_holdouts.filter(status=HoldoutStatus.FRESH)
    waiting = Round.objects.exclude(status__in=(RoundStatus.PUBLISHED, RoundStatus.CANCELLED))
    awaited = set(waiting.exclude(pk=round.pk).values_list("fresh_holdouts", flat=True))
    for holdout in measured.exclude(kind__in=(*DECIDING, *WITHOUT_LABELS)).order_by("pk"):
        if holdout.pk not in awaited:
            holdouts.retire(holdout=holdout, actor=ACTOR, now=now)


def _retire_all(deciding: list[Holdout], *, now: dt.datetime) -> Holdout | None:
    """Exact figures end a holdout: the next query holdout comes from the stock, if there is one."""
    for holdout in deciding:
        holdouts.retire(holdout=holdout, actor=ACTOR, now=now)
    waiting = _stock(benchmark=deciding[0].benchmark, batch=deciding[0].batch)
    left = Counter(each.batch for each in waiting)
    # A query holdout without another shard of its draw could be audited against nothing.
    paired = [each for each in waiting if left[each.batch] > 1]
    return next(iter([*paired, *waiting]), None)


def _stock(*, benchmark: Benchmark, batch: uuid.UUID) -> list[Holdout]:
    """Sealed shards in the order of use: what was drawn with the current ones, then what is older."""
    # Only shards of one draw can be compared, so a query holdout and its fresh one are of one batch.
    waiting = Holdout.objects.filter(
        benchmark=benchmark, status=HoldoutStatus.SEALED, kind__in=DECIDING
    )
    return sorted(
        waiting, key=lambda each: (each.batch != batch, each.sealed_at, str(each.batch), each.pk)
    )
