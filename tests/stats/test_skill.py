"""A file that loses next to nothing beside a constant answer, in every metric's own terms."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stats.metrics import Scorer
from stats.skill import is_implausible

N = 400
COSTS = [[0, 1, 4], [2, 0, 3], [9, 5, 0]]
VALUES = {"n_classes": None, "loss_cap": 50.0}
SCORERS: list[tuple[str, dict[str, Any]]] = [
    *((name, {"n_classes": 3}) for name in ("accuracy", "balanced_accuracy", "macro_f1", "mcc")),
    *(
        (name, {"n_classes": 3, "cost_matrix": COSTS})
        for name in ("expected_cost", "expected_regret")
    ),
    *((name, {"n_classes": 2}) for name in ("log_loss", "brier", "roc_auc", "average_precision")),
    *((name, VALUES) for name in ("rmse", "mae", "r2")),
]


def task(rules: dict[str, Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Labels, a file that is nearly them, and an honest one."""
    rng = np.random.default_rng(20)
    if rules["n_classes"] is None:
        labels = rng.normal(3, 2, N)
        return labels, labels + 1e-6, labels + rng.normal(0, 1, N)
    codes: NDArray[Any] = rng.integers(rules["n_classes"], size=N)
    if rules["n_classes"] == 2:
        noisy = (0.4 * codes + rng.random(N)) / 1.4
        return codes, np.where(codes == 1, 0.999, 0.001), noisy
    nearly = codes.copy()
    nearly[0] = (codes[0] + 1) % 3
    return codes, nearly, np.where(rng.random(N) < 0.8, codes, 0)


@pytest.mark.parametrize(("metric", "rules"), SCORERS)
def test_nearly_the_labels_is_implausible_and_an_honest_file_is_not(
    metric: str, rules: dict[str, Any]
) -> None:
    scorer = Scorer(metric=metric, **rules)
    labels, nearly, honest = task(rules)

    assert is_implausible(scorer=scorer, labels=labels, predictions=nearly)
    assert not is_implausible(scorer=scorer, labels=labels, predictions=honest)


def test_probabilities_of_several_classes() -> None:
    scorer = Scorer(metric="log_loss", n_classes=3)
    labels = np.arange(N) % 3
    nearly = np.full((N, 3), 0.001)
    nearly[np.arange(N), labels] = 0.998

    assert is_implausible(scorer=scorer, labels=labels, predictions=nearly)
    even = np.full((N, 3), 1 / 3)
    assert not is_implausible(scorer=scorer, labels=labels, predictions=even)


def test_a_constant_that_is_right_often_is_no_sign() -> None:
    """Of a rare class, an accuracy of .995 is what the majority class has."""
    labels = np.zeros(N, dtype=np.int64)
    labels[:2] = 1
    scorer = Scorer(metric="accuracy", n_classes=2)

    assert not is_implausible(scorer=scorer, labels=labels, predictions=np.zeros_like(labels))


def test_labels_that_are_all_one_tell_nothing() -> None:
    labels = np.ones(N, dtype=np.int64)
    scorer = Scorer(metric="accuracy", n_classes=2)

    assert not is_implausible(scorer=scorer, labels=labels, predictions=labels)


def test_one_wrong_of_few_items() -> None:
    """A hundredth of what a constant loses is less than one item there."""
    labels = np.arange(30) % 2
    nearly, scorer = labels.copy(), Scorer(metric="accuracy", n_classes=2)
    nearly[3] ^= 1

    assert is_implausible(scorer=scorer, labels=labels, predictions=nearly)
    nearly[4] ^= 1
    assert not is_implausible(scorer=scorer, labels=labels, predictions=nearly)
