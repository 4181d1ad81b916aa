"""Scores of locked predictions while their labels arrive (docs/method.md, "Awaited labels").

What has arrived is a fair sample of all items only if lateness has nothing to do with being right. Where it
depends on what was predicted, items are weighted by the inverse share that has arrived of such predictions;
where it depends on the error itself, beyond that, there is no score. What is said is of one fixed set of
items, whose labels come one after another: bounds that no delay can break need no assumption at all.
"""

from dataclasses import dataclass

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike, NDArray

from stats.arguments import check_counts, check_fractions
from stats.intervals import Interval
from stats.quality.late_labels import ALPHA, late_score
from stats.sequential import empirical_bernstein

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Lateness:
    """
    Whether the labels so far speak for all items.

    Parameters
    ----------
    is_weighted : bool
        Lateness depends on the prediction: what has arrived is to be weighted by stratum.
    dependence_p : float
        Test that error and delay are independent, within strata if weighted; 1 where it cannot be made.
    reason : str
        Why there is no score; empty where there is one.
    """

    is_weighted: bool
    dependence_p: float
    reason: str


@dataclass(frozen=True, kw_only=True)
class AwaitedMean:
    """
    The mean loss of all items, those without a label too, from the labels so far.

    Parameters
    ----------
    value : float
    low, high : float
        A confidence sequence's interval: those of all looks together cover with the stated probability.
        Never beyond the worst case.
    """

    value: float
    low: float
    high: float


def lateness(
    *, delays: ArrayLike, losses: ArrayLike, strata: ArrayLike, alpha: float = ALPHA
) -> Lateness:
    """
    Judge whether lateness depends on the prediction, and whether it depends on the error.

    Parameters
    ----------
    delays : array-like of shape (n,), >= 0
        Of each label, since predictions were locked; NaN where it has not arrived.
    losses : array-like of shape (n,)
        Of any unit; not read where the label has not arrived.
    strata : array-like of shape (n,), int
        What was predicted, of every item.
    alpha : float in (0, 1), default=.01
        Level of each test.

    Returns
    -------
    Lateness

    Raises
    ------
    ValueError
        If lengths differ, there is no item, or a value is out of range.

    Notes
    -----
    Prediction: chi-squared test of arrived against not, by stratum. Error: the Mann-Whitney test of
    `late_score` over all items, or within strata, the smallest p times their number. With all labels nothing
    is missing and nothing is tested. Cost: O(n log n). Source: docs/method.md, "Awaited labels".
    """
    delay, loss = np.asarray(delays, dtype=np.float64), np.asarray(losses, dtype=np.float64)
    stratum = np.asarray(strata)
    if delay.ndim != 1 or not delay.shape == loss.shape == stratum.shape or not len(delay):
        raise ValueError("delays: as many as losses and strata are needed, and at least one")
    check_fractions(alpha=alpha)
    seen = ~np.isnan(delay)
    if seen.all():
        return Lateness(is_weighted=False, dependence_p=1.0, reason="")
    if not seen.any():
        return Lateness(is_weighted=False, dependence_p=1.0, reason="no label has arrived")
    names, codes = np.unique(stratum, return_inverse=True)
    is_weighted = _arrival_p(codes=codes, seen=seen) <= alpha
    if not is_weighted:
        p_value = _dependence(delay, loss)
    else:
        of_each = [_dependence(delay[codes == k], loss[codes == k]) for k in range(len(names))]
        p_value = min(1.0, min(of_each) * len(names))
    if p_value <= alpha:
        reason = "lateness depends on the error: no score before all labels are there"
    elif is_weighted and len(np.unique(codes[seen])) < len(names):
        reason = "lateness depends on the prediction, and of one kind no label is there yet"
    else:
        reason = ""
    return Lateness(is_weighted=is_weighted, dependence_p=p_value, reason=reason)


def worst_case(
    *,
    mean: float,
    n_labelled: int,
    n_items: int,
    low: float = 0.0,
    high: float = 1.0,
    is_weighted: bool = False,
) -> Interval:
    """
    Bound the mean of all items, whatever the missing labels are and whyever they are missing.

    Parameters
    ----------
    mean : float in [low, high]
        Of the labelled items.
    n_labelled, n_items : int, 1 <= n_labelled <= n_items
    low, high : float, default=0 and 1
        What one item can be worth.
    is_weighted : bool, default=False
        The mean was weighted by stratum, and the strata's own means are not known.

    Returns
    -------
    Interval
        It holds surely, at every look: no level, and nothing is assumed.

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    The missing items are all worth the least, or all the most: [(sum + (N - L) low)/N, (sum + (N - L)
    high)/N]. No narrower bounds hold. A weighted mean is as if the missing items of a stratum were worth
    what those that arrived are: off by at most high - low for each of them, (N - L)/N (high - low). Cost:
    O(1). Source: C. Manski, "Anatomy of the selection problem", 1989.

    Examples
    --------
    >>> worst_case(mean=0.75, n_labelled=100, n_items=200)
    Interval(low=0.375, high=0.875)
    """
    check_counts(n_labelled=n_labelled, n_items=n_items)
    if not (n_labelled <= n_items and -np.inf < low <= mean <= high < np.inf and low < high):
        raise ValueError("n_labelled <= n_items and low <= mean <= high, all finite, are needed")
    missing = (n_items - n_labelled) / n_items
    below, above = (high - low, high - low) if is_weighted else (mean - low, high - mean)
    return Interval(low=max(mean - missing * below, low), high=min(mean + missing * above, high))


def awaited_mean(
    *, losses: ArrayLike, strata: ArrayLike, is_weighted: bool, alpha: float = 0.05
) -> AwaitedMean:
    """
    Estimate the mean loss of all items, with an interval that holds at every look.

    Parameters
    ----------
    losses : array-like of shape (n,), in [0, 1]
        In order of arrival, and last those that have not arrived, as NaN.
    strata : array-like of shape (n,), int
        What was predicted, of every item, in the same order.
    is_weighted : bool
        As `lateness` found it.
    alpha : float in (0, 1), default=.05
        Of all looks together, whichever of them are weighted.

    Returns
    -------
    AwaitedMean

    Raises
    ------
    ValueError
        If lengths differ, a value leaves [0, 1], or a stratum that counts has no label.

    Notes
    -----
    Weights: the stratum's items over those of it that have arrived. Interval: the strata's confidence
    sequences (`empirical_bernstein`), each at alpha/2 over their number, weighted by their shares; without
    weights one sequence at alpha/2. Both together err in at most alpha. Each is of the stratum's items
    without replacement, and holds the wider one of what these items were drawn from: the mean of these
    items is covered by the first alone, and misses less often where the assumption is not quite true.
    Assumes that within a stratum, without weights of all items, each label that is missing is as likely to
    be the next. What reaches
    beyond the `worst_case`, which holds without that, is cut. Cost: O(n). Source: docs/method.md, "Awaited
    labels".
    """
    loss, stratum = np.asarray(losses, dtype=np.float64), np.asarray(strata)
    if loss.ndim != 1 or loss.shape != stratum.shape or not len(loss):
        raise ValueError("losses: as many as strata are needed, and at least one")
    check_fractions(alpha=alpha)
    if not is_weighted:
        stratum = np.zeros(len(loss), dtype=np.int64)
    names, codes = np.unique(stratum, return_inverse=True)
    total = np.zeros(3)
    for k in range(len(names)):
        own = loss[codes == k]
        stream = own[~np.isnan(own)]
        if not len(stream):
            raise ValueError("losses: each stratum needs a label")
        level = alpha / 2 / len(names)
        both = [
            empirical_bernstein(stream=stream, alpha=level, population=size)
            for size in (len(own), None)
        ]
        ends = (min(each.low[-1] for each in both), max(each.high[-1] for each in both))
        total += np.array([stream.mean(), *ends]) * len(own) / len(loss)
    value, low, high = total.tolist()
    seen = loss[~np.isnan(loss)]
    sure = worst_case(mean=float(seen.mean()), n_labelled=len(seen), n_items=len(loss))
    # The sequence's centre is another mean than the plain one: the interval holds the value shown.
    return AwaitedMean(
        value=value, low=min(max(low, sure.low), value), high=max(min(high, sure.high), value)
    )


def _arrival_p(*, codes: NDArray[np.intp], seen: NDArray[np.bool_]) -> float:
    """Test that the same share has arrived of every stratum."""
    table = np.array(
        [np.bincount(codes[seen == side], minlength=codes.max() + 1) for side in (0, 1)]
    )
    if table.shape[1] < 2:
        return 1.0
    return float(sps.chi2_contingency(table, correction=False).pvalue)


def _dependence(delay: Floats, loss: Floats) -> float:
    seen = ~np.isnan(delay)
    if not seen.any():
        return 1.0
    # All items are of one age, that of the predictions: those that arrived are the mature ones.
    age = np.full(len(delay), float(delay[seen].max()))
    share = min(float(seen.mean()) * (1 - 1e-9), 0.95)
    return late_score(ages=age, delays=delay, errors=loss, quantile=share).dependence_p
