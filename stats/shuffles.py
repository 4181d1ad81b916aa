"""The null of the accusation: which submission looks best, and how inflated, when the draw is repeated.

Given the pool, the only random thing is which units were drawn as query, so everything follows from the
query sums of the columns. `shuffled` repeats the draw; `gaussian` draws the sums from the normal law with
the draw's covariance. Both return the difference D of the draw's best-looking submission.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stats.arguments import check_finite
from stats.draw import Draw
from stats.menu import RANK_TOLERANCE, Menu, scatter

Floats = NDArray[np.float64]
Draws = Callable[[int], Floats]

BLOCK = 4_000
SHUFFLE_BLOCK = 400


def gaussian(*, menu: Menu, rng: np.random.Generator) -> Draws:
    """
    The Gaussian form of the shuffle.

    Parameters
    ----------
    menu : Menu
    rng : numpy Generator

    Returns
    -------
    function
        From a number of draws to D of each draw's best-looking submission, shape (draws,), in the units
        of the per-item scores; positive means inflated.

    Notes
    -----
    Query sums ~ N(sum_s n_s t_s, sum_s n_s m_s/N_s S_s) over strata s of N_s units with mean total t_s; S_s
    is the covariance of the units' totals within holdouts, less size times mean where units have sizes.
    With single items and one stratum this is (dC, dY) ~ N(0, S(1/n + 1/m)). Cost: O((n+m)(k+L)^2) once,
    O(draws (k+L)^2). Source: STATISTICS C3.
    """
    root = _root(_covariance_of_sums(menu))
    split = _expected_split(menu)

    def draw(count: int) -> Floats:
        blocks = []
        for size in _sizes(count, BLOCK):
            change = rng.standard_normal((size, len(root))) @ root.T
            blocks.append(
                _best_differences(
                    menu, query=split.query + change / menu.n, fresh=split.fresh - change / menu.m
                )
            )
        return np.concatenate(blocks)

    return draw


def shuffled(*, menu: Menu, rng: np.random.Generator) -> Draws:
    """
    Real shuffles: the draw repeated, units of each stratum at random.

    Parameters and returned function as in `gaussian`.

    Returns
    -------
    function

    Notes
    -----
    Exact whatever the scores are. Cost: O(draws units (k+L)), a matrix product in blocks of 400 draws, in
    single precision for right-or-wrong scores, whose sums it holds exactly. Source: STATISTICS C3.
    """
    totals: NDArray[Any] = menu.draw.totals(menu.scores)
    overall = totals.sum(axis=0, dtype=np.float64)
    sizes = menu.draw.sizes
    single_items = menu.draw.unit_of_item is None

    def draw(count: int) -> Floats:
        blocks = []
        for size in _sizes(count, SHUFFLE_BLOCK):
            chosen = _chosen(menu.draw, size, rng)
            sums = (chosen.astype(totals.dtype) @ totals).astype(np.float64)
            n_items = np.full(size, float(menu.n)) if single_items else chosen @ sizes
            rest = menu.n + menu.m - n_items
            blocks.append(
                _best_differences(
                    menu, query=sums / n_items[:, None], fresh=(overall - sums) / rest[:, None]
                )
            )
        return np.concatenate(blocks)

    return draw


def spread(*, menu: Menu, residual: Floats) -> float:
    """
    Standard deviation of one fixed column's D over repeated draws.

    Parameters
    ----------
    menu : Menu
    residual : array of shape (n+m,)
        The column's values.

    Returns
    -------
    float
        In the units of `residual`.

    Raises
    ------
    ValueError
        If `residual` has another shape or a value that is not finite.

    Notes
    -----
    Cost: O(n+m). Source: STATISTICS C11, with the covariance of `gaussian`.
    """
    if residual.shape != (menu.n + menu.m,):
        raise ValueError("residual: one for each item is needed")
    check_finite(residual=residual)
    variance = _variance_of_sums(menu.draw, _within(menu.draw, residual[:, None]))
    return float(np.sqrt(variance[0, 0]) * (1 / menu.n + 1 / menu.m))


def _chosen(draw: Draw, size: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which units each repeated draw takes as query, shape (size, units)."""
    chosen = np.zeros((size, draw.n_units), dtype=bool)
    for units in draw.strata:
        n_query = int(draw.is_query[units].sum())
        if n_query == 0:
            continue
        keys = rng.random((size, len(units)))
        bound = np.partition(keys, n_query - 1, axis=1)[:, n_query - 1 : n_query]
        chosen[:, units] = keys <= bound
    return chosen


def _best_differences(menu: Menu, *, query: Floats, fresh: Floats) -> Floats:
    """D of each draw's best-looking submission, from the means of submissions and references."""
    rows = np.arange(len(query))
    best = np.argmax(query[:, : menu.k], axis=1)
    gap = query - fresh
    of_references = np.einsum("bl,lb->b", gap[:, menu.k :], menu.weights[:, best])
    result: Floats = gap[rows, best] - of_references
    return result


@dataclass(frozen=True, kw_only=True)
class _Split:
    """The columns' means in the two holdouts, expected over all draws."""

    query: Floats
    fresh: Floats


def _expected_split(menu: Menu) -> _Split:
    totals: NDArray[Any] = menu.draw.totals(menu.scores)
    query = np.zeros(menu.scores.shape[1])
    for units in menu.draw.strata:
        share = menu.draw.is_query[units].mean()
        query += share * totals[units].sum(axis=0, dtype=np.float64)
    overall = totals.sum(axis=0, dtype=np.float64)
    sizes = menu.draw.sizes
    n_items = sum(
        menu.draw.is_query[units].mean() * sizes[units].sum() for units in menu.draw.strata
    )
    return _Split(query=query / n_items, fresh=(overall - query) / (menu.n + menu.m - n_items))


def _covariance_of_sums(menu: Menu) -> Floats:
    draw = menu.draw
    if draw.unit_of_item is None and len(draw.strata) == 1:
        # The common case without a copy of the scores.
        within = scatter(menu.scores[: menu.n]) + scatter(menu.scores[menu.n :])
        result: Floats = within * _factor(menu.n, menu.m)
        return result
    return _variance_of_sums(draw, _within(draw, menu.scores.astype(np.float64)))


def _variance_of_sums(draw: Draw, within: Floats) -> Floats:
    columns = within.shape[1]
    total = np.zeros((columns, columns))
    for units in draw.strata:
        n_query = int(draw.is_query[units].sum())
        factor = _factor(n_query, len(units) - n_query)
        total += factor * (within[units].T @ within[units])
    return total


def _factor(n_query: int, n_fresh: int) -> float:
    """n m / N / (N - 2): from a sum of squares within holdouts to the variance of the query sum."""
    units = n_query + n_fresh
    return n_query * n_fresh / units / max(units - 2, 1)


def _within(draw: Draw, values: Floats) -> Floats:
    """Totals of units less their size times the mean of the items in their holdout and stratum.

    A stratum of one query and one fresh unit has no spread within holdouts: the mean there is that of both,
    whose swap has exactly that variance if the holdouts are one draw.
    """
    totals: NDArray[Any] = draw.totals(values)
    sizes = draw.sizes
    result = np.empty(totals.shape)
    for units in draw.strata:
        parts = [units[draw.is_query[units]], units[~draw.is_query[units]]]
        for part in [units] if len(units) == 2 else parts:
            if len(part):
                mean = totals[part].sum(axis=0) / sizes[part].sum()
                result[part] = totals[part] - np.outer(sizes[part], mean)
    return result


def _root(covariance: Floats) -> Floats:
    values, vectors = np.linalg.eigh(covariance)
    values[values < RANK_TOLERANCE * values.max()] = 0.0
    root: Floats = vectors * np.sqrt(values)
    return root


def _sizes(count: int, block: int) -> Iterator[int]:
    for start in range(0, count, block):
        yield min(block, count - start)
