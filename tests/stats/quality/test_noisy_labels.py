"""Noisy labels: corrections recover the truth, suspects are found, singular noise is refused."""

from typing import Any

import numpy as np
import pytest

from stats.quality.noisy_labels import class_conditional, confident_joint, symmetric


def test_symmetric_correction_recovers_the_truth() -> None:
    """True .9, flips .1: observed .82; 400 holdouts of 1,000, seed 251: unbiased, and the error as stated."""
    rng = np.random.default_rng(251)
    found = []
    for _ in range(400):
        agrees = (rng.random(1000) < 0.9) ^ (rng.random(1000) < 0.1)
        found.append(symmetric(n_correct=int(agrees.sum()), n=1000, noise=0.1))

    estimates = [each.accuracy for each in found]
    assert np.mean(estimates) == pytest.approx(0.9, abs=float(5 * np.std(estimates) / 20))
    assert np.std(estimates) == pytest.approx(np.mean([each.se for each in found]), rel=0.18)
    exact = symmetric(n_correct=82, n=100, noise=0.1)
    assert exact.accuracy == pytest.approx(0.9)


def test_class_conditional_correction_recovers_the_truth() -> None:
    """Three classes, one of them often mislabeled; 300 holdouts of 1,500, seed 252."""
    rng = np.random.default_rng(252)
    matrix = np.array([[0.9, 0.1, 0.0], [0.05, 0.9, 0.05], [0.1, 0.2, 0.7]])
    found = []
    for _ in range(300):
        truth = rng.integers(3, size=1500)
        predictions = np.where(rng.random(1500) < 0.8, truth, rng.integers(3, size=1500))
        draws = rng.random(1500)
        labels = (draws[:, None] > matrix[truth].cumsum(axis=1)).sum(axis=1)
        found.append(class_conditional(labels=labels, predictions=predictions, transition=matrix))

    estimates = [each.accuracy for each in found]
    assert np.mean(estimates) == pytest.approx(0.8 + 0.2 / 3, abs=float(5 * np.std(estimates) / 17))
    assert np.std(estimates) == pytest.approx(np.mean([each.se for each in found]), rel=0.21)


def test_symmetric_noise_is_a_case_of_the_matrix() -> None:
    labels, predictions = [0, 0, 1, 1, 1], [0, 1, 1, 1, 0]

    one = symmetric(n_correct=3, n=5, noise=0.1)
    other = class_conditional(
        labels=labels, predictions=predictions, transition=[[0.9, 0.1], [0.1, 0.9]]
    )

    assert other.accuracy == pytest.approx(one.accuracy)
    alone = class_conditional(labels=[0], predictions=[0], transition=np.eye(2))
    assert (alone.accuracy, alone.se) == (1, 0)


def test_confident_joint_by_hand() -> None:
    """Limits: class 0 (.9 + .8 + .1)/3 = .6, class 1 (.7 + .9)/2 = .8; the third item is confidently a 1."""
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.3, 0.7], [0.1, 0.9]])

    found = confident_joint(labels=[0, 0, 0, 1, 1], probabilities=probabilities)

    assert found.joint.tolist() == [[2, 1], [0, 1]]
    assert found.flagged.tolist() == [False, False, True, False, False]


def test_flipped_labels_are_found() -> None:
    """5 % of 2,000 labels flipped under a model that is 95 % sure: most flips are flagged, few others."""
    rng = np.random.default_rng(253)
    truth = rng.integers(2, size=2000)
    flipped = rng.random(2000) < 0.05
    chance = np.where(truth == 1, 0.95, 0.05) + rng.normal(0, 0.02, 2000).clip(-0.04, 0.04)
    probabilities = np.column_stack([1 - chance, chance])

    found = confident_joint(labels=np.where(flipped, 1 - truth, truth), probabilities=probabilities)

    assert found.flagged[flipped].mean() > 0.9
    assert found.flagged[~flipped].mean() < 0.02


def test_a_class_without_labels_is_nobodys() -> None:
    found = confident_joint(labels=[0, 0], probabilities=[[0.2, 0.8], [0.3, 0.7]])

    assert found.joint.tolist() == [[1, 0], [0, 0]]
    assert not found.flagged.any()


@pytest.mark.parametrize(
    ("call", "given", "said"),
    [
        (symmetric, {"n_correct": 2, "n": 1, "noise": 0.1}, "n_correct"),
        (symmetric, {"n_correct": 1, "n": 1, "noise": 0.5}, "noise"),
        (confident_joint, {"labels": [0.7], "probabilities": [[1, 0]]}, "labels: class codes"),
        (
            class_conditional,
            {"labels": [0, 1], "predictions": [0], "transition": [[1, 0], [0, 1]]},
            "predictions: one",
        ),
        (
            class_conditional,
            {"labels": [0], "predictions": [0], "transition": [[1, 0]]},
            "square",
        ),
        (
            class_conditional,
            {"labels": [0], "predictions": [0], "transition": [[1, 1], [0, 1]]},
            "sum to one",
        ),
        (
            class_conditional,
            {"labels": [0], "predictions": [0], "transition": [[0.5, 0.5], [0.5, 0.5]]},
            "inverted",
        ),
        (
            class_conditional,
            {"labels": [0], "predictions": [], "transition": [[1, 0], [0, 1]]},
            "predictions",
        ),
        (
            class_conditional,
            {"labels": [2], "predictions": [0], "transition": [[1, 0], [0, 1]]},
            "class codes",
        ),
        (confident_joint, {"labels": [0], "probabilities": [0.5]}, "row"),
        (confident_joint, {"labels": [0], "probabilities": [[1.5, 0]]}, "in .0, 1"),
    ],
)
def test_impossible_labels_are_refused(call: Any, given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call(**given)
