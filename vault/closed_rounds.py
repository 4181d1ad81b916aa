"""When a round took nothing more, and what is said to whoever comes after that."""

import datetime as dt

from vault.errors import RoundClosedError
from vault.models import Round


def closed_at(*, round: Round, now: dt.datetime) -> dt.datetime | None:
    """The announced end, or when an organizer closed it before; None while it receives, or nobody knows."""
    if round.stopped_at is None and round.opened_at is not None and now >= round.closes_at:
        # No sweeper has come yet.
        return round.closes_at
    return round.stopped_at


def is_early(*, round: Round) -> bool:
    """Whether it was closed before the time that was announced."""
    return round.stopped_at is not None and round.stopped_at < round.closes_at


def refusal(*, round: Round, now: dt.datetime) -> RoundClosedError:
    """What a closed round says; of one that was closed early, when, and that somebody did it."""
    said = "the round is closed"
    if round.stopped_at is not None and is_early(round=round):
        at = round.stopped_at.astimezone(dt.UTC)
        said = f"the round was closed at {at:%Y-%m-%d %H:%M} UTC by an organizer, earlier than announced"
    known = closed_at(round=round, now=now)
    times = {"closes_at": round.closes_at} | ({} if known is None else {"closed_at": known})
    return RoundClosedError(said, **times)
