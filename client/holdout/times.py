"""Moments and lengths as people read them; machines get them as the service says them."""

from datetime import UTC, datetime, timedelta

DAY, HOUR, MINUTE = 86_400, 3_600, 60
SECOND = timedelta(seconds=1)


def moment(text: str) -> str:
    """Write a time of the service to the second, never before it; whatever else it says stays as it is."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            return text
        whole = at.astimezone(UTC).replace(microsecond=0) + bool(at.microsecond) * SECOND
    except (ValueError, OverflowError):  # the latter at the end of the calendar
        return text
    return f"{whole:%Y-%m-%d %H:%M:%S} UTC"


def length(seconds: int) -> str:
    """Write a length in its largest whole unit; a day is 24 hours, as no window begins at midnight."""
    for size, unit in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if seconds % size == 0 and (size, seconds) != (DAY, DAY) and seconds:
            return _counted(seconds // size, unit)
    return _counted(seconds, "second")


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
