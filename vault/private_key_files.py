"""Files with a worker's private key: drawn once, closed to others, and never written over."""

import os
from collections.abc import Callable
from pathlib import Path


def kept(path: Path, *, draw: Callable[[], bytes]) -> bytes:
    """Read the key in a file; one is drawn and written if there is no file."""
    if not path.exists():
        # Aside first, closed to others from its first byte on: half a key would keep the service
        # from starting. A link replaces nothing: what an older key sealed or signed is never lost here.
        aside = path.with_name(f".{path.name}.new")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(draw())
            file.flush()
            os.fsync(descriptor)
        try:
            os.link(aside, path)
        finally:
            aside.unlink()
    return path.read_bytes()
