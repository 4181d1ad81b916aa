"""Files with a worker's private key: drawn once, closed to others, and never written over."""

import os
from collections.abc import Callable
from pathlib import Path


def kept(path: Path, *, draw: Callable[[], bytes]) -> bytes:
    """Read the key in a file; one is drawn and written if there is no file."""
    if not path.exists():
        # Closed to others from its first byte on. What an older key sealed or signed is never lost here.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(draw())
    return path.read_bytes()
