"""Comparing query with fresh items: different examples, so nothing is paired but the models.

Positive differences mean that the query score is higher. A submission that was chosen by its query score
looks better there without any fault (the winner's curse): a small p-value of these tests is no evidence
of adaptivity. The test that allows for the choice is `stats.accusation.accuse`.
"""

from dataclasses import dataclass

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike, NDArray

from stats.arguments import check_ranked
from stats.intervals import delong
from stats.paired import Difference, t_difference
from stats.scaling import exponent_of, scaled

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class BinomialGaps:
    """
    Differences of accuracies on two holdouts, one for each submission.

    Parameters
    ----------
    z : array of shape (s,)
        Query less fresh, in standard errors; 0 where both accuracies are 0, or both 1.
    p_values : array of shape (s,)
        Two-sided.
    """

    z: Floats
    p_values: Floats


@dataclass(frozen=True, kw_only=True)
class SampleMean:
    """
    The mean of independent items.

    Parameters
    ----------
    n : int
        Items.
    mean : float
        In the scores' units.
    variance : float
        Of the mean: s^2 / n, ddof 1.
    """

    n: int
    mean: float
    variance: float


def sample_mean(*, scores: ArrayLike, name: str) -> SampleMean:
    """
    Compute the mean of a holdout's items and its variance.

    Parameters
    ----------
    scores : array-like of shape (n,)
        Finite, n >= 2.
    name : str
        What an error calls them.

    Returns
    -------
    SampleMean

    Raises
    ------
    ValueError
        If there are fewer than two items or a value is not finite.

    Notes
    -----
    Of equal values the mean is that value and the variance 0, exactly: the rounding errors of two sums of
    different length would otherwise look like a difference with next to no spread. Cost: O(n). Source:
    elementary.
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
        raise ValueError(f"{name}: at least two finite values are needed")
    if values.min() == values.max():
        return SampleMean(n=len(values), mean=float(values[0]), variance=0.0)
    return SampleMean(
        n=len(values), mean=float(values.mean()), variance=float(values.var(ddof=1) / len(values))
    )


def welch(
    *, query_scores: ArrayLike, fresh_scores: ArrayLike, confidence_level: float = 0.95
) -> Difference:
    """
    Compare one submission's mean score on query and fresh items by Welch's test.

    Parameters
    ----------
    query_scores, fresh_scores : array-like of shape (n,) and (m,)
        Per-item scores, higher better, or influence values.
    confidence_level : float in (0, 1)

    Returns
    -------
    Difference
        Query less fresh.

    Raises
    ------
    ValueError
        If a holdout has fewer than two items or a value is not finite.

    Notes
    -----
    Assumes independent items and a submission fixed beforehand. Cost: O(n+m). Source: B. L. Welch, 1947.
    """
    ours, theirs = np.asarray(query_scores, float), np.asarray(fresh_scores, float)
    exponent = exponent_of(ours, theirs)
    query = sample_mean(scores=scaled(ours, exponent), name="query_scores")
    fresh = sample_mean(scores=scaled(theirs, exponent), name="fresh_scores")
    variance = query.variance + fresh.variance
    freedom = np.inf
    if variance > 0:
        # By shares: the square of a small variance would be 0.
        share = query.variance / variance
        freedom = 1 / (share**2 / (query.n - 1) + (1 - share) ** 2 / (fresh.n - 1))
    found = t_difference(
        estimate=query.mean - fresh.mean,
        se=float(np.sqrt(variance)),
        freedom=freedom,
        confidence_level=confidence_level,
    )
    return found.times_two_to(exponent)


def difference_in_differences(
    *,
    query_scores: ArrayLike,
    query_reference: ArrayLike,
    fresh_scores: ArrayLike,
    fresh_reference: ArrayLike,
    confidence_level: float = 0.95,
) -> Difference:
    """
    Compare a submission's lead over a reference on query and fresh items by Welch's test.

    Parameters
    ----------
    query_scores, query_reference : array-like of shape (n,)
    fresh_scores, fresh_reference : array-like of shape (m,)
        Per-item scores, higher better.
    confidence_level : float in (0, 1)

    Returns
    -------
    Difference
        Lead on query items less lead on fresh items.

    Raises
    ------
    ValueError
        If lengths differ, a holdout has fewer than two items or a value is not finite.

    Notes
    -----
    As `welch` on the paired differences, so what is easier for both models cancels. Assumes a submission
    fixed beforehand. Cost: O(n+m). Source: docs/method.md, "Comparisons".
    """
    leads = []
    for scores, reference, name in (
        (query_scores, query_reference, "query_reference"),
        (fresh_scores, fresh_reference, "fresh_reference"),
    ):
        ours, theirs = np.asarray(scores, float), np.asarray(reference, float)
        if ours.shape != theirs.shape:
            raise ValueError(f"{name}: as many items as the scores are needed")
        leads.append(ours - theirs)
    return welch(query_scores=leads[0], fresh_scores=leads[1], confidence_level=confidence_level)


def two_sample_auc(
    *,
    query_labels: ArrayLike,
    query_scores: ArrayLike,
    fresh_labels: ArrayLike,
    fresh_scores: ArrayLike,
    confidence_level: float = 0.95,
) -> Difference:
    """
    Compare one submission's AUC on query and fresh items; DeLong's variances add.

    Parameters
    ----------
    query_labels, query_scores : array-like of shape (n,)
    fresh_labels, fresh_scores : array-like of shape (m,)
        Labels 0 or 1; scores higher for class 1.
    confidence_level : float in (0, 1)

    Returns
    -------
    Difference
        Query less fresh.

    Raises
    ------
    ValueError
        If lengths differ, a class has fewer than two items, a label is neither 0 nor 1 or a score is not
        finite.

    Notes
    -----
    A file that sets the classes apart without a mistake has no variance of its own: each variance is at
    least that of misses as seldom as Laplace's rule of succession has them, 1 in m + 2 of the m items of
    the smaller class. Assumes independent items and a submission fixed beforehand. Cost: O(n log n).
    Source: E. DeLong et al., 1988.
    """
    check_ranked(labels=query_labels, scores=query_scores, name="query_scores")
    check_ranked(labels=fresh_labels, scores=fresh_scores, name="fresh_scores")
    query = delong(labels=query_labels, scores=query_scores)
    fresh = delong(labels=fresh_labels, scores=fresh_scores)
    for found, name in ((query, "query_labels"), (fresh, "fresh_labels")):
        if not found.has_variance:
            raise ValueError(f"{name}: at least two items of each class are needed")
    return t_difference(
        estimate=query.auc - fresh.auc,
        se=float(np.sqrt(sum(max(each.variance, each.least_variance) for each in (query, fresh)))),
        freedom=np.inf,
        confidence_level=confidence_level,
    )


def binomial_gap(
    *, query_accuracy: ArrayLike, fresh_accuracy: ArrayLike, n: float, m: float
) -> BinomialGaps:
    """
    Test whether accuracies on query and fresh items differ by more than chance.

    Parameters
    ----------
    query_accuracy, fresh_accuracy : array-like of shape (s,), in [0, 1]
        Of s submissions.
    n, m : float, >= 1
        Query and fresh items; of groups that are drawn whole, their effective number.

    Returns
    -------
    BinomialGaps

    Raises
    ------
    ValueError
        If shapes differ, an accuracy leaves [0, 1] or a holdout is empty.

    Notes
    -----
    z = (a - b)/sqrt(p(1-p)(1/n + 1/m)), p the pooled accuracy. The distribution function of *first*
    submissions' p-values is a control: if these already reject, the split is broken or the data
    shifted. Cost: O(s). Source: R. Roelofs et al., 2019; the pooling is the
    usual one of two binomial samples.
    """
    query, fresh = np.asarray(query_accuracy, float), np.asarray(fresh_accuracy, float)
    if not (1 <= n < np.inf and 1 <= m < np.inf):
        raise ValueError("n and m must be at least 1")
    if query.shape != fresh.shape or query.ndim != 1:
        raise ValueError("fresh_accuracy: as many as query_accuracy are needed")
    if not (((query >= 0) & (query <= 1)).all() and ((fresh >= 0) & (fresh <= 1)).all()):
        raise ValueError("accuracies must be in [0, 1]")
    pooled = (n * query + m * fresh) / (n + m)
    se = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    z = np.divide(query - fresh, se, out=np.zeros_like(query), where=se > 0)
    return BinomialGaps(z=z, p_values=2 * sps.norm.sf(np.abs(z)))
