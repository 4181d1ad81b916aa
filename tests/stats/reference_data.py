"""Published data that stands beside the project and is no part of it."""

import os
from pathlib import Path

import pytest

FOLDER = Path(
    os.environ.get(
        "HOLDOUT_VAULT_REFERENCE_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"
    )
)


def reference_file(name: str) -> Path:
    """The file of that name, or the test is skipped and says why."""
    return _existing(FOLDER / name)


def reference_case(name: str) -> Path:
    """A small input of a fault that was found, beside the data, or the test is skipped and says why."""
    return _existing(FOLDER.parent / "cases" / name)


def _existing(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"{path} does not exist: HOLDOUT_VAULT_REFERENCE_DATA says where {FOLDER} is")
    return path
