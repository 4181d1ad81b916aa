"""Score inflation: how much of a final's gain on the query holdout fresh labels do not show.

SADD (selection-adjusted difference-in-differences) by pooled shuffle is the main test. The vault drew at
random which items are query and which fresh; if no submission depends on query labels, every other draw
of the same sizes was as likely, so shuffling the items gives an exact null whatever the metric, the
number of submissions and their dependence. Items must come from one draw (`iid` shards).

Arrays are items x submissions. Scores are per item, higher better; a metric that is no mean of items
brings influence values on the pooled items, and its exact difference as `observed`. Positive means
inflated. The null audits the submission with the best query mean; of equal ones the earliest.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike, NDArray

from stats.menu import RANK_TOLERANCE, Menu, menu, scatter

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

Floats = NDArray[np.float64]
Draws = Callable[[int], Floats]

N_DRAWS = 2_000
# A p-value from this many exceedances has a relative standard error of about a fifth.
ENOUGH_EXCEEDANCES = 20
BLOCK = 4_000
SHUFFLE_BLOCK = 400
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
        95 % interval of the inflation, D +- 1.96 sd_F(y_j)/sqrt(m); valid however the final was chosen.
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
        If `final` is no submission of the menu.

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
    most = int(np.ceil(ENOUGH_EXCEEDANCES * n_tests / alpha))
    return _tested(
        menu=menu,
        final=final,
        d=_observed(menu, final, observed),
        draws=_gaussian_draws(menu, rng),
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

    Parameters, errors and result as in `sadd`; all `n_draws` shuffles are made, so the smallest p-value
    is 1 / (n_draws + 1).

    Notes
    -----
    Cost: O(n_draws (n+m)(k+L)), a matrix product in blocks of 400 shuffles, in single precision for
    right-or-wrong scores (whose sums it holds exactly).
    """
    return _tested(
        menu=menu,
        final=final,
        d=_observed(menu, final, observed),
        draws=_shuffled_draws(menu, rng),
        first=n_draws,
        most=n_draws,
        first_step=alpha / n_tests,
    )


def _tested(
    *, menu: Menu, final: int, d: float, draws: Draws, first: int, most: int, first_step: float
) -> Sadd:
    null, p_value = _compared(least=d - menu.tie, draws=draws, first=first, most=most)
    residual = menu.residual(final)
    fresh_se = residual[menu.n :].std(ddof=1) / np.sqrt(menu.m)
    spread = residual.std(ddof=1) * np.sqrt(1 / menu.n + 1 / menu.m)
    half_width = float(sps.norm.ppf(0.975) * fresh_se)
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


def _gaussian_draws(menu: Menu, rng: np.random.Generator) -> Draws:
    """g = dY_J with (dC, dR) ~ N(0, S(1/n + 1/m)) and J = argmax(U + m/(n+m) dC)."""
    n, m, k = menu.n, menu.m, menu.k
    within = scatter(menu.scores[:n]) + scatter(menu.scores[n:])
    values, vectors = np.linalg.eigh(within / (n + m - 2) * (1 / n + 1 / m))
    values[values < RANK_TOLERANCE * values.max()] = 0.0
    root = vectors * np.sqrt(values)
    pooled = menu.means

    def draw(count: int) -> Floats:
        blocks = []
        for size in _sizes(count, BLOCK):
            change = rng.standard_normal((size, len(values))) @ root.T
            best = np.argmax(pooled + m / (n + m) * change[:, :k], axis=1)
            blocks.append(_gain_of(change=change, best=best, menu=menu))
        return np.concatenate(blocks)

    return draw


def _shuffled_draws(menu: Menu, rng: np.random.Generator) -> Draws:
    n, m, k = menu.n, menu.m, menu.k
    total = menu.scores.sum(axis=0, dtype=np.float64)

    def draw(count: int) -> Floats:
        blocks = []
        for size in _sizes(count, SHUFFLE_BLOCK):
            keys = rng.random((size, n + m))
            bound = np.partition(keys, n - 1, axis=1)[:, n - 1 : n]
            chosen = (keys <= bound).astype(menu.scores.dtype)
            sums = (chosen @ menu.scores).astype(np.float64)
            best = np.argmax(sums[:, :k], axis=1)
            change = sums / n - (total - sums) / m
            blocks.append(_gain_of(change=change, best=best, menu=menu))
        return np.concatenate(blocks)

    return draw


def _gain_of(*, change: Floats, best: NDArray[np.intp], menu: Menu) -> Floats:
    """dY of each draw's best-looking submission, from the changes of submissions and references."""
    rows = np.arange(len(best))
    of_references = np.einsum("bl,lb->b", change[:, menu.k :], menu.weights[:, best])
    result: Floats = change[rows, best] - of_references
    return result


def _sizes(count: int, block: int) -> Iterator[int]:
    for start in range(0, count, block):
        yield min(block, count - start)


def _observed(menu: Menu, final: int, observed: float | None) -> float:
    if not 0 <= final < menu.k:
        raise ValueError(f"final is {final}, the menu has {menu.k} submissions")
    return menu.observed(final) if observed is None else observed


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
        If a holdout has fewer than two items.

    Notes
    -----
    Assumes: submissions independent of both holdouts' labels. A two-sample z over items. Cost: O(n+m).
    """
    query, fresh = np.asarray(query_items, float), np.asarray(fresh_items, float)
    if min(len(query), len(fresh)) < 2:
        raise ValueError("at least two items a holdout are needed")
    difference = float(query.mean() - fresh.mean())
    se = float(np.sqrt(query.var(ddof=1) / len(query) + fresh.var(ddof=1) / len(fresh)))
    z = difference / max(se, SMALLEST_SE)
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
    """
    quantiles = sps.norm.ppf(1 - alpha) + sps.norm.ppf(power)
    return float(quantiles * np.sqrt(disagreement * (1 / n + 1 / m)))
