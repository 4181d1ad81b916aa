"""The API's rooms open no label, so a test is one transaction that is rolled back."""

from pathlib import Path
from typing import Any

import pytest

from tests.vault.api.stage import Caller, a_world
from tests.vault.factories import World, make_keys
from vault.models import Team


@pytest.fixture(autouse=True)
def _served(tmp_path: Path, settings: Any, db: None, api_site: None) -> None:
    """As the web process serves it: its routes, and none of the admin's middleware."""
    settings.MEDIA_ROOT = str(tmp_path / "files")
    make_keys(directory=tmp_path, settings=settings)


@pytest.fixture
def world() -> World:
    return a_world()


@pytest.fixture
def team(world: World) -> Team:
    return world.team("ours")


@pytest.fixture
def bot(team: Team) -> Caller:
    return Caller(team)
