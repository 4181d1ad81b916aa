"""Before a round: the smallest overstatement that its holdouts can show at all."""

import numpy as np
import scipy.stats as sps

from stats.arguments import check_counts, check_fractions

POWER = 0.8


def planning_effect(
    *, disagreement: float, n: int, m: int, alpha: float = 0.05, power: float = POWER
) -> float:
    """
    The smallest overstatement that holdouts of n and m items can show, before any selection.

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
        Accuracy units. What a report prints is larger: it allows for the choice of a file, and for all teams.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    (z_{1-alpha} + z_power) sqrt(d (1/n + 1/m)). Assumes right-or-wrong scores and a final fixed beforehand.
    Cost: O(1).
    Source: the power of a one-sided two-sample z test; docs/method.md, "Planning".
    """
    if not 0 <= disagreement <= 1:
        raise ValueError("disagreement must be in [0, 1]")
    check_counts(n=n, m=m)
    check_fractions(alpha=alpha, power=power)
    quantiles = sps.norm.isf(alpha) + sps.norm.ppf(power)
    return float(quantiles * np.sqrt(disagreement * (1 / n + 1 / m)))
