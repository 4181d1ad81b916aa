"""Rounds that nobody is tested in, and what follows them on the conveyor."""

import numpy as np
import pytest

from audits import heads, rounds, tasks
from audits.models import Publication
from tests.audits import stage
from tests.audits.test_rounds import seal_more, status_of
from tests.vault.factories import NOW, World, acting_as
from vault import conveyor, journal
from vault import rounds as vault_rounds
from vault.models import Holdout, HoldoutTold, JournalEntry, Round

pytestmark = [pytest.mark.usefixtures("vault_keys")]


@pytest.fixture
def world(vault_keys: None) -> World:
    """A draw with a query shard and two others, and an open unaudited round on the first."""
    truth = np.random.default_rng(8).integers(2, size=300).astype(np.uint8)
    world = stage.sealed("unaudited", truth=truth, sizes=(100, 100))
    vault_rounds.cancel(round=world.round, reason="a look first", actor="test", now=NOW)
    world.round = vault_rounds.plan(
        benchmark=world.benchmark,
        query_holdout=world.query,
        fresh_holdouts=[],
        unaudited=True,
        mechanism="exact",
        parameters={},
        opens_at=NOW,
        closes_at=stage.FAR_AHEAD,
        window_seconds=86400,
        window_limit=10,
        total_limit=10,
        concurrent_limit=10,
        max_teams=5,
        actor="test",
        now=NOW,
    )
    world.open(baseline=world.wrong_at(range(90)))
    world.answered(world.team("asks"), world.wrong_at(range(60)))
    return world


def test_its_audit_tests_nobody_and_opens_no_fresh_label(world: World) -> None:
    stage.audited(stage.closing(world))

    assert stage.verdicts_of(world)["asks"] == "NOT_TESTED"
    assert conveyor.opened(holdouts=[world.fresh]) == set()


def test_its_publication_says_so_and_costs_its_query_holdout_alone(world: World) -> None:
    """The two others of its draw are a pair that nothing was told of."""
    stage.published(stage.audited(stage.closing(world)))

    shown = Publication.objects.get(round=world.round).document
    assert [row["verdict"] for row in shown["teams"]] == ["NOT_TESTED"]
    assert status_of(world.query) == "RETIRED"
    left = Holdout.objects.exclude(pk=world.query.pk)
    assert sorted(left.values_list("status", flat=True)) == ["FRESH", "QUERY"]
    assert not HoldoutTold.objects.filter(what="publication").exists()
    assert conveyor.stock(benchmark=world.benchmark).coarse_rounds == 1


@pytest.fixture
def used_up(vault_keys: None) -> World:
    """Nothing is left to plan with."""
    truth = np.random.default_rng(8).integers(2, size=200).astype(np.uint8)
    world = stage.sealed("used-up", truth=truth, sizes=(100, None))
    Round.objects.update(status="PUBLISHED")
    Holdout.objects.update(status="RETIRED")
    return world


def sweep() -> None:
    with acting_as("audit"):
        rounds.take_up(clock=lambda: NOW)


def test_labels_that_come_late_are_put_in_place(used_up: World) -> None:
    """Once, however often the worker comes by; with its own rights, and journaled."""
    sealed = seal_more(used_up, sizes=(40, 50, 60))
    before = JournalEntry.objects.count()

    for _ in range(3):
        sweep()

    assert sorted(status_of(each) for each in sealed) == ["FRESH", "QUERY", "SEALED"]
    assert JournalEntry.objects.count() == before + 2
    assert conveyor.proposed(benchmark=used_up.benchmark) is not None
    assert journal.verify(benchmark_id=used_up.benchmark.pk)


@pytest.mark.parametrize("status", ["PLANNED", "OPEN", "CLOSING", "CLOSED", "AUDITED"])
def test_a_round_on_the_way_turns_the_conveyor_itself(used_up: World, status: str) -> None:
    sealed = seal_more(used_up, sizes=(40, 50))
    Round.objects.update(status=status)

    sweep()

    assert {status_of(each) for each in sealed} == {"SEALED"}


def test_a_pair_that_is_ready_is_enough(used_up: World) -> None:
    sealed = seal_more(used_up, sizes=(40, 50, 60, 70))
    for each, status in zip(sealed, ("QUERY", "FRESH"), strict=False):
        Holdout.objects.filter(pk=each.pk).update(status=status)

    sweep()

    assert [status_of(each) for each in sealed] == ["QUERY", "FRESH", "SEALED", "SEALED"]


def test_a_draw_that_cannot_go_on_holds_up_nothing_else(
    used_up: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seal_more(used_up, sizes=(40, 50))
    signed = []
    monkeypatch.setattr(conveyor, "waiting", lambda **_: 1 // 0)
    monkeypatch.setattr(heads, "sign_all", lambda **_: signed.append(True))

    tasks.sweep()

    assert signed == [True]
    assert "the conveyor did not go on" in caplog.text
