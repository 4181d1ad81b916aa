"""Files named by the SHA-256 of their content, in Django storage: predictions, panels, what is disclosed.

A name is written once. On a local disk a file gets its name only when it is complete, so a process that
is killed while it writes leaves nothing behind that looks like the file. Other accounts cannot read it.
Equal content is one file, whoever refers to it.
"""

import errno
import hashlib
import logging
import os
import tempfile
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage

from vault.errors import StorageFullError, StoredFileError

logger = logging.getLogger(__name__)

# What a full disk and a full quota say.
FULL = (errno.ENOSPC, errno.EDQUOT)
# Somebody has to make room first.
RETRY_AFTER_SECONDS = 60


def store(*, directory: str, content: bytes, sha256: str, suffix: str) -> str:
    """Store `content`, unless it is there already, and return its key."""
    key = f"{directory}/{sha256}{suffix}"
    if default_storage.exists(key):
        return key
    try:
        if isinstance(default_storage, FileSystemStorage):
            _write(Path(default_storage.path(key)), content)
            return key
        return default_storage.save(key, ContentFile(content))
    except OSError as error:
        if error.errno not in FULL:
            raise
        logger.error("a file was not stored: %s", error.strerror)
        raise StorageFullError(
            "there is no room for the file; nothing of it was kept", retry_after=RETRY_AFTER_SECONDS
        ) from None


def load(*, file_key: str) -> bytes:
    """Read a stored file, after a check that it still is what its name says."""
    with default_storage.open(file_key) as file:
        content = bytes(file.read())
    if hashlib.sha256(content).hexdigest() != Path(file_key).name.partition(".")[0]:
        raise StoredFileError("a stored file was changed", file_key=file_key)
    return content


def remove(*, file_key: str) -> None:
    """Forget a file that nothing refers to; one that is gone already is no error."""
    default_storage.delete(file_key)


def _write(path: Path, content: bytes) -> None:
    directory = path.parent
    if not directory.exists():
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(directory, *_owner_of(directory.parent), follow_symlinks=False)
    descriptor, incoming = tempfile.mkstemp(dir=directory, prefix=".incoming-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
            # Closed to others, as mkstemp makes it. What root writes by a command is served by another.
            if os.geteuid() == 0:
                os.fchown(descriptor, *_owner_of(directory))
        Path(incoming).replace(path)
    # Whatever ended it, half a file is not left behind.
    except BaseException:
        Path(incoming).unlink(missing_ok=True)
        raise


def _owner_of(directory: Path) -> tuple[int, int]:
    owner = directory.stat()
    return owner.st_uid, owner.st_gid
