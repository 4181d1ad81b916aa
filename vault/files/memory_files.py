"""Files in memory that another process can be handed without a copy: they lie in no heap and on no disk.

What a heap once held it may keep for ever; such a file's memory is free when its last holder closes it.
"""

import fcntl
import io
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.files.uploadhandler import MemoryFileUploadHandler

_SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK


class MemoryFile(io.FileIO):
    """Written by its maker, then sealed: from then on nobody can change it, whoever holds it.

    What is written does not move the place from which it is read.
    """

    def __init__(self, content: bytes = b"") -> None:
        # `memfd_create` is Linux's own, and so are the seals.
        descriptor = os.memfd_create("holdout-vault", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        super().__init__(descriptor, "r+b")
        self.size = 0
        self.write(content)

    def write(self, piece: Any, /) -> int:
        """Append all of it."""
        left = memoryview(piece)
        while left:
            left = left[os.pwrite(self.fileno(), left, self.size + len(piece) - len(left)) :]
        self.size += len(piece)
        return len(piece)

    def resize(self, size: int) -> None:
        """Make room for another process to write to, or cut off what it left over."""
        os.ftruncate(self.fileno(), size)
        self.size = size

    def seal(self) -> None:
        fcntl.fcntl(self.fileno(), fcntl.F_ADD_SEALS, _SEALS)

    @contextmanager
    def view(self) -> Iterator[memoryview]:
        """Show the content where it lies, not copied."""
        if not self.size:
            yield memoryview(b"")
            return
        with (
            mmap.mmap(self.fileno(), self.size, prot=mmap.PROT_READ) as mapped,
            memoryview(mapped) as content,
        ):
            yield content


class MemoryOnlyUploadHandler(MemoryFileUploadHandler):
    """Keeps uploads in memory: a label file must never touch a disk unsealed."""

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        self.activated = True
