"""From the end of a round to its publication: close, audit, publish, turn the conveyor.

Each step is a compare-and-set on the round's status, so a task that is delivered twice or killed half
way is simply run again. What publishing told of the fresh holdout is journaled as nats; then the old
query holdout retires and the fresh one takes its place.
"""

import datetime as dt
import logging
from collections.abc import Callable
from typing import Any

from django.db import transaction

from audits import publication, runs
from audits.models import AuditRun, Publication
from vault import holdouts, journal, locks, rounds
from vault.errors import TransitionError
from vault.models import Holdout, Round
from vault.statuses import HoldoutKind, HoldoutStatus, RoundStatus

logger = logging.getLogger(__name__)

ACTOR = "worker-audit"

Clock = Callable[[], dt.datetime]


def advance(*, round_id: int, clock: Clock) -> bool:
    """CLOSING or CLOSED -> AUDITED; False while submissions wait or another worker is at it."""
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
        runs.run(round=round, clock=clock)
        rounds.mark_audited(round=round, actor=ACTOR, now=clock())
    return True


def publish(*, round_id: int, clock: Clock) -> None:
    """AUDITED -> PUBLISHED, all in one transaction with the conveyor. Twice is once."""
    with locks.one_audit(round_id=round_id) as is_alone:
        round = _get(round_id)
        if not is_alone or round.status == RoundStatus.PUBLISHED:
            return
        if round.status != RoundStatus.AUDITED:
            raise TransitionError(f"{round} is {round.status}; only an audited round is published")
        now = clock()
        with transaction.atomic():
            audit = latest_run(round=round)
            results = publication.results(round=round, audit=audit)
            shown = publication.document(round=round, audit=audit)
            rounds.publish(round=round, results=results, actor=ACTOR, now=now)
            Publication.objects.create(
                round=round, benchmark=round.benchmark, document=shown, published_at=now
            )
            _turn_conveyor(round, shown=shown, now=now)


def latest_run(*, round: Round) -> AuditRun:
    run = AuditRun.objects.filter(round=round, status=AuditRun.Status.DONE).order_by("-pk").first()
    if run is None:
        raise TransitionError(f"{round} was not audited")
    return run


def due() -> list[int]:
    """Rounds that wait for their audit."""
    waiting = Round.objects.filter(status__in=(RoundStatus.CLOSING, RoundStatus.CLOSED))
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def _get(round_id: int) -> Round:
    return Round.objects.select_related("benchmark", "query_holdout").get(pk=round_id)


def _turn_conveyor(round: Round, *, shown: dict[str, Any], now: dt.datetime) -> None:
    holdouts.retire(holdout=round.query_holdout, actor=ACTOR, now=now)
    deciding = publication.deciding(round=round)
    if not deciding:
        return
    for holdout in deciding:
        journal.append(
            benchmark_id=round.benchmark_id,
            kind="fresh_figures_published",
            actor=ACTOR,
            payload={
                "holdout": str(holdout.pk),
                "nats": publication.nats(shown=shown, n_items=holdout.n_items),
            },
            now=now,
        )
    holdouts.promote(holdout=deciding[0], actor=ACTOR, now=now)
    waiting = Holdout.objects.filter(
        benchmark=round.benchmark, status=HoldoutStatus.SEALED, kind=HoldoutKind.IID
    )
    following = waiting.order_by("sealed_at", "pk").first()
    if following is not None:
        holdouts.freshen(holdout=following, actor=ACTOR, now=now)
