"""When a round took nothing more, and what is said to whoever comes after that, or while none is open."""

import datetime as dt

from django.db.models import Q

from vault import sentences
from vault.errors import NoOpenRoundError, RoundClosedError, VaultError
from vault.models import Benchmark, Round
from vault.statuses import COMING, NEVER_OPENED, RoundStatus


def closed_at(*, round: Round, now: dt.datetime) -> dt.datetime | None:
    """Find the announced end, or an organizer's earlier one; None while it receives, or nobody knows."""
    if round.stopped_at is None and round.opened_at is not None and now >= round.closes_at:
        return round.closes_at  # no sweeper has come yet
    return round.stopped_at


def is_early(*, round: Round) -> bool:
    """Tell whether it was closed before the time that was announced."""
    return round.stopped_at is not None and round.stopped_at < round.closes_at


def said(*, round: Round, now: dt.datetime) -> str:
    """Say when a round ended: by itself, early and by whom, or while it had never opened."""
    if round.status == RoundStatus.PLANNED:
        end = sentences.moment(at=round.closes_at, now=now, is_end=True)
        return f"round {round.number} never opened, and its time ended at {end}"
    at = closed_at(round=round, now=now)
    if at is None:
        return f"round {round.number} is closed"
    moment = sentences.moment(at=at, now=now, is_end=True)
    if is_early(round=round):
        return (
            f"round {round.number} was closed at {moment} by an organizer, earlier than announced"
        )
    return f"round {round.number} is closed: it ended at {moment}"


def times(*, round: Round, now: dt.datetime) -> dict[str, dt.datetime]:
    """Give the announced end and, if it is known, the real one, as a refusal tells them."""
    known = closed_at(round=round, now=now)
    return {"closes_at": round.closes_at} | ({} if known is None else {"closed_at": known})


def refusal(*, round: Round, now: dt.datetime) -> RoundClosedError:
    """Make the error of whoever comes to a round after it has closed, or was cancelled."""
    if round.status == RoundStatus.CANCELLED:
        return RoundClosedError("the round was cancelled", closes_at=round.closes_at)
    return RoundClosedError(said(round=round, now=now), **times(round=round, now=now))


def no_round(*, benchmark: Benchmark, now: dt.datetime) -> VaultError:
    """Make the error of a benchmark whose rounds receive no team's file at this moment."""
    rounds = Round.objects.filter(benchmark=benchmark)
    opened = rounds.exclude(status__in=NEVER_OPENED).order_by("-number").first()
    is_late = opened is not None and opened.status == RoundStatus.OPEN and opened.closes_at <= now
    # One whose end has passed opens for nobody.
    coming = rounds.filter(status__in=COMING, closes_at__gt=now).order_by("opens_at").first()
    over = ~Q(status__in=COMING) | Q(closes_at__lte=now)
    ended = rounds.exclude(status=RoundStatus.CANCELLED).filter(over).order_by("-number").first()
    comes = "none is planned" if ended is None else "no other is planned"
    if coming is not None and coming.opens_at <= now:
        comes = f"round {coming.number} is planned, and is not open yet"
    elif coming is not None:
        at = sentences.moment(at=coming.opens_at, now=now)
        comes = f"round {coming.number} opens at {at} at the earliest"
    told = comes if ended is None else f"{said(round=ended, now=now)}; {comes}"
    if ended is None or ended.status == RoundStatus.PLANNED:
        told = f"no round is open: {told}"
    if coming is not None and not is_late:
        return NoOpenRoundError(told, opens_at=coming.opens_at)
    cancelled = "" if coming is not None else cancelled_after(benchmark=benchmark, round=opened)
    if opened is not None and (is_late or not cancelled):
        return RoundClosedError(told, **times(round=ended or opened, now=now))
    return NoOpenRoundError(f"no round is open{cancelled}" if cancelled else told, opens_at=None)


def cancelled_after(*, benchmark: Benchmark, round: Round | None) -> str:
    """End a sentence with the round that would have come next, if it was cancelled."""
    cancelled = Round.objects.filter(
        benchmark=benchmark,
        status=RoundStatus.CANCELLED,
        number__gt=0 if round is None else round.number,
    )
    last = cancelled.order_by("-number").first()
    return "" if last is None else f": round {last.number} was cancelled ({last.cancelled_reason})"
