"""What is printed of an audit can be computed from what is printed beside it, as closely as it says."""

from typing import Any

import numpy as np
import pytest

from audits.models import Publication
from audits.rounding import coarse
from stats.team_tests import ORGANIZER
from tests.audits import stage
from tests.vault.factories import World, acting_as
from vault.api.openapi import published_audits

pytestmark = [pytest.mark.usefixtures("vault_keys")]


def published(slug: str, **options: Any) -> World:
    return stage.published(stage.audited(stage.closing(stage.small_round(slug, **options))))


def document_of(world: World) -> dict[str, Any]:
    with acting_as("web"):
        document: dict[str, Any] = Publication.objects.get(round=world.round).document
    return document


@pytest.mark.parametrize("publication", ["coarse", "full"])
def test_how_far_its_figures_are_from_each_other_is_told(publication: str) -> None:
    """A reader subtracts what stands there: .050 from the references' rows where .063 was published."""
    world = published("apart", publication=publication)
    document = document_of(world)
    (reference,) = document["references"]
    step = document["fresh_resolution"] or 0.0
    digit = 0.001 if step else 1e-6
    dust = 1e-9

    assert reference["query"] is not None
    for row in document["teams"]:
        found = stage.finding_of(world, row["team"].removeprefix("apart-"))
        assert row["test"] == found.test == ORGANIZER
        beside = reference["query"] - reference["fresh"]
        # What the document's words grant: of the table's difference, of the formula, of the exact figure.
        assert abs(row["reference_excess"] - beside) <= step + digit + dust
        formula = row["query"] - row["fresh"] - row["reference_excess"]
        assert row["overstatement"] == pytest.approx(formula, abs=(1 if step else 2) * digit)
        assert abs(row["overstatement"] - (found.estimate or 0)) <= step + 2 * digit + dust
    told = document["how_to_read"]
    assert "It is the score on the query labels less that on new ones" in told
    coarse, exact = (
        "where there is one reference, the two may be a step and a unit of the last digit apart",
        "differences of the figures that are shown may be two units of the last digit off",
    )
    assert (coarse in told, exact in told) == (bool(step), not step)


def test_the_described_example_can_be_computed_again() -> None:
    """As a reader of the description would."""
    (row,) = published_audits.DOCUMENT["teams"]
    (reference,) = published_audits.DOCUMENT["references"]
    step = published_audits.DOCUMENT["fresh_resolution"]

    assert row["overstatement"] == round(row["query"] - row["fresh"] - row["reference_excess"], 3)
    beside = reference["query"] - reference["fresh"]
    assert abs(row["reference_excess"] - beside) <= step + 0.001
    for figure in (row["fresh"], row["reference_excess"], reference["fresh"]):
        assert figure == pytest.approx(round(figure / step) * step)


def test_rounding_moves_figures_no_further_than_is_told() -> None:
    """A step and a unit of the last digit, or two, whatever the scores are: a bound, so no false alarm."""
    rng = np.random.default_rng(19)
    for n_fresh in (60, 390, 1_200, 6_700):
        grid = coarse(unit=1.0, bounds=(0.0, 1.0), n_fresh=n_fresh)
        digit, dust = 10.0**-grid.decimals, 1e-9
        for query, new, base, base_new in rng.random((2_000, 4)):
            excess = grid.excess(base - base_new)
            shown = grid.effect(query - grid.figure(new) - excess)
            assert abs(excess - (base - grid.figure(base_new))) <= grid.step + digit + dust
            exact = (query - new) - (base - base_new)
            assert abs(shown - exact) <= grid.step + 2 * digit + dust
