"""How soon a bot should look again: what the last scores took, from being handed in to being released.

A submission that is older than that waits in a queue that has grown; it is asked for again after half of
its age, so that a long queue is not made longer by those who wait in it.
"""

import datetime as dt
import math
import statistics
import threading
import time
from collections.abc import Callable

from vault.models import Submission
from vault.statuses import SubmissionStatus

SOONEST, LATEST = 1, 60
N_LAST = 20
# Of a queue that stood still for longer, the last scores say nothing.
RECENT = dt.timedelta(minutes=10)
KEPT_SECONDS = 1.0


class Pace:
    """The typical seconds to a score, asked of the database once a second at most."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._typical = 0.0
        self._asked_at = -math.inf

    def typical_seconds(self, *, now: dt.datetime) -> float:
        """Return the median over the last few; 0 if there were none of late."""
        with self._lock:
            if self._clock() - self._asked_at < KEPT_SECONDS:
                return self._typical
            # Others use the last figure while this one asks.
            self._asked_at = self._clock()
        finished = Submission.objects.filter(
            finished_at__gt=now - RECENT,
            status__in=(SubmissionStatus.SCORED, SubmissionStatus.FAILED),
        ).order_by("-finished_at")
        times = finished.values_list("submitted_at", "finished_at")[:N_LAST]
        waits = [(end - start).total_seconds() for start, end in times if end is not None]
        self._typical = statistics.median(waits) if waits else 0.0
        return self._typical

    def retry_after(self, *, submitted_at: dt.datetime, now: dt.datetime) -> int:
        """Return whole seconds from SOONEST to LATEST."""
        age = (now - submitted_at).total_seconds()
        left = self.typical_seconds(now=now) - age
        return min(LATEST, max(SOONEST, math.ceil(left if left > 0 else age / 2)))


PACE = Pace()
