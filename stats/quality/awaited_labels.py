"""Scores of locked predictions while their labels arrive (docs/method.md, "Awaited labels").

What has arrived is a fair sample of all items only if lateness has nothing to do with being right. Where it
depends on what was predicted, items are weighted by the inverse share that has arrived of such predictions;
where it depends on the error itself, beyond that, there is no score.
"""

from dataclasses import dataclass

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike, NDArray

from stats.arguments import check_fractions
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
    A mean loss from the labels so far.

    Parameters
    ----------
    value : float
    low, high : float
        A confidence sequence's interval: those of all looks together cover with the stated probability.
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
    weights one sequence at alpha/2. Both together err in at most alpha. Assumes that within a stratum
    the order of arrival tells nothing of the loss. Cost: O(n). Source: docs/method.md, "Awaited labels".
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
        sequence = empirical_bernstein(stream=stream, alpha=alpha / 2 / len(names))
        found = (float(stream.mean()), float(sequence.low[-1]), float(sequence.high[-1]))
        total += np.array(found) * len(own) / len(loss)
    value, low, high = total.tolist()
    # The sequence's centre is another mean than the plain one: the interval holds the value shown.
    return AwaitedMean(value=value, low=min(low, value), high=max(high, value))


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
