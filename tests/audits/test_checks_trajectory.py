"""A team's way: scores of whole files in time order, in the metric's own units."""

import numpy as np
import pytest

from audits.checks import trajectory
from stats.metrics import METRICS
from tests.audits import histories


def test_a_way_has_every_file_with_what_it_scores() -> None:
    """Exact means of right and wrong items; the last file is the final, the second scored best."""
    query, fresh = np.zeros((10, 3), bool), np.zeros((20, 3), bool)
    query[:3, 0] = query[:8, 1] = query[:5, 2] = True
    fresh[:6, 0] = fresh[:7, 1] = fresh[:9, 2] = True
    team = histories.entrant(1, query, fresh)

    (found,) = trajectory.check(histories.collected(team), histories.context())

    assert found.team_id == 1
    assert found.evidence["query"] == pytest.approx([0.3, 0.8, 0.5])
    assert found.evidence["fresh"] == pytest.approx([0.3, 0.35, 0.45])
    assert found.evidence["attempts"] == [1, 2, 3]
    assert (found.evidence["final"], found.evidence["best"]) == (2, 1)
    # Answers were scores, so that no file was accepted or refused.
    assert found.evidence["accepted"] == []
    assert (found.estimate, found.p_value, found.verdict) == (None, None, "")


def test_of_one_file_or_without_new_labels_there_is_no_way() -> None:
    rng = np.random.default_rng(1)
    one = histories.entrant(1, histories.right(rng, 10, 1), histories.right(rng, 10, 1))
    many = histories.entrant(2, histories.right(rng, 10, 2), np.zeros((0, 2), bool))

    assert trajectory.check(histories.collected(one), histories.context()) == []
    assert trajectory.check(histories.collected(many), histories.context()) == []


def test_a_loss_is_in_its_own_direction() -> None:
    """Stored so that higher is better, and shown as the loss that it is; the best is the smallest."""
    query, fresh = -np.array([[3.0, 2.0]] * 4), -np.array([[3.5, 4.0]] * 4)
    team = histories.entrant(1, query, fresh)

    (found,) = trajectory.check(histories.collected(team, metric="rmse"), histories.context())

    assert not METRICS["rmse"].greater_is_better
    assert found.evidence["query"] == [3.0, 2.0]
    assert found.evidence["fresh"] == [3.5, 4.0]
    assert found.evidence["best"] == 1
