"""Comparing two submissions on the same items."""

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike


def paired_se(*, scores: ArrayLike, incumbent_scores: ArrayLike) -> float:
    """
    Standard error of the mean per-item difference between a submission and the incumbent.

    Parameters
    ----------
    scores, incumbent_scores : array-like of shape (n,)
        Per-item scores (or influence values), in the metric's units.

    Returns
    -------
    float
        s / sqrt(n), s the sample standard deviation (ddof 1) of the differences; 0 for one item.

    Raises
    ------
    ValueError
        If the lengths differ or there are no items.

    Notes
    -----
    Assumes independent items. Cost: O(n).
    """
    ours, theirs = np.asarray(scores, float), np.asarray(incumbent_scores, float)
    if ours.shape != theirs.shape or ours.ndim != 1 or len(ours) == 0:
        raise ValueError("two arrays of equal, positive length are needed")
    if len(ours) == 1:
        return 0.0
    return float((ours - theirs).std(ddof=1) / np.sqrt(len(ours)))


def mcnemar(*, correct: ArrayLike, reference_correct: ArrayLike) -> float:
    """
    Exact two-sided McNemar test that two classifiers are equally often right.

    Parameters
    ----------
    correct, reference_correct : array-like of shape (n,), 0 or 1

    Returns
    -------
    float
        p-value; 1 where no item separates them.

    Raises
    ------
    ValueError
        If the lengths differ.

    Notes
    -----
    The binomial test of the discordant items [1]_. Assumes independent items and submissions that do not
    depend on their labels. Cost: O(n).

    References
    ----------
    .. [1] Q. McNemar, "Note on the sampling error of the difference between correlated proportions", 1947.
    """
    ours, theirs = np.asarray(correct, bool), np.asarray(reference_correct, bool)
    if ours.shape != theirs.shape:
        raise ValueError("two arrays of equal length are needed")
    only_ours = int(np.count_nonzero(ours & ~theirs))
    only_theirs = int(np.count_nonzero(~ours & theirs))
    if only_ours + only_theirs == 0:
        return 1.0
    return float(sps.binomtest(only_ours, only_ours + only_theirs).pvalue)
