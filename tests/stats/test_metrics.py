"""scikit-learn is the reference for every value; influence values are checked against deletion."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as skm
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stats.intervals import Interval
from stats.metrics import METRICS, Scorer, oriented

Array = NDArray[Any]

OF_CODES = ["accuracy", "balanced_accuracy", "macro_f1", "mcc"]
OF_COSTS = ["expected_cost", "expected_regret"]
OF_PROBABILITIES = ["log_loss", "brier"]
RANKINGS = ["roc_auc", "average_precision"]
REGRESSIONS = ["rmse", "mae", "r2"]


@dataclass(frozen=True)
class File:
    """A prediction file beside its labels."""

    labels: Array
    predictions: Array
    n_classes: int | None

    def score(self, metric: str) -> float:
        return scorer(metric, self.n_classes).score(**self.arrays)

    def items(self, metric: str) -> Array:
        return scorer(metric, self.n_classes).items(**self.arrays)

    def interval(self, metric: str, *, groups: Array | None = None) -> Interval:
        return scorer(metric, self.n_classes).interval(**self.arrays, groups=groups)

    @property
    def arrays(self) -> dict[str, Any]:
        return {"labels": self.labels, "predictions": self.predictions}

    def rows(self, rows: Array) -> "File":
        return File(self.labels[rows], self.predictions[rows], self.n_classes)


def costs(n_classes: int) -> Array:
    """Right decisions cost something too, and another amount in each class."""
    result: Array = np.add.outer(2.0 ** np.arange(n_classes), np.arange(n_classes)) * 0.25
    return result


def scorer(metric: str, n_classes: int | None) -> Scorer:
    matrix = None if n_classes is None else costs(n_classes).tolist()
    return Scorer(metric=metric, n_classes=n_classes, cost_matrix=matrix)


def reference(metric: str, file: File) -> float:
    """scikit-learn's value; its warnings only say that a case is degenerate."""
    y, p, n_classes = file.labels, file.predictions, file.n_classes
    functions = {
        "accuracy": skm.accuracy_score,
        "balanced_accuracy": skm.balanced_accuracy_score,
        "macro_f1": lambda y, p: skm.f1_score(y, p, average="macro", zero_division=0),
        "mcc": skm.matthews_corrcoef,
        "roc_auc": skm.roc_auc_score,
        "average_precision": skm.average_precision_score,
        "rmse": skm.root_mean_squared_error,
        "mae": skm.mean_absolute_error,
        "r2": skm.r2_score,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if metric == "log_loss":
            clipped = np.clip(p, 0.01, 0.99)
            return float(skm.log_loss(y, clipped, labels=np.arange(n_classes or 0)))
        if metric == "brier":
            half = {"scale_by_half": p.ndim == 1}
            return float(skm.brier_score_loss(y, p, labels=np.arange(n_classes or 0), **half))
        if metric in OF_COSTS:
            matrix = costs(n_classes or 0)
            counts = skm.confusion_matrix(y, p, labels=np.arange(n_classes or 0))
            least = 0 if metric == "expected_cost" else matrix.min(axis=1, keepdims=True)
            return float((counts * (matrix - least)).sum() / len(y))
        return float(functions[metric](y, p))


@st.composite
def files(draw: st.DrawFn, metric: str, *, size: int = 30) -> File:
    """Any labels at all, one class only included; coarse values, so that ties occur."""
    n = draw(st.integers(1, size))

    def column(of: st.SearchStrategy[Any], dtype: Any) -> Array:
        return np.array(draw(st.lists(of, min_size=n, max_size=n)), dtype=dtype)

    if metric in REGRESSIONS:
        values = st.integers(-40, 40).map(lambda tenths: tenths / 10)
        return File(column(values, float), column(values, float), None)
    n_classes = 2 if metric in RANKINGS else draw(st.integers(2, 4))
    labels = column(st.integers(0, n_classes - 1), np.int64)
    if metric in OF_CODES + OF_COSTS:
        return File(labels, column(st.integers(0, n_classes - 1), np.uint8), n_classes)
    if n_classes == 2:
        return File(labels, column(st.integers(0, 20).map(lambda part: part / 20), float), 2)
    weights = st.lists(st.integers(2, 20), min_size=n_classes, max_size=n_classes)
    raw = column(weights, float)
    return File(labels, raw / raw.sum(axis=1, keepdims=True), n_classes)


def example(metric: str, *, n: int, seed: int, n_classes: int = 2) -> File:
    """A decent submission, better than chance, with ties; classes of unequal size."""
    rng = np.random.default_rng(seed)
    if metric in REGRESSIONS:
        labels = rng.normal(size=n)
        return File(labels, labels + rng.normal(0, 0.7, size=n), None)
    n_classes = 2 if metric in RANKINGS else n_classes
    sizes = np.arange(n_classes + 1, 1, -1)
    codes = rng.choice(n_classes, p=sizes / sizes.sum(), size=n)
    if metric in OF_CODES + OF_COSTS:
        predicted = np.where(rng.random(n) < 0.6, codes, rng.integers(n_classes, size=n))
        return File(codes, predicted.astype(np.uint8), n_classes)
    noise = rng.integers(1, 20, size=(n, n_classes))
    raw = noise + 6.0 * (codes[:, None] == np.arange(n_classes))
    shares = raw / raw.sum(axis=1, keepdims=True)
    return File(codes, shares[:, 1].round(2) if n_classes == 2 else shares, n_classes)


def undefined(metric: str, file: File) -> bool:
    """Where scikit-learn has no value, or one that floats make up."""
    if metric == "roc_auc":
        return len(set(file.labels.tolist())) < 2
    return metric == "r2" and len(set(file.labels.tolist())) < 2


@pytest.mark.parametrize("metric", list(METRICS))
@given(data=st.data())
def test_score_equals_scikit_learn_to_1e_12(metric: str, data: st.DataObject) -> None:
    file = data.draw(files(metric))

    if not undefined(metric, file):
        assert file.score(metric) == pytest.approx(reference(metric, file), abs=1e-12, rel=1e-12)


@pytest.mark.parametrize("n_classes", [2, 5])
@pytest.mark.parametrize("metric", list(METRICS))
def test_score_of_a_large_file_equals_scikit_learn(metric: str, n_classes: int) -> None:
    file = example(metric, n=10_000, seed=1, n_classes=n_classes)

    assert file.score(metric) == pytest.approx(reference(metric, file), abs=1e-12)


@pytest.mark.parametrize("metric", list(METRICS))
@given(data=st.data())
def test_items_have_the_oriented_score_as_their_mean(metric: str, data: st.DataObject) -> None:
    file = data.draw(files(metric))

    items = file.items(metric)

    assert items.shape == file.labels.shape
    assert items.dtype == np.float64
    assert items.mean() == pytest.approx(
        oriented(metric=metric, value=file.score(metric)), abs=1e-9, rel=1e-9
    )


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("metric", list(METRICS))
def test_influence_values_are_the_effect_of_deleting_an_item(metric: str, n_classes: int) -> None:
    """Deleting item i moves the score by -(influence_i - score) / (n - 1), up to terms of 1/n^2."""
    file = example(metric, n=400, seed=5, n_classes=n_classes)
    everything = np.arange(400)

    whole = oriented(metric=metric, value=file.score(metric))
    without = [file.rows(np.delete(everything, i)).score(metric) for i in everything]
    deleted = np.array([oriented(metric=metric, value=value) for value in without])

    effect = whole - deleted
    expected = (file.items(metric) - whole) / 399
    assert np.corrcoef(effect, expected)[0, 1] > 0.9995
    assert effect.std() == pytest.approx(expected.std(), rel=0.03)


@pytest.mark.parametrize("metric", list(METRICS))
@given(data=st.data())
def test_every_metric_is_finite_for_all_labels(metric: str, data: st.DataObject) -> None:
    """A score that fails for some labels would tell that the labels are not those."""
    file = data.draw(files(metric, size=8))
    if metric in REGRESSIONS:
        n = len(file.labels)
        anything = st.lists(
            st.floats(allow_nan=False, allow_infinity=False), min_size=n, max_size=n
        )
        file = File(np.array(data.draw(anything)), np.array(data.draw(anything)), None)

    value = file.score(metric)
    bounds = file.interval(metric)

    assert np.isfinite(value)
    assert np.isfinite(file.items(metric)).all()
    assert np.isfinite([bounds.low, bounds.high]).all()
    assert bounds.low <= value <= bounds.high


@pytest.mark.parametrize(
    ("metric", "labels", "predictions", "value"),
    [
        ("roc_auc", [1, 1], [0.2, 0.9], 0.5),
        ("average_precision", [0, 0], [0.2, 0.9], 0.0),
        ("mcc", [1, 1, 0], [1, 1, 1], 0.0),
        ("mcc", [1, 1, 1], [1, 1, 1], 0.0),
        ("balanced_accuracy", [1, 1, 1], [1, 1, 0], 2 / 3),
        ("macro_f1", [1, 1, 1], [1, 1, 1], 1.0),
        ("macro_f1", [1, 1, 1], [1, 1, 0], 0.4),
        ("log_loss", [1, 0], [0.0, 1.0], -np.log(0.01)),
    ],
)
def test_degenerate_classes(
    metric: str, labels: list[int], predictions: list[float], value: float
) -> None:
    dtype = float if METRICS[metric].forms == {"probability"} else np.uint8

    file = File(np.array(labels), np.array(predictions, dtype=dtype), 2)

    assert file.score(metric) == pytest.approx(value)


@pytest.mark.parametrize(("predictions", "value"), [([0.1] * 3, 1.0), ([0.1, 0.1, 0.2], 0.0)])
def test_r2_of_constant_labels(predictions: list[float], value: float) -> None:
    file = File(np.full(3, 0.1), np.array(predictions), None)

    assert file.score("r2") == value
    assert file.items("r2").tolist() == [value] * 3


def test_a_probability_file_is_scored_by_its_most_probable_class() -> None:
    binary = File(np.array([0, 1, 1]), np.array([0.5, 0.51, 0.4]), 2)
    several = File(np.array([2, 0]), np.array([[0.2, 0.3, 0.5], [0.4, 0.4, 0.2]]), 3)

    assert binary.score("accuracy") == pytest.approx(2 / 3)
    assert several.score("accuracy") == 1


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("metric", list(METRICS))
def test_interval_covers_the_truth_about_as_often_as_it_says(metric: str, n_classes: int) -> None:
    """Seed 11, 300 samples of 400 items from a population; Binomial(300, .93) < 256 has p < 2e-6.

    .93 rather than .95 allows for the small-sample error of normal intervals.
    """
    population = example(metric, n=20_000, seed=3, n_classes=n_classes)
    truth = population.score(metric)
    rng = np.random.default_rng(11)
    covered = 0
    for _ in range(300):
        sample = population.rows(rng.integers(20_000, size=400))
        found = sample.interval(metric)
        covered += found.low <= truth <= found.high

    assert 256 <= covered < 300


@pytest.mark.parametrize("metric", list(METRICS))
def test_interval_of_items_that_were_drawn_in_groups_covers_as_often(metric: str) -> None:
    """
    Seed 12, 300 samples of 200 groups of four equal items; Binomial(300, .93) < 256 has p < 2e-6.

    Taken for independent, four times as many items would be half as wide, and cover .67.
    """
    population = example(metric, n=20_000, seed=3, n_classes=2)
    truth = population.score(metric)
    rng = np.random.default_rng(12)
    covered = 0
    for _ in range(300):
        rows = rng.integers(20_000, size=200)
        sample = population.rows(np.repeat(rows, 4))
        found = sample.interval(metric, groups=np.repeat(np.arange(200), 4))
        covered += found.low <= truth <= found.high

    assert 256 <= covered < 300


@pytest.mark.parametrize("metric", list(METRICS))
def test_groups_of_one_are_items(metric: str) -> None:
    file = example(metric, n=300, seed=3, n_classes=2)

    alone, grouped = file.interval(metric), file.interval(metric, groups=np.arange(300))

    assert (grouped.low, grouped.high) == pytest.approx((alone.low, alone.high), abs=1e-12)


@pytest.mark.parametrize("metric", [*OF_CODES, *OF_COSTS, *RANKINGS])
def test_without_a_mistake_a_group_is_worth_one_item(metric: str) -> None:
    """Or somewhat less, by the t quantile of few groups, where right decisions differ in costs."""
    labels = np.array([0] * 9 + [1] * 1)
    few = File(labels, labels.astype(float if metric in RANKINGS else np.uint8), 2)
    groups = np.repeat(np.arange(10), 8)

    alone, found = few.interval(metric), few.rows(groups).interval(metric, groups=groups)

    ratio = (found.high - found.low) / (alone.high - alone.low)
    assert 1 - 1e-9 < ratio < (1.25 if metric in OF_COSTS else 1 + 1e-9)


def test_one_group_says_no_more_than_one_item() -> None:
    file = File(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0], dtype=np.uint8), 2)

    found = file.interval("accuracy", groups=np.zeros(4))

    assert found.high - found.low > 0.7


@pytest.mark.parametrize("metric", [*OF_CODES, *OF_COSTS, *RANKINGS])
def test_a_file_without_a_mistake_has_an_interval_all_the_same(metric: str) -> None:
    labels = np.array([0] * 90 + [1] * 10)
    predictions = labels.astype(float if metric in RANKINGS else np.uint8)

    found = File(labels, predictions, 2).interval(metric)

    assert 0.01 < found.high - found.low < 1


def test_oriented_turns_losses_and_is_its_own_inverse() -> None:
    assert oriented(metric="accuracy", value=0.3) == 0.3
    assert oriented(metric="rmse", value=0.3) == -0.3
    assert oriented(metric="rmse", value=oriented(metric="rmse", value=0.3)) == 0.3
