"""The information ledger: what a number of answers can have revealed, and the error it allows.

No assumption about the attacker: a union bound over the transcripts that a mechanism can produce.
"""

import math

import scipy.stats as sps


def guaranteed_error(
    *,
    nats: float,
    k: int,
    n: int,
    beta: float = 0.05,
    unit: float = 1.0,
    grid: float = 0.0,
) -> float:
    """
    The error that every one of k submissions keeps, with probability 1 - beta (STATISTICS A9).

    Parameters
    ----------
    nats : float
        ln of the number of transcripts of all accounts that may act together.
    k : int
        Submissions on the holdout.
    n : int
        Items of the holdout.
    unit : float
        Range u of one item's value.
    grid : float
        The mechanism's resolution: a released value is that much coarser than the score.

    Returns
    -------
    float
        Bound on |released value - expectation| in the metric's units. A bound of `unit` or more
        guarantees nothing.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Hoeffding's inequality and a union bound over transcripts; items independent. Holds for metrics that
    are means of items.

    Examples
    --------
    >>> round(guaranteed_error(nats=0, k=100, n=4000), 3)
    0.032
    """
    if n < 1 or k < 1 or not 0 < beta < 1 or not nats >= 0:
        raise ValueError("n >= 1, k >= 1, nats >= 0 and beta in (0, 1) are needed")
    return unit * math.sqrt((nats + math.log(2 * k / beta)) / (2 * n)) + grid


def attack_cap(*, n: int, tau: float) -> float:
    """
    Exact-score queries after which the linear attack gains `tau` on a coin-flip task.

    Parameters
    ----------
    n : int
        Items of the holdout.
    tau : float in (0, .5)
        Gain in accuracy.

    Raises
    ------
    ValueError
        If `tau` is out of range.

    Notes
    -----
    n * z^2, z = Phi^-1(1/2 + tau): an attack that exists, not a guarantee.
    """
    if not 0 < tau < 0.5:
        raise ValueError("tau must be in (0, .5)")
    return float(n * sps.norm.ppf(0.5 + tau) ** 2)
