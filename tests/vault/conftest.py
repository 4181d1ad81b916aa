"""Fixtures of the tests of parsing: a pool of children that ends with its test, and a panel to parse for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.vault.parser_children import MakePool, leave_others_out, pools, publish
from vault.models import Panel


@pytest.fixture
def make_pool() -> Iterator[MakePool]:
    leave_others_out()
    with pools() as make:
        yield make


@pytest.fixture
def published(db: None, tmp_path: Path, settings: Settings) -> Panel:
    settings.MEDIA_ROOT = str(tmp_path)
    return publish()
