"""Before an accusation: whether two holdouts look like one draw, and what a plan can find at all."""

from dataclasses import dataclass

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike

from stats.arguments import check_counts, check_fractions
from stats.two_sample import sample_mean

SMALLEST_SE = 1e-150
POWER = 0.8
GATE_Z = 2.576


@dataclass(frozen=True, kw_only=True)
class Gate:
    """
    Whether the two holdouts look like one draw, judged by models that cannot have adapted.

    Parameters
    ----------
    difference : float
        Query mean minus fresh mean, in the metric's units.
    z, p_value : float
        Two-sided test over items.
    fired : bool
        |z| > 2.576 (level .01): nobody may be confirmed.
    """

    difference: float
    z: float
    p_value: float
    fired: bool


def gate(*, query_items: ArrayLike, fresh_items: ArrayLike) -> Gate:
    """
    Compare untuned submissions' scores between the holdouts.

    Parameters
    ----------
    query_items, fresh_items : array-like of shape (n,) and (m,)
        Each item's mean score over references and first submissions.

    Returns
    -------
    Gate

    Raises
    ------
    ValueError
        If a holdout has fewer than two items or a value is not finite.

    Notes
    -----
    Assumes: submissions independent of both holdouts' labels. A two-sample z over items. Cost: O(n+m).
    Source: Welch, 1947, with normal quantiles.
    """
    query = sample_mean(scores=query_items, name="query_items")
    fresh = sample_mean(scores=fresh_items, name="fresh_items")
    difference = query.mean - fresh.mean
    z = difference / max(float(np.sqrt(query.variance + fresh.variance)), SMALLEST_SE)
    return Gate(
        difference=difference,
        z=z,
        p_value=float(2 * sps.norm.sf(abs(z))),
        fired=abs(z) > GATE_Z,
    )


def planning_effect(
    *, disagreement: float, n: int, m: int, alpha: float = 0.05, power: float = POWER
) -> float:
    """
    The smallest inflation that holdouts of n and m items can show, before any selection (C11).

    Parameters
    ----------
    disagreement : float in [0, 1]
        Share of items on which final and reference differ.
    n, m : int
        Query and fresh items.
    alpha, power : float in (0, 1)

    Returns
    -------
    float
        Accuracy units. The MDE with selection, which a report prints, is 25 to 40 % larger.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    (z_{1-alpha} + z_power) sqrt(d (1/n + 1/m)). Assumes right-or-wrong scores and a final fixed beforehand.
    Cost: O(1).
    Source: the power of a one-sided two-sample z test.
    """
    if not 0 <= disagreement <= 1:
        raise ValueError("disagreement must be in [0, 1]")
    check_counts(n=n, m=m)
    check_fractions(alpha=alpha, power=power)
    quantiles = sps.norm.isf(alpha) + sps.norm.ppf(power)
    return float(quantiles * np.sqrt(disagreement * (1 / n + 1 / m)))
