"""What a label file shows before anything is drawn from it: rare classes, and orders that tell labels.

All of it is computed beforehand, from what the draw has fixed. Whoever looked at a draw and drew again
until it pleased would have chosen it.
"""

from dataclasses import dataclass

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, logsumexp

from stats.arguments import check_finite
from stats.drawing import Pool

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Trend:
    """
    Whether values rise or fall along an order.

    Parameters
    ----------
    correlation : float in [-1, 1]
        Rank correlation of value and place.
    p_value : float
        Two-sided; small if the order tells the values.
    """

    correlation: float
    p_value: float


@dataclass(frozen=True, kw_only=True)
class Runs:
    """
    Whether neighbours in an order are alike.

    Parameters
    ----------
    n_changes : int
        Places where a marked item stands beside one that is not.
    alikeness : float
        1 less the changes per change that a random order has on average: 0 for a random order, near 1 if
        the marked items stand together, negative if they stand apart.
    p_value : float
        Two-sided and exact.
    """

    n_changes: int
    alikeness: float
    p_value: float


def chance_of_none(*, pool: Pool, counts: ArrayLike, marked: ArrayLike) -> Floats:
    """
    Give the chance that a shard gets none of some items.

    Parameters
    ----------
    pool : Pool
        What is drawn.
    counts : array-like of shape (strata, shards)
        Units of each stratum in each shard, from `stats.drawing.allocate`.
    marked : array-like of shape (n,), bool
        The items, such as those of one class.

    Returns
    -------
    array of shape (shards,)

    Notes
    -----
    In each stratum a hypergeometric number of the units with a marked item comes into a shard, and strata
    are independent. Cost: O(n + strata shards). Source: elementary.
    """
    given = np.asarray(counts)
    holds = np.zeros(pool.n_units, dtype=bool)
    holds[pool.unit_of_item[_bools(marked)]] = True
    total = np.bincount(pool.stratum_of_unit, minlength=len(given))[:, np.newaxis]
    holding = np.bincount(pool.stratum_of_unit[holds], minlength=len(given))[:, np.newaxis]
    ways = _log_choose(total - holding, given) - _log_choose(total, given)
    chance: Floats = np.exp(ways.sum(axis=0))
    return chance


def expected_items(*, pool: Pool, counts: ArrayLike, marked: ArrayLike) -> Floats:
    """
    Give how many of some items each shard gets on average.

    Parameters
    ----------
    pool, counts, marked
        As in `chance_of_none`.

    Returns
    -------
    array of shape (shards,)
        Without groups, and if the items are those of strata, it is the number that each draw gives.

    Notes
    -----
    Cost: O(n + strata shards). Source: elementary.
    """
    given = np.asarray(counts)
    held = np.bincount(pool.unit_of_item[_bools(marked)], minlength=pool.n_units)
    strata = pool.stratum_of_unit
    means = np.bincount(strata, weights=held) / np.bincount(strata)
    return np.asarray(means @ given, dtype=np.float64)


def trend(*, values: ArrayLike, places: ArrayLike | None = None) -> Trend:
    """
    Test whether values rise or fall along an order.

    Parameters
    ----------
    values : array-like of shape (n,)
        Marks (0 and 1) or numbers.
    places : array-like of shape (n,), optional
        Where each stands in the order, ties allowed. None: the values are given in the order.

    Returns
    -------
    Trend
        Correlation 0 and p = 1 if there is nothing to compare.

    Raises
    ------
    ValueError
        If a length is wrong or a number is not finite.

    Notes
    -----
    Spearman's correlation; if no value depends on the order its variance over all orders is exactly
    1/(n-1), and the p-value takes it as normal. Assumes exchangeable values. Of few marked items the tails
    are lighter than normal, so the test errs to silence. Cost: O(n log n). Source: Kendall and Gibbons, Rank
    Correlation Methods (1990), chapter 4; for marks it is the test of Mann and Whitney.
    """
    given = np.asarray(values, dtype=np.float64)
    where = np.arange(len(given)) if places is None else np.asarray(places, dtype=np.float64)
    if given.ndim != 1 or where.shape != given.shape:
        raise ValueError("places: one for each value is needed")
    check_finite(values=given, places=where)
    if len(given) < 2 or np.ptp(given) == 0 or np.ptp(where) == 0:
        return Trend(correlation=0.0, p_value=1.0)
    ranks, order = sps.rankdata(given), sps.rankdata(where)
    correlation = float(np.clip(np.corrcoef(ranks, order)[0, 1], -1.0, 1.0))
    p_value = 2.0 * sps.norm.sf(abs(correlation) * np.sqrt(len(given) - 1))
    return Trend(correlation=correlation, p_value=float(p_value))


def auc_of_place(*, marked: ArrayLike) -> float:
    """
    Give the ROC AUC of a prediction that is nothing but the place in an order.

    Parameters
    ----------
    marked : array-like of shape (n,), bool
        In the order; true is the class that a large place predicts.

    Returns
    -------
    float in [0, 1]
        One half if no item, or every item, is marked.

    Notes
    -----
    Cost: O(n). Source: the statistic of Mann and Whitney, divided by its largest value.
    """
    given = _bools(marked)
    n_marked = int(given.sum())
    n_others = len(given) - n_marked
    if not n_marked or not n_others:
        return 0.5
    rank_sum = float((np.flatnonzero(given) + 1.0).sum())
    return (rank_sum - n_marked * (n_marked + 1) / 2) / (n_marked * n_others)


def runs(*, marked: ArrayLike) -> Runs:
    """
    Test whether neighbours in an order are more, or less, alike than chance makes them.

    Parameters
    ----------
    marked : array-like of shape (n,), bool
        In the order.

    Returns
    -------
    Runs
        Alikeness 0 and p = 1 if all are marked or none.

    Notes
    -----
    The number of runs of a random order has a known distribution, so rare marks raise no false alarm; the
    p-value is twice the smaller tail. Assumes exchangeable items. Cost: O(n). Source: Wald and Wolfowitz, On
    a test whether two samples are from the same population (1940).
    """
    given = _bools(marked)
    n_changes = int((given[1:] != given[:-1]).sum())
    n_marked = int(given.sum())
    n_others = len(given) - n_marked
    if not n_marked or not n_others:
        return Runs(n_changes=n_changes, alikeness=0.0, p_value=1.0)
    expected = 2 * n_marked * n_others / len(given)
    chances = _log_chances_of_runs(n_marked, n_others)
    # The first possible number of runs is 2, of which there is one change.
    low, high = logsumexp(chances[:n_changes]), logsumexp(chances[n_changes - 1 :])
    p_value = min(1.0, 2.0 * float(np.exp(min(low, high))))
    return Runs(n_changes=n_changes, alikeness=1.0 - n_changes / expected, p_value=p_value)


def differ(*, values: ArrayLike, shards: ArrayLike) -> float:
    """
    Test whether shards differ in what their units are.

    Parameters
    ----------
    values : array-like of shape (units,)
        A number of each unit: a mark, a place, a size.
    shards : array-like of shape (units,), whole numbers
        The shard of each unit.

    Returns
    -------
    float
        p-value: small if some shards have larger values than others; 1 if there is nothing to compare.

    Raises
    ------
    ValueError
        If a length is wrong or a number is not finite.

    Notes
    -----
    The rank sums of the shards, corrected for ties, against chi squared with one degree of freedom less than
    shards. Assumes that every sharing out of the units was equally likely; where each class was drawn from
    separately, shares of classes are more alike than that, and the test errs to silence. Cost: O(n log n).
    Source: Kruskal and Wallis, Use of ranks in one-criterion variance analysis (1952).
    """
    given, where = np.asarray(values, dtype=np.float64), np.asarray(shards)
    if given.ndim != 1 or where.shape != given.shape:
        raise ValueError("shards: one for each value is needed")
    check_finite(values=given)
    own = [given[where == each] for each in np.unique(where)]
    if len(own) < 2 or np.ptp(given) == 0:
        return 1.0
    return float(sps.kruskal(*own).pvalue)


def _log_chances_of_runs(a: int, b: int) -> Floats:
    """Return ln of the chances of 2, 3, ... runs among a marked and b other items in random order."""
    most = 2 * min(a, b) + (a != b)
    n_runs = np.arange(2, most + 1)
    half = n_runs // 2
    pairs = _log_choose(a - 1, half - 1) + _log_choose(b - 1, half - 1) + np.log(2.0)
    uneven = np.logaddexp(
        _log_choose(a - 1, half) + _log_choose(b - 1, half - 1),
        _log_choose(a - 1, half - 1) + _log_choose(b - 1, half),
    )
    ways = np.where(n_runs % 2 == 0, pairs, uneven)
    chances: Floats = ways - _log_choose(a + b, np.array([a]))
    return chances


def _log_choose(n: int | NDArray[np.integer], k: NDArray[np.integer]) -> Floats:
    """Return ln of the ways to choose k of n; there is none if k is larger."""
    possible = k <= n
    kept = np.minimum(k, n)
    logs = gammaln(n + 1) - gammaln(kept + 1) - gammaln(n - kept + 1)
    chosen: Floats = np.where(possible, logs, -np.inf)
    return chosen


def _bools(marked: ArrayLike) -> Bools:
    return np.asarray(marked, dtype=bool)
