"""The information ledger: what a number of answers can have revealed, and the error it allows.

No assumption about the attacker: a union bound over the transcripts that a mechanism can produce, or, of
noisy answers, their mutual information with the labels. Both hold for metrics that are means of items;
of others (AUC, F1) nothing is proven here, and nothing is said.
"""

import math
from dataclasses import dataclass

import scipy.stats as sps
from scipy.optimize import minimize_scalar

from stats.mechanisms import Mechanism, Parameters

MOST_QUERIES = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Account:
    """
    What one team may ask of a holdout.

    Parameters
    ----------
    mechanism : Mechanism
    parameters : dict
        As `mechanism.parameters()` returns them.
    n : int
        Items of the holdout.
    unit : float, default=1
        Range u of one item's value.
    is_mean : bool, default=True
        Whether the metric is the mean of its items.
    """

    mechanism: Mechanism
    parameters: Parameters
    n: int
    unit: float = 1.0
    is_mean: bool = True

    def nats(self, *, k: int) -> float:
        """What k answers can reveal."""
        return self.mechanism.nats(k=k, n=self.n, unit=self.unit, parameters=self.parameters)

    @property
    def grid(self) -> float:
        """How much coarser than the score an answer is; 0 where the answer is the score, or none."""
        return self.mechanism.resolution(n=self.n, unit=self.unit, parameters=self.parameters)


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


def noisy_error(*, nats: float, k: int, n: int, beta: float = 0.05, unit: float = 1.0) -> float:
    """
    The error that k noisy answers keep, by their mutual information with the labels (STATISTICS A8).

    Parameters
    ----------
    nats : float, > 0
        Bound on the information of all answers: rho n for each, if each is rho-zero-concentrated.
    k, n, beta, unit
        As in `guaranteed_error`.

    Returns
    -------
    float
        Bound on |answer - expectation|, noise included, of every answer with probability 1 - beta.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    sqrt(min_l (2 I - ln(1-l))/l / (2 n beta)) for what the labels lend, and sqrt(ln(4k/beta)/rho)/n for the
    noise. Markov's inequality, Donsker-Varadhan and sub-Gaussian deviations; much wider than the union bound.
    Cost: O(1). Source: Rogers et al. 2020, rederived in STATISTICS A8.
    """
    if n < 1 or k < 1 or not 0 < beta < 1 or not nats > 0:
        raise ValueError("n >= 1, k >= 1, nats > 0 and beta in (0, 1) are needed")
    rho = nats / (k * n)
    best = minimize_scalar(
        lambda share: (2 * nats - math.log1p(-share)) / share,
        bounds=(1e-6, 1 - 1e-12),
        method="bounded",
    )
    from_labels = math.sqrt(float(best.fun) / (2 * n * beta))
    from_noise = math.sqrt(math.log(4 * k / beta) / rho) / n
    return unit * (from_labels + from_noise)


def proven_error(*, account: Account, nats: float, k: int, beta: float = 0.05) -> float | None:
    """
    What is proven of every answer, whatever the attacker does.

    Parameters
    ----------
    account : Account
    nats : float, >= 0
        Of all accounts that may act together; `account.nats(k=k)` for one alone.
    k : int, >= 1
        Submissions of all of them.
    beta : float in (0, 1), default=.05
        Probability with which the bound may fail.

    Returns
    -------
    float or None
        In the metric's units. None: nothing is guaranteed, because the metric is no mean of items or the
        bound is as wide as the metric's range.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Assumes: independent items. A mechanism that answers nothing keeps Hoeffding's bound on the finals. Cost:
    O(1). Source: STATISTICS A9 and A8.
    """
    if not account.is_mean:
        return None
    if account.mechanism.noisy:
        bound = noisy_error(nats=nats, k=k, n=account.n, beta=beta, unit=account.unit)
    else:
        bound = guaranteed_error(
            nats=nats, k=k, n=account.n, beta=beta, unit=account.unit, grid=account.grid
        )
    return bound if bound < account.unit else None


def permissible_queries(*, account: Account, tau: float, beta: float = 0.05, teams: int = 1) -> int:
    """
    The most queries a team may have so that every answer is within `tau`.

    Parameters
    ----------
    account : Account
    tau : float, > 0
        Error allowed, in the metric's units.
    beta : float in (0, 1), default=.05
    teams : int, default=1
        Accounts with as many queries each that may act together.

    Returns
    -------
    int
        From 0, not even one, to 1,000,000, which stands for more than anybody asks.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    The bound grows with k: bisection. Cost: O(log k) bounds. Source: STATISTICS A9.
    """
    if not tau > 0 or teams < 1:
        raise ValueError("tau > 0 and teams >= 1 are needed")

    def within(k: int) -> bool:
        nats = teams * account.nats(k=k)
        bound = proven_error(account=account, nats=nats, k=teams * k, beta=beta)
        return bound is not None and bound <= tau

    if not within(1):
        return 0
    low, high = 1, MOST_QUERIES
    if within(high):
        return high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if within(middle) else (low, middle)
    return low


def ladder_theorem_error(*, k: int, n: int, beta: float = 0.05) -> float:
    """
    The error of the published theorem for the fixed-step Ladder, at its best step (STATISTICS A1).

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
        Bound on the error of the best so far, in accuracy.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    min over eta of eta + sqrt(((1/eta + 2) ln(4k/eta) + 1 + ln(1/beta))/(2n)). Cost: one scalar minimization.
    Source: Blum and Hardt 2015, theorem 3.1.
    """
    if n < 1 or k < 1 or not 0 < beta < 1:
        raise ValueError("n >= 1, k >= 1 and beta in (0, 1) are needed")

    def bound(step: float) -> float:
        inner = (1 / step + 2) * math.log(4 * k / step) + 1 + math.log(1 / beta)
        return step + math.sqrt(inner / (2 * n))

    return float(minimize_scalar(bound, bounds=(1e-4, 1.0), method="bounded").fun)


def sample_split_error(*, k: int, n: int, beta: float = 0.05) -> float:
    """
    The error if each of k submissions is scored on items of its own.

    Parameters, errors
    ------------------
    As in `ladder_theorem_error`.

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
    Hoeffding's inequality on n/k items each. Cost: O(1). Source: STATISTICS A7.
    """
    if n < 1 or k < 1 or not 0 < beta < 1:
        raise ValueError("n >= 1, k >= 1 and beta in (0, 1) are needed")
    return math.sqrt(k * math.log(2 * k / beta) / (2 * n))


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
