"""The log files of the embedded service: closed to other accounts, and no longer than they may be.

The programs write to them by themselves and go on writing to the file that they were given. So a log that
is full is copied and emptied in place; what is written in between is lost.
"""

import os
import shutil
import stat
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import IO

MAX_LOG_BYTES = 10_000_000  # bytes
OLD_LOGS = 4  # beside the one that is written to


def open_log(path: Path) -> IO[bytes]:
    """Open it for appending; a new file is closed to other accounts from its first byte on."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def close_files(directory: Path) -> None:
    """Close to other accounts what older versions left open: the files of the directory's owner.

    The owner may be another account than this one's and could put a link there: none is followed.
    """
    owner = directory.stat().st_uid
    for path in directory.iterdir():
        with suppress(OSError):
            # O_NONBLOCK: to open a pipe that was put in its place would wait for a writer.
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                found = os.fstat(descriptor)
                if stat.S_ISREG(found.st_mode) and found.st_uid == owner and found.st_mode & 0o077:
                    os.fchmod(descriptor, 0o600)
            finally:
                os.close(descriptor)


def rotate_logs(directory: Path) -> None:
    """Begin anew each log that is full; the oldest goes. Call it often: it only looks at sizes."""
    for log in directory.glob("*.log"):
        if log.is_symlink() or log.stat().st_size <= MAX_LOG_BYTES:
            continue
        # From the oldest on.
        copies = [log.with_name(f"{log.name}.{number}") for number in range(OLD_LOGS, 0, -1)]
        for older, newer in pairwise(copies):
            if newer.exists():
                newer.replace(older)
        with log.open("rb") as full, open_log(copies[-1]) as copy:
            shutil.copyfileobj(full, copy)
        os.truncate(log, 0)
