"""Files as the judge takes them: exact on each holdout, items on the pool."""

import numpy as np
import pytest

from stats.metrics import Scorer
from stats.scored_files import score_files
from stats.split_scores import split_score


def test_scores_of_each_holdout_and_items_of_the_pool() -> None:
    labels = np.array([0, 1, 1, 0, 1])
    scorer = Scorer(metric="accuracy", n_classes=2)
    split = split_score(scorer=scorer, labels=labels)

    files = score_files(
        scorer=scorer, split=split, labels=labels, predictions=[labels, np.zeros(5, int)], n=2
    )

    assert files.k == 2
    assert files.query_exact.tolist() == [1, 0.5]
    assert files.fresh_exact == pytest.approx([1, 1 / 3])
    assert files.query.tolist() == [[True, True], [True, False]]
    assert files.fresh.dtype == bool
    assert files.data is files.items


@pytest.mark.parametrize("metric", ["rmse", "r2", "mae"])
def test_the_largest_errors_stay_finite(metric: str) -> None:
    """Predictions at the end of what is accepted, under the largest loss cap."""
    labels = np.linspace(-1, 1, 8)
    scorer = Scorer(metric=metric, loss_cap=1e12)
    wild = np.array([3e19, -3e19, 1e300, -1e300, 0, 1, 2, 3])

    files = score_files(
        scorer=scorer,
        split=split_score(scorer=scorer, labels=labels),
        labels=labels,
        predictions=[labels, wild],
        n=4,
    )

    for values in (files.data, files.items, files.query_exact, files.fresh_exact):
        assert np.isfinite(values).all()


def test_no_file_has_no_column_and_no_fresh_item_no_score() -> None:
    labels = np.array([0, 1])
    scorer = Scorer(metric="mcc", n_classes=2)
    split = split_score(scorer=scorer, labels=labels)

    none = score_files(scorer=scorer, split=split, labels=labels, predictions=[], n=2)
    one = score_files(scorer=scorer, split=split, labels=labels, predictions=[labels], n=2)

    assert (none.k, none.items.shape, none.query_exact.shape) == (0, (2, 0), (0,))
    assert (one.query_exact.tolist(), one.fresh_exact.tolist()) == ([1], [0])
