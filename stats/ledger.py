"""The information ledger: what a number of answers can have revealed, and the error it allows.

No assumption about the attacker: a union bound over the transcripts that a mechanism can produce, or, of
noisy answers, their mutual information with the labels. Both hold for metrics that are means of items;
of others (AUC, F1) nothing is proven here, and nothing is said.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import scipy.stats as sps
from scipy.optimize import minimize_scalar

from stats.arguments import check_counts
from stats.effective_number import check_effective
from stats.mechanisms import Mechanism, Parameters

MAX_QUERIES = 1_000_000


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
    n_effective : float from 1 to n, optional
        Where whole groups were drawn, `effective_number` of their sizes; 1 where the sizes are not known, for
        all items could be one group. None: items were drawn one by one.
    unit : float, default=1
        Range u of one item's value.
    is_mean : bool, default=True
        Whether the metric is the mean of its items.
    counts_items : bool, default=False
        Whether the metric counts items, so that it has n + 1 values (accuracy).
    n_left_out : int, default=0
        Items of the holdout that may be left out of scoring since their labels were corrected, at most.

    Raises
    ------
    ValueError
        If `n_effective` is not from 1 to n, or `n_left_out` is negative.
    """

    mechanism: Mechanism
    parameters: Parameters
    n: int
    n_effective: float | None = None
    unit: float = 1.0
    is_mean: bool = True
    counts_items: bool = False
    n_left_out: int = 0

    def __post_init__(self) -> None:
        check_effective(n=self.n, n_effective=self.n_effective)
        if self.n_left_out < 0:
            raise ValueError("n_left_out must not be negative")

    @property
    def n_independent(self) -> float:
        """The independent items that are worth as much as all that were drawn."""
        return float(self.n) if self.n_effective is None else self.n_effective

    @property
    def n_counting(self) -> float:
        """The fewest independent items that can still count: what a bound may divide by.

        n_effective is n^2 over the sum of squared sizes, and to leave items out makes no group larger.
        """
        left = max(self.n - self.n_left_out, 0)
        return float(left) if self.n_effective is None else self.n_effective * (left / self.n) ** 2

    @property
    def is_provable(self) -> bool:
        """Whether anything can be proven: of means of items, and of raw scores only where they are counts."""
        return self.is_mean and (self.counts_items or not self.mechanism.raw)

    def nats(self, *, k: int) -> float:
        """Bound what k answers can reveal.

        Transcripts are as many however items were drawn. Noise hides one group less well than one item: a
        group of g moves the score g times as far, so it has g^2 times the privacy loss of one item, and the
        sum over all groups is n / n_effective times that of n items.
        """
        nats = self.mechanism.nats(k=k, n=self.n, unit=self.unit, parameters=self.parameters)
        return nats * self.n / self.n_independent if self.mechanism.noisy else nats

    def distortion(self, *, k: int, beta: float) -> float:
        """Bound how far k answers are from their raw scores; of noisy ones, with probability 1 - beta."""
        return self.mechanism.distortion(
            k=k, n=self.n, unit=self.unit, parameters=self.parameters, beta=beta
        )


def guaranteed_error(
    *,
    nats: float,
    k: int,
    n: float,
    beta: float = 0.05,
    unit: float = 1.0,
    grid: float = 0.0,
) -> float:
    """
    Bound the error of every one of k submissions, with probability 1 - beta.

    Parameters
    ----------
    nats : float
        ln of the number of transcripts of all accounts that may act together.
    k : int
        Submissions on the holdout.
    n : float, >= 1
        Independent items of the holdout; of groups that were drawn whole, their `effective_number`.
    beta : float in (0, 1), default=.05
        Probability with which the bound may fail.
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
    Hoeffding's inequality and a union bound over transcripts; items, or groups, independent. Holds for
    metrics that are means of items. Cost: O(1). Source: docs/method.md, "The ledger of nats".

    Examples
    --------
    >>> round(guaranteed_error(nats=0, k=100, n=4000), 3)
    0.032
    """
    if not (n >= 1 and k >= 1 and 0 < beta < 1 and nats >= 0):
        raise ValueError("n >= 1, k >= 1, nats >= 0 and beta in (0, 1) are needed")
    if not (unit > 0 and grid >= 0):
        raise ValueError("unit > 0 and grid >= 0 are needed")
    return unit * math.sqrt((nats + math.log(2 * k / beta)) / (2 * n)) + grid


def information_error(*, nats: float, n: float, beta: float = 0.05, unit: float = 1.0) -> float:
    """
    Bound the error of scores after answers of so much mutual information with the labels.

    Parameters
    ----------
    nats : float, >= 0
        Bound on the information of all answers: of each the sum of rho over the independent items or
        groups, if it is rho-zero-concentrated for one of them; rho n for n items.
    n, beta, unit
        As in `guaranteed_error`.

    Returns
    -------
    float
        Bound on |score - expectation| of every submission with probability 1 - beta, in the metric's units.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    sqrt(min_l (2 I - ln(1-l))/l / (4 n beta)) by Markov's inequality, Donsker-Varadhan and sub-Gaussian
    deviations of independent items or groups; much wider than the union bound. Cost: one scalar
    minimization. Source: Rogers et al., 2020; docs/method.md, "Privacy bounds".
    """
    if not (n >= 1 and 0 < beta < 1 and nats >= 0 and unit > 0):
        raise ValueError("n >= 1, nats >= 0, beta in (0, 1) and unit > 0 are needed")
    best = minimize_scalar(
        lambda share: (2 * nats - math.log1p(-share)) / share,
        bounds=(1e-9, 1 - 1e-12),
        method="bounded",
        options={"xatol": 1e-10},
    )
    return unit * math.sqrt(float(best.fun) / (4 * n * beta))


def proven_error(*, account: Account, nats: float, k: int, beta: float = 0.05) -> float | None:
    """
    Compute the error that is proven for every answer, whatever the attacker does.

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
        Bound on |released value - expectation| in the metric's units; of a mechanism that shows no value,
        on |score - expectation|. None: nothing is guaranteed, because no bound is proven for this metric and
        mechanism, because too many items may be left out, or because the bound is as wide as the metric's
        range.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Assumes independent items or, by `account.n_effective`, independent groups. Noisy mechanisms have beta/2
    for the labels and beta/2 for the noise. Of fewer items each moves the score further, so the same noise
    hides it less well: nats of noisy answers grow by n_independent / n_counting. Cost: O(1). Source:
    docs/method.md, "The ledger of nats", and docs/method.md, "Privacy bounds".
    """
    if not (k >= 1 and nats >= 0 and 0 < beta < 1):
        raise ValueError("k >= 1, nats >= 0 and beta in (0, 1) are needed")
    n = account.n_counting
    if not account.is_provable or n < 1:
        return None
    if account.mechanism.noisy:
        bound = information_error(
            nats=nats * account.n_independent / n, n=n, beta=beta / 2, unit=account.unit
        )
        bound += account.distortion(k=k, beta=beta / 2)
    else:
        grid = account.distortion(k=k, beta=beta)
        bound = guaranteed_error(nats=nats, k=k, n=n, beta=beta, unit=account.unit, grid=grid)
    return bound if bound < account.unit else None


def permissible_queries(
    *, account: Account, tau: float, beta: float = 0.05, teams: int = 1, told: float = 0.0
) -> int | None:
    """
    Find the most queries a team may have so that every answer is within `tau`.

    Parameters
    ----------
    account : Account
    tau : float, > 0
        Error allowed, in the metric's units.
    beta : float in (0, 1), default=.05
    teams : int, default=1
        Accounts with as many queries each that may act together.
    told : float, default=0
        Nats that the holdout revealed to everybody before.

    Returns
    -------
    int or None
        From 0, not even one, to 1,000,000, which stands for more than anybody asks. None: no bound is
        proven for this metric and mechanism, so there is nothing to count.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    The bound grows with k: bisection. Cost: O(log k) bounds. Source: docs/method.md, "The ledger of nats".
    """
    if not (tau > 0 and teams >= 1 and 0 < beta < 1 and told >= 0):
        raise ValueError("tau > 0, teams >= 1, told >= 0 and beta in (0, 1) are needed")
    if not account.is_provable:
        return None

    def within(k: int) -> bool:
        nats = told + teams * account.nats(k=k)
        bound = proven_error(account=account, nats=nats, k=teams * k, beta=beta)
        return bound is not None and bound <= tau

    return largest(within=within)


def largest(*, within: Callable[[int], bool]) -> int:
    """
    Find the largest number of queries that is within an error.

    Parameters
    ----------
    within : function of k
        True up to some k and false beyond it.

    Returns
    -------
    int
        From 0, where not even one query is, to 1,000,000, which stands for more than anybody asks.

    Notes
    -----
    Bisection. Cost: O(log k) calls. Source: elementary.
    """
    if not within(1):
        return 0
    low, high = 1, MAX_QUERIES
    if within(high):
        return high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if within(middle) else (low, middle)
    return low


def attack_cap(*, n: int, tau: float) -> float:
    """
    Count the exact-score queries after which the linear attack gains `tau` on a coin-flip task.

    Parameters
    ----------
    n : int
        Items of the holdout.
    tau : float in (0, .5)
        Gain in accuracy.

    Returns
    -------
    float
        Queries.

    Raises
    ------
    ValueError
        If `n` or `tau` is out of range.

    Notes
    -----
    n * z^2, z = Phi^-1(1/2 + tau): an attack that exists, not a guarantee. Cost: O(1).
    Source: docs/method.md, "The ledger of nats".
    """
    check_counts(n=n)
    if not 0 < tau < 0.5:
        raise ValueError("tau must be in (0, .5)")
    return float(n * sps.norm.ppf(0.5 + tau) ** 2)
