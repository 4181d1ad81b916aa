"""Readiness: what each final measures beside declared limits, and when that can be judged."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.stats as sps

from audits import parts
from audits.checks import readiness
from audits.collected import Entrant
from audits.models import Finding
from stats.metrics import Scorer
from tests.audits.histories import answering, collected, context, opened
from tests.audits.reported import judged, reports_html, run_with, text_of
from tests.vault.factories import World, make_world
from vault.models import Benchmark

LABELS = np.repeat([1, 0], [100, 300])
# 90 of the 100 positives are found.
ANSWERS = np.concatenate([np.arange(100) < 90, np.zeros(300, bool)]).astype(int)
RULES = Scorer(metric="accuracy", n_classes=2)


def reporting(given: Entrant, **said: Any) -> Entrant:
    (only,) = given.history.submissions
    return replace(given, history=replace(given.history, submissions=[replace(only, **said)]))


def by_team(found: list[Finding]) -> dict[int | None, dict[str, Any]]:
    return {each.team_id: each.evidence for each in found}


def test_measures_what_is_declared() -> None:
    """Recall by the exact interval, the later period by the metric's own, and what teams report as it is."""
    team = reporting(answering(1, ANSWERS), latency_p95_ms=40.0)
    limits = {"later_score": 0.5, "recall": 0.95, "latency_p95_ms": 50.0, "cost_per_1000": 1.0}
    given = collected(
        team,
        fresh=opened(400, labels=LABELS),
        others={"t": opened(300, first=100, kind="temporal"), "s": opened(9, kind="stress")},
        constraints=limits,
    )

    found = by_team(readiness.check(given, context()))

    assert found[None] == {"declared": limits, "front": []}
    measured = found[1]["measured"]
    exact = sps.binomtest(90, 100).proportion_ci(0.95, method="exact")
    assert measured["recall"] == pytest.approx([0.9, exact.low, exact.high])
    assert measured["latency_p95_ms"] == [40.0]
    assert "cost_per_1000" not in measured
    right = sps.binomtest(300, 300).proportion_ci(0.95, method="wilson")
    assert measured["later_score"] == pytest.approx([1.0, right.low, 1.0])


def test_groups_count_once() -> None:
    """Ten groups of ten: the interval of nine in ten, not of ninety in a hundred."""
    groups = np.repeat(np.arange(40), 10).astype(str).astype(object)
    items = parts.items_of(scorer=RULES, opened=[opened(400, labels=LABELS, groups=groups)])

    found = readiness.recall(items=items, answers=ANSWERS)

    exact = sps.binomtest(9, 10).proportion_ci(0.95, method="exact")
    assert found == pytest.approx([0.9, exact.low, exact.high])


def test_nothing_is_measured_where_nothing_is_declared() -> None:
    assert readiness.check(collected(answering(1, ANSWERS)), context()) == []


def test_without_items_of_class_1_there_is_no_recall() -> None:
    given = collected(answering(1, ANSWERS), fresh=opened(400), constraints={"recall": 0.9})

    assert by_team(readiness.check(given, context()))[1] == {"measured": {}}


@pytest.mark.parametrize(
    ("measured", "is_at_least", "state"),
    [
        ([0.97, 0.95, 0.98], True, readiness.HOLDS),
        ([0.96, 0.94, 0.98], True, readiness.UNKNOWN),
        ([0.93, 0.90, 0.95], True, readiness.UNKNOWN),
        ([0.93, 0.90, 0.949], True, readiness.FAILS),
        ([0.93, 0.90, 0.95], False, readiness.HOLDS),
        ([0.97, 0.951, 0.98], False, readiness.FAILS),
        ([0.96, 0.94, 0.98], False, readiness.UNKNOWN),
        ([0.95], False, readiness.HOLDS),
        ([0.96], False, readiness.FAILS),
        (None, True, readiness.UNKNOWN),
    ],
)
def test_an_interval_on_both_sides_cannot_be_judged(
    measured: list[float] | None, is_at_least: bool, state: str
) -> None:
    assert readiness.judged_by(measured=measured, limit=0.95, is_at_least=is_at_least) == state


@pytest.mark.parametrize("is_centred", [False, True], ids=["scores", "influence_values"])
def test_the_front_has_who_is_not_beaten_in_both(is_centred: bool) -> None:
    """The slow and worse team is beaten, however items are drawn; the other two are not.

    Influence values have a mean of 0 whatever the file scores.
    """
    scored = []
    for number, (n_right, latency) in enumerate([(390, 80.0), (300, 20.0), (200, 90.0)], 1):
        team = reporting(answering(number, ANSWERS, m=400), latency_p95_ms=latency)
        items = np.concatenate([np.ones(4), np.arange(400) < n_right])[:, None].astype(bool)
        items = items - items[4:].mean() if is_centred else items
        columns = replace(
            team.columns, data=items, items=items, fresh_exact=np.array([n_right / 400])
        )
        scored.append(replace(team, columns=columns))
    given = collected(*scored, constraints={"latency_p95_ms": 50.0})

    found = by_team(readiness.check(given, context()))

    assert found[None]["front"] == [[1, 1.0], [2, 1.0]]


@pytest.fixture
def world(vault_keys: None) -> World:
    return make_world("readiness")


def test_the_report_judges_each_final(world: World) -> None:
    limits = {"score": 0.6, "worst_slice_score": 0.6, "recall": 0.95, "latency_p95_ms": 50.0}
    run = run_with(world)
    team = judged(run, "NO_EVIDENCE").team
    assert team is not None
    measured = {"recall": [0.96, 0.94, 0.98], "latency_p95_ms": [60.0]}
    scores = {"accuracy": {"fresh": [0.7, 0.65, 0.74]}}
    for name, on, evidence in (
        ("readiness", None, {"declared": limits, "front": [[team.pk, 0.93]]}),
        ("readiness", team, {"measured": measured}),
        ("scores", team, {"scores": scores}),
    ):
        Finding.objects.create(run=run, team=on, check_name=name, evidence=evidence)

    text = text_of(reports_html(run))

    assert "New labels at least .6000" in text
    assert "p95 latency, ms, self-reported at most 50" in text
    assert (
        "somebody 1 .7000 [.6500, .7400] holds not measured cannot be judged .9600 [.9400, .9800] cannot be "
        "judged 60 fails" in text
    )
    assert "in latency at once: somebody (in 93 of 100 resamples)" in text
    assert "nobody but the team measured it" in text


def test_a_limit_of_a_loss_is_an_upper_one(world: World) -> None:
    Benchmark.objects.filter(pk=world.benchmark.pk).update(primary_metric="log_loss")
    run = run_with(world, metric="log_loss")
    team = judged(run, "NO_EVIDENCE").team
    for name, on, evidence in (
        ("readiness", None, {"declared": {"later_score": 0.5}, "front": []}),
        ("readiness", team, {"measured": {"later_score": [0.4, 0.35, 0.45]}}),
    ):
        Finding.objects.create(run=run, team=on, check_name=name, evidence=evidence)

    text = text_of(reports_html(run))

    assert "Later period at most .5000" in text
    assert "[.3500, .4500] holds" in text
