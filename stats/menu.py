"""A menu: everything a team submitted, scored on query and fresh items, beside its references."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stats.draw import Draw, draw

Floats = NDArray[np.float64]

# Sums of the same terms in another order differ by less than this share of their standard error.
TIE = 1e-9
# Eigenvalues below this share of the largest are rounding errors of a singular matrix.
RANK_TOLERANCE = 1e-12


@dataclass(frozen=True, kw_only=True)
class Menu:
    """
    A team's submissions and its references on all items, query items first.

    Parameters
    ----------
    scores : array of shape (n+m, k+L)
        Submissions in order, then references; float32 if all are 0 or 1, whose sums it holds exactly.
    weights : array of shape (L, k)
        Each submission's best combination of references; columns sum to one.
    draw : Draw
        Which items are query, and what was drawn.
    """

    scores: NDArray[Any]
    weights: Floats
    draw: Draw

    @property
    def n(self) -> int:
        """Query items."""
        return self.draw.n

    @property
    def m(self) -> int:
        """Fresh items."""
        return self.draw.m

    @property
    def k(self) -> int:
        return int(self.weights.shape[1])

    @property
    def means(self) -> Floats:
        """U: each submission's mean over all items, shape (k,)."""
        result: Floats = self.scores[:, : self.k].mean(axis=0, dtype=np.float64)
        return result

    @property
    def tie(self) -> float:
        """Differences smaller than this are equal."""
        # Column by column: a large menu fits into memory once, not twice.
        spread = max(float(column.std(dtype=np.float64)) for column in self.scores.T)
        largest = max(float(self.scores.max()), -float(self.scores.min()))
        rounding_error = 64 * np.finfo(np.float64).eps * largest
        return float(TIE * spread * np.sqrt(1 / self.n + 1 / self.m) + rounding_error)

    def residual(self, column: int) -> Floats:
        """Return one submission beyond its references: y_j = c_j - R w_j, shape (n+m,)."""
        references = self.scores[:, self.k :].astype(np.float64)
        result: Floats = self.scores[:, column] - references @ self.weights[:, column]
        return result

    def observed(self, final: int) -> float:
        """Compute D = mean_P(y_j) - mean_F(y_j)."""
        residual = self.residual(final)
        return float(residual[: self.n].mean() - residual[self.n :].mean())


def menu(
    *,
    query_scores: ArrayLike,
    fresh_scores: ArrayLike,
    query_references: ArrayLike,
    fresh_references: ArrayLike,
    query_clusters: ArrayLike | None = None,
    fresh_clusters: ArrayLike | None = None,
    query_strata: ArrayLike | None = None,
    fresh_strata: ArrayLike | None = None,
) -> Menu:
    """
    Stack a team's scores and fit each submission to the references.

    Parameters
    ----------
    query_scores, fresh_scores : array-like of shape (n, k) and (m, k)
        Per-item scores of the k submissions in time order, higher better; bool for right or wrong.
    query_references, fresh_references : array-like of shape (n, L) and (m, L)
        Per-item scores of the L references: the team's own first submission, or frozen organizer
        references.
    query_clusters, fresh_clusters, query_strata, fresh_strata : array-like, optional
        Whole clusters that were drawn, and strata that were drawn from: see `stats.draw.draw`.

    Returns
    -------
    Menu
        Weights sum to one for each submission; the fit has a free intercept.

    Raises
    ------
    ValueError
        If shapes disagree, there are fewer than two items in a holdout, a value is not finite, or
        clusters and strata do not describe a draw.

    Notes
    -----
    The weights come from the pooled items, so shuffling items does not change them. Cost: O((n+m)kL);
    memory 4(n+m)(k+L) bytes for right-or-wrong scores, else twice that. Source: docs/method.md, "The
    accusation".
    """
    query, fresh = _matrix(query_scores, "scores"), _matrix(fresh_scores, "scores")
    query_r = _matrix(query_references, "references")
    fresh_r = _matrix(fresh_references, "references")
    if query.shape[1] != fresh.shape[1] or query_r.shape[1] != fresh_r.shape[1]:
        raise ValueError("scores and references: the holdouts have different columns")
    if (len(query), len(fresh)) != (len(query_r), len(fresh_r)):
        raise ValueError("scores and references have different items")
    n, m, k = len(query), len(fresh), query.shape[1]
    parts = (query, query_r, fresh, fresh_r)
    dtype = np.float32 if all(map(_is_right_or_wrong, parts)) else np.float64
    scores = np.empty((n + m, k + query_r.shape[1]), dtype=dtype)
    scores[:n, :k], scores[:n, k:] = query, query_r
    scores[n:, :k], scores[n:, k:] = fresh, fresh_r
    drawn = draw(
        n=n,
        m=m,
        query_clusters=query_clusters,
        fresh_clusters=fresh_clusters,
        query_strata=query_strata,
        fresh_strata=fresh_strata,
    )
    return Menu(scores=scores, weights=_weights(scores, k), draw=drawn)


def scatter(scores: NDArray[Any]) -> Floats:
    """Sum squares and products around the columns' means, shape (columns, columns)."""
    return _products(scores, scores)


def _products(left: NDArray[Any], right: NDArray[Any]) -> Floats:
    """Sum products around the means; of 0 and 1, single precision counts without rounding."""
    means = left.mean(axis=0, dtype=np.float64)
    if left.dtype == np.float32:
        counts = (left.T @ right).astype(np.float64)
        result: Floats = counts - len(left) * np.outer(means, right.mean(axis=0, dtype=np.float64))
        return result
    result = (left - means).T @ right
    return result


def _weights(scores: NDArray[Any], k: int) -> Floats:
    """Fit each submission to the references by least squares; the first one's weight completes one."""
    references = scores[:, k:]
    among, with_columns = scatter(references), _products(references, scores[:, :k])
    # Weights that sum to one: regress c - r_1 on the other references' differences from r_1.
    differences = among[1:, 1:] - among[1:, :1] - among[:1, 1:] + among[0, 0]
    target = with_columns[1:] - with_columns[0] - (among[1:, 0] - among[0, 0])[:, None]
    rest = np.linalg.pinv(differences, rcond=RANK_TOLERANCE, hermitian=True) @ target
    return np.vstack([1.0 - rest.sum(axis=0), rest])


def _matrix(given: ArrayLike, name: str) -> NDArray[Any]:
    matrix = np.asarray(given)
    if matrix.ndim != 2 or matrix.shape[1] < 1:
        raise ValueError(f"{name}: matrices of items and at least one column are needed")
    if len(matrix) < 2:
        raise ValueError(f"{name}: at least two items a holdout are needed")
    if not np.isfinite(matrix).all():
        raise ValueError(f"{name}: every value must be finite")
    return matrix


def _is_right_or_wrong(matrix: NDArray[Any]) -> bool:
    return matrix.dtype == bool or bool(((matrix == 0) | (matrix == 1)).all())
