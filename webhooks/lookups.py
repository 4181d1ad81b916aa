"""Looking up a host's name within a time, whatever its name servers do.

The system's resolver blocks, for half a minute and more, and a thread that waits for it cannot be stopped.
So a child process asks, and is killed when its time is over: nothing is outstanding afterwards. There is one
child for each attempt on its way, so no more than the dispatcher makes at once. It has no environment, which
holds secrets, and imports nothing but `socket`.
"""

import subprocess
import sys

MAX_SECONDS = 5.0
# More addresses than this no honest name has; each is checked.
MAX_ADDRESSES = 64

_PROGRAM = """
import socket, sys
try:
    found = socket.getaddrinfo(sys.argv[1], 0, type=socket.SOCK_STREAM)
except (OSError, UnicodeError):
    found = []
print(*(entry[4][0] for entry in found), sep="\\n")
"""


class LookUpTooSlowError(Exception):
    """The name servers took longer than they may."""


def addresses(*, host: str) -> list[str]:
    """Look up the numeric addresses of a name, in the system's order of preference; none if it has none.

    Raises:
        LookUpTooSlowError: there was no answer in time.
    """
    command = [sys.executable, "-I", "-S", "-c", _PROGRAM, host]
    try:
        done = subprocess.run(
            command,
            env={},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=MAX_SECONDS,
            check=False,
            text=True,
        )
    except subprocess.TimeoutExpired:
        raise LookUpTooSlowError from None
    return done.stdout.split()[: MAX_ADDRESSES + 1]
