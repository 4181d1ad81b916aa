"""p-values as e-values, which multiply over several tests (docs/method.md, "Evidence over rounds")."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stats.arguments import check_fractions

KAPPA = 0.5


def calibrated(*, p_values: ArrayLike, kappa: float = KAPPA) -> NDArray[np.float64]:
    """
    Turn p-values into e-values.

    Parameters
    ----------
    p_values : array-like, in (0, 1]
    kappa : float in (0, 1), default=.5
        The smaller it is, the more a tiny p-value counts, and the less one of 1.

    Returns
    -------
    array of the same shape
        Of mean at most 1 where the p-value is valid; larger is more evidence.

    Raises
    ------
    ValueError
        If a p-value leaves (0, 1], or kappa is out of range.

    Notes
    -----
    kappa p^(kappa - 1), whose integral over [0, 1] is 1: at kappa = .5 it is 1/(2 sqrt p). The product of
    such values is one again if each is of mean at most 1 given all before it, and by Ville's inequality it
    ever reaches 1/alpha with probability at most alpha. Cost: O(t). Source: V. Vovk and R. Wang, "E-values:
    calibration, combination and applications", 2021.

    Examples
    --------
    >>> calibrated(p_values=[1, .01, .0001]).tolist()
    [0.5, 5.0, 50.0]
    """
    values = np.asarray(p_values, dtype=np.float64)
    if not ((values > 0) & (values <= 1)).all():
        raise ValueError("p_values: each must be above 0 and at most 1")
    check_fractions(kappa=kappa)
    return np.asarray(kappa * values ** (kappa - 1), dtype=np.float64)
