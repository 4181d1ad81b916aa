"""scikit-learn is the reference for every value; influence values are checked against deletion."""

import numpy as np
import pytest
import sklearn.metrics as skm
from hypothesis import given
from hypothesis import strategies as st

from stats.metrics import METRICS, evaluation, interval, oriented, per_item_scores, score

BINARY_LABEL = ["accuracy", "balanced_accuracy", "macro_f1", "mcc"]
PROBABILITY = ["log_loss", "brier"]
RANKING = ["roc_auc", "average_precision"]
REGRESSION = ["rmse", "mae", "r2"]


def reference(name: str, y: np.ndarray, p: np.ndarray, n_classes: int | None) -> float:
    labels = p if p.dtype.kind != "f" or n_classes is None else None
    if name == "macro_f1":
        classes = np.arange(n_classes)
        return skm.f1_score(y, labels, average="macro", labels=classes, zero_division=0)
    if name in ("log_loss", "brier"):
        both = np.column_stack([1 - p, p]) if p.ndim == 1 else p
        if name == "log_loss":
            return skm.log_loss(y, np.clip(both, 0.01, 0.99), labels=np.arange(n_classes))
        if p.ndim == 1:
            return skm.brier_score_loss(y, p)
        return skm.brier_score_loss(y, p, labels=np.arange(n_classes), scale_by_half=False)
    function = {
        "accuracy": skm.accuracy_score,
        "balanced_accuracy": skm.balanced_accuracy_score,
        "mcc": skm.matthews_corrcoef,
        "roc_auc": skm.roc_auc_score,
        "average_precision": skm.average_precision_score,
        "rmse": skm.root_mean_squared_error,
        "mae": skm.mean_absolute_error,
        "r2": skm.r2_score,
    }[name]
    return function(y, p)


def example(name: str, seed: int) -> tuple[np.ndarray, np.ndarray, int | None]:
    """Every class occurs; probabilities are coarse, so that ties occur."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(12, 60))
    if name in REGRESSION:
        y = rng.normal(size=n)
        return y, y + rng.normal(size=n), None
    n_classes = 2 if name in RANKING else int(rng.integers(2, 5))
    y = np.concatenate([np.arange(n_classes), rng.integers(n_classes, size=n - n_classes)])
    if name in BINARY_LABEL:
        p = np.where(rng.random(n) < 0.6, y, rng.integers(n_classes, size=n))
        p[:n_classes] = np.arange(n_classes)
        return y, p.astype(np.uint8), n_classes
    if n_classes == 2:
        return y, rng.integers(0, 21, size=n) / 20, 2
    raw = rng.integers(2, 20, size=(n, n_classes)).astype(float)
    return y, raw / raw.sum(axis=1, keepdims=True), n_classes


@pytest.mark.parametrize("name", list(METRICS))
@pytest.mark.parametrize("seed", range(20))
def test_score_equals_scikit_learn_to_1e_12(name: str, seed: int) -> None:
    y, p, n_classes = example(name, seed)

    ours = score(metric=name, labels=y, predictions=p, n_classes=n_classes)

    assert ours == pytest.approx(reference(name, y, p, n_classes), abs=1e-12)


@pytest.mark.parametrize("name", list(METRICS))
@pytest.mark.parametrize("seed", range(5))
def test_per_item_scores_have_the_oriented_score_as_their_mean(name: str, seed: int) -> None:
    y, p, n_classes = example(name, seed)

    items = per_item_scores(metric=name, labels=y, predictions=p, n_classes=n_classes)
    value = score(metric=name, labels=y, predictions=p, n_classes=n_classes)

    assert items.shape == y.shape
    assert items.mean() == pytest.approx(oriented(metric=name, value=value), abs=1e-10)


@pytest.mark.parametrize("name", list(METRICS))
def test_influence_values_predict_the_jackknife_standard_error(name: str) -> None:
    """The jackknife is the slow reference: it deletes each item and scores anew."""
    rng = np.random.default_rng(5)
    y, p, n_classes = example(name, 5)
    rows = np.concatenate([np.arange(len(y)), rng.integers(len(y), size=400)])
    y, p = y[rows], p[rows]
    n = len(y)

    items = per_item_scores(metric=name, labels=y, predictions=p, n_classes=n_classes)
    deleted = [
        score(
            metric=name,
            labels=np.delete(y, i),
            predictions=np.delete(p, i, axis=0),
            n_classes=n_classes,
        )
        for i in range(n)
    ]

    jackknife = np.std(deleted) * np.sqrt(n - 1)
    assert items.std(ddof=1) / np.sqrt(n) == pytest.approx(jackknife, rel=0.03)


@pytest.mark.parametrize("name", list(METRICS))
@given(data=st.data())
def test_every_metric_is_finite_for_all_labels(name: str, data: st.DataObject) -> None:
    """A score that fails for some labels would tell that the labels are not those."""
    n = data.draw(st.integers(1, 8))
    if name in REGRESSION:
        numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)
        bounded = st.floats(-1e6, 1e6)
        y = np.array(data.draw(st.lists(bounded, min_size=n, max_size=n)))
        p = np.array(data.draw(st.lists(numbers, min_size=n, max_size=n)))
        n_classes = None
    else:
        n_classes = 2
        y = np.array(data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)))
        if name in BINARY_LABEL:
            p = np.array(data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)), np.uint8)
        else:
            p = np.array(data.draw(st.lists(st.floats(0, 1), min_size=n, max_size=n)))
    given_all = {"metric": name, "labels": y, "predictions": p, "n_classes": n_classes}

    value = score(**given_all)
    bounds = interval(**given_all)

    assert np.isfinite(value)
    assert np.isfinite(per_item_scores(**given_all)).all()
    assert np.isfinite([bounds.low, bounds.high]).all()
    assert bounds.low - 1e-9 <= value <= bounds.high + 1e-9


@pytest.mark.parametrize("name", list(METRICS))
def test_interval_covers_the_truth_about_as_often_as_it_says(name: str) -> None:
    """Seed 11, 300 samples of 400 items; a correct 95 % interval fails this with p < 1e-6."""
    rng = np.random.default_rng(11)
    y, p, n_classes = example(name, 3)
    truth = score(metric=name, labels=y, predictions=p, n_classes=n_classes)
    covered = 0
    for _ in range(300):
        rows = rng.integers(len(y), size=400)
        found = interval(metric=name, labels=y[rows], predictions=p[rows], n_classes=n_classes)
        covered += found.low <= truth <= found.high

    # Binomial(300, .93): .93 allows the small-sample error of normal intervals.
    assert covered >= 254


def test_unit_is_the_range_of_one_item() -> None:
    assert METRICS["accuracy"].unit() == 1
    assert METRICS["log_loss"].unit() == pytest.approx(4.595, abs=1e-3)
    assert METRICS["mae"].unit(loss_cap=3.0) == 3.0
    with pytest.raises(ValueError, match="loss cap"):
        METRICS["rmse"].unit()


def test_the_loss_cap_bounds_an_error() -> None:
    capped = score(
        metric="mae",
        labels=np.zeros(2),
        predictions=np.array([10.0, -1.0]),
        n_classes=None,
        loss_cap=2.0,
    )

    assert capped == 1.5


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="equal, positive length"):
        evaluation(labels=np.zeros(2), predictions=np.zeros(3), n_classes=None)
