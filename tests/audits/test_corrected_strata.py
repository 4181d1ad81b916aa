"""A correction changes labels, and no draw: the audit shuffles within the strata that were drawn from."""

from typing import Any

import numpy as np
import pytest

from audits import collect
from stats.draw import draw
from tests.audits import stage
from tests.vault.corrected import ask_to_replace, ask_to_void, reseal, score_again
from tests.vault.factories import NOW, World, acting_as
from vault.models import JournalEntry
from vault.sealing import holdouts
from vault.sealing.sealed_labels import OpenLabels

pytestmark = [pytest.mark.usefixtures("vault_keys")]

TRUTH = np.tile([0, 0, 0, 1, 1], 24).astype(np.uint8)
# Three items each, also of both classes: (0, 0, 0), (1, 1, 0), (0, 0, 1), (1, 0, 0), (0, 1, 1) and again.
GROUPS = [f"g{number // 3:02d}" for number in range(len(TRUTH))]


def shuffled(world: World, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the audit is told of the draw."""
    given: dict[str, Any] = {}

    def spy(**arguments: Any) -> Any:
        given.update(arguments)
        return draw(**arguments)

    monkeypatch.setattr(collect, "draw", spy)
    stage.audited(stage.closing(world))
    return given


def opened(world: World) -> list[OpenLabels]:
    with acting_as("audit"):
        return [
            holdouts.open_labels(holdout=each, purpose="audit", reason={}, actor="t", now=NOW)
            for each in (world.query, world.fresh)
        ]


def made(slug: str, groups: list[str] | None = None) -> World:
    world = stage.sealed(slug, truth=TRUTH, sizes=(60, None), groups=groups, stratify=True)
    world.open()
    world.answered(world.team("one"), TRUTH)
    return world


def test_replaced_labels_leave_the_strata_as_they_were_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = made("replaced")
    changed = {position: 1 - int(TRUTH[position]) for position in range(0, 30, 3)}
    assert reseal(ask_to_replace(world, changed))
    assert score_again() == [True]
    assert reseal(ask_to_void(world, [31, 32]))
    assert score_again() == [True]

    given = shuffled(world, monkeypatch)

    query, fresh = opened(world)
    assert (query.version, fresh.version) == (3, 3)
    assert (query.labels != TRUTH[query.positions]).any()
    assert given["query_strata"].tolist() == TRUTH[query.positions].tolist()
    assert given["fresh_strata"].tolist() == TRUTH[fresh.positions].tolist()


def test_a_group_of_which_items_are_left_out_stays_in_its_stratum(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = made("grouped", GROUPS)
    most_common = [np.bincount(TRUTH[i : i + 3]).argmax() for i in range(0, len(TRUTH), 3)]
    drawn = np.repeat(most_common, 3)
    # One of the most common class of its group, twice: the other class or a tie is what is left.
    left = [3, 7]
    assert [TRUTH[each] for each in left] == [drawn[each] for each in left]
    assert reseal(ask_to_void(world, left))
    assert score_again() == [True]

    given = shuffled(world, monkeypatch)

    query, fresh = opened(world)
    assert len(query.positions) + len(fresh.positions) == len(TRUTH) - len(left)
    assert given["query_strata"].tolist() == drawn[query.positions].tolist()
    assert given["fresh_strata"].tolist() == drawn[fresh.positions].tolist()


def test_the_first_version_is_opened_of_a_stratified_draw_that_was_corrected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Invariant 4: each version that is opened has a journal entry of its own."""
    world = made("journaled")
    assert reseal(ask_to_void(world, [0]))
    assert score_again() == [True]
    last = JournalEntry.objects.latest("sequence").sequence

    shuffled(world, monkeypatch)

    openings = JournalEntry.objects.filter(kind="open_labels", sequence__gt=last)
    assert sorted('"version":1' in each.payload for each in openings) == [False, False, True, True]
