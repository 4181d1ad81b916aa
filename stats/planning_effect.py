"""Before a round: the smallest overstatement that its holdouts can show at all."""

import numpy as np
import scipy.stats as sps

from stats.arguments import check_counts, check_fractions, check_not_negative
from stats.team_tests import FAMILY_WISE_ERROR, N_KINDS, POWER
from stats.trial import BET_LEVEL_DIVISOR

# Beyond this quantile of luck an overstatement has to exceed the tolerance.
LUCK_TAIL = 0.025


def planning_effect(
    *, disagreement: float, n: float, m: float, alpha: float = 0.05, power: float = POWER
) -> float:
    """
    Compute the least overstatement that holdouts of n and m items can show, before selection.

    Parameters
    ----------
    disagreement : float in [0, 1]
        Share of items on which final and reference differ.
    n, m : float, >= 1
        Query and fresh items; of groups that are drawn whole, their effective number.
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


def detectable_overstatement(
    *, disagreement: float, n: float, m: float, n_teams: int, delta0: float = 0.0
) -> float:
    """
    Compute the least overstatement that an audit of so many teams accuses with probability .8.

    Parameters
    ----------
    disagreement, n, m
        As in `planning_effect`.
    n_teams : int, >= 1
        Teams that Holm's first step allows for, with two files each.
    delta0 : float, default=0
        Overstatement that is tolerated, in accuracy units.

    Returns
    -------
    float
        Accuracy units. An audit states more for a team that handed in many files and shows the best of them:
        what a choice among them gains by luck comes to this.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    The larger of what the first step rejects and of the tolerance beyond the 97.5 % quantile of luck, as the
    audit's own minimum detectable effect, of a file that is compared with one reference. Of items that differ
    by any amount, `disagreement` is their mean squared difference. Cost: O(1). Source: `stats.team_tests` on
    a normal tail.
    """
    check_counts(n_teams=n_teams)
    check_not_negative(delta0=delta0)
    first_step = FAMILY_WISE_ERROR / N_KINDS / (2 * n_teams)
    # A bet rejects what is somewhat rarer than its level.
    rejected = planning_effect(
        disagreement=disagreement, n=n, m=m, alpha=first_step / BET_LEVEL_DIVISOR
    )
    tolerated = planning_effect(disagreement=disagreement, n=n, m=m, alpha=LUCK_TAIL)
    return max(rejected, delta0 + tolerated)
