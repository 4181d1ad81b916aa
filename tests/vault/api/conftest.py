"""The API's rooms open no label, so a test is one transaction that is rolled back."""

from pathlib import Path
from typing import Any

import pytest

from tests.vault.factories import make_keys


@pytest.fixture(autouse=True)
def _served(tmp_path: Path, settings: Any, db: None, api_site: None) -> None:
    """As the web process serves it: its routes, and none of the admin's middleware."""
    settings.MEDIA_ROOT = str(tmp_path / "files")
    make_keys(directory=tmp_path, settings=settings)
