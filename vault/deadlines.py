"""Moving the announced end of a round: only to a later time, and only while the round still has one ahead.

Statuses never go back, so a round that has stopped receiving stays so; one team can be let in late instead
(`vault.accepting_late`).
"""

import datetime as dt

from django.db import transaction

from vault import fresh_openings, locks, notices
from vault.errors import ActError
from vault.models import Benchmark, Round, RoundNotice
from vault.planning.checks import MAX_DURATION
from vault.statuses import COMING, RoundStatus


def obstacle(*, round: Round, now: dt.datetime) -> str:
    """Say why the round's end cannot be moved; empty if it can."""
    if round.status not in COMING:
        return (
            f"the round {round} is {round.status}: an end is moved while a round is PLANNED or OPEN, and "
            "one that has stopped receiving is not opened again"
        )
    if now >= round.closes_at:
        instead = (
            "cancel it and plan another"
            if round.status == RoundStatus.PLANNED
            else "let the teams that need it hand in late instead"
        )
        return f"the end of {round}, {_minute(round.closes_at)}, has passed: {instead}"
    return ""


def following(*, round: Round) -> list[Round]:
    """List the rounds that are planned after this one."""
    planned = Round.objects.filter(benchmark=round.benchmark_id, status=RoundStatus.PLANNED)
    return list(planned.filter(number__gt=round.number).order_by("opens_at", "number"))


def waiting_for(*, round: Round, closes_at: dt.datetime) -> list[Round]:
    """List planned rounds whose announced opening is before this end: they wait until it has come."""
    return [each for each in following(round=round) if each.opens_at < closes_at]


@transaction.atomic
def move(
    *, round: Round, closes_at: dt.datetime, reason: str, actor: str, now: dt.datetime
) -> RoundNotice:
    """Move the end to a later time. Nothing is edited: the notice keeps the one before it."""
    # As planning does: of two that are about one benchmark the second sees the first's.
    Benchmark.objects.select_for_update(no_key=True).get(pk=round.benchmark_id)
    # Alone: a file that came in before the old end is in, and a sweeper looks at the end again.
    locks.hold_round(round_id=round.pk)
    round.refresh_from_db(fields=["status", "closes_at"])
    if why := obstacle(round=round, now=now):
        raise ActError(why)
    _check(round, closes_at, now=now)
    fresh_openings.check_none(round=round, act="An end is moved")
    before = round.closes_at
    notice = notices.post(
        round=round,
        kind=RoundNotice.Kind.DEADLINE_MOVED,
        reason=reason,
        actor=actor,
        now=now,
        before={"closes_at": notices.written(before)},
        after={"closes_at": notices.written(closes_at)},
    )
    # The database asks for the notice, so it comes first.
    Round.objects.filter(pk=round.pk).update(closes_at=closes_at)
    round.closes_at = closes_at
    return notice


def _check(round: Round, closes_at: dt.datetime, *, now: dt.datetime) -> None:
    if closes_at <= round.closes_at:
        raise ActError(
            f"an end is only moved to a later time, and the announced one is {_minute(round.closes_at)}",
            field="closes_at",
        )
    if closes_at - now > MAX_DURATION:
        raise ActError("the round would close in more than a thousand years", field="closes_at")
    for each in following(round=round):
        if each.closes_at <= closes_at:
            raise ActError(
                f"round {each.number} is planned and ends at {_minute(each.closes_at)}: it could not open "
                "before its own end, so move that first",
                field="closes_at",
            )


def _minute(at: dt.datetime) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
