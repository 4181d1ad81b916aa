"""Fixtures of several tests: a pool of parsing children that ends with its test, and a journal to sign."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from tests.vault.factories import NOW
from tests.vault.parser_children import MakePool, leave_others_out, pools, publish
from tests.vault.signing import append, make_benchmark, make_signing_key
from vault.models import Benchmark, Panel, SigningKey


@pytest.fixture
def make_pool() -> Iterator[MakePool]:
    leave_others_out()
    with pools() as make:
        yield make


@pytest.fixture
def published(db: None, tmp_path: Path, settings: Settings) -> Panel:
    settings.MEDIA_ROOT = str(tmp_path)
    return publish()


@pytest.fixture
def signing_key(tmp_path: Path, settings: Any, transactional_db: None) -> SigningKey:
    return make_signing_key(directory=tmp_path, settings=settings, now=NOW)


@pytest.fixture
def signable(signing_key: SigningKey) -> Benchmark:
    made = make_benchmark("weather")
    append(made, NOW, "one", "two", "three")
    return made
