"""What a test of equal distributions would have found: the smallest difference with probability .8.

A test that finds nothing says little before it is known what it could have found. Of the stability index and
of Kolmogorov and Smirnov's distance these are guarantees: whatever differs by so much is found at least so
often. Formulas: docs/method.md, "Shift".
"""

import numpy as np
import scipy.stats as sps
from scipy.optimize import brentq

from stats.arguments import check_counts, check_fractions, check_not_negative
from stats.team_tests import POWER


def detectable_difference(*, standard_error: float, alpha: float, power: float = POWER) -> float:
    """
    Compute the least difference of two means that a two-sided z test finds.

    Parameters
    ----------
    standard_error : float, >= 0
        Of the difference, in any unit.
    alpha, power : float in (0, 1)

    Returns
    -------
    float
        In the same unit.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    (z_{1-alpha/2} + z_power) se; what the wrong side adds is left out. Cost: O(1). Source: the power of a
    two-sample z test.
    """
    check_not_negative(standard_error=standard_error)
    check_fractions(alpha=alpha, power=power)
    return float((sps.norm.isf(alpha / 2) + sps.norm.ppf(power)) * standard_error)


def detectable_move(
    *, n: float, m: float, freedom: int, alpha: float, power: float = POWER
) -> float:
    """
    Compute which share of the items must lie in other bins for the stability index to find it.

    Parameters
    ----------
    n, m : float, >= 1
        Items of the two samples.
    freedom : int, >= 1
        Bins less one.
    alpha, power : float in (0, 1)

    Returns
    -------
    float
        In (0, 1]; 1 also where not even that is found so often.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    PSI / (1/n + 1/m) is about noncentral chi-square, with the noncentrality sum (a - b)^2 / b over the same
    scale. That sum is at least 4 t^2 where a share t lies in other bins, whichever these are
    (Cauchy-Schwarz), so every such move is found. Cost: a root. Source: docs/method.md, "Shift".
    """
    check_counts(n=n, m=m, freedom=freedom)
    check_fractions(alpha=alpha, power=power)
    critical = float(sps.chi2.isf(alpha, freedom))

    def missing(noncentrality: float) -> float:
        return float(sps.ncx2.sf(critical, freedom, noncentrality)) - power

    # The power rises from the level to one; a level beyond the power finds anything.
    if alpha >= power:
        return 0.0
    # A normal approximation of the root, doubled: far enough to the right of it.
    far = 2 * (np.sqrt(critical) + sps.norm.isf(1 - power) + np.sqrt(freedom) + 5) ** 2
    noncentrality = brentq(missing, 1e-12, far)
    return float(min(1.0, np.sqrt(noncentrality * (1 / n + 1 / m)) / 2))


def detectable_distance(*, n: int, m: int, alpha: float, power: float = POWER) -> float:
    """
    Compute which distance of two distribution functions Kolmogorov and Smirnov's test finds.

    Parameters
    ----------
    n, m : int, >= 1
        Items of the two samples.
    alpha, power : float in (0, 1)

    Returns
    -------
    float
        In (0, 1]; 1 also where not even that is found so often.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    The critical distance for nm/(n+m) items, and z_power standard errors at the place where the functions are
    farthest apart, of at most sqrt((1/n + 1/m)/4): the largest distance is no smaller than that there. Cost:
    O(1). Source: F. Massey, "The Kolmogorov-Smirnov test for goodness of fit", 1951, for the bound.
    """
    check_counts(n=n, m=m)
    check_fractions(alpha=alpha, power=power)
    critical = float(sps.kstwo.isf(alpha, max(1, round(n * m / (n + m)))))
    beyond = sps.norm.ppf(power) * np.sqrt((1 / n + 1 / m) / 4)
    return float(min(1.0, critical + beyond))


def detectable_accuracy(*, n_tested: int, alpha: float, power: float = POWER) -> float:
    """
    Compute how often a classifier must be right about items that it was not trained on to be noticed.

    Parameters
    ----------
    n_tested : int, >= 1
        Items on which it is tested, half of each sample.
    alpha, power : float in (0, 1)

    Returns
    -------
    float
        A share of right answers, .5 for none better than a coin; 1 where not even that is found.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Exact binomial tail: the accuracy a with P(right >= c) = power, c the fewest right answers that reject.
    It speaks of what the classifier has learned, and no difference that it cannot learn is ever found. Cost:
    O(1). Source: D. Lopez-Paz and M. Oquab, 2017; C. Clopper and E. Pearson, 1934, for the root.
    """
    check_counts(n_tested=n_tested)
    check_fractions(alpha=alpha, power=power)
    fewest = int(sps.binom.isf(alpha, n_tested, 0.5)) + 1
    if fewest > n_tested:
        return 1.0
    return float(sps.beta.ppf(power, fewest, n_tested - fewest + 1))
