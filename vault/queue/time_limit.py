"""A limit on the time of one piece of work, which ends work that hangs.

At the limit the work is interrupted as if by Ctrl-C: a statement that waits is cancelled, its transaction is
rolled back, and nothing that catches errors keeps the work going. Work that does not come back to Python
never sees it: its process is ended a little later, and prints where it hung, files and lines without values.
"""

import faulthandler
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from vault.errors import TimeLimitError

GRACE = 15.0  # seconds between the exception and the end of the process
STDERR = 2  # by its number: a worker puts something without one in the place of `sys.stderr`


class _Interruption(KeyboardInterrupt):
    """Of a kind that psycopg knows to cancel its statement for."""


@contextmanager
def limited(*, seconds: float) -> Iterator[None]:
    """Raise `TimeLimitError` in the block when its time is over; end the process if that does not help.

    Signals reach the main thread alone, where workers work: in another thread there is no limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    is_over = is_done = False

    def raise_limit(number: int, frame: FrameType | None) -> None:
        nonlocal is_over
        # The alarm may still come between the end of the work and its being switched off.
        if not is_done:
            is_over = True
            raise _Interruption

    before = signal.signal(signal.SIGALRM, raise_limit)
    faulthandler.dump_traceback_later(seconds + GRACE, exit=True, file=STDERR)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        try:
            yield
        finally:
            is_done = True
    except (_Interruption, Exception):
        # What was interrupted may raise another error on the way out: it is not what went wrong.
        if is_over:
            raise TimeLimitError(f"it took longer than {seconds:g} s") from None
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, before)
