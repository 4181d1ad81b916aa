"""How far a play is: submissions that were answered, board by board, and about when it ends."""

import threading
from collections.abc import Callable, Mapping

EVERY_SECONDS = 15.0


class Progress:
    """
    Counts answers and says now and then how many there are.

    Parameters
    ----------
    expected : mapping from str to int
        By board: the submissions that will be answered.
    say : function
        Is told one line at a time.
    clock : function
        Seconds, from any beginning.
    """

    def __init__(
        self,
        *,
        expected: Mapping[str, int],
        say: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        self._expected = dict(expected)
        self._answered = dict.fromkeys(expected, 0)
        self._say, self._clock = say, clock
        self._begun: float | None = None  # at the first answer
        self._said = 0.0
        self._lock = threading.Lock()

    def answered(self, board: str) -> None:
        """Count one answer; from any thread."""
        with self._lock:
            self._answered[board] += 1
            now = self._clock()
            if self._begun is None:
                self._begun = self._said = now
            if now - self._said >= EVERY_SECONDS:
                self._said = now
                self._say(self._line(now - self._begun))

    def _line(self, taken: float) -> str:
        counts = ", ".join(
            f"{board} {self._answered[board]} of {expected}"
            for board, expected in self._expected.items()
        )
        done, total = sum(self._answered.values()), sum(self._expected.values())
        left = taken / done * max(0, total - done)
        return f"submissions answered: {counts}; about {_duration(left)} left"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
