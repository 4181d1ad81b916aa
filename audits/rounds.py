"""From the end of a round to its publication: close, audit, publish, turn the conveyor.

Each step is a compare-and-set on the round's status, so a task that is delivered twice or killed half
way is simply run again. Publishing shows one fresh figure for each final, rounded toward worse to the
fresh holdout's own grid u/sqrt(m): that holdout will serve as the next query holdout, and what was told
of it is journaled as nats. Then the old query holdout retires and the fresh one takes its place.
"""

import datetime as dt
import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from audits import runs, verdicts
from audits.models import AuditRun, Finding, Publication
from stats.metrics import oriented
from vault import holdouts, journal, rounds
from vault.errors import TransitionError
from vault.models import Holdout, Round, Team
from vault.rounds import ResultRow
from vault.statuses import HoldoutKind, HoldoutStatus, RoundStatus, Verdict

logger = logging.getLogger(__name__)

ACTOR = "worker-audit"
# First half of the advisory lock's key: one audit of a round at a time.
_AUDIT = 4803

Clock = Callable[[], dt.datetime]


def advance(*, round_id: int, clock: Clock) -> bool:
    """CLOSING or CLOSED -> AUDITED; False while submissions wait or another worker is at it."""
    with _alone(round_id) as is_alone:
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
    with _alone(round_id) as is_alone:
        round = _get(round_id)
        if not is_alone or round.status == RoundStatus.PUBLISHED:
            return
        if round.status != RoundStatus.AUDITED:
            raise TransitionError(f"{round} is {round.status}; only an audited round is published")
        now = clock()
        with transaction.atomic():
            audit = latest_run(round=round)
            results = _results(round, audit)
            rounds.publish(round=round, results=results, actor=ACTOR, now=now)
            Publication.objects.create(
                round=round,
                benchmark=round.benchmark,
                document=_document(round, audit, results),
                published_at=now,
            )
            _turn_conveyor(round, n_figures=len(results), now=now)


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


@contextmanager
def _alone(round_id: int) -> Iterator[bool]:
    """A session's advisory lock: it survives commits and ends with the process."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_AUDIT, round_id])
        (is_alone,) = cursor.fetchone()
    try:
        yield is_alone
    finally:
        if is_alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_AUDIT, round_id])


def _deciding(round: Round) -> Holdout | None:
    return (
        round.fresh_holdouts.filter(kind=HoldoutKind.IID, batch=round.query_holdout.batch)
        .order_by("sealed_at", "pk")
        .first()
    )


def _grid(round: Round) -> float:
    deciding = _deciding(round) or round.query_holdout
    return rounds.unit(round=round) / math.sqrt(deciding.n_items)


def _results(round: Round, audit: AuditRun) -> list[ResultRow]:
    grid, metric = _grid(round), round.benchmark.primary_metric
    rows = []
    for finding in Finding.objects.filter(run=audit, check_name=runs.VERDICT).order_by("team_id"):
        fresh = finding.evidence.get("fresh")
        if fresh is None or finding.team_id is None or finding.submission_id is None:
            continue
        rounded = math.floor(fresh / grid + 1e-9) * grid
        rows.append(
            ResultRow(
                team_id=finding.team_id,
                submission_id=finding.submission_id,
                fresh_value=oriented(metric=metric, value=rounded),
                verdict=verdicts.published(Verdict(finding.verdict)).value
                if finding.verdict
                else "",
            )
        )
    return rows


def _document(round: Round, audit: AuditRun, results: list[ResultRow]) -> dict[str, Any]:
    """What the API shows. While the fresh holdout will still answer queries, one figure per team."""
    names = Team.objects.in_bulk([row.team_id for row in results])
    effects = {
        finding.team_id: finding.minimum_detectable_effect
        for finding in Finding.objects.filter(run=audit, check_name=runs.VERDICT)
    }
    return {
        "benchmark": round.benchmark.slug,
        "round": round.number,
        "metric": round.benchmark.primary_metric,
        "resolution": _grid(round),
        "board_verdict": audit.board_verdict,
        "family_wise_error": 0.01,
        "teams": [
            {
                "team": names[row.team_id].name,
                "is_reference": names[row.team_id].is_reference,
                "fresh": row.fresh_value,
                "verdict": row.verdict or None,
                "minimum_detectable_effect": _coarse(effects.get(row.team_id)),
            }
            for row in sorted(results, key=lambda row: names[row.team_id].name)
        ],
    }


def _coarse(effect: float | None) -> float | None:
    """Two digits upward: the figure is computed from fresh labels, so it is not given exactly."""
    return None if effect is None else math.ceil(effect * 100) / 100


def _turn_conveyor(round: Round, *, n_figures: int, now: dt.datetime) -> None:
    holdouts.retire(holdout=round.query_holdout, actor=ACTOR, now=now)
    deciding = _deciding(round)
    if deciding is None:
        return
    levels = math.ceil(math.sqrt(deciding.n_items))
    journal.append(
        benchmark_id=round.benchmark_id,
        kind="fresh_figures_published",
        actor=ACTOR,
        payload={"holdout": str(deciding.pk), "nats": n_figures * math.log(levels)},
        now=now,
    )
    holdouts.promote(holdout=deciding, actor=ACTOR, now=now)
    waiting = Holdout.objects.filter(
        benchmark=round.benchmark, status=HoldoutStatus.SEALED, kind=HoldoutKind.IID
    )
    following = waiting.order_by("sealed_at", "pk").first()
    if following is not None:
        holdouts.freshen(holdout=following, actor=ACTOR, now=now)
