"""How often a password may be guessed, without a way for guessers to keep its owner out.

Who fails waits, longer each time, and nothing is ever shut for good. A browser from which the person has
signed in before (it holds a signed cookie, or a pass that the installation's operator made) has an allowance
of its own, which strangers do not touch. From any other, guesses at a name count for the network that they
come from and, with a larger allowance, for all of these networks together.

Attempts are counted before the password is looked at, so many at once are no way around. One that comes too
early is refused unseen and uncounted. See OWASP, "Slow Down Online Guessing Attacks with Device Cookies".
"""

import datetime as dt
import hashlib
import secrets
from zlib import crc32

from django.contrib.auth.models import User
from django.db import transaction

from vault.models import SignInFailures

FREE = 5
# From all networks together where the name has never signed in.
FREE_TOGETHER = 50
# Doubled with each failure: at the longest wait a guesser has some hundred attempts a day.
FIRST_WAIT = dt.timedelta(seconds=15)
MAX_WAIT = dt.timedelta(minutes=15)
FORGOTTEN_AFTER = dt.timedelta(days=1)
PASS_LASTS = dt.timedelta(hours=1)

_TOGETHER = ""
# Names that nobody has share so many counters, so that inventing names fills no table.
_INVENTED = 1000


def reserve(*, username: str, network: str, device: str | None, now: dt.datetime) -> dt.timedelta:
    """Count an attempt as failed before it is made; or tell, uncounted, how long it has to wait.

    `device` identifies a browser from which `username` may sign in whatever strangers do.
    """
    _forget_old(now)
    name = _counted_name(username)
    allowances = {_device(device): FREE} if device else {_TOGETHER: FREE_TOGETHER, network: FREE}
    with transaction.atomic():
        rows = _held(name, allowances, now)
        wait = max(_wait(row, allowances[row.place], now) for row in rows)
        if wait <= dt.timedelta(0):
            for row in rows:
                row.n = row.n + 1 if row.last_at > now - FORGOTTEN_AFTER else 1
                row.last_at = now
            SignInFailures.objects.bulk_update(rows, ["n", "last_at"])
    return max(wait, dt.timedelta(0))


def succeeded(*, username: str, network: str, device: str | None) -> None:
    """Begin anew at the place of an attempt that was reserved and had the right password."""
    name = _counted_name(username)
    with transaction.atomic():
        counters = SignInFailures.objects.filter(name=name).select_for_update().order_by("place")
        for row in counters.filter(place__in=[_TOGETHER, _device(device) if device else network]):
            # Of all networks together this attempt alone is taken back: guesses of others stay counted.
            if row.place != _TOGETHER:
                row.delete()
            elif not device:
                row.n = max(0, row.n - 1)
                row.save(update_fields=["n"])


def forget(*, username: str) -> int:
    """Let everybody try `username` again at once, and count the failures that were forgotten."""
    n = n_failures(username=username)
    SignInFailures.objects.filter(name=username).delete()
    return n


def n_failures(*, username: str) -> int:
    """Count the failures that are remembered, from all places."""
    rows = SignInFailures.objects.filter(name=username).exclude(place=_TOGETHER)
    return sum(rows.values_list("n", flat=True))


def make_pass(*, username: str, now: dt.datetime) -> str:
    """Make a browser a known one: the person still needs the password. The pass is kept as a digest."""
    plain = secrets.token_urlsafe(24)
    SignInFailures.objects.create(name=username, place=_device(_digest(plain)), last_at=now)
    return plain


def device_of_pass(*, username: str, plain: str, now: dt.datetime) -> str | None:
    """Find the device that a pass stands for, while it lasts; it ends with the first sign-in."""
    digest = _digest(plain)
    rows = SignInFailures.objects.filter(name=username, place=_device(digest))
    return digest if rows.filter(last_at__gt=now - PASS_LASTS).exists() else None


def _counted_name(username: str) -> str:
    if User.objects.filter(username=username).exists():
        return username
    # No user name has a `#`, so nobody shares a counter with invented names.
    return f"#{crc32(username.encode()) % _INVENTED}"


def _device(device: str) -> str:
    # With a word before it, so that no browser is counted as a network.
    return f"device {device}"


def _digest(plain: str) -> str:
    return hashlib.sha256(plain.encode()).hexdigest()


def _held(name: str, places: dict[str, int], now: dt.datetime) -> list[SignInFailures]:
    """Lock the counters, in one order."""
    # What is not there cannot be locked, so it is made first. Both in one order: two attempts at the same
    # counters would else wait for each other for ever.
    SignInFailures.objects.bulk_create(
        [SignInFailures(name=name, place=place, last_at=now) for place in sorted(places)],
        ignore_conflicts=True,
    )
    rows = SignInFailures.objects.filter(name=name, place__in=places)
    return list(rows.select_for_update().order_by("place"))


def _wait(row: SignInFailures, free: int, now: dt.datetime) -> dt.timedelta:
    if row.n < free or row.last_at <= now - FORGOTTEN_AFTER:
        return dt.timedelta(0)
    # Twelve doublings are beyond the longest wait.
    doubled = FIRST_WAIT * 2 ** min(row.n - free, 12)
    wait: dt.timedelta = row.last_at + min(doubled, MAX_WAIT) - now
    return wait


@transaction.atomic
def _forget_old(now: dt.datetime) -> None:
    """Delete what is old, but leave what somebody else has in hand for the next time."""
    old = SignInFailures.objects.filter(last_at__lte=now - FORGOTTEN_AFTER)
    held = list(old.select_for_update(skip_locked=True).values_list("pk", flat=True)[:1000])
    if held:
        SignInFailures.objects.filter(pk__in=held).delete()
