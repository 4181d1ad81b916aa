"""Rows that others refer to are locked so that foreign keys need not wait for them.

A release holds the journal's head while its deferred foreign keys ask for the rows they lead to: whoever
locks such a row and then appends to the journal must let them pass, or both wait for ever.
"""

import datetime as dt
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pytest_django import Settings

from tests.vault import sealed_weather, sessions
from tests.vault.factories import NOW, make_world
from vault import budget, journal
from vault.models import Benchmark, Round, Team

pytestmark = pytest.mark.usefixtures("transactional_db", "vault_keys")


@pytest.fixture
def referred_to(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What another session's foreign keys could refer to when a step was journaled."""
    free: list[str] = []
    append = journal.append

    def probing(**given: Any) -> Any:
        with sessions.of_another_process() as other:
            for model in (Benchmark, Round):
                table = model._meta.db_table
                try:
                    other.execute(f"SELECT 1 FROM {table} FOR KEY SHARE NOWAIT")  # noqa: S608
                except psycopg.errors.LockNotAvailable:
                    continue
                free.append(table)
        return append(**given)

    monkeypatch.setattr(journal, "append", probing)
    return free


def test_a_round_can_be_referred_to_while_a_team_is_admitted(referred_to: list[str]) -> None:
    world = make_world("weather", n_query=30, n_fresh=40)
    referred_to.clear()

    budget.admit(
        round=world.round,
        team=Team.objects.create(name="late"),
        k=None,
        is_blind=False,
        actor="ada",
        now=NOW,
    )

    assert referred_to == ["vault_benchmark", "vault_round"]


def test_a_benchmark_can_be_referred_to_while_labels_are_sealed(
    referred_to: list[str], tmp_path: Path, settings: Settings
) -> None:
    sealed_weather.make_keys(tmp_path, settings)

    sealed_weather.seal(sealed_weather.make_benchmark(), dt.datetime(2026, 3, 1, tzinfo=dt.UTC))

    assert set(referred_to) == {"vault_benchmark", "vault_round"}
