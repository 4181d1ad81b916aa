"""What is worth a line: a stranger must not fill the disk, and a tick that did its work is no news."""

import logging
import re
import threading
import time
from collections.abc import Callable

MAX_LINE = 500  # characters of a message; a traceback comes after it and stays whole
# Of all callers together, in one process: what was refused is for statistics, not for line after line.
REFUSALS_PER_MINUTE = 60
REFUSALS = ("django.request", "django.security")
TICKS = frozenset(
    {
        *("vault.tasks.notify", "vault.tasks.sweep", "vault.tasks.sweep_disclosures"),
        "vault.tasks.sweep_envelopes",
        *("vault.tasks.sweep_corrections", "vault.tasks.sweep_rescoring"),
        *("audits.tasks.sweep", "webhooks.tasks.send"),
    }
)

# Tokens and one-time links, which people paste into an address: the kind is told, the secret is not.
SECRETS = re.compile(r"\b(hvl?_)[\w-]{6,}")


class Sparing(logging.Filter):
    """Cuts long messages, leaves out ticks, and of refused requests all but a few a minute."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._minute_ends = 0.0
        self._n_told = self._n_left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        # Celery tells of each task that it came and that it went well.
        task = record.args.get("name") if isinstance(record.args, dict) else None
        if record.levelno <= logging.INFO and task in TICKS:
            return False
        # Of status 4xx: a 500 is a fault of the service, and each is told.
        is_refusal = record.name.startswith(REFUSALS) and getattr(record, "status_code", 400) < 500
        n_left_out = self._count() if is_refusal else 0
        if n_left_out is None:
            return False
        said = record.getMessage()
        message = SECRETS.sub(r"\1...", said)
        if len(message) > MAX_LINE:
            message = f"{message[:MAX_LINE]}... ({len(message)} characters)"
        if n_left_out:
            message = f"{message} (and {n_left_out} before it)"
        if message != said:
            record.msg, record.args = message, ()
        return True

    def _count(self) -> int | None:
        """Count those that were left out before this one; None if there is no room for it in this minute."""
        with self._lock:
            now = self._clock()
            if now >= self._minute_ends:
                self._minute_ends, self._n_told = now + 60, 0
            if self._n_told >= REFUSALS_PER_MINUTE:
                self._n_left_out += 1
                return None
            self._n_told += 1
            n_left_out, self._n_left_out = self._n_left_out, 0
            return n_left_out
