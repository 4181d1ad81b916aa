"""The log files of the embedded service: closed to other accounts."""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import IO


def open_log(path: Path) -> IO[bytes]:
    """For appending; a new file is closed to other accounts from its first byte on."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def close_files(directory: Path) -> None:
    """Close to other accounts what older versions left open: the files of the directory's owner.

    The owner may be another account than this one's and could put a link there: none is followed.
    """
    owner = directory.stat().st_uid
    for path in directory.iterdir():
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                found = os.fstat(descriptor)
                if stat.S_ISREG(found.st_mode) and found.st_uid == owner and found.st_mode & 0o077:
                    os.fchmod(descriptor, 0o600)
            finally:
                os.close(descriptor)
