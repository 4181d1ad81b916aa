"""Calibration and decisions through the database: a round with probabilities, costs and a threshold."""

import json

import numpy as np
import pytest

from audits import rounds
from audits.models import Publication
from tests.audits import stage
from tests.audits.reported import text_of
from tests.vault.factories import World

SIZES = (300, 900)
COSTS = [[0, 1], [4, 0]]


@pytest.fixture
def played(vault_keys: None) -> World:
    rng = np.random.default_rng(2626)
    chances = rng.uniform(0.05, 0.95, sum(SIZES))
    world = stage.sealed(
        "beside",
        truth=(rng.random(sum(SIZES)) < chances).astype(int),
        sizes=SIZES,
        prediction_form="probability",
        primary_metric="log_loss",
        cost_matrix=COSTS,
        decision_threshold=0.2,
    )
    world.answered(world.team("reference", is_reference=True), np.full(len(chances), 0.5))
    world.open()
    odds = (chances / (1 - chances)) ** 3
    world.answered(world.team("right"), chances)
    world.answered(world.team("sure"), odds / (1 + odds))
    return stage.published(stage.audited(stage.closing(world)))


def test_findings_are_of_the_new_labels_and_stay_with_researchers(played: World) -> None:
    right, sure = (stage.finding_of(played, each, "calibration") for each in ("right", "sure"))
    cheap, dear = (stage.finding_of(played, each, "decisions") for each in ("right", "sure"))

    assert [each.evidence["found"] for each in (right, sure)] == [False, True]
    assert right.evidence["n"] == SIZES[1]
    assert sure.submission_id is not None
    assert cheap.estimate is not None
    assert dear.estimate is not None
    assert cheap.low is not None
    assert cheap.low < cheap.estimate < dear.estimate
    assert cheap.evidence["decided_at"] == cheap.evidence["target"] == 0.2
    text = text_of(rounds.latest_run(round=played.round).report.html)
    assert "Calibration: whether stated probabilities mean what they say" in text
    assert "Decisions: what they cost on new labels" in text
    document = json.dumps(Publication.objects.get(round=played.round).document)
    for secret in ("calibration", "decisions", "regret", "net_benefit"):
        assert secret not in document
    for value in (sure.evidence["brier"], cheap.estimate):
        assert f"{value:.6f}"[:6] not in document


def test_nothing_convicts(played: World) -> None:
    assert "CONFIRMED" not in stage.verdicts_of(played).values()
