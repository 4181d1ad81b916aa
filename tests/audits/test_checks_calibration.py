"""Calibration of finals that hand in probabilities, and what the report says of it."""

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audits.checks import calibration
from audits.collected import Collected, Entrant, Opened
from audits.models import Finding
from stats.metrics import Rules
from tests.audits.histories import answering, collected, context
from tests.audits.reported import judged, reports_html, run_with, text_of
from tests.vault.factories import World, make_world

M = 3_000
# Of a query item or two nobody asks anything here.
N = 2


def team(team_id: int, answers: NDArray[Any]) -> Entrant:
    """A team of one file, whose answers to query items nobody asks for."""
    return answering(team_id, np.concatenate([answers[:N], answers]), n=N, m=len(answers))


def opened(labels: NDArray[Any], groups: NDArray[Any] | None = None) -> Opened:
    return Opened(
        positions=np.arange(N, N + len(labels)), labels=labels, groups=groups, strata=None
    )


def round_of(
    labels: NDArray[Any], *answers: NDArray[Any], n_classes: int | None = 2, groups: Any = None
) -> Collected:
    teams = [team(number, each) for number, each in enumerate(answers, start=1)]
    return collected(*teams, fresh=opened(labels, groups), rules=Rules(n_classes=n_classes))


def drawn(rng: np.random.Generator, n: int = M) -> tuple[NDArray[Any], NDArray[Any]]:
    chances = rng.uniform(0.05, 0.95, n)
    return (rng.random(n) < chances).astype(np.int64), chances


def too_sure(chances: NDArray[Any]) -> NDArray[Any]:
    odds = (chances / (1 - chances)) ** 2
    result: NDArray[Any] = odds / (1 + odds)
    return result


def test_right_probabilities_pass_and_others_are_found(rng: np.random.Generator) -> None:
    labels, chances = drawn(rng)
    timid = 0.5 + (chances - 0.5) / 3

    right, sure, cautious = calibration.check(
        round_of(labels, chances, too_sure(chances), timid), context()
    )

    assert [each.evidence["found"] for each in (right, sure, cautious)] == [False, True, True]
    assert sure.evidence["z"] > 5
    assert cautious.evidence["z"] < -5
    # By hand: the root mean square of what is stated less what is right.
    assert sure.estimate == pytest.approx(
        np.sqrt(np.mean((too_sure(chances) - chances) ** 2)), abs=0.02
    )
    assert right.estimate is not None
    assert right.estimate < 0.03
    assert {each.verdict for each in (right, sure, cautious)} == {""}


def test_figures_are_those_computed_by_hand(rng: np.random.Generator) -> None:
    """Ten probabilities with 300 items each: bins are these, and the parts sum to the score."""
    stated = np.repeat(np.arange(10) / 10 + 0.05, 300)
    labels = (rng.random(M) < stated**2).astype(np.int64)

    (found,) = calibration.check(round_of(labels, stated), context())

    of, diagram = found.evidence, found.evidence["diagram"]
    shares = labels.reshape(10, 300).mean(axis=1)
    assert diagram["observed"] == pytest.approx(shares, rel=1e-5)
    assert diagram["forecast"] == pytest.approx(stated[::300], rel=1e-5)
    assert diagram["n"] == [300] * 10
    assert of["brier"] == pytest.approx(np.mean((stated - labels) ** 2))
    assert of["reliability"] == pytest.approx(np.mean((stated[::300] - shares) ** 2))
    assert of["resolution"] == pytest.approx(np.var(shares))
    assert of["uncertainty"] == pytest.approx(np.var(labels))
    parts = of["uncertainty"] - of["resolution"] + of["reliability"]
    assert parts == pytest.approx(of["brier"])
    debiased = np.mean((stated[::300] - shares) ** 2 - shares * (1 - shares) / 299)
    assert of["squared_error"] == pytest.approx(debiased)


def test_p_is_adjusted_for_all_finals(rng: np.random.Generator) -> None:
    """A shift with p about .03 by itself is nothing among twenty."""
    labels, chances = drawn(rng)
    alone = next(
        p
        for shift in np.linspace(0, 0.1, 101)
        for p in [np.clip(chances + shift, 0, 1)]
        if 0.01 < (calibration.check(round_of(labels, p), context())[0].p_value or 0) < 0.04
    )

    (one,) = calibration.check(round_of(labels, alone), context())
    among = calibration.check(round_of(labels, alone, *[chances] * 19), context())

    assert one.evidence["found"]
    assert not any(each.evidence["found"] for each in among)
    assert one.p_value is not None
    assert among[0].p_value is not None
    assert among[0].p_value >= min(1, 10 * one.p_value)


@pytest.mark.calibration
def test_rounds_of_right_probabilities_are_found_at_most_at_the_level() -> None:
    """400 rounds of 5 finals, one of rare events: at .05 more than 37 have p < 1e-3."""
    rng = np.random.default_rng(2626)
    n_found = 0
    for _ in range(400):
        labels, chances = drawn(rng, 400)
        rare = rng.uniform(0, 0.02, 400)
        found = calibration.check(round_of(labels, *[chances] * 4), context())
        rarely = (rng.random(400) < rare).astype(np.int64)
        found += calibration.check(round_of(rarely, rare), context())
        n_found += any(each.evidence["found"] for each in found)

    assert n_found <= 37


def test_of_many_classes_the_named_one_is_read(rng: np.random.Generator) -> None:
    """Class 2 is stated too high by .3 throughout, and the others bear it."""
    right = rng.dirichlet((2, 2, 2), M)
    labels = (rng.random((M, 1)) > right.cumsum(axis=1)).sum(axis=1)
    wrong = 0.7 * right + 0.3 * np.array([0, 0, 1])

    good, bad = calibration.check(round_of(labels, right, wrong, n_classes=3), context())

    named = wrong.argmax(axis=1)
    stated = wrong.max(axis=1)
    assert bad.evidence["brier"] == pytest.approx(np.mean((stated - (named == labels)) ** 2))
    assert bad.evidence["classes"]["worst"] == 2
    assert bad.evidence["classes"]["worst_error"] == pytest.approx(
        np.mean(wrong[:, 2]) - np.mean(labels == 2), abs=0.02
    )
    assert bad.evidence["classes"]["top_label"] > 2 * good.evidence["classes"]["top_label"]
    assert bad.evidence["found"]
    assert not good.evidence["found"]


def test_benchmarks_of_labels_and_values_have_none(rng: np.random.Generator) -> None:
    labels, chances = drawn(rng)

    assert calibration.check(round_of(labels, labels), context()) == []
    assert calibration.check(round_of(chances, chances, n_classes=None), context()) == []
    assert calibration.check(round_of(labels[:99], chances[:99]), context()) == []


def test_items_that_were_drawn_in_groups_have_estimates_and_no_test(
    rng: np.random.Generator,
) -> None:
    labels, chances = drawn(rng)
    groups = np.arange(M) // 10

    (found,) = calibration.check(round_of(labels, too_sure(chances), groups=groups), context())

    assert (found.p_value, found.estimate, found.evidence["found"]) == (None, None, False)
    assert found.evidence["reliability"] > 0.005
    assert set(found.evidence["diagram"]) == {"forecast", "observed", "n"}


def test_evidence_has_no_item(rng: np.random.Generator) -> None:
    """Three items alone have high probabilities: their bin is counted and not shown."""
    labels = (rng.random(M) < 0.1).astype(np.int64)
    stated = np.full(M, 0.1)
    stated[:3] = (0.91, 0.92, 0.93)

    (found,) = calibration.check(round_of(labels, stated), context())

    assert found.evidence["n_left_out"] == 3
    assert found.evidence["diagram"]["n"] == [M - 3]
    _, chances = drawn(rng)
    (many,) = calibration.check(round_of(labels, chances), context())
    assert len(many.evidence["diagram"]["n"]) == 15
    assert len(json.dumps(many.evidence)) < 2_500


def test_what_was_impossible_and_happened_is_stored_and_found() -> None:
    """JSON knows no infinity."""
    labels = np.arange(200) % 2

    (found,) = calibration.check(round_of(labels, np.zeros(200)), context())

    assert json.dumps(found.evidence, allow_nan=False)
    assert found.evidence["z"] is None
    assert found.evidence["found"]
    assert found.p_value == 0


def test_the_same_round_has_the_same_band(rng: np.random.Generator) -> None:
    given = round_of(*drawn(rng))

    first, again = (calibration.check(given, context())[0] for _ in range(2))

    assert first.evidence == again.evidence


@pytest.fixture
def world(vault_keys: None) -> World:
    return make_world("calibration", metric="log_loss")


def stored(world: World, given: Collected) -> str:
    run = run_with(world, metric="log_loss")
    for number, found in enumerate(calibration.check(given, context())):
        found.team_id = judged(run, "NO_EVIDENCE", name=f"team-{number}").team_id
        found.run, found.check_name = run, calibration.NAME
        found.save()
    return text_of(reports_html(run))


def test_the_report_says_whose_probabilities_are_off(
    world: World, rng: np.random.Generator
) -> None:
    labels, chances = drawn(rng)
    given = round_of(labels, chances, too_sure(chances))
    _, sure = calibration.check(given, context())

    text = stored(world, given)

    assert (
        "The errors of 1 of 2 finals differ from what their probabilities say by more than chance (level "
        ".05, adjusted for 2 finals" in text
    )
    assert f"{sure.evidence['brier']:.4f}".lstrip("0") in text
    assert f"{sure.evidence['z']:.2f} &lt; .0001 errs more than it says" in text
    assert "Calibration: what happened where its final stated a probability" in text
    assert "It errs more than it says (z = " in text
    assert "Its errors may be as frequent as it says (z = " in text
    assert "Expected if it were right 95 %" in text


def test_a_report_without_a_found_final_says_so(world: World, rng: np.random.Generator) -> None:
    text = stored(world, round_of(*drawn(rng)))

    assert "No final's errors differ" in text.replace("&#x27;", "'")


def test_the_report_of_groups_has_no_row_of_dashes(world: World, rng: np.random.Generator) -> None:
    labels, chances = drawn(rng)

    text = stored(world, round_of(labels, chances, groups=np.arange(M) // 10))

    assert "Items were drawn in groups, of which there is no test of calibration" in text
    assert "Off by" not in text
    assert "Spiegelhalter" not in text


def test_many_classes_are_called_by_their_names(world: World, rng: np.random.Generator) -> None:
    world.benchmark.classes = ["cat", "dog", "eel"]
    world.benchmark.save()
    right = rng.dirichlet((2, 2, 2), M)
    labels = (rng.random((M, 1)) > right.cumsum(axis=1)).sum(axis=1)

    text = stored(world, round_of(labels, 0.7 * right + 0.3 * np.array([0, 0, 1]), n_classes=3))

    assert "Worst class" in text
    assert " eel ." in text
    assert "of the probability of the class that a file names" in text


def test_a_report_of_labels_is_silent(world: World) -> None:
    run = run_with(world)
    judged(run, "NO_EVIDENCE")

    assert "Calibration" not in reports_html(run)
    assert not Finding.objects.filter(check_name=calibration.NAME).exists()
