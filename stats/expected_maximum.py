"""The expected maximum of k independent standard normals: what the best of many shows by luck."""

import numpy as np
import scipy.stats as sps
from scipy.integrate import quad


def expected_maximum(*, k: int) -> float:
    """
    E of the largest of k standard normals, in standard deviations.

    Parameters
    ----------
    k : int, >= 1

    Returns
    -------
    float
        0 for k = 1. Of equally correlated ones multiply by sqrt(1 - rho).

    Raises
    ------
    ValueError
        If k is less than 1.

    Notes
    -----
    int x k phi(x) Phi(x)^(k-1) dx, by quadrature to 1e-9. Cost: O(1). Source: docs/method.md, "Expected
    maximum and deflation".

    Examples
    --------
    >>> round(expected_maximum(k=2), 4), round(expected_maximum(k=100), 4)
    (0.5642, 2.5076)
    """
    _check(k)
    if k == 1:
        return 0.0
    value, _ = quad(
        lambda x: x * np.exp(np.log(k) + sps.norm.logpdf(x) + (k - 1) * sps.norm.logcdf(x)),
        -10,
        40,
        points=[0.0, float(sps.norm.isf(1 / k))],
        limit=500,
        epsabs=1e-10,
    )
    return float(value)


def bailey_lopez_de_prado(*, k: int) -> float:
    """
    The approximation of the deflated Sharpe ratio; .04 off at k = 2, .014 at k = 1,000.

    Parameters
    ----------
    k : int, >= 2

    Returns
    -------
    float
        In standard deviations.

    Raises
    ------
    ValueError
        If k is less than 2.

    Notes
    -----
    (1-g) z_{1-1/k} + g z_{1-1/(k e)}, g Euler's constant [1]_. Cost: O(1). Below k = 5 use the integral.

    References
    ----------
    .. [1] D. H. Bailey and M. Lopez de Prado, "The deflated Sharpe ratio", 2014.
    """
    _check(k, least=2)
    gamma = float(np.euler_gamma)
    return float((1 - gamma) * sps.norm.isf(1 / k) + gamma * sps.norm.isf(1 / (k * np.e)))


def blom(*, k: int) -> float:
    """
    Blom's approximation, z at (k - .375)/(k + .25).

    Parameters
    ----------
    k : int, >= 1

    Returns
    -------
    float
        In standard deviations.

    Raises
    ------
    ValueError
        If k is less than 1.

    Notes
    -----
    Cost: O(1). Source: G. Blom, "Statistical estimates and transformed beta-variables", 1958.
    """
    _check(k)
    return float(sps.norm.ppf((k - 0.375) / (k + 0.25)))


def _check(k: int, *, least: int = 1) -> None:
    if not least <= k < np.inf:
        raise ValueError(f"k must be at least {least}")
