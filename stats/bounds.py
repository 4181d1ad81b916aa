"""Bounds of other methods, beside which the ledger's stand (docs/method.md, "Bounds for comparison").

Each is the error that holds for all of k queries on n items with probability 1 - beta, in accuracy. They are
for comparison: no mechanism of a round rests on them.
"""

import math
from collections.abc import Callable

import numpy as np
import scipy.stats as sps
from scipy.optimize import minimize_scalar

from stats.ledger import guaranteed_error, information_error, largest


def non_adaptive_error(*, k: int, n: int, beta: float = 0.05) -> float:
    """
    Bound the error of k submissions that were all fixed before the first answer.

    Parameters
    ----------
    k : int, >= 1
        Submissions.
    n : int, >= 1
        Items.
    beta : float in (0, 1), default=.05

    Returns
    -------
    float
        sqrt(ln(2k/beta) / (2n)).

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Hoeffding's inequality and a union bound; independent items. Cost: O(1). Source: docs/method.md,
    "Bounds for comparison".
    """
    _check(k=k, n=n, beta=beta)
    return guaranteed_error(nats=0.0, k=k, n=n, beta=beta)


def sample_split_error(*, k: int, n: int, beta: float = 0.05) -> float:
    """
    Bound the error if each of k submissions is scored on items of its own.

    Parameters
    ----------
    k, n, beta
        As in `non_adaptive_error`.

    Returns
    -------
    float
        sqrt(k ln(2k/beta) / (2n)).

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Hoeffding's inequality on n/k items each. Cost: O(1). Source: docs/method.md, "Bounds for comparison".
    """
    return math.sqrt(k) * non_adaptive_error(k=k, n=n, beta=beta)


def ladder_theorem_error(*, k: int, n: int, beta: float = 0.05) -> float:
    """
    Bound the error of the fixed-step Ladder by its published theorem, at its best step.

    Parameters
    ----------
    k, n, beta
        As in `non_adaptive_error`.

    Returns
    -------
    float
        Bound on the error of the best so far.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    min over eta of eta + sqrt(((1/eta + 2) ln(4k/eta) + 1 + ln(1/beta))/(2n)). Cost: one scalar minimization.
    Source: Blum and Hardt 2015, theorem 3.1.
    """
    _check(k=k, n=n, beta=beta)

    def bound(log_step: float) -> float:
        step = math.exp(log_step)
        inner = (1 / step + 2) * math.log(4 * k / step) + 1 + math.log(1 / beta)
        return step + math.sqrt(inner / (2 * n))

    return _minimum(bound, low=1e-6, high=1.0)


def jung_error(*, k: int, n: int, beta: float = 0.05) -> float:
    """
    Bound the error of Gaussian noise by differential privacy's transfer theorem, at its best noise.

    Parameters
    ----------
    k, n, beta
        As in `non_adaptive_error`.

    Returns
    -------
    float
        Bound on the error of every answer. A bound of 1 or more says nothing.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    k adaptive queries with noise sd s are mu-Gaussian-private, mu = sqrt(k)/(n s), hence
    (eps, delta(eps))-private; the error is alpha + (e^eps - 1) + 2 beta0/beta + 4 delta/beta with
    beta0 = 2k Phi(-alpha/s). The best alpha and eps for given s have closed forms: phi(alpha/s) = s beta/(4k)
    and eps = mu (z_{1-beta/4} - mu/2). Cost: one scalar minimization. Source: Jung et al. 2020 with the
    Gaussian mechanism (docs/method.md, "Bounds for comparison").
    """
    _check(k=k, n=n, beta=beta)

    def bound(log_sd: float) -> float:
        sd = math.exp(log_sd)
        mu = math.sqrt(k) / (n * sd)
        epsilon = max(0.0, mu * (sps.norm.isf(beta / 4) - mu / 2))
        far = math.exp(epsilon + sps.norm.logcdf(-epsilon / mu - mu / 2))
        delta = sps.norm.cdf(-epsilon / mu + mu / 2) - far
        peak = sd * beta * math.sqrt(2 * math.pi) / (4 * k)
        z = math.sqrt(-2 * math.log(min(peak, 1.0)))
        sampling = sd * z + 4 * k / beta * sps.norm.sf(z)
        return float(sampling + math.expm1(epsilon) + 4 * delta / beta)

    # From mu = 20 on, where privacy is gone, to nearly none.
    most_private = math.sqrt(k) / (20 * n)
    return _minimum(bound, low=most_private, high=1e8 * most_private)


def rogers_error(*, k: int, n: int, beta: float = 0.05) -> float:
    """
    Bound the error of Gaussian noise by its mutual information with the labels, at its best noise.

    Parameters
    ----------
    k, n, beta
        As in `non_adaptive_error`.

    Returns
    -------
    float
        Bound on the error of every answer, noise included.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    `information_error` of rho k n nats, and the tail s sqrt(2 ln(4k/beta)) of k draws of sd
    s = 1/(n sqrt(2 rho)), beta/2 for each. Cost: nested scalar minimization. Source: Rogers et al. 2020
    (docs/method.md, "Privacy bounds").
    """
    _check(k=k, n=n, beta=beta)

    def bound(log_sd: float) -> float:
        sd = math.exp(log_sd)
        labels = information_error(nats=k / (2 * n * sd**2), n=n, beta=beta / 2)
        return labels + sd * math.sqrt(2 * math.log(4 * k / beta))

    return _minimum(bound, low=1e-3 / n, high=10.0)


BOUNDS: dict[str, Callable[..., float]] = {
    "non_adaptive": non_adaptive_error,
    "sample_split": sample_split_error,
    "ladder_theorem": ladder_theorem_error,
    "jung": jung_error,
    "rogers": rogers_error,
}


def permissible_by(*, bound: str, n: int, tau: float, beta: float = 0.05) -> int:
    """
    Find the most queries whose error by one of these bounds is within `tau`.

    Parameters
    ----------
    bound : str
        A key of `BOUNDS`.
    n : int, >= 1
    tau : float, > 0
    beta : float in (0, 1), default=.05

    Returns
    -------
    int
        From 0 to 1,000,000, which stands for more than anybody asks.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Bisection. Cost: O(log k) bounds. Source: docs/method.md, "Bounds for comparison".
    """
    if bound not in BOUNDS:
        raise ValueError(f"bound must be one of {', '.join(BOUNDS)}")
    if not tau > 0:
        raise ValueError("tau > 0 is needed")
    return largest(within=lambda k: BOUNDS[bound](k=k, n=n, beta=beta) <= tau)


def _check(*, k: int, n: int, beta: float) -> None:
    if not (1 <= n < np.inf and 1 <= k < np.inf and 0 < beta < 1):
        raise ValueError("n >= 1, k >= 1 and beta in (0, 1) are needed")


def _minimum(bound: Callable[[float], float], *, low: float, high: float) -> float:
    """Minimize over a variable on the logarithmic scale: first a grid, then around its best point."""
    grid = np.linspace(math.log(low), math.log(high), 24)
    values = [bound(each) for each in grid]
    best = int(np.argmin(values))
    around = (grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)])
    found = minimize_scalar(bound, bounds=around, method="bounded", options={"xatol": 1e-8})
    return float(min(found.fun, values[best]))
