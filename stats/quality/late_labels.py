"""Scores while labels are still arriving (docs/method.md, "Late labels").

Where wrong predictions are labeled later (or earlier) than right ones, every estimate from the labels
so far is biased, weighting by the delay included. So dependence is tested first, on items old enough to
have all their labels, and if it shows there is no score.
"""

from dataclasses import dataclass

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike, NDArray

from stats.arguments import check_fractions

Floats = NDArray[np.float64]

MATURE_QUANTILE = 0.95
MIN_ARRIVED = 0.05
ALPHA = 0.01


@dataclass(frozen=True, kw_only=True)
class LateScore:
    """
    An error rate from labels that arrive late.

    Parameters
    ----------
    naive : float or None
        Of all labels that have arrived; None where there is none.
    mature : float or None
        Of items older than nearly all delays: the default. None where there is none, or dependence shows.
    weighted : float or None
        Of all labels, by the inverse probability of having arrived. None as for `mature`.
    mature_age : float
        Age from which an item counts as mature.
    dependence_p : float
        Test that error and delay are independent, on mature items; 1 where it cannot be made.
    reason : str
        Why there is no score; empty where there is one.
    """

    naive: float | None
    mature: float | None
    weighted: float | None
    mature_age: float
    dependence_p: float
    reason: str


def arrival_curve(*, delays: ArrayLike, arrived: ArrayLike) -> tuple[Floats, Floats]:
    """
    Estimate the share of labels that have arrived by an age (Kaplan-Meier).

    Parameters
    ----------
    delays : array-like of shape (n,), >= 0
        Delay of each label; of one that has not arrived, the item's age so far.
    arrived : array-like of shape (n,), bool

    Returns
    -------
    ages, share : arrays of shape (t,)
        Distinct delays in ascending order, and the share at each of them.

    Raises
    ------
    ValueError
        If lengths differ, there is no item, a delay is negative, or `arrived` is neither yes nor no.

    Notes
    -----
    Assumes delays independent of the time at which the item was made. Cost: O(n log n). Source: Kaplan
    and Meier, 1958.
    """
    ages, given = np.asarray(delays, dtype=np.float64), np.asarray(arrived, dtype=np.float64)
    seen = given == 1
    if ages.ndim != 1 or ages.shape != seen.shape or len(ages) == 0:
        raise ValueError("arrived: one for each delay is needed, and at least one")
    if not (np.isfinite(ages).all() and (ages >= 0).all()):
        raise ValueError("delays must be finite and not negative")
    if not (seen | (given == 0)).all():
        raise ValueError("arrived: yes or no, 1 or 0, is needed")
    if not seen.any():
        return np.array([0.0]), np.array([0.0])
    found = sps.ecdf(sps.CensoredData(uncensored=ages[seen], right=ages[~seen])).cdf
    return np.asarray(found.quantiles), np.asarray(found.probabilities)


def late_score(
    *,
    ages: ArrayLike,
    delays: ArrayLike,
    errors: ArrayLike,
    quantile: float = MATURE_QUANTILE,
    alpha: float = ALPHA,
) -> LateScore:
    """
    Estimate the error rate from the labels so far, if they allow it.

    Parameters
    ----------
    ages : array-like of shape (n,), >= 0
        Time since each prediction.
    delays : array-like of shape (n,)
        Delay of each label; NaN where it has not arrived. A delay beyond the age counts as not arrived.
    errors : array-like of shape (n,)
        Loss of each prediction; not read where the label has not arrived.
    quantile : float in (0, 1), default=.95
        Share of labels that a mature age is to have.
    alpha : float in (0, 1), default=.01
        Level of the dependence test.

    Returns
    -------
    LateScore

    Raises
    ------
    ValueError
        If lengths differ, there is no item, or a value is out of range.

    Notes
    -----
    Dependence: Mann-Whitney test of the delays of wrong against right predictions (of losses above
    against not above their median), among arrived labels of mature items. Weights 1/share arrived by
    the item's age, cut at a share of .05. Cost: O(n log n). Source: docs/method.md, "Late labels".
    """
    age = np.asarray(ages, dtype=np.float64)
    delay, loss = np.asarray(delays, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    if age.ndim != 1 or age.shape != delay.shape or age.shape != loss.shape or len(age) == 0:
        raise ValueError("ages: as many as delays and errors are needed, and at least one")
    if not (np.isfinite(age).all() and (age >= 0).all()):
        raise ValueError("ages must be finite and not negative")
    check_fractions(quantile=quantile, alpha=alpha)
    seen = np.nan_to_num(delay, nan=np.inf) <= age
    if not np.isfinite(loss[seen]).all() or (delay[seen] < 0).any():
        raise ValueError("errors: finite losses and delays of at least 0 are needed where arrived")
    if not seen.any():
        return LateScore(
            naive=None,
            mature=None,
            weighted=None,
            mature_age=float("inf"),
            dependence_p=1.0,
            reason="no label has arrived",
        )
    steps, share = arrival_curve(delays=np.where(seen, delay, age), arrived=seen)
    reached = np.flatnonzero(share >= quantile)
    mature_age = float(steps[reached[0]]) if len(reached) else float("inf")
    is_mature = (age >= mature_age) & seen
    p_value = _dependence(delay[is_mature], loss[is_mature])
    by_age = np.concatenate([[0.0], share])[np.searchsorted(steps, age[seen], side="right")]
    weights = 1 / np.maximum(by_age, MIN_ARRIVED)
    reason = _reason(is_mature=bool(is_mature.any()), p_value=p_value, alpha=alpha, age=mature_age)
    usable = not reason
    return LateScore(
        naive=float(loss[seen].mean()),
        mature=float(loss[is_mature].mean()) if usable else None,
        weighted=float(np.average(loss[seen], weights=weights)) if usable else None,
        mature_age=mature_age,
        dependence_p=p_value,
        reason=reason,
    )


def _reason(*, is_mature: bool, p_value: float, alpha: float, age: float) -> str:
    if not is_mature:
        return "no item is old enough to have nearly all its labels"
    if p_value <= alpha:
        return f"error and delay depend on each other: no score before an age of {age:g}"
    return ""


def _dependence(delay: Floats, loss: Floats) -> float:
    if len(loss) == 0:
        return 1.0
    wrong = loss > np.median(loss) if len(np.unique(loss)) > 2 else loss > loss.min()
    if wrong.all() or not wrong.any() or np.ptp(delay) == 0:
        return 1.0
    return float(sps.mannwhitneyu(delay[wrong], delay[~wrong]).pvalue)
