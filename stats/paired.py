"""Comparing two submissions on the same items. Positive differences mean that the first is better."""

from dataclasses import dataclass, replace

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike

from stats.arguments import (
    Bools,
    check_finite,
    check_fractions,
    check_not_negative,
    check_ranked,
    outcomes,
)
from stats.intervals import Interval, delong
from stats.scaling import exponent_of, scaled
from stats.standard_errors import standard_error


@dataclass(frozen=True, kw_only=True)
class Difference:
    """
    The difference of two scores, in the metric's units.

    Parameters
    ----------
    estimate : float
        First less second.
    se : float
        Its standard error.
    statistic, p_value : float
        Two-sided test that it is 0; without any spread the statistic is 0 or infinite, p 1 or 0.
    interval : Interval
    """

    estimate: float
    se: float
    statistic: float
    p_value: float
    interval: Interval

    def times_two_to(self, exponent: int) -> "Difference":
        """Return the same in a unit that is smaller by this power of two, without rounding."""
        low, high = np.ldexp([self.interval.low, self.interval.high], exponent)
        return replace(
            self,
            estimate=float(np.ldexp(self.estimate, exponent)),
            se=float(np.ldexp(self.se, exponent)),
            interval=Interval(low=float(low), high=float(high)),
        )


def paired_se(
    *, scores: ArrayLike, incumbent_scores: ArrayLike, groups: ArrayLike | None = None
) -> float:
    """
    Compute the standard error of the mean per-item difference between a submission and the incumbent.

    Parameters
    ----------
    scores, incumbent_scores : array-like of shape (n,)
        Per-item scores (or influence values), in the metric's units.
    groups : array-like of shape (n,), optional
        Items of a group may depend on each other.

    Returns
    -------
    float
        s / sqrt(n), s the sample standard deviation (ddof 1) of the differences, or its cluster-robust form;
        0 for one item or group.

    Raises
    ------
    ValueError
        If the lengths differ, there are no items or a value is not finite.

    Notes
    -----
    Assumes independent items, or groups. Cost: O(n log n). Source: elementary; see `standard_error`.
    """
    ours, theirs = np.asarray(scores, float), np.asarray(incumbent_scores, float)
    if ours.shape != theirs.shape or ours.ndim != 1 or len(ours) == 0:
        raise ValueError("incumbent_scores: two arrays of equal, positive length are needed")
    differences = ours - theirs
    if not np.isfinite(differences).all():
        raise ValueError("scores, incumbent_scores: every value must be finite")
    return standard_error(values=differences, groups=groups).value


def mcnemar(*, correct: ArrayLike, reference_correct: ArrayLike, mid_p: bool = False) -> float:
    """
    Test that two classifiers are equally often right (McNemar, exact, two-sided).

    Parameters
    ----------
    correct, reference_correct : array-like of shape (n,), 0 or 1
    mid_p : bool, default=False
        Count the observed table half: less conservative, no longer exact.

    Returns
    -------
    float
        p-value; 1 where no item separates them.

    Raises
    ------
    ValueError
        If the lengths differ or a value is neither 0 nor 1.

    Notes
    -----
    The binomial test of the discordant items [1]_. Assumes independent items and submissions that do not
    depend on their labels. Cost: O(n).

    References
    ----------
    .. [1] Q. McNemar, "Note on the sampling error of the difference between correlated proportions or
       percentages", 1947.
    """
    ours, theirs = _outcomes(correct, reference_correct)
    only_ours = int(np.count_nonzero(ours & ~theirs))
    only_theirs = int(np.count_nonzero(~ours & theirs))
    if only_ours + only_theirs == 0:
        return 1.0
    exact = float(sps.binomtest(only_ours, only_ours + only_theirs).pvalue)
    if not mid_p:
        return exact
    observed = float(sps.binom.pmf(only_ours, only_ours + only_theirs, 0.5))
    # Both tails hold the observed table; a balanced one is in the middle, once.
    return exact - observed if only_ours != only_theirs else exact - observed / 2


def paired_difference(
    *,
    scores: ArrayLike,
    reference_scores: ArrayLike,
    groups: ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> Difference:
    """
    Compare two submissions' mean scores by a paired t test; over groups where items belong together.

    Parameters
    ----------
    scores, reference_scores : array-like of shape (n,)
        Per-item scores, higher better, or influence values.
    groups : array-like of shape (n,), optional
        Items of a group may depend on each other: the standard error is then cluster-robust.
    confidence_level : float in (0, 1)

    Returns
    -------
    Difference

    Raises
    ------
    ValueError
        If lengths differ, a value is not finite, or there are fewer than two items or groups.

    Notes
    -----
    se^2 = G/(G-1) sum_g (sum of g's deviations)^2 / n^2, with G - 1 degrees of freedom; single items
    are groups of one. Assumes independent groups and submissions that do not depend on their labels.
    Cost: O(n log n). Source: docs/method.md, "Comparisons".
    """
    ours, theirs = np.asarray(scores, float), np.asarray(reference_scores, float)
    if ours.shape != theirs.shape or ours.ndim != 1:
        raise ValueError("scores, reference_scores: two arrays of equal length are needed")
    if not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        raise ValueError("scores, reference_scores: every value must be finite")
    differences = ours - theirs
    error = standard_error(values=differences, groups=groups) if len(differences) else None
    if error is None or not error.freedom:
        raise ValueError("groups: at least two items or groups are needed")
    exponent = exponent_of(differences)
    found = t_difference(
        estimate=float(scaled(differences, exponent).mean()),
        se=float(np.ldexp(error.value, -exponent)),
        freedom=error.freedom,
        confidence_level=confidence_level,
    )
    return found.times_two_to(exponent)


def paired_auc(
    *,
    labels: ArrayLike,
    scores: ArrayLike,
    reference_scores: ArrayLike,
    confidence_level: float = 0.95,
) -> Difference:
    """
    Compare two areas under the ROC curve on the same items by DeLong's test.

    Parameters
    ----------
    labels : array-like of shape (n,), 0 or 1
    scores, reference_scores : array-like of shape (n,)
        Higher for class 1.
    confidence_level : float in (0, 1)

    Returns
    -------
    Difference

    Raises
    ------
    ValueError
        If lengths differ, a class has fewer than two items, a label is neither 0 nor 1 or a score is not
        finite.

    Notes
    -----
    Variance from the differences of the placements, so the two areas' covariance counts; where these are
    all the same and not 0, it is that of misses by Laplace's rule in the smaller class. Assumes
    independent items. Cost: O(n log n). Source: E. DeLong et al., 1988.
    """
    check_ranked(labels=labels, scores=scores, name="scores")
    check_ranked(labels=labels, scores=reference_scores, name="reference_scores")
    ours = delong(labels=labels, scores=scores)
    theirs = delong(labels=labels, scores=reference_scores)
    if not ours.has_variance:
        raise ValueError("labels: at least two items of each class are needed")
    variance = sum(
        float(np.var(a - b, ddof=1) / len(a))
        for a, b in (
            (ours.of_positives, theirs.of_positives),
            (ours.of_negatives, theirs.of_negatives),
        )
    )
    if variance == 0 and ours.auc != theirs.auc:
        # One sets the classes apart and one the wrong way round: differences from -1 to 1, all the same.
        variance = 4 * ours.least_variance
    return t_difference(
        estimate=ours.auc - theirs.auc,
        se=float(np.sqrt(variance)),
        freedom=np.inf,
        confidence_level=confidence_level,
    )


def t_difference(
    *, estimate: float, se: float, freedom: float, confidence_level: float
) -> Difference:
    """
    Return a difference with its two-sided t test and interval.

    Parameters
    ----------
    estimate, se : float
        In the metric's units; se >= 0.
    freedom : float, > 0
        Degrees of freedom; infinite for the normal law.
    confidence_level : float in (0, 1)

    Returns
    -------
    Difference

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Without spread any difference but 0 is certain. Cost: O(1). Source: elementary.
    """
    check_fractions(confidence_level=confidence_level)
    check_finite(estimate=estimate)
    check_not_negative(se=se)
    if not freedom > 0:
        raise ValueError("freedom must be positive")
    certain = 0.0 if estimate == 0 else float(np.copysign(np.inf, estimate))
    statistic = estimate / se if se > 0 else certain
    half = float(sps.t.isf((1 - confidence_level) / 2, freedom)) * se
    return Difference(
        estimate=estimate,
        se=se,
        statistic=statistic,
        p_value=float(2 * sps.t.sf(abs(statistic), freedom)),
        interval=Interval(low=estimate - half, high=estimate + half),
    )


def _outcomes(correct: ArrayLike, reference_correct: ArrayLike) -> tuple[Bools, Bools]:
    if np.shape(correct) != np.shape(reference_correct) or np.ndim(correct) != 1:
        raise ValueError("reference_correct: two arrays of equal length are needed")
    return outcomes("correct", correct), outcomes("reference_correct", reference_correct)
