"""The expected maximum of k independent standard normals: what the best of many shows by luck."""

import numpy as np
import scipy.stats as sps
from scipy.integrate import quad


def expected_maximum(*, k: int) -> float:
    """
    Compute the mean of the largest of k standard normals, in standard deviations.

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
    if not 1 <= k < np.inf:
        raise ValueError("k must be at least 1")
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
