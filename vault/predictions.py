"""Stored predictions: canonical bytes under their own SHA-256, in Django storage."""

import numpy as np
from numpy.typing import NDArray

from vault import canonical, content_files
from vault.canonical import Predictions

DIRECTORY = "predictions"


def store(*, predictions: Predictions) -> str:
    """The file key, the same for the same predictions."""
    return content_files.store(
        directory=DIRECTORY,
        content=predictions.canonical,
        sha256=predictions.sha256,
        suffix=".bin",
    )


def load(*, file_key: str) -> NDArray[np.generic]:
    """Predictions in panel order: class codes, or float64 of shape (n,) or (n, classes)."""
    return canonical.decode(content_files.load(file_key=file_key))
