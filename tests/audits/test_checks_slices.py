"""Slices: the worst one of each final, with intervals of which all hold together."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.stats as sps
from sklearn.metrics import roc_auc_score

from audits.checks import slices
from audits.collected import Collected
from audits.models import Finding
from stats.metrics import Scorer
from tests.audits.histories import answering, collected, context, opened
from tests.audits.reported import judged, reports_html, run_with, text_of
from tests.vault.factories import World, make_world

# Two columns: the first has two slices of 100 items and one of 40, the second two of 120.
REGION = np.repeat(np.array(["north", "south", "tiny"], object), [100, 100, 40])
SEASON = np.tile(np.array(["dry", "wet"], object), 120)
# Labels are 0: 30 answers of the north are wrong, 5 of the south and 40 of the tiny one.
WRONG = np.concatenate([np.arange(100) < 30, np.arange(100) < 5, np.ones(40, bool)]).astype(int)


def of_columns(columns: dict[str, Any], answers: Any = WRONG, **given: Any) -> Collected:
    given = {"m": len(answers), **given}
    fresh = opened(len(answers), slices=columns)
    return collected(answering(7, answers), fresh=fresh, **given)


def wilson(right: int, n: int, alpha: float) -> tuple[float, float]:
    """By the score test itself: where the share's z is the level's."""
    found = sps.binomtest(right, n).proportion_ci(1 - alpha, method="wilson")
    return float(found.low), float(found.high)


def test_scores_every_slice_at_its_share_of_the_level() -> None:
    """By hand: two columns and two slices in each, so .05/4 for any; the tiny slice is left out."""
    (found,) = slices.check(of_columns({"region": REGION, "season": SEASON}), context())

    told = found.evidence["holdouts"][slices.NEW]
    assert (told["n_columns"], told["n_slices"], told["n_left_out"]) == (2, 4, 1)
    assert told["score"] == pytest.approx(165 / 240)
    by_name = {slices.called(each): each for each in told["slices"]}
    north = by_name["region = north"]
    assert (north["n"], north["score"]) == (100, pytest.approx(0.7))
    assert north["interval"] == pytest.approx(wilson(70, 100, 0.05 / 4))
    assert north["behind"] == pytest.approx(165 / 240 - 0.7)
    assert "region = tiny" not in by_name
    # Of 120 dry items 37 or 38 are wrong: it is the worst, and the one that is ranked first.
    worst = min(told["slices"], key=lambda each: each["score"])
    assert told["slices"][0] == worst
    assert found.estimate == worst["score"]
    assert told["least"][0] == min(each["interval"][0] for each in told["slices"])
    assert (found.low, found.high, found.p_value, found.verdict) == (None, None, None, "")


def test_a_small_slice_is_taken_for_less_than_it_shows() -> None:
    """50 items of .60 and 5,000 of .61, beside 5,000 of .9: shrunken by 20, the large one is behind more."""
    region = np.repeat(np.array(["small", "large", "rest"], object), [50, 5_000, 5_000])
    right = np.concatenate([np.arange(50) < 30, np.arange(5_000) < 3_050, np.arange(5_000) < 4_500])

    (found,) = slices.check(of_columns({"region": region}, (~right).astype(int)), context())

    told = found.evidence["holdouts"][slices.NEW]["slices"]
    assert [each["slice"] for each in told] == ["large", "small", "rest"]
    assert told[1]["score"] < told[0]["score"]


def test_intervals_hold_for_all_slices_together(rng: np.random.Generator) -> None:
    """Of 300 teams at .8, two columns of three slices: all are covered in .95, to four standard errors."""
    columns = {
        "one": np.repeat(np.array(["a", "b", "c"], object), 200),
        "other": np.tile(np.array(["x", "y", "z"], object), 200),
    }
    teams = [answering(i, (rng.random(600) < 0.2).astype(int)) for i in range(300)]

    found = slices.check(collected(*teams, fresh=opened(600, slices=columns), m=600), context())

    rows = [each.evidence["holdouts"][slices.NEW]["slices"] for each in found]
    held = np.mean(
        [all(r["interval"][0] <= 0.8 <= r["interval"][1] for r in each) for each in rows]
    )
    alone = np.mean([all(abs(r["score"] - 0.8) <= 1.96 * 0.0283 for r in each) for each in rows])
    assert held > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 300)
    # Intervals of 95 % each would hold together for three teams in four.
    assert alone < 0.85


def test_stress_cases_have_their_own_slices_and_other_holdouts_none() -> None:
    """What is in no file of the query draw is named by its holdout; a later period is for another check."""
    columns = {"fog": np.repeat(np.array(["none", "thick"], object), 120)}
    others = {
        "s": opened(240, kind="stress", slices=columns),
        "t": opened(240, kind="temporal", slices=columns),
    }

    (found,) = slices.check(collected(answering(7, WRONG), others=others), context())

    assert list(found.evidence["holdouts"]) == ["s"]
    assert found.evidence["holdouts"]["s"]["kind"] == "stress"


@pytest.mark.parametrize(
    "columns",
    [{}, {"one": np.repeat(np.array(["same"], object), 240)}, {"id": np.arange(240).astype(str)}],
)
def test_what_divides_nothing_is_no_slice(columns: dict[str, Any]) -> None:
    """No column, one value for all, and a value for each item: which would be told item by item."""
    assert slices.check(of_columns(columns), context()) == []


def test_groups_that_were_drawn_whole_widen_the_intervals() -> None:
    """24 groups of ten equal answers: about sqrt(10) times the width of as many single items."""
    wrong = np.repeat(np.tile([0, 1, 0, 0], 6), 10)
    region = np.repeat(np.array(["a", "b"], object), 120)
    alone = of_columns({"region": region}, wrong)
    groups = np.repeat(np.arange(24), 10).astype(str).astype(object)
    together = replace(alone, fresh=replace(alone.fresh, groups=groups))

    widths = []
    for each in (alone, together):
        (found,) = slices.check(each, context())
        (low, high) = found.evidence["holdouts"][slices.NEW]["slices"][0]["interval"]
        widths.append(high - low)

    assert widths[1] / widths[0] == pytest.approx(np.sqrt(10), rel=0.3)


def test_other_metrics_are_scored_by_their_own_formula(rng: np.random.Generator) -> None:
    """AUC of each slice by scikit-learn; a slice with hardly a positive has none."""
    labels = (rng.random(600) < 0.4).astype(np.int64)
    labels[400:] = 0
    labels[400:405] = 1
    answers = np.clip(labels * 0.3 + rng.random(600) * 0.7, 0, 1)
    region = np.repeat(np.array(["a", "b", "rare"], object), 200)
    fresh = opened(600, labels=labels, slices={"region": region})
    scorer = Scorer(metric="roc_auc", n_classes=2)
    given = collected(answering(7, answers), fresh=fresh, m=600, metric="roc_auc", scorer=scorer)

    (found,) = slices.check(given, context())

    told = found.evidence["holdouts"][slices.NEW]
    assert told["n_left_out"] == 1
    for each in told["slices"]:
        own = region == each["slice"]
        assert each["score"] == pytest.approx(roc_auc_score(labels[own], answers[own]))
        expected = scorer.interval(
            labels=labels[own], predictions=answers[own], confidence_level=0.975
        )
        assert each["interval"] == pytest.approx([expected.low, expected.high])


def test_a_loss_is_stored_so_that_higher_is_better(rng: np.random.Generator) -> None:
    labels = np.zeros(200, np.int64)
    answers = np.repeat([0.1, 0.4], 100)
    fresh = opened(200, labels=labels, slices={"x": np.repeat(np.array(["a", "b"], object), 100)})
    scorer = Scorer(metric="log_loss", n_classes=2)
    given = collected(answering(7, answers), fresh=fresh, m=200, metric="log_loss", scorer=scorer)

    (found,) = slices.check(given, context())

    worst = found.evidence["holdouts"][slices.NEW]["slices"][0]
    assert worst["slice"] == "b"
    assert worst["score"] == pytest.approx(np.log(0.6))
    assert worst["behind"] > 0
    assert worst["interval"][0] <= worst["score"] <= worst["interval"][1]


def test_evidence_has_no_item_and_stays_small() -> None:
    """Of many columns some are looked into, and of many slices the worst are kept."""
    answers = (np.arange(3_000) % 7 == 0).astype(int)
    columns = {
        f"c{i:02d}": ((np.arange(3_000) // (i + 1)) % 30).astype(str).astype(object)
        for i in range(30)
    }

    (found,) = slices.check(of_columns(columns, answers), context())

    told = found.evidence["holdouts"][slices.NEW]
    assert told["n_columns"] == slices.MAX_COLUMNS
    assert len(told["slices"]) == slices.MAX_SHOWN
    assert len(str(found.evidence)) < 4_000


def test_a_team_without_a_final_or_fresh_labels_has_none() -> None:
    assert slices.check(collected(answering(7, WRONG), fresh=opened(0)), context()) == []
    gone = replace(answering(7, WRONG), final=None)
    fresh = opened(240, slices={"region": REGION})
    assert slices.check(collected(gone, fresh=fresh, m=240), context()) == []


@pytest.fixture
def world(vault_keys: None) -> World:
    return make_world("slices")


def stored(world: World, *, team: str = "somebody", run: Any = None, **given: Any) -> Any:
    audit = run or run_with(world)
    row = {
        **{"column": "region", "slice": "<north>", "n": 1_200, "score": 0.61},
        **{"interval": [0.58, 0.64], "behind": 0.14},
    }
    whole = {
        **{"kind": "iid", "score": 0.75, "interval": [0.74, 0.76], "n_columns": 1, "n_slices": 2},
        **{"n_left_out": 0, "least": [0.58, 0.64], "slices": [row | given]},
    }
    Finding.objects.create(
        run=audit,
        team=judged(audit, "NO_EVIDENCE", name=team).team,
        check_name="slices",
        evidence={"holdouts": {slices.NEW: whole}},
    )
    return audit


def test_the_report_says_the_worst_slice_in_words(world: World) -> None:
    html = reports_html(stored(world))

    assert (
        "Worst slice on new labels: region = &lt;north&gt;, where 1,200 items score .6100 [.5800, .6400], "
        "worse than on all items by .1400" in html
    )
    assert "hold together in 95 of 100 draws" in html
    assert "is within chance of it" in html


def test_what_may_be_chance_is_called_so(world: World) -> None:
    text = text_of(reports_html(stored(world, score=0.74, interval=[0.7, 0.78], behind=0.01)))

    assert "score .7400 [.7000, .7800], within chance of the score on all items" in text


def test_the_round_has_one_sentence(world: World) -> None:
    run = stored(world)
    stored(world, team="other", run=run)
    stored(world, team="third", run=run, slice="south")

    text = text_of(reports_html(run))

    assert "The worst slice of new labels is region = &lt;north&gt; for 2 of 3 finals." in text
