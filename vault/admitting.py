"""Which rounds still take teams."""

import datetime as dt

from vault.errors import AdmissionError
from vault.models import Round
from vault.statuses import RoundStatus


def check(*, round: Round, now: dt.datetime) -> None:
    """Refuse a round that is over, and one that can open for nobody any more."""
    if round.status not in (RoundStatus.PLANNED, RoundStatus.OPEN):
        raise AdmissionError(
            f"teams are admitted until a round closes, and this one is {round.status}"
        )
    if is_past(round=round, now=now):
        raise AdmissionError(past(round=round))


def is_past(*, round: Round, now: dt.datetime) -> bool:
    """Whether it has not opened, and its end has come."""
    return round.status == RoundStatus.PLANNED and now >= round.closes_at


def past(*, round: Round) -> str:
    """Say why no team is admitted to a round that `is_past`."""
    return (
        f"round {round.number} has not opened, and its end, {round.closes_at:%Y-%m-%d %H:%M} UTC, has "
        "passed: it opens for nobody, so cancel it and plan another"
    )
