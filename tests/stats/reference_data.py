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
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"reference data {name} is not in HOLDOUT_VAULT_REFERENCE_DATA ({FOLDER})")
    return path
