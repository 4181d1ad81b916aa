"""Why a team can hand in nothing now: which round ended and when, and whether another is planned."""

import datetime as dt

from django.db.models import Q

from vault import closed_rounds, spoken_times
from vault.errors import NoOpenRoundError, RoundClosedError, VaultError
from vault.models import Benchmark, Round
from vault.statuses import NEVER_OPENED, RoundStatus

COMING = (RoundStatus.PLANNED, RoundStatus.OPEN)


def refusal(*, benchmark: Benchmark, now: dt.datetime) -> VaultError:
    """Make the error of a benchmark whose rounds receive no team's file at this moment."""
    rounds = Round.objects.filter(benchmark=benchmark)
    opened = rounds.exclude(status__in=NEVER_OPENED).order_by("-number").first()
    is_late = opened is not None and opened.status == RoundStatus.OPEN and opened.closes_at <= now
    # One whose end has passed opens for nobody.
    coming = rounds.filter(status__in=COMING, closes_at__gt=now).order_by("opens_at").first()
    over = ~Q(status__in=COMING) | Q(closes_at__lte=now)
    ended = rounds.exclude(status=RoundStatus.CANCELLED).filter(over).order_by("-number").first()
    said = _said(ended, coming=coming, now=now)
    if coming is not None and not is_late:
        return NoOpenRoundError(said, opens_at=coming.opens_at)
    cancelled = "" if coming is not None else cancelled_after(benchmark=benchmark, round=opened)
    if opened is not None and (is_late or not cancelled):
        return RoundClosedError(said, **closed_rounds.times(round=ended or opened, now=now))
    return NoOpenRoundError(f"no round is open{cancelled}" if cancelled else said, opens_at=None)


def cancelled_after(*, benchmark: Benchmark, round: Round | None) -> str:
    """End a sentence with the round that would have come next, if it was cancelled."""
    cancelled = Round.objects.filter(
        benchmark=benchmark,
        status=RoundStatus.CANCELLED,
        number__gt=0 if round is None else round.number,
    )
    last = cancelled.order_by("-number").first()
    return "" if last is None else f": round {last.number} was cancelled ({last.cancelled_reason})"


def _said(ended: Round | None, *, coming: Round | None, now: dt.datetime) -> str:
    if ended is None:
        comes = "none is planned" if coming is None else _comes(coming, now=now)
        return f"no round is open: {comes}"
    if ended.status == RoundStatus.PLANNED:
        at = spoken_times.moment(at=ended.closes_at, now=now, is_end=True)
        head = f"no round is open: round {ended.number} never opened, and its time ended at {at}"
    else:
        head = closed_rounds.said(round=ended, now=now)
    return f"{head}; {_comes(coming, now=now)}"


def _comes(coming: Round | None, *, now: dt.datetime) -> str:
    if coming is None:
        return "no other is planned"
    if coming.opens_at <= now:
        return f"round {coming.number} is planned, and is not open yet"
    at = spoken_times.moment(at=coming.opens_at, now=now)
    return f"round {coming.number} opens at {at} at the earliest"
