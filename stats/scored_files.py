"""Prediction files as the judge takes them: what a metric's sums are made of, items, and exact scores."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stats.metrics import Scorer
from stats.split_scores import SplitScore

Array = NDArray[Any]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Files:
    """
    What some files did on all items, in time order; query items first, higher is better.

    Parameters
    ----------
    data : array of shape (n+m, k)
        What the metric's sums are made of: `SplitScore.data` of each file.
    items : array of shape (n+m, k)
        Item scores, or influence values on the pooled items; the same array as `data` for a mean.
    query_exact, fresh_exact : arrays of shape (k,)
        The metric itself on each holdout.
    n : int
        Query items.
    """

    data: Array
    items: Array
    query_exact: Floats
    fresh_exact: Floats
    n: int

    @property
    def k(self) -> int:
        """Files."""
        return int(self.items.shape[1])

    @property
    def query(self) -> Array:
        """Items of the query holdout, shape (n, k)."""
        return self.items[: self.n]

    @property
    def fresh(self) -> Array:
        """Items of the fresh holdouts, shape (m, k)."""
        return self.items[self.n :]


def score_files(
    *,
    scorer: Scorer,
    split: SplitScore,
    labels: Array,
    predictions: Iterable[Array],
    n: int,
) -> Files:
    """
    Score files on query and fresh items.

    Parameters
    ----------
    scorer : Scorer
    split : SplitScore
        The same metric as a function of the split.
    labels : array of shape (n+m,)
        Query items first.
    predictions : iterable of arrays of n+m predictions
        Read one at a time.
    n : int
        Query items.

    Returns
    -------
    Files
        Exact scores are 0 on a holdout without items.

    Raises
    ------
    ValueError
        If a file has predictions that the metric does not score.

    Notes
    -----
    Influence values are taken over all items together, so that both parts are comparable. Cost: that of four
    scores a file. Source: `stats.split_scores`.
    """
    items: list[Array] = []
    data: list[Array] = []
    exact: list[list[float]] = []
    for each in predictions:
        own = scorer.items(labels=labels, predictions=each)
        data.append(split.data(scorer.evaluation(labels=labels, predictions=each), own))
        if not split.is_mean:
            # Influence on R2 has no bound; that on shares is at most the number of items.
            items.append(own if scorer.n_classes is None else own.astype(np.float32))
        parts = [(labels[part], each[part]) for part in (slice(n), slice(n, None))]
        exact.append(
            [
                scorer.orient(scorer.score(labels=truth, predictions=answers))
                if len(truth)
                else 0.0
                for truth, answers in parts
            ]
        )
    nothing = np.empty((len(labels), 0), dtype=np.bool_)
    stacked = np.column_stack(data) if data else nothing
    on_query, on_fresh = np.array(exact, dtype=np.float64).reshape(-1, 2).T
    return Files(
        data=stacked,
        items=np.column_stack(items) if items else stacked,
        query_exact=on_query,
        fresh_exact=on_fresh,
        n=n,
    )
