"""What is printed of an audit can be computed from what is printed beside it, as closely as it says."""

import math
import re
from typing import Any

import numpy as np
import pytest

from audits import rounds
from audits.models import Publication
from audits.published_shape import DOCUMENT
from audits.rounding import coarse
from stats.team_tests import ORGANIZER, OWN_FILES
from tests.audits import stage
from tests.audits.reported import cells_of, page_of, reports_html, text_of
from tests.vault.factories import World, acting_as

GRID = 1 / (2 * math.sqrt(stage.N_FRESH))

pytestmark = [pytest.mark.usefixtures("vault_keys")]


def published(slug: str, **options: Any) -> World:
    return stage.published(stage.audited(stage.closing(stage.small_round(slug, **options))))


def document_of(world: World) -> dict[str, Any]:
    with acting_as("web"):
        document: dict[str, Any] = Publication.objects.get(round=world.round).document
    return document


def test_an_overstatement_is_computed_from_what_is_shown() -> None:
    """So that a reader can do it again, and so that its digits tell nothing of the labels."""
    world = published("shown")
    document = document_of(world)

    for row in document["teams"]:
        mine = row["query"] - row["fresh"]
        assert row["overstatement"] == round(mine - row["reference_excess"], 3)
        assert row["reference_excess"] == round(round(row["reference_excess"] / GRID) * GRID, 3)
        low, high = row["overstatement_interval"]
        found = stage.finding_of(world, row["team"].removeprefix("shown-"))
        assert found.low is not None
        assert found.high is not None
        assert high - low >= found.high - found.low
        assert low < row["overstatement"] < high
        # The same test as researchers read it, but for two roundings.
        assert found.estimate == pytest.approx(row["overstatement"], abs=GRID + 0.001)
        assert row["test"] == found.test
        assert row["sentence"]
    (attacker,) = (row for row in document["teams"] if row["verdict"] == "CONFIRMED")
    assert attacker["sentence"].startswith("CONFIRMED: the final. The score of shown-attacker")
    assert document["headline"] == "1 CONFIRMED, 0 INVALID, 2 without evidence of 3"


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
    (row,) = DOCUMENT.example["teams"]
    (reference,) = DOCUMENT.example["references"]
    step = DOCUMENT.example["fresh_resolution"]

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


FOUR = "a weighted mean of {0}-reference-0 (files 1 to 4)"
NUMBER = r"(-?\d*\.\d+)"


def terms_of(html: str, name: str) -> list[list[str]]:
    """The rows of what a team's file was compared with, with their first cells."""
    (section,) = re.findall(rf"<h3>{name}</h3>(.*?)</section>", html)
    (table,) = re.findall("What it was compared with</summary>.*?<tbody>(.*?)</tbody>", section)
    rows = re.findall(r"<tr>(.*?)</tr>", table)
    return [
        [text_of(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows
    ]


def test_report_lists_every_term_of_an_overstatement() -> None:
    """Of four frozen files one row stood there, and neither it nor their plain mean gave the figure."""
    world = stage.audited(stage.closing(stage.small_round("terms", n_frozen=4)))
    html = reports_html(rounds.latest_run(round=world.round))
    half = 0.00005

    for team in ("terms-attacker", "terms-improving", "terms-once"):
        *files, total, own, difference = terms_of(html, team)
        assert [each[0] for each in files] == [f"terms-reference-0, file {n}" for n in (1, 2, 3, 4)]
        figures = [[float(cell) for cell in each[1:]] for each in files]
        for weight, query, fresh, excess, product in figures:
            assert excess == pytest.approx(query - fresh, abs=3 * half)
            assert product == pytest.approx(
                weight * excess, abs=half * (1 + abs(weight) + abs(excess))
            )
        assert sum(each[0] for each in figures) == pytest.approx(1.0, abs=4 * half)
        excess = float(total[5])
        assert excess == pytest.approx(sum(each[4] for each in figures), abs=5 * half)
        query, fresh, lead = (float(cell) for cell in own[2:5])
        assert lead == pytest.approx(query - fresh, abs=3 * half)
        overstatement = float(difference[4])
        assert overstatement == pytest.approx(lead - excess, abs=3 * half)
        row = cells_of(html, team)
        assert [row[4], float(row[3].split()[0])] == [own[2], fresh]
        assert float(row[6].split()[0]) == overstatement
        assert f"It was compared with {FOUR.format('terms')}, which looks" in text_of(html)
        # Each of them stands below the teams with the figures of the table.
        for (_, *_), each in zip(figures, files, strict=True):
            cells = cells_of(html, each[0])
            assert (cells[4], cells[3].split()[0]) == (each[2], each[3])


def test_report_names_own_first_files() -> None:
    """A round without references compares with those; the plain mean of them is none of its figures."""
    world = stage.audited(stage.closing(stage.small_round("own", n_references=0)))
    html = reports_html(rounds.latest_run(round=world.round))

    *files, total, _, _ = terms_of(html, "own-attacker")

    assert [(each[0], each[1], each[5]) for each in files] == [
        ("its own file 1", "1.0000", total[5])
    ]
    assert "It was compared with its own file 1, which looks" in text_of(html)


def test_an_audit_that_kept_no_weights_has_its_report() -> None:
    world = stage.audited(stage.closing(stage.small_round("older")))
    finding = stage.finding_of(world, "attacker", "accusation")
    for each in finding.evidence["tests"]:
        del each["compared_with"]
    finding.save()

    html = page_of(rounds.latest_run(round=world.round))

    assert html.count("It was compared with") == 2


def test_a_coarse_document_names_the_files_and_tells_no_weight() -> None:
    """Weights follow the labels of the holdout that answers next."""
    document = document_of(published("named", n_frozen=4))

    for row in document["teams"]:
        told = re.search(
            rf"On the board {NUMBER}(?: \(exactly {NUMBER}\))?, on new labels {NUMBER}\.",
            row["sentence"],
        )
        assert FOUR.format("named") in row["sentence"]
        assert "weight " not in row["sentence"]
        (excess,) = re.findall(rf"\(reference excess {NUMBER}\)", row["sentence"])
        assert float(excess) == row["reference_excess"]
        if told:
            released, exact, fresh = told.groups()
            formula = float(exact or released) - float(fresh) - float(excess)
            assert row["overstatement"] == pytest.approx(formula, abs=0.0011)
    assert any(row["verdict"] != "CONFIRMED" for row in document["teams"])


def test_a_full_document_tells_what_its_excess_is_made_of() -> None:
    document = document_of(published("made", n_frozen=4, publication="full"))

    for row in document["teams"]:
        terms = re.findall(
            rf"made-reference-0, file (\d) \(weight {NUMBER}; {NUMBER} on query labels, {NUMBER} on new",
            row["sentence"],
        )
        assert [number for number, *_ in terms] == ["1", "2", "3", "4"]
        weights, query, fresh = (np.array([float(each[at]) for each in terms]) for at in (1, 2, 3))
        # Four digits each of weights and of scores.
        room = 0.00005 * (2 * np.abs(weights).sum() + np.abs(query - fresh).sum())
        assert row["reference_excess"] == pytest.approx(weights @ (query - fresh), abs=room + 1e-6)
        assert f"on new labels {row['fresh']:.4f}".replace("0.", ".") in row["sentence"] or (
            row["verdict"] == "CONFIRMED"
        )


def test_a_coarse_document_does_not_tell_which_own_files_count() -> None:
    document = document_of(published("mine", n_references=0))

    told = [row["sentence"] for row in document["teams"] if row["test"] == OWN_FILES]
    assert told
    for each in told:
        assert (
            "It was compared with" not in each or "a weighted mean of its own first files" in each
        )
