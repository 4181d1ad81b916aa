"""When a round took nothing more, and what is said to whoever comes after that."""

import datetime as dt

from vault import spoken_times
from vault.errors import RoundClosedError
from vault.models import Round


def closed_at(*, round: Round, now: dt.datetime) -> dt.datetime | None:
    """Find the announced end, or an organizer's earlier one; None while it receives, or nobody knows."""
    if round.stopped_at is None and round.opened_at is not None and now >= round.closes_at:
        # No sweeper has come yet.
        return round.closes_at
    return round.stopped_at


def is_early(*, round: Round) -> bool:
    """Whether it was closed before the time that was announced."""
    return round.stopped_at is not None and round.stopped_at < round.closes_at


def said(*, round: Round, now: dt.datetime) -> str:
    """Say when a round ended, and of one that was closed early, that somebody did it."""
    at = closed_at(round=round, now=now)
    if at is None:
        return f"round {round.number} is closed"
    moment = spoken_times.moment(at=at, now=now, is_end=True)
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
    """Make the error of whoever comes to a round after it has closed."""
    return RoundClosedError(said(round=round, now=now), **times(round=round, now=now))
