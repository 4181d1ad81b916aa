"""The planner's table: what each release mechanism guarantees on a holdout."""

import math
from dataclasses import dataclass

from stats.bounds import BOUNDS, permissible_by
from stats.effective_number import check_effective
from stats.ledger import Account, attack_cap, guaranteed_error, permissible_queries, proven_error
from stats.mechanisms import MECHANISMS, Parameters
from stats.metrics import METRICS

GUARDED = "guarded_ladder"
MAXIMA = {"n": 10**12, "k": 10**6, "teams": 10**6}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """
    A holdout and what is to be asked of it.

    Parameters
    ----------
    n : int from 1 to 10^12
        Items of the holdout.
    tau : float, > 0
        Error allowed, in the metric's units.
    beta : float in (0, 1)
        Probability with which a guarantee may fail.
    k : int from 1 to 10^6
        Queries of each team.
    teams : int from 1 to 10^6
        Teams that are admitted.
    b : int, optional
        Cap of the mechanisms that have one; None: each its own default.
    metric : str
        A key of `METRICS`.
    unit : float
        Range u of one item's value.
    told : float, >= 0
        Nats that the holdout revealed to everybody before the first answer: publications about it while
        it was fresh, references on a board.
    n_effective : float from 1 to n, optional
        Where whole groups are drawn, `stats.effective_number` of their sizes: of equal groups their number.

    Raises
    ------
    ValueError
        If a value is out of range; the message begins with its name.
    """

    n: int
    tau: float
    beta: float = 0.05
    k: int = 100
    teams: int = 1
    b: int | None = None
    metric: str = "accuracy"
    unit: float = 1.0
    told: float = 0.0
    n_effective: float | None = None

    def __post_init__(self) -> None:
        for name, most in MAXIMA.items():
            if not 1 <= getattr(self, name) <= most:
                raise ValueError(f"{name} must be from 1 to {most:,}")
        check_effective(n=self.n, n_effective=self.n_effective)
        if self.metric not in METRICS:
            raise ValueError(f"metric must be one of {', '.join(METRICS)}")
        _check_amounts(unit=self.unit, told=self.told)
        if not 0 < self.tau < self.unit:
            raise ValueError(f"tau must be above 0 and below the metric's range, {self.unit:g}")
        if not 0 < self.beta < 1:
            raise ValueError("beta must be above 0 and below 1")
        if self.b is not None and not 1 <= self.b <= 1000:
            raise ValueError("b must be from 1 to 1000")

    def account(self, *, mechanism: str) -> Account:
        """Return what one team may ask by this mechanism."""
        metric = METRICS[self.metric]
        return Account(
            mechanism=MECHANISMS[mechanism],
            parameters=_parameters(mechanism, b=self.b),
            n=self.n,
            n_effective=self.n_effective,
            unit=self.unit,
            is_mean=metric.is_mean,
            counts_items=metric.counts_items,
        )


@dataclass(frozen=True, kw_only=True)
class Proof:
    """
    What is proven, and whether that is what was asked.

    Parameters
    ----------
    bound : float or None
        Proven error, in the metric's units; None: none is proven, or one as wide as the metric's range.
    tau : float
        Error allowed.
    """

    bound: float | None
    tau: float

    @property
    def error(self) -> float | None:
        """The guaranteed error; None: nothing within tau is guaranteed, however narrow the bound."""
        return self.bound if self.bound is not None and self.bound <= self.tau else None


@dataclass(frozen=True, kw_only=True)
class MechanismRow:
    """
    What one mechanism guarantees to one team that asks k queries.

    Parameters
    ----------
    mechanism : str
    parameters : dict
    nats : float
        What k answers can reveal; where no bound is proven it counts fewer transcripts than there are.
    is_provable : bool
        Whether any bound is proven for this metric and mechanism.
    proof : Proof
        Of all k answers.
    permissible : int or None
        Most queries within tau; None: no proven bound.
    """

    mechanism: str
    parameters: Parameters
    nats: float
    is_provable: bool
    proof: Proof
    permissible: int | None


@dataclass(frozen=True, kw_only=True)
class BoundRow:
    """
    What another method's theorem guarantees of k queries: for comparison.

    Parameters
    ----------
    bound : str
        A key of `stats.bounds.BOUNDS`.
    proof : Proof
    permissible : int
        Most queries within tau.
    """

    bound: str
    proof: Proof
    permissible: int


@dataclass(frozen=True, kw_only=True)
class Planned:
    """
    The whole table.

    Parameters
    ----------
    plan : Plan
    least_error : float or None
        What even one single answer may be off by; None: no proven bound for this metric.
    attack_cap : float or None
        Exact answers after which the linear attack has gained tau on a coin-flip task of n independent
        items; None where tau is no gain of accuracy below one half, and where whole groups are drawn: labels
        that are alike within groups take fewer. An attack that exists, not a guarantee.
    mechanisms : list of MechanismRow
    bounds : list of BoundRow
        Empty for metrics other than means of items in [0, 1], and where whole groups are drawn.
    colluding : Proof
        Of the guarded Ladder where all admitted teams act as one: their nats and queries add up.
    alone : Proof
        Of the guarded Ladder for one team that sees no board: its own answers are all it knows.
    """

    plan: Plan
    least_error: float | None
    attack_cap: float | None
    mechanisms: list[MechanismRow]
    bounds: list[BoundRow]
    colluding: Proof
    alone: Proof

    @property
    def guarantees_nothing(self) -> bool:
        """Whether not even one single answer is within tau, whatever the mechanism."""
        return self.least_error is None or self.least_error > self.plan.tau


def planned(*, plan: Plan) -> Planned:
    """
    Compute the planner's table for one holdout.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    Planned
        A bound beyond tau is no guaranteed error: it promises nothing of what was asked.

    Notes
    -----
    Cost: some 20 bounds for each mechanism, milliseconds. Source: docs/method.md, "The ledger of nats".
    """
    metric = METRICS[plan.metric]
    least = None
    if metric.is_mean:
        n = plan.n if plan.n_effective is None else plan.n_effective
        least = guaranteed_error(nats=plan.told, k=1, n=n, beta=plan.beta, unit=plan.unit)
    is_accuracy_gain = metric.counts_items and plan.tau < 0.5 and plan.n_effective is None
    return Planned(
        plan=plan,
        least_error=least,
        attack_cap=attack_cap(n=plan.n, tau=plan.tau) if is_accuracy_gain else None,
        mechanisms=[_row(plan, name) for name in MECHANISMS],
        bounds=[_bound_row(plan, name) for name in BOUNDS] if _is_comparable(plan) else [],
        colluding=_proof(plan, mechanism=GUARDED, teams=plan.teams),
        alone=_proof(plan, mechanism=GUARDED, teams=1),
    )


def _check_amounts(*, unit: float, told: float) -> None:
    if not 0 < unit < math.inf:
        raise ValueError("unit must be above 0 and finite")
    if not 0 <= told < math.inf:
        raise ValueError("told must be at least 0 and finite")


def _row(plan: Plan, name: str) -> MechanismRow:
    account = plan.account(mechanism=name)
    return MechanismRow(
        mechanism=name,
        parameters=account.parameters,
        nats=account.nats(k=plan.k),
        is_provable=account.is_provable,
        proof=_proof(plan, mechanism=name, teams=1),
        permissible=permissible_queries(
            account=account, tau=plan.tau, beta=plan.beta, told=plan.told
        ),
    )


def _bound_row(plan: Plan, name: str) -> BoundRow:
    error = BOUNDS[name](k=plan.k, n=plan.n, beta=plan.beta)
    return BoundRow(
        bound=name,
        proof=Proof(bound=error if error < 1 else None, tau=plan.tau),
        permissible=permissible_by(bound=name, n=plan.n, tau=plan.tau, beta=plan.beta),
    )


def _proof(plan: Plan, *, mechanism: str, teams: int) -> Proof:
    account = plan.account(mechanism=mechanism)
    nats = plan.told + teams * account.nats(k=plan.k)
    bound = proven_error(account=account, nats=nats, k=teams * plan.k, beta=plan.beta)
    return Proof(bound=bound, tau=plan.tau)


def _is_comparable(plan: Plan) -> bool:
    """Tell whether the other theorems apply: they are for means in [0, 1] of independent items."""
    return METRICS[plan.metric].is_mean and plan.unit == 1.0 and plan.n_effective is None


def _parameters(mechanism: str, *, b: int | None) -> Parameters:
    has_cap = b is not None and "b" in MECHANISMS[mechanism].parameters()
    return MECHANISMS[mechanism].parameters(**({"b": b} if has_cap else {}))
