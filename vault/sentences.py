"""What people read: sentences, lengths and moments in words, and the reason that an organizer gives.

Programs get seconds and ISO 8601 instead.
"""

import datetime as dt
from decimal import Decimal

from vault.errors import VaultError

DAY, HOUR, MINUTE = 86_400, 3_600, 60
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
# A moment this near is told to the second.
NEAR = dt.timedelta(minutes=10)
MAX_REASON = 500


def begun(text: str) -> str:
    """Begin with a capital letter; the name of a field in front keeps its own.

    The domain's messages begin small, as they also stand in the middle of sentences.
    """
    first = text.partition(" ")[0]
    is_name = "_" in first or first.endswith(":")
    return text if is_name else text[:1].upper() + text[1:]


def whole(text: str) -> str:
    """Begin with a capital letter and end with a full stop, as an admin's page writes."""
    return f"{begun(text).rstrip('.')}." if text else ""


def length(*, seconds: int) -> str:
    """Say a length in its largest whole unit; a day is 24 hours, as no window begins at midnight."""
    for size, unit in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if seconds % size == 0 and (size, seconds) != (DAY, DAY):
            return counted(n=seconds // size, noun=unit)
    return counted(n=seconds, noun="second")


def moment(*, at: dt.datetime, now: dt.datetime, is_end: bool = False) -> str:
    """Name the first whole minute that is not before `at`, in UTC, with its date unless that is today's.

    A moment of the next ten minutes is named to the second. Who comes then never comes too early; of an
    end the last minute that is not after it is named, so that nobody comes too late.
    """
    step = dt.timedelta(seconds=1) if at - now < NEAR else dt.timedelta(minutes=1)
    later = (EPOCH - at) % step
    told = (at + (later - step if is_end and later else later)).astimezone(dt.UTC)
    date = "" if told.date() == now.astimezone(dt.UTC).date() else f"{told:%Y-%m-%d} "
    return f"{date}{told:%H:%M:%S} UTC" if told.second else f"{date}{told:%H:%M} UTC"


def counted(*, n: int, noun: str) -> str:
    """Say a number with its noun, which takes an s in the plural."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def figure(value: float, *, digits: int) -> str:
    """Write as many significant digits, never as 4.8e-05."""
    return format(Decimal(f"{value + 0.0:.{digits}g}"), "f")


def checked_reason(*, reason: str, error: type[VaultError]) -> str:
    """Give the reason for an act in one line that everybody may see; else `error` is raised for the field."""
    line = " ".join(reason.split())
    if not line:
        raise error("give a reason: everybody reads it", field="reason")
    if len(line) > MAX_REASON:
        raise error(
            f"a reason has at most {MAX_REASON} characters, this has {len(line)}", field="reason"
        )
    if not line.isprintable():
        raise error("a reason has no control characters", field="reason")
    return line
