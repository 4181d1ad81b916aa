"""The ledger of improvements: which files are steps, and what the report says of them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audits.checks import improvements
from audits.collected import Entrant
from audits.models import Finding
from stats.draw import draw
from tests.audits.histories import climbed, collected, context, entrant, right, unmoved
from tests.audits.reported import judged, reports_html, run_with, text_of
from tests.vault.factories import World, make_world


def answered(
    given: Entrant, released: list[float | None], outcome: str = "scored", *, no_value: str = ""
) -> Entrant:
    """The same team, with these own values on the board; where there is none its answer was another."""
    submissions = [
        replace(each, released=value, outcome=(no_value or outcome) if value is None else outcome)
        for each, value in zip(given.history.submissions, released, strict=True)
    ]
    return replace(given, history=replace(given.history, submissions=submissions))


def exactly(given: Entrant) -> Entrant:
    """As a mechanism answers that shows every score."""
    return answered(given, given.columns.query_exact.tolist())


def test_a_climber_claims_all_and_keeps_nothing(rng: np.random.Generator) -> None:
    """Twenty steps of four items on query labels; on new ones its files changed nothing on balance."""
    query, fresh = right(rng, 1_000, 1)[:, 0], right(rng, 2_000, 1)[:, 0]
    given = exactly(entrant(3, climbed(query, n_steps=20, step=4), unmoved(fresh, n_steps=20)))

    (found,) = improvements.check(collected(given), context())

    evidence, total = found.evidence, found.evidence["total"]
    assert found.team_id == 3
    assert (evidence["n_steps"], len(evidence["steps"]), evidence["n_others"]) == (20, 12, 8)
    assert (total["claimed"], total["kept"]) == pytest.approx((0.08, 0.0))
    assert found.estimate == pytest.approx(0.08)
    assert evidence["others_claimed"] == pytest.approx(8 * 0.004)
    assert found.verdict == ""


def test_an_honest_team_keeps_what_it_claims(rng: np.random.Generator) -> None:
    """Models of accuracy .7, .8 and .9: the steps, on 4,000 and 8,000 items, to four standard errors."""
    rates = np.array([0.7, 0.8, 0.9])
    query, fresh = (rng.random((n, 1)) < rates for n in (4_000, 8_000))

    (found,) = improvements.check(collected(exactly(entrant(1, query, fresh))), context())

    for step in found.evidence["steps"]:
        assert step["claimed"] == pytest.approx(0.1, abs=0.03)
        assert step["kept_interval"][0] < 0.1 < step["kept_interval"][1]
        assert step["missing_interval"][0] < 0 < step["missing_interval"][1]
    last = found.evidence["steps"][-1]
    assert (last["claimed_so_far"], last["kept_so_far"]) == pytest.approx((0.2, 0.2), abs=0.03)
    assert found.evidence["p_value"] < 1e-6


def test_only_what_was_released_higher_is_a_step() -> None:
    """Files 2 and 4 repeat or fall behind; the ledger goes from 1 to 3 to 5."""
    query = np.arange(20)[:, None] < np.array([10, 9, 12, 11, 15])
    given = exactly(entrant(1, query, query))

    (found,) = improvements.check(collected(given), context())

    assert found.evidence["first"] == 1
    assert [each["file"] for each in found.evidence["steps"]] == [3, 5]
    assert [each["released"] for each in found.evidence["steps"]] == pytest.approx([0.6, 0.75])


@pytest.mark.parametrize(
    ("released", "outcome", "no_value", "files"),
    [
        ([None, 0.6, None, 0.7], "improved", "no_improvement", [4]),
        ([None] * 4, "improved", "", [2, 3, 4]),
        ([0.5, 0.4, 0.3, 0.2], "scored", "", []),
        ([None] * 4, "blind", "", []),
        ([0.5, None, None, None], "scored", "cap_used", []),
    ],
)
def test_steps_are_those_of_the_mechanism(
    released: list[float | None], outcome: str, no_value: str, files: list[int]
) -> None:
    query = np.arange(20)[:, None] < np.array([10, 12, 13, 15])
    given = answered(entrant(1, query, query), released, outcome, no_value=no_value)

    found = improvements.check(collected(given), context())

    assert [step["file"] for each in found for step in each.evidence["steps"]] == files


def test_a_lower_loss_is_an_improvement() -> None:
    """What is released is in the metric's units; what is claimed is positive."""
    losses = -np.random.default_rng(5).random((100, 1)) * np.array([0.9, 0.7, 0.8])
    given = entrant(1, losses[:50], losses[50:])
    given = answered(given, (-given.columns.query_exact).tolist())

    (found,) = improvements.check(collected(given, metric="log_loss"), context())

    (step,) = found.evidence["steps"]
    assert step["file"] == 2
    assert step["claimed"] > 0
    assert step["kept"] > 0
    assert found.evidence["p_value"] is None
    assert step["kept_interval"] is not None


def test_other_metrics_have_no_interval() -> None:
    """The mean of influence values is another statistic than macro F1, of which claims are exact."""
    query = np.arange(20)[:, None] < np.array([10, 12])

    (found,) = improvements.check(
        collected(exactly(entrant(1, query, query)), metric="macro_f1"), context()
    )

    assert found.evidence["total"]["claimed"] == pytest.approx(0.1)
    assert found.evidence["has_interval"] is False
    assert found.evidence["total"]["kept_interval"] is None
    assert (found.low, found.high) == (None, None)


def test_groups_that_were_drawn_whole_count_once(rng: np.random.Generator) -> None:
    """A hundred groups of ten equal items: sqrt(10) times the width of a thousand single ones."""
    query, fresh = (np.repeat(right(rng, 100, 2, rate=0.6), 10, axis=0) for _ in range(2))
    given = answered(entrant(1, query, fresh), [0.5, 0.6])
    groups = {
        "query_clusters": np.repeat(np.arange(100), 10),
        "fresh_clusters": np.repeat(np.arange(100, 200), 10),
    }

    widths = []
    for drawn in (draw(n=1_000, m=1_000), draw(n=1_000, m=1_000, **groups)):
        (found,) = improvements.check(collected(given, draw=drawn), context())
        total = found.evidence["total"]
        low, high = total["kept_interval"]
        assert (low + high) / 2 == pytest.approx(total["kept"])
        widths.append(high - low)

    assert widths[1] / widths[0] == pytest.approx(np.sqrt(10), rel=0.02)


def test_nothing_without_fresh_items() -> None:
    given = exactly(entrant(1, np.arange(20)[:, None] < np.array([10, 12]), np.ones((0, 2))))

    assert improvements.check(collected(given), context()) == []


def test_evidence_has_no_item_and_stays_small(rng: np.random.Generator) -> None:
    query, fresh = right(rng, 500, 1)[:, 0], right(rng, 500, 1)[:, 0]
    given = exactly(entrant(3, climbed(query, n_steps=80, step=1), unmoved(fresh, n_steps=80)))

    (found,) = improvements.check(collected(given), context())

    assert len(str(found.evidence)) < 5_000


@pytest.fixture
def world(vault_keys: None) -> World:
    return make_world("improvements")


def step(file: int, **given: Any) -> dict[str, Any]:
    whole = {
        **{"file": file, "released": 0.8, "claimed": 0.04, "kept": 0.01, "missing": 0.03},
        **{"kept_interval": [0.002, 0.018], "missing_interval": [0.01, 0.05]},
        **{"claimed_so_far": 0.05, "kept_so_far": 0.02},
    }
    return {**whole, **given}


def ledger(**given: Any) -> dict[str, Any]:
    whole = {
        **{"first": 1, "n_steps": 3, "has_interval": True, "steps": [step(2), step(5)]},
        **{"n_others": 1, "others_claimed": 0.003, "others_kept": -0.001, "p_value": 0.0123},
        "total": step(9, claimed=0.083, kept=0.019),
    }
    return {**whole, **given}


def test_the_team_s_part_of_the_report_has_its_ledger(world: World) -> None:
    run = run_with(world)
    team = judged(run, "NO_EVIDENCE").team
    Finding.objects.create(run=run, team=team, check_name="improvements", evidence=ledger())

    html = reports_html(run)
    text = text_of(html)

    assert (
        "Improvements: 3 released steps claimed .0830 in all, .0190 [.0020, .0180] (95 %) is kept on new "
        "labels" in text
    )
    assert "no. 2 .8000 .0400 .0100 [.0020, .0180] .0300 [.0100, .0500] .0500 .0200" in text
    assert "1 smaller step .0030 -.0010 .0040" in text
    assert "All steps, no. 1 to no. 9 .8000 .0830" in text
    assert "with probability p = .012 (exact test of McNemar, unadjusted, level .05)" in text


def test_a_p_value_that_is_too_small_to_show_reads_as_such(world: World) -> None:
    run = run_with(world)
    team = judged(run, "NO_EVIDENCE").team
    found = ledger(p_value=1e-9)
    Finding.objects.create(run=run, team=team, check_name="improvements", evidence=found)

    assert "with probability p &lt; .0001 (exact" in reports_html(run)


def test_without_intervals_the_report_says_so(world: World) -> None:
    run = run_with(world)
    team = judged(run, "NO_EVIDENCE").team
    bare = {"kept_interval": None, "missing_interval": None, "released": None}
    found = ledger(
        n_steps=1,
        steps=[step(2, **bare)],
        total=step(2, **bare),
        n_others=0,
        has_interval=False,
        p_value=None,
    )
    Finding.objects.create(run=run, team=team, check_name="improvements", evidence=found)

    text = text_of(reports_html(run))

    assert "1 released step claimed .0400 in all, .0100 is kept on new labels" in text
    assert "no. 2 – .0400 .0100 .0300 .0500 .0200" in text
    assert "Of this metric there is no interval of a difference." in text
    assert "All steps" not in text


def test_a_team_without_steps_has_no_ledger(world: World) -> None:
    run = run_with(world)
    judged(run, "NO_EVIDENCE")

    assert "Improvements" not in reports_html(run)
