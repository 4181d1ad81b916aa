"""Boards of two draws are linked by the references on both, from what the boards display and nothing else."""

import datetime as dt
import math

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from stats.metrics import METRICS
from tests.vault.api.stage import Caller
from tests.vault.factories import NOW, World, acting_as, make_world
from vault import board_links, leaderboard, rounds
from vault.models import CorrectionRequest, Round
from vault.sealing import holdouts, label_files
from vault.sealing.drawn_units import Shard

pytestmark = pytest.mark.usefixtures("vault_keys", "api_site")

N_EARLIER, N_LATER = 100, 400


def started() -> World:
    """A first round with two references, over, and a second one of another label file."""
    world = make_world("linked", n_query=N_EARLIER)
    world.answered(world.team("weak", is_reference=True), world.wrong_at(range(0, 300, 3)))
    world.open(baseline=world.wrong_at(range(0, 300, 4)))
    world.answered(world.team("asks"), world.wrong_at(range(5)))
    Round.objects.update(status="PUBLISHED", published_at=NOW)
    return world


@pytest.fixture
def world(vault_keys: None) -> World:
    return started()


def seal_another_file(world: World) -> None:
    """The panel grows by it."""
    truth = np.random.default_rng(5).integers(2, size=2 * N_LATER).astype(np.uint8)
    rows = "".join(f"later-{i:05d},{v}\n" for i, v in enumerate(truth.tolist()))
    table = label_files.read(
        body=("id,label\n" + rows).encode(), content_type="text/csv", benchmark=world.benchmark
    )
    shards = [Shard(kind="iid", status=each, n=N_LATER) for each in ("QUERY", "FRESH")]
    world.query, world.fresh = holdouts.seal(
        benchmark=world.benchmark,
        labels=table,
        shards=shards,
        rng=np.random.default_rng(9),
        actor="test",
        now=NOW,
    )
    world.labels = np.concatenate([world.labels, truth])


def plan(world: World) -> Round:
    world.round = rounds.plan(
        benchmark=world.benchmark,
        query_holdout=world.query,
        fresh_holdouts=[world.fresh],
        mechanism="exact",
        parameters={},
        opens_at=NOW,
        closes_at=NOW + dt.timedelta(days=30),
        window_seconds=86400,
        window_limit=10,
        total_limit=10,
        concurrent_limit=10,
        max_teams=5,
        actor="test",
        now=NOW,
    )
    return world.round


def go_on(world: World) -> Round:
    """Plan the next round, of another label file."""
    seal_another_file(world)
    return plan(world)


def hand_in(world: World, *names: str) -> None:
    for name in names:
        world.answered(world.teams[name], world.wrong_at(range(0, len(world.labels), 5)))


def displayed(round: Round) -> dict[str, float | None]:
    return {
        each.team: each.released for each in leaderboard.board(round=round) if each.is_reference
    }


def test_the_link_is_the_mean_of_what_both_boards_display(world: World) -> None:
    first = world.round
    second = go_on(world)
    hand_in(world, "weak", "reference")
    assert board_links.link(round=second) is None, "before it opens scores are rounded"
    world.open()

    with acting_as("researcher"):
        found = board_links.link(round=Round.objects.get(pk=second.pk))

    assert found is not None
    before, after = displayed(first), displayed(second)
    differences = [after[name] - before[name] for name in before]  # type: ignore[operator]
    assert (found.round, found.n_references) == (1, 2)
    assert found.difference == pytest.approx(np.mean(differences), abs=1e-9)
    assert found.standard_error == pytest.approx(math.sqrt(1 / N_EARLIER + 1 / N_LATER) / 2)
    assert [each.team for each in found.references] == ["linked-reference", "linked-weak"]


def test_exact_scores_play_no_part(world: World) -> None:
    second = go_on(world)
    hand_in(world, "weak", "reference")
    world.open()

    with CaptureQueriesContext(connection) as asked:
        assert board_links.link(round=second) is not None
    assert not [each for each in asked.captured_queries if "vault_rawscore" in each["sql"]]


def test_a_round_of_the_same_draw_has_none(world: World) -> None:
    second = go_on(world)
    hand_in(world, "weak", "reference")
    world.open()
    first = Round.objects.get(number=1)
    second.query_holdout.batch = first.query_holdout.batch

    assert board_links.link(round=second) is None


def test_only_references_that_are_on_both_boards_count(world: World) -> None:
    second = go_on(world)
    hand_in(world, "weak")
    world.answered(world.team("another", is_reference=True), world.wrong_at(range(10)))
    world.open()
    found = board_links.link(round=second)

    assert found is not None
    assert [each.team for each in found.references] == ["linked-weak"]


def test_without_a_reference_on_both_there_is_none(world: World) -> None:
    second = go_on(world)
    world.answered(world.team("another", is_reference=True), world.wrong_at(range(10)))
    world.open()

    assert board_links.link(round=second) is None
    assert board_links.link(round=Round.objects.get(number=1)) is None


def test_a_cancelled_round_between_is_passed_over(world: World) -> None:
    rounds.cancel(round=go_on(world), reason="a mistake", actor="test", now=NOW)
    third = plan(world)
    hand_in(world, "weak", "reference")
    world.open()

    found = board_links.link(round=third)

    assert third.number == 3
    assert found is not None
    assert found.round == 1


def test_items_that_were_left_out_count_no_more(world: World) -> None:
    second = go_on(world)
    hand_in(world, "weak", "reference")
    world.open()
    CorrectionRequest.objects.create(
        benchmark=world.benchmark,
        batch=second.query_holdout.batch,
        what=CorrectionRequest.What.VOID,
        n_items=N_LATER // 2,
        reason="two stations were mixed up",
        commitment="0" * 64,
        actor="ada",
        at=NOW,
        done_at=NOW,
    )

    found = board_links.link(round=second)

    assert found is not None
    n_left = N_LATER - N_LATER // 2
    assert found.standard_error == pytest.approx(math.sqrt(1 / N_EARLIER + 1 / n_left) / 2)


def test_of_a_metric_that_is_no_mean_no_error_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = go_on(world)
    hand_in(world, "weak", "reference")
    world.open()
    monkeypatch.setattr(type(METRICS["accuracy"]), "is_mean", False)

    found = board_links.link(round=second)

    assert found is not None
    assert found.standard_error is None


def test_the_api_tells_it_and_asks_no_more_for_rounds_without_a_link(world: World) -> None:
    anyone = Caller()
    with acting_as("web"), CaptureQueriesContext(connection) as for_one:
        assert anyone.get("benchmarks/linked/rounds/").json()["results"][0]["link"] is None
    second = go_on(world)
    hand_in(world, "weak", "reference")
    with acting_as("web"), CaptureQueriesContext(connection) as for_two:
        one, two = anyone.get("benchmarks/linked/rounds/").json()["results"]
    assert (one["link"], two["link"]) == (None, None)
    world.open()
    found = board_links.link(round=Round.objects.get(pk=second.pk))
    assert found is not None

    with acting_as("web"):
        one, two = anyone.get("benchmarks/linked/rounds/").json()["results"]
        whole = anyone.get("benchmarks/linked/").json()["rounds"]

    assert len(for_two) - len(for_one) <= 2
    assert one["link"] is None
    assert two["link"] == {
        "round": 1,
        "n_references": 2,
        "difference": pytest.approx(found.difference),
        "standard_error": pytest.approx(found.standard_error),
        "distortion": found.distortion,
    }
    assert whole == [one, two]
