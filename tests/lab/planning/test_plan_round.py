"""`manage.py plan_round`: its words, its JSON, and what it refuses."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from stats.bounds import BOUNDS
from stats.mechanisms import MECHANISMS


def printed(*arguments: str) -> str:
    written = io.StringIO()
    call_command("plan_round", *arguments, stdout=written)
    return written.getvalue()


def planned(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(printed(*arguments, "--json", "-"))
    return found


def row(shown: dict[str, Any], mechanism: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        each for each in shown["mechanisms"] if each["mechanism"] == mechanism
    )
    return found


def test_json_has_a_row_for_each_mechanism_and_the_three_errors() -> None:
    shown = planned("--n", "50000", "--tau", ".05", "--teams", "3", "--k", "20", "--reps", "2")

    assert set(shown) == {
        "n",
        "n_effective",
        "tau",
        "beta",
        "k",
        "b",
        "teams",
        "metric",
        "unit",
        "told",
        "guarantees_nothing",
        "attack_cap",
        "mechanisms",
        "guarded_ladder",
        "for_comparison",
        "publication",
    }
    assert [each["mechanism"] for each in shown["mechanisms"]] == list(MECHANISMS)
    assert [each["bound_of"] for each in shown["for_comparison"]] == list(BOUNDS)
    ladder = row(shown, "guarded_ladder")
    assert ladder["parameters"] == {"z": 2.0, "c": 1.0, "b": 5}
    assert ladder["permissible_queries"] == 1_000_000
    assert ladder["guaranteed_error"] == ladder["bound"] < 0.05
    three = shown["guarded_ladder"]
    assert three["alone"]["guaranteed_error"] == ladder["guaranteed_error"]
    assert three["colluding"]["teams"] == 3
    assert three["colluding"]["guaranteed_error"] > ladder["guaranteed_error"]
    assert [each["accounts"] for each in three["coalitions"]] == [1, 3, 5, 20]
    for each in three["coalitions"]:
        assert each["gain_mean"] < three["colluding"]["guaranteed_error"]
        assert each["reps"] == 2


def test_small_holdouts_guarantee_nothing_in_plain_words() -> None:
    """No figure beyond tau stands where a guarantee would."""
    arguments = ("--n", "4000", "--tau", ".02", "--reps", "0")
    text, shown = printed(*arguments), planned(*arguments)

    assert "4,000 items guarantee nothing at 0.02" in text
    assert "nothing within 0.02 is guaranteed" in text
    assert "coalitions under the attack suite (simulated): not simulated" in text
    assert shown["guarantees_nothing"] is True
    rows = [*shown["mechanisms"], *shown["for_comparison"]]
    assert {each["guaranteed_error"] for each in rows} == {None}
    assert {each["permissible_queries"] for each in rows} == {0}
    assert shown["guarded_ladder"]["colluding"]["guaranteed_error"] is None


def test_text_says_what_large_holdouts_guarantee() -> None:
    text = printed("--n", "1000000", "--tau", ".05", "--reps", "0", "--teams", "20")

    assert "guarantee nothing" not in text
    assert "- all 20 admitted teams acting as one (proven): within 0.0" in text
    assert "- one team that sees no board (proven): within 0.0" in text
    assert "over 1,000,000" in text
    assert "After 15,791 exact answers" in text


def test_coalitions_stand_beside_the_proofs() -> None:
    text = printed("--n", "400", "--tau", ".2", "--k", "4", "--reps", "2")

    assert "(simulated): 1 account " in text
    assert ", 20 accounts " in text
    assert "on average of 2 runs" in text
    assert "- the one admitted team (proven)" in text


def test_metric_without_a_proof_says_so() -> None:
    text = printed("--n", "1000000", "--tau", ".1", "--metric", "roc_auc")
    shown = planned("--n", "1000000", "--tau", ".1", "--metric", "roc_auc")

    assert "No bound is proven for roc_auc" in text
    assert "no proven bound" in text
    assert "exact answers the linear attack" not in text
    assert "nothing is guaranteed" in text
    assert shown["for_comparison"] == []
    assert shown["guarded_ladder"]["coalitions"] is None
    for each in shown["mechanisms"]:
        assert (each["is_provable"], each["permissible_queries"]) == (False, None)
        assert each["guaranteed_error"] is None


def test_loss_is_planned_in_its_own_units() -> None:
    given = ("--n", "100000", "--tau", "1", "--metric", "mae", "--loss-cap", "10")

    assert planned(*given)["unit"] == 10
    assert planned("--n", "9", "--tau", ".1", "--metric", "brier", "--classes", "3")["unit"] == 2


def test_cap_goes_to_the_mechanisms_that_have_one() -> None:
    shown = planned("--n", "4000", "--tau", ".1", "--b", "2", "--reps", "0")

    assert row(shown, "guarded_ladder")["parameters"]["b"] == 2
    assert row(shown, "one_bit")["parameters"]["b"] == 2
    assert row(shown, "exact")["parameters"] == {}


def test_json_goes_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"

    assert printed("--n", "100", "--tau", ".3", "--reps", "0", "--json", str(path)) == ""
    assert json.loads(path.read_text())["n"] == 100
    with pytest.raises(CommandError, match=r"^--json: "):
        printed("--n", "100", "--tau", ".3", "--reps", "0", "--json", str(tmp_path))


def test_too_long_simulations_are_left_out_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    shown = planned("--n", "1000000", "--tau", ".1", "--k", "100000")

    assert shown["guarded_ladder"]["coalitions"] is None
    assert "coalitions are not simulated" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--n", "0"),
        ("--n", "many"),
        ("--tau", "0"),
        ("--tau", "1"),
        ("--tau", "nan"),
        ("--beta", "0"),
        ("--beta", "1"),
        ("--k", "0"),
        ("--b", "0"),
        ("--teams", "0"),
        ("--metric", "novelty"),
        ("--reps", "-1"),
        ("--reps", "1"),
        ("--seed", "-1"),
        ("--classes", "1"),
    ],
)
def test_bad_values_are_refused_by_the_name_of_their_option(option: str, value: str) -> None:
    given = {"--n": "100", "--tau": ".1", option: value}

    with pytest.raises(CommandError, match=option):
        printed(*(part for pair in given.items() for part in pair))


@pytest.mark.parametrize(
    ("given", "option"),
    [
        (("--metric", "mae"), "--loss-cap: mae needs one"),
        (("--metric", "mae", "--loss-cap", "0"), "--loss-cap must be positive"),
        (("--loss-cap", "3"), "--loss-cap: only a regression"),
        (("--metric", "roc_auc", "--classes", "3"), "--classes: roc_auc does not score"),
        (("--metric", "log_loss", "--probability-clip", ".5"), "--probability-clip must be"),
        (("--metric", "expected_cost"), "--cost-matrix: expected_cost needs one"),
        (("--metric", "expected_cost", "--cost-matrix", "[[0, 1]"), "--cost-matrix: Expecting"),
        (("--metric", "expected_cost", "--cost-matrix", "[[0, 1]]"), "--cost-matrix: 2 rows"),
    ],
)
def test_a_rule_that_a_metric_lacks_is_named_as_its_option(
    given: tuple[str, ...], option: str
) -> None:
    with pytest.raises(CommandError, match=option):
        printed("--n", "100", "--tau", ".1", *given)


def test_the_range_follows_the_clip_and_the_costs() -> None:
    """Below each range a plan is made; at it, tau is refused by the range's own number."""
    clipped = ("--metric", "log_loss", "--probability-clip", ".001")
    costly = ("--metric", "expected_cost", "--cost-matrix", "[[0, 1], [40, 0]]")

    for given, unit in ((clipped, r"6\.90675"), (costly, "40")):
        with pytest.raises(CommandError, match=f"below the metric's range, {unit}"):
            printed("--n", "100", "--tau", "40", *given)


@pytest.mark.parametrize("missing", ["--n", "--tau"])
def test_size_and_error_are_needed(missing: str) -> None:
    given = {"--n": "100", "--tau": ".1"}
    del given[missing]

    with pytest.raises(CommandError, match=missing):
        printed(*(part for pair in given.items() for part in pair))


def test_what_the_holdout_told_before_widens_every_bound() -> None:
    """8 teams of 50 queries on 4,000 items: .194, and .224 after 93 nats of publications and references."""
    given = ("--n", "4000", "--tau", ".3", "--teams", "8", "--k", "50", "--reps", "0")

    before, after = planned(*given), planned(*given, "--told", "93")

    bounds = [each["guarded_ladder"]["colluding"]["bound"] for each in (before, after)]
    assert bounds == [pytest.approx(0.194, abs=5e-4), pytest.approx(0.224, abs=5e-4)]
    assert after["told"] == 93
    for one, other in zip(before["mechanisms"], after["mechanisms"], strict=True):
        if one["bound"] is not None and other["bound"] is not None:
            assert other["bound"] > one["bound"]
            assert other["permissible_queries"] <= one["permissible_queries"]
    assert "Revealed before: 93.0 nats." in printed(*given, "--told", "93")


def test_planning_says_what_a_publication_tells_and_takes() -> None:
    given = ("--n", "4000", "--tau", ".3", "--teams", "8", "--k", "50", "--reps", "0")

    shown = planned(*given, "--fresh", "8000", "--references", "3")["publication"]
    text = printed(*given, "--fresh", "8000", "--references", "3")

    assert shown["resolution"] == pytest.approx(1 / (2 * 8000**0.5))
    assert shown["nats"] > 8 * 3 * 5.18  # three of eight teams' figures, on 180 lines, are not all
    assert shown["untold"] < shown["told"]
    assert "one sealed shard a round" in text
    assert "the fresh holdout retires, so two sealed shards a round" in text
    assert planned(*given)["publication"] is None


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--told", "-1"), "--told must be at least 0"),
        (("--fresh", "0"), "--fresh must be at least 1"),
        (("--references", "-1"), "--references must not be negative"),
    ],
)
def test_refuses_what_was_never_told(option: tuple[str, str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        printed("--n", "100", "--tau", ".1", "--reps", "0", *option)


def test_groups_are_planned_by_their_effective_number() -> None:
    """Of 20,000 items in 1,000 equal groups a publication on half as many items has 500."""
    asked = ("--n", "20000", "--tau", ".2", "--n-effective", "1000", "--fresh", "10000")

    text = printed(*asked)
    assert (
        "20,000 items in groups that are drawn whole, which prove as much as 1,000 independent ones"
    ) in text
    assert "coalitions under the attack suite (simulated): not simulated" in text
    shown = planned(*asked)
    plain = planned("--n", "20000", "--tau", ".2", "--reps", "0")
    assert shown["guarded_ladder"]["coalitions"] is None
    assert shown["for_comparison"] == []
    assert row(shown, "guarded_ladder")["bound"] > 2 * row(plain, "guarded_ladder")["bound"]
    assert shown["publication"]["untold"] > row(shown, "guarded_ladder")["bound"]


def test_an_impossible_effective_number_is_named() -> None:
    with pytest.raises(CommandError, match="--n-effective must be from 1 to n, which is 100"):
        call_command("plan_round", "--n", "100", "--tau", ".1", "--n-effective", "200")
