"""Each model's gap, first files as a control, the gate between two draws, and the line through all models."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.stats as sps

from audits.checks import gaps
from audits.collected import Collected, Entrant
from audits.models import Finding
from stats.metrics import Scorer
from tests.audits.histories import (
    Matrix,
    came_late,
    collected,
    columns,
    context,
    entrant,
    held,
    opened,
    right,
)
from tests.audits.reported import judged, reports_html, run_with, text_of
from tests.vault.factories import make_world

N, M = 1_000, 2_000
SKILLS = np.array([0.6, 0.65, 0.7, 0.75, 0.8, 0.85])


def on_another_draw(answers: Matrix, **given: Any) -> Collected:
    """Teams of one file each, a row of right (1) and wrong (0) answers on both sets, nothing else fresh."""
    teams = [team(number, row[None]) for number, row in enumerate(answers.astype(np.uint8))]
    return of_teams(*teams, **given)


def team(number: int, rows: Matrix, **given: Any) -> Entrant:
    made = entrant(number, rows[:, :N].T, np.zeros((0, len(rows))), **given)
    return replace(made, answers=held(rows))


def of_teams(*teams: Entrant, **given: Any) -> Collected:
    sets = {
        "query": opened(N, labels=np.ones(N, np.int64)),
        "others": {"later": opened(M, first=N, labels=np.ones(M, np.int64), kind="temporal")},
    }
    return collected(*teams, **{**sets, **given})


def found_of(given: Collected) -> dict[str, Any]:
    (finding,) = gaps.check(given, context())
    assert (finding.team_id, finding.p_value, finding.verdict) == (None, None, "")
    (found,) = finding.evidence["others"]
    result: dict[str, Any] = found
    return result


def answers(rng: np.random.Generator, query: Any, there: Any) -> Matrix:
    """Right with these rates on query items and there, a model a row."""
    skills = zip(
        np.broadcast_to(query, SKILLS.shape), np.broadcast_to(there, SKILLS.shape), strict=True
    )
    return np.stack([rng.random(N + M) < np.repeat([a, b], [N, M]) for a, b in skills])


def test_harder_items_move_all_models_along_a_line(rng: np.random.Generator) -> None:
    """There 1 - 1.5 (1 - a): gaps of .2 down to .075, by which all differ."""
    given = answers(rng, SKILLS, 1 - 1.5 * (1 - SKILLS))

    found = found_of(on_another_draw(given))

    assert found["gate"]["fired"]
    assert found["gate"]["difference"] == pytest.approx(0.1375, abs=0.03)
    assert (found["gate"]["n_models"], found["gate"]["n_references"]) == (6, 0)
    assert found["control"] == {"n": 6, "n_beyond": 6}
    a, b = given[:, :N].mean(axis=1), given[:, N:].mean(axis=1)
    pooled = given.mean(axis=1)
    z = (a - b) / np.sqrt(pooled * (1 - pooled) * (1 / N + 1 / M))
    assert [each["z"] for each in found["models"]] == pytest.approx(z)
    line = found["line"]
    assert line["slope"] == pytest.approx(sps.linregress(a, b).slope)
    assert 1 < line["over_items"][0] < line["slope"] < line["over_items"][1]
    probit = sps.linregress(sps.norm.ppf(a), sps.norm.ppf(b)).slope
    assert line["probit_slope"] == pytest.approx(probit)


def test_items_of_one_kind_are_quiet_and_the_power_is_said(rng: np.random.Generator) -> None:
    """Seed 20260301; the gate fires on 1 of 100 such draws."""
    found = found_of(on_another_draw(answers(rng, SKILLS, SKILLS)))

    assert not found["gate"]["fired"]
    assert all(each["p_adjusted"] > gaps.LEVEL for each in found["models"])
    assert found["line"]["over_items"][0] < 1 < found["line"]["over_items"][1]
    # Six independent models: a mean of variance about .19 / 6, 3.42 sqrt(.0317 (1/1000 + 1/2000)).
    assert found["gate"]["least"] == pytest.approx(0.0236, abs=0.001)


def test_power_of_the_gate_between_draws_is_what_it_says() -> None:
    """80 pairs of sets, seed 411: Binomial(80, .8) is within 52 to 75 but for 1 in 1,000."""
    rng = np.random.default_rng(411)
    least = 3.4175 * np.sqrt(0.16 / N + (0.8 - 0.061) * 0.261 / M)
    fired = [
        found_of(on_another_draw(answers(rng, 0.8, 0.8 - least)[:1]))["gate"]["fired"]
        for _ in range(80)
    ]

    assert 52 <= sum(fired) <= 75


def test_every_final_counts_but_only_early_first_files_open_the_gate(
    rng: np.random.Generator,
) -> None:
    """A late team's boosted file has its gap, and neither fires the gate nor enters the control."""
    honest = [team(i, row[None]) for i, row in enumerate(answers(rng, SKILLS, SKILLS))]
    boosted = rng.random((2, N + M)) < np.repeat([0.95, 0.6], [N, M])

    found = found_of(of_teams(*honest, came_late(team(77, boosted.astype(np.uint8)))))

    assert not found["gate"]["fired"]
    assert found["control"]["n"] == 6
    beyond = [each["team"] for each in found["models"] if each["p_adjusted"] <= gaps.LEVEL]
    assert beyond == [77]


def test_a_reference_is_a_model_and_untuned(rng: np.random.Generator) -> None:
    rows = answers(rng, SKILLS, SKILLS - 0.2)[:1].astype(np.uint8)
    references = columns(rows[:, :N].T, np.zeros((0, 1)))

    found = found_of(of_teams(references=references, reference_answers=held(rows)))

    assert [each["team"] for each in found["models"]] == [900]
    assert found["gate"]["fired"]
    assert (found["gate"]["n_references"], found["control"]["n"]) == (1, 0)
    assert found["line"] is None


def test_nobody_untuned_leaves_the_gate_alone(rng: np.random.Generator) -> None:
    given = on_another_draw(answers(rng, SKILLS, SKILLS), first_release_at=None)

    found = found_of(given)

    assert "gate" not in found
    assert len(found["models"]) == 6
    nobody = replace(given, entrants=[])
    assert gaps.check(nobody, context()) == []


def test_groups_count_as_what_they_are_worth(rng: np.random.Generator) -> None:
    """Fifty and a hundred groups of twenty items with one answer each; no interval over items."""
    rows = np.repeat(answers(rng, SKILLS, SKILLS)[:, ::20], 20, axis=1)
    groups = np.array([f"g{i // 20}" for i in range(N)], dtype=object)
    # Other groups of the same names.
    there = np.array([f"g{i // 20}" for i in range(M)], dtype=object)
    ones = np.ones(M, np.int64)
    sets: dict[str, Any] = {
        "query": opened(N, labels=ones[:N], groups=groups),
        "others": {"later": opened(M, first=N, labels=ones, groups=there)},
    }

    found = found_of(on_another_draw(rows, **sets))

    a, b = rows[0, :N].mean(), rows[0, N:].mean()
    pooled = rows[0].mean()
    z = (a - b) / np.sqrt(pooled * (1 - pooled) * (1 / 50 + 1 / 100))
    assert found["models"][0]["z"] == pytest.approx(z)
    assert "over_items" not in found["line"]
    assert not found["gate"]["fired"]
    one_group = opened(M, first=N, labels=ones, groups=np.full(M, "all", dtype=object))
    alone = found_of(on_another_draw(rows, **{**sets, "others": {"later": one_group}}))
    assert "gate" not in alone


def test_other_metrics_have_a_gate_and_no_binomial_gap(rng: np.random.Generator) -> None:
    scorer = Scorer(metric="brier", n_classes=2)
    rows = np.clip(rng.normal(0.7, 0.1, (6, N + M)), 0, 1)
    rows[:, N:] = np.clip(rows[:, N:] - 0.2, 0, 1)
    teams = [team(number, row[None]) for number, row in enumerate(rows)]

    found = found_of(of_teams(*teams, scorer=scorer, metric="brier"))

    assert found["gate"]["fired"]
    # A loss is higher there: oriented, query items are better.
    assert found["gate"]["difference"] > 0.1
    assert "models" not in found


@pytest.mark.parametrize("n_models", [3, 6])
def test_too_few_or_equal_models_have_no_line(rng: np.random.Generator, n_models: int) -> None:
    rows = np.repeat(answers(rng, SKILLS, SKILLS)[:1], n_models, axis=0)

    assert found_of(on_another_draw(rows))["line"] is None


def test_on_its_own_draw_only_untuned_files_are_compared(rng: np.random.Generator) -> None:
    """A reference .2 apart, one that is not, and 40 first files, of which .05 differ by chance."""
    query = np.hstack([right(rng, N, 1, rate=0.9), right(rng, N, 1)])
    references = columns(query, right(rng, M, 2, rate=0.7))
    teams = [entrant(i, right(rng, N, 2), right(rng, M, 2)) for i in range(40)]

    (finding,) = gaps.check(collected(*teams, references=references), context())

    own = finding.evidence["own_draw"]
    assert [each["p_adjusted"] <= gaps.LEVEL for each in own["models"]] == [True, True]
    assert own["models"][0]["z"] > own["models"][1]["z"] > 0
    assert own["control"]["n"] == 40
    assert own["control"]["n_beyond"] <= 8
    assert "others" not in finding.evidence
    assert gaps.check(collected(n=N, m=M), context()) == []


@pytest.mark.usefixtures("vault_keys")
@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ([1.2, 1.9], "Above 1 better models lose less"),
        ([0.3, 0.8], "Below 1 better models lose more"),
        ([0.8, 1.2], "within the interval"),
    ],
)
def test_report_says_levels_what_intervals_cover_and_what_it_means(
    ends: list[float], said: str
) -> None:
    world = make_world("gaps")
    run = run_with(world)
    one = judged(run, "NOT_TESTED").team_id
    models = [
        {"team": one, "query": 0.9, "there": 0.8, "z": 7.31, "p_adjusted": 1e-9},
        {"team": one, "query": 0.95, "there": 0.94, "z": 0.5, "p_adjusted": 0.62},
    ]
    gate = {"difference": 0.081, "z": 18.1, "p_value": 0.0005, "fired": True, "least": 0.019}
    gate |= {"n_models": 3, "n_references": 1}
    line = {"slope": 1.0, "correlation": 0.9, "over_models": ends, "over_items": ends}
    other = {
        **{"holdout": "0123456789", "kind": "iid", "m": 2_021, "gate": gate, "models": models},
        **{"control": {"n": 2, "n_beyond": 1}, "line": {**line, "probit_slope": 0.951}},
    }
    quiet = {"holdout": "9876543210", "kind": "stress", "m": 60}
    quiet["gate"] = {**gate, "fired": False, "difference": -0.01}
    nothing = {**other, "holdout": "ffff", "line": None, "models": models}
    del nothing["gate"]
    own = {"models": models, "control": {"n": 1, "n_beyond": 0}}
    Finding.objects.create(
        run=run,
        check_name=gaps.NAME,
        evidence={"own_draw": own, "others": [other, quiet, nothing]},
    )

    told = text_of(reports_html(run))

    assert (
        "somebody differs most, by .1000 (query less new; z = 7.3 standard errors, p &lt;" in told
    )
    assert "of 1 first file from before any answer 0 score otherwise" in told
    assert "level .05 each; chance alone gives 0.1 on average" in told
    assert "(1 of references, 2 from before any answer) score .0810 better on query items" in told
    assert "it fired: the two sets differ" in told
    assert "Of 2 finals and references 1 score" in told
    assert "(95 % of draws of such items, for these models)" in told
    assert said in told
    assert "the slope is .951 there" in told
    assert "score .0100 worse on query items than on these 60" in told
    assert "it is quiet. A difference of .0190 would have been found with 80 %." in told
    assert "whether the two sets differ is not known" in told
    assert "no difference here is held against a team" in told
