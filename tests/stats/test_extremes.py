"""Whatever is accepted has a score, items and an interval: at the ends of what files, labels and rules hold.

A score that fails for some labels would tell that the labels are not those, and an audit ends for all teams
when one file has none.
"""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stats.metrics import MAX_LOSS, METRICS, Scorer
from stats.paired import paired_difference, paired_se
from stats.two_sample import welch

Array = NDArray[Any]

EDGES = [0.0, 5e-324, 1e-200, 1e-45, 1e-20, 1.0, 3e19, 1e20, 1e38, 1e100, 1.7e308]
VALUES = st.sampled_from([*EDGES, *(-edge for edge in EDGES)]) | st.floats(
    allow_nan=False, allow_infinity=False
)
CAPS = st.sampled_from([None, 5e-324, 1e-200, 1.0, MAX_LOSS, 1e30, 1.7e308])
SHARES = st.sampled_from([0.0, 5e-324, 1e-20, 0.5, 1 - 2**-53, 1.0]) | st.floats(0, 1)
CLIPS = st.sampled_from([5e-324, 1e-20, 0.01, 0.4999999])
COSTS = st.sampled_from([0.0, 5e-324, 1e-20, 1.0, MAX_LOSS])
# Numbers below it have few digits.
TINY = 1e-300
FORMS = [(name, form) for name, metric in METRICS.items() for form in sorted(metric.forms)]


@st.composite
def columns(draw: st.DrawFn, of: st.SearchStrategy[Any], n: int, dtype: Any = float) -> Array:
    return np.array(draw(st.lists(of, min_size=n, max_size=n)), dtype=dtype)


@st.composite
def matrices(draw: st.DrawFn, n_classes: int) -> list[list[float]]:
    rows = draw(columns(COSTS, n_classes * n_classes)).reshape(n_classes, n_classes)
    rows[0, :2] = draw(st.sampled_from([(0.0, 5e-324), (MAX_LOSS, 0.0), (1.0, 0.0)]))
    result: list[list[float]] = rows.tolist()
    return result


@st.composite
def cases(draw: st.DrawFn, metric: str, form: str) -> tuple[Scorer, Array, list[Array]]:
    """A scorer by any rules, labels, and two files of the form."""
    n = draw(st.integers(1, 8))
    if form == "value":
        dtype = draw(st.sampled_from([np.float64, np.float32]))
        with np.errstate(over="ignore"):
            files = [np.nan_to_num(draw(columns(VALUES, n)).astype(dtype)) for _ in range(2)]
        return Scorer(metric=metric, loss_cap=draw(CAPS)), draw(columns(VALUES, n)), files
    n_classes = draw(st.integers(2, 4)) if "multiclass" in METRICS[metric].tasks else 2
    scorer = Scorer(
        metric=metric,
        n_classes=n_classes,
        decision_threshold=draw(st.sampled_from([None, 5e-324, 1 - 2**-53]))
        if n_classes == 2
        else None,
        probability_clip=draw(CLIPS),
        cost_matrix=draw(matrices(n_classes)),
    )
    codes = st.integers(0, n_classes - 1)
    labels = draw(columns(codes, n, np.int64))
    if form == "label":
        return scorer, labels, [draw(columns(codes, n, np.uint8)) for _ in range(2)]
    files = [draw(columns(SHARES, n)) for _ in range(2)]
    if n_classes > 2:
        rest = np.full((n, n_classes - 2), 0.0)
        files = [np.column_stack([each, 1 - each, rest]) for each in files]
    return scorer, labels, files


@pytest.mark.parametrize(("metric", "form"), FORMS)
@given(data=st.data())
def test_every_accepted_file_has_finite_figures(
    metric: str, form: str, data: st.DataObject
) -> None:
    scorer, labels, files = data.draw(cases(metric, form))

    all_items = []
    for file in files:
        value = scorer.score(labels=labels, predictions=file)
        items = scorer.items(labels=labels, predictions=file)
        found = scorer.interval(labels=labels, predictions=file)

        assert np.isfinite([value, found.low, found.high]).all()
        assert found.low <= value <= found.high
        assert items.dtype == np.float64
        assert np.isfinite([items.sum(), np.square(items).sum()]).all()
        largest = float(np.abs(items).max())
        # R2 is one less a ratio of sums: its rounding errors are shares of one.
        least = 1e-12 if scorer.metric == "r2" else TINY
        assert items.mean() == pytest.approx(scorer.orient(value), abs=max(1e-9 * largest, least))
        all_items.append(items)

    assert np.isfinite(paired_se(scores=all_items[0], incumbent_scores=all_items[1]))
    if len(labels) > 1:
        paired = paired_difference(scores=all_items[0], reference_scores=all_items[1])
        unpaired = welch(query_scores=all_items[0], fresh_scores=all_items[1])
        for each in (paired, unpaired):
            assert np.isfinite([each.estimate, each.se, each.p_value]).all()
            assert np.isfinite([each.interval.low, each.interval.high]).all()


@pytest.mark.parametrize("metric", ["rmse", "mae", "r2"])
@pytest.mark.parametrize("cap", [MAX_LOSS, 1e30])
def test_one_prediction_far_away_ends_nothing(metric: str, cap: float) -> None:
    """3e19 under a cap of 1e30: its square is none in single precision, and every audit ended."""
    labels = np.arange(10.0)
    predictions = labels.astype(np.float32)
    predictions[3] = 3e19

    scorer = Scorer(metric=metric, loss_cap=cap)
    items = scorer.items(labels=labels, predictions=predictions)

    assert np.isfinite(items).all()
    error = min(3e19, cap)
    expected = {"rmse": error / 10**0.5, "mae": error / 10, "r2": 1 - error**2 / 82.5}
    found = scorer.score(labels=labels, predictions=predictions)
    assert found == pytest.approx(expected[metric], rel=1e-6)
    assert items.mean() == pytest.approx(scorer.orient(found))


def test_small_errors_are_errors() -> None:
    """The square of 1e-200 is 0, but the file is no perfect one."""
    scorer = Scorer(metric="rmse", loss_cap=1.0)
    arrays = {"labels": np.zeros(2), "predictions": np.array([3e-200, 4e-200])}

    assert scorer.score(**arrays) == pytest.approx(12.5**0.5 * 1e-200, rel=1e-12)
    assert scorer.items(**arrays).mean() == pytest.approx(-(12.5**0.5) * 1e-200, rel=1e-12)
