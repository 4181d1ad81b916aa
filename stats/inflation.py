"""Score inflation: how much of a final's gain on the query holdout fresh labels do not show.

SADD (selection-adjusted difference-in-differences) by pooled shuffle is the main test. The vault drew at
random which items are query and which fresh; if no submission depends on query labels, every other draw
of the same sizes was as likely, so shuffling the items gives an exact null whatever the metric, the
number of submissions and their dependence. Items must come from one draw (`iid` shards), of single
items or of whole clusters, from one pool or within strata (`stats.draw`).

Arrays are items x submissions. Scores are per item, higher better; a metric that is no mean of items
brings influence values on the pooled items, and its exact difference as `observed`. Positive means
inflated. The null audits the submission with the best query mean; of equal ones the earliest.
"""

from dataclasses import dataclass

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike

from stats import shuffles
from stats.arguments import check_counts, check_finite, check_fractions
from stats.menu import Menu, menu
from stats.shuffles import BLOCK, Draws, Floats
from stats.two_sample import sample_mean

__all__ = [
    "Gate",
    "Menu",
    "Sadd",
    "gate",
    "menu",
    "planning_effect",
    "sadd",
    "sadd_shuffle",
]

N_DRAWS = 2_000
# A p-value from this many exceedances has a relative standard error of about a fifth.
ENOUGH_EXCEEDANCES = 20
SMALLEST_SE = 1e-150
POWER = 0.8
GATE_Z = 2.576


@dataclass(frozen=True, kw_only=True)
class Sadd:
    """
    Result of the SADD test, in units of the per-item scores; positive means inflated.

    Parameters
    ----------
    inflation : float
        D, the part of the public gain over the references that fresh labels do not show.
    low, high : float
        95 % interval of the inflation, D +- 1.96 sd_F(y_j)/sqrt(m), over clusters where whole clusters
        were drawn; valid however the final was chosen.
    p_value : float
        One-sided.
    luck : float
        95 % quantile of the null: what a fixed menu of `k` submissions could show.
    excess_low : float
        What remains of D beyond the null's 97.5 % quantile.
    minimum_detectable_effect : float
        The inflation that would have been found with power .8 at the first Holm step.
    disagreement : float
        Mean squared difference between final and references over all items: for right-or-wrong scores
        and one reference the share of items on which they differ.
    n_draws : int
        Draws of the null that were made.
    k, n, m : int
        Submissions, query items, fresh items.
    """

    inflation: float
    low: float
    high: float
    p_value: float
    luck: float
    excess_low: float
    minimum_detectable_effect: float
    disagreement: float
    n_draws: int
    k: int
    n: int
    m: int


def sadd(
    *,
    menu: Menu,
    final: int,
    rng: np.random.Generator,
    n_tests: int = 1,
    alpha: float = 0.005,
    observed: float | None = None,
) -> Sadd:
    """
    Test one team's final for inflation; the Gaussian form of the pooled shuffle.

    Parameters
    ----------
    menu : Menu
        The team's k submissions against its references.
    final : int in [0, k)
        The audited submission.
    rng : numpy Generator
    n_tests : int, default=1
        Number of teams tested together: sets how fine the p-value must be, and the printed MDE.
    alpha : float in (0, 1), default=.005
        Level of the Holm procedure that the p-value goes to.
    observed : float, optional
        D from the exact metric, where the per-item scores are influence values.

    Returns
    -------
    Sadd

    Raises
    ------
    ValueError
        If `final` is no submission of the menu, `observed` is not finite, or `n_tests` or `alpha` is out
        of range.

    Notes
    -----
    Assumes: items exchangeable between the holdouts (one random draw). The null picks the submission
    with the best query mean; a declared or coarse final makes that conservative. Draws are sequential:
    2,000, and with fewer than 20 at least as large as D on to the 20th, p = 20 / draws [1]_, or to
    20 n_tests / alpha draws. The MDE takes the null's normal tail: within 6 % of the simulated one.
    Cost: O(draws (k+L)^2). Size was measured at m = n/2 to 2.8 n and k <= 300. Source: STATISTICS C3.

    References
    ----------
    .. [1] J. Besag and P. Clifford, "Sequential Monte Carlo p-values", 1991.
    """
    check_counts(n_tests=n_tests)
    check_fractions(alpha=alpha)
    most = int(np.ceil(ENOUGH_EXCEEDANCES * n_tests / alpha))
    return _tested(
        menu=menu,
        final=final,
        d=_observed(menu, final, observed),
        draws=shuffles.gaussian(menu=menu, rng=rng),
        first=N_DRAWS,
        most=max(most, N_DRAWS),
        first_step=alpha / n_tests,
    )


def sadd_shuffle(
    *,
    menu: Menu,
    final: int,
    rng: np.random.Generator,
    n_draws: int = 20_000,
    n_tests: int = 1,
    alpha: float = 0.005,
    observed: float | None = None,
) -> Sadd:
    """
    The same test by real shuffles of the items: exact, and slower.

    Parameters, errors and result as in `sadd`; all `n_draws` >= 2 shuffles are made, so the smallest
    p-value is 1 / (n_draws + 1).

    Notes
    -----
    Cost: O(n_draws (n+m)(k+L)), a matrix product in blocks of 400 shuffles, in single precision for
    right-or-wrong scores (whose sums it holds exactly). Source: STATISTICS C3.
    """
    check_counts(n_tests=n_tests)
    check_fractions(alpha=alpha)
    if n_draws < 2:
        raise ValueError("n_draws must be at least 2")
    return _tested(
        menu=menu,
        final=final,
        d=_observed(menu, final, observed),
        draws=shuffles.shuffled(menu=menu, rng=rng),
        first=n_draws,
        most=n_draws,
        first_step=alpha / n_tests,
    )


def _tested(
    *, menu: Menu, final: int, d: float, draws: Draws, first: int, most: int, first_step: float
) -> Sadd:
    null, p_value = _compared(least=d - menu.tie, draws=draws, first=first, most=most)
    residual = menu.residual(final)
    half_width = _half_width(menu, residual)
    spread = shuffles.spread(menu=menu, residual=residual)
    # A quantile this far out would take 20/first_step draws, so the null's normal tail stands in.
    critical = null.mean() + sps.norm.ppf(1 - first_step) * null.std(ddof=1)
    return Sadd(
        inflation=d,
        low=d - half_width,
        high=d + half_width,
        p_value=p_value,
        luck=float(np.quantile(null, 0.95)),
        excess_low=float(d - np.quantile(null, 0.975)),
        minimum_detectable_effect=float(critical + sps.norm.ppf(POWER) * spread),
        disagreement=float(np.mean(np.square(residual))),
        n_draws=len(null),
        k=menu.k,
        n=menu.n,
        m=menu.m,
    )


def _half_width(menu: Menu, residual: Floats) -> float:
    """1.96 standard errors of the fresh mean; t quantiles, since clusters may be few."""
    drawn = menu.draw
    centered = residual - residual[menu.n :].mean()
    totals = drawn.totals(centered[:, None])[~drawn.is_query, 0].astype(np.float64)
    units = len(totals)
    se = np.sqrt(np.square(totals).sum() * units / (units - 1)) / menu.m
    return float(sps.t.ppf(0.975, units - 1) * se)


def _compared(*, least: float, draws: Draws, first: int, most: int) -> tuple[Floats, float]:
    """The null draws and the p-value: the share of draws of at least `least`."""
    null = draws(first)
    exceeding = np.flatnonzero(null >= least)
    if len(exceeding) >= ENOUGH_EXCEEDANCES or first == most:
        return null, (1 + len(exceeding)) / (1 + len(null))
    while len(exceeding) < ENOUGH_EXCEEDANCES and len(null) < most:
        null = np.concatenate([null, draws(min(BLOCK, most - len(null)))])
        exceeding = np.flatnonzero(null >= least)
    if len(exceeding) >= ENOUGH_EXCEEDANCES:
        # Stopping at the 20th keeps the p-value valid; the rest of the block is not looked at.
        return null, ENOUGH_EXCEEDANCES / float(exceeding[ENOUGH_EXCEEDANCES - 1] + 1)
    return null, (1 + len(exceeding)) / (1 + len(null))


def _observed(menu: Menu, final: int, observed: float | None) -> float:
    if not 0 <= final < menu.k:
        raise ValueError(f"final is {final}, the menu has {menu.k} submissions")
    if observed is None:
        return menu.observed(final)
    # No draw is at least as large as what is no number: it would get the smallest p-value there is.
    check_finite(observed=observed)
    return observed


@dataclass(frozen=True, kw_only=True)
class Gate:
    """
    Whether the two holdouts look like one draw, judged by models that cannot have adapted.

    Parameters
    ----------
    difference : float
        Query mean minus fresh mean, in the metric's units.
    z, p_value : float
        Two-sided test over items.
    fired : bool
        |z| > 2.576 (level .01): nobody may be confirmed.
    """

    difference: float
    z: float
    p_value: float
    fired: bool


def gate(*, query_items: ArrayLike, fresh_items: ArrayLike) -> Gate:
    """
    Compare untuned submissions' scores between the holdouts (STATISTICS G).

    Parameters
    ----------
    query_items, fresh_items : array-like of shape (n,) and (m,)
        Each item's mean score over references and first submissions.

    Returns
    -------
    Gate

    Raises
    ------
    ValueError
        If a holdout has fewer than two items or a value is not finite.

    Notes
    -----
    Assumes: submissions independent of both holdouts' labels. A two-sample z over items. Cost: O(n+m).
    """
    query = sample_mean(scores=query_items, name="query_items")
    fresh = sample_mean(scores=fresh_items, name="fresh_items")
    difference = query.mean - fresh.mean
    z = difference / max(float(np.sqrt(query.variance + fresh.variance)), SMALLEST_SE)
    return Gate(
        difference=difference,
        z=z,
        p_value=float(2 * sps.norm.sf(abs(z))),
        fired=abs(z) > GATE_Z,
    )


def planning_effect(
    *, disagreement: float, n: int, m: int, alpha: float = 0.05, power: float = POWER
) -> float:
    """
    The smallest inflation that holdouts of n and m items can show, before any selection (C11).

    Parameters
    ----------
    disagreement : float in [0, 1]
        Share of items on which final and reference differ.
    n, m : int
        Query and fresh items.
    alpha, power : float in (0, 1)

    Returns
    -------
    float
        Accuracy units. The MDE with selection (`Sadd`) is 25 to 40 % larger.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    (z_{1-alpha} + z_power) sqrt(d (1/n + 1/m)). Assumes right-or-wrong scores and a final fixed beforehand.
    Cost: O(1). Source: STATISTICS C11.
    """
    if not 0 <= disagreement <= 1:
        raise ValueError("disagreement must be in [0, 1]")
    check_counts(n=n, m=m)
    check_fractions(alpha=alpha, power=power)
    quantiles = sps.norm.isf(alpha) + sps.norm.ppf(power)
    return float(quantiles * np.sqrt(disagreement * (1 / n + 1 / m)))
