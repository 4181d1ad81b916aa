"""Score inflation: how much of a final's gain on the query holdout fresh labels do not show.

SADD (selection-adjusted difference-in-differences) by pooled shuffle is the main test. The vault drew at
random which items are query and which fresh; if no submission depends on query labels, every other draw
of the same sizes was as likely, so shuffling the items gives an exact null whatever the metric, the
number of submissions and their dependence. Items must come from one draw (`iid` shards).

Arrays are items x submissions. Scores are per item, higher better; a metric that is no mean of items
brings influence values, and its exact difference as `observed`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

N_DRAWS = 2_000
# A p-value from this many exceedances has a relative standard error of about a fifth.
ENOUGH_EXCEEDANCES = 20
BLOCK = 4_000
SHUFFLE_BLOCK = 400
# Sums of the same terms in another order may differ by this much.
TIE = 1e-12
POWER = 0.8
GATE_Z = 2.576


@dataclass(frozen=True, kw_only=True)
class Sadd:
    """Result of the SADD test, in units of the metric (per-item scores); positive means inflated.

    `inflation` is D; `low`, `high` its 95 % interval, valid however the final was chosen; `p_value` is
    one-sided; `luck` what a fixed menu of `k` submissions could show (its 95 % quantile); `excess_low`
    what remains of D beyond the null's 97.5 % quantile; `minimum_detectable_effect` the inflation that
    would have been found with power .8 at the first Holm step.
    """

    inflation: float
    low: float
    high: float
    p_value: float
    luck: float
    excess_low: float
    minimum_detectable_effect: float
    n_draws: int
    k: int
    n: int
    m: int


@dataclass(frozen=True, kw_only=True)
class Menu:
    """A team's submissions and its references on all items, query items first."""

    columns: Floats  # (n+m, k)
    references: Floats  # (n+m, L)
    weights: Floats  # (L, k): each submission's best combination of references
    n: int
    m: int

    @property
    def k(self) -> int:
        return int(self.columns.shape[1])

    def residual(self, column: int) -> Floats:
        """One submission beyond its references: y_j = c_j - R w_j, shape (n+m,)."""
        result: Floats = self.columns[:, column] - self.references @ self.weights[:, column]
        return result

    def observed(self, final: int) -> float:
        residual = self.residual(final)
        return float(residual[: self.n].mean() - residual[self.n :].mean())


def menu(
    *,
    query_scores: ArrayLike,
    fresh_scores: ArrayLike,
    query_references: ArrayLike,
    fresh_references: ArrayLike,
) -> Menu:
    """
    Stack a team's scores and fit each submission to the references.

    Parameters
    ----------
    query_scores, fresh_scores : array-like of shape (n, k) and (m, k)
        Per-item scores of the k submissions, higher better.
    query_references, fresh_references : array-like of shape (n, L) and (m, L)
        Per-item scores of the L references: the team's own first submission, or organiser baselines.

    Returns
    -------
    Menu
        Weights sum to one for each submission; the fit has a free intercept.

    Raises
    ------
    ValueError
        If shapes disagree, there are fewer than two items in a holdout, or a value is not finite.

    Notes
    -----
    The weights come from the pooled items, so shuffling items does not change them. Cost: O((n+m)kL).
    """
    columns, n, m = _stacked(query_scores, fresh_scores, "scores")
    references, n_r, m_r = _stacked(query_references, fresh_references, "references")
    if (n, m) != (n_r, m_r):
        raise ValueError("scores and references have different items")
    first = references[:, :1] - references[:, :1].mean()
    others = references[:, 1:] - references[:, 1:].mean(axis=0) - first
    target = columns - columns.mean(axis=0) - first
    rest = np.linalg.lstsq(others, target, rcond=None)[0]
    weights = np.vstack([1.0 - rest.sum(axis=0), rest])
    return Menu(columns=columns, references=references, weights=weights, n=n, m=m)


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
    with the best query mean, ties to the earliest; a declared or coarse final makes that conservative.
    Draws are sequential: 2,000, then blocks until 20 draws exceed D or 20 n_tests / alpha draws are made.
    Cost: O(draws (k+L)^2). Size was measured at m = n/2 to 2.8 n and k <= 300.
    Source: STATISTICS C3 of the project's design; Gaussian form of a permutation test.
    """
    d = _observed(menu, final, observed)
    most = int(np.ceil(ENOUGH_EXCEEDANCES * n_tests / alpha))
    return _tested(
        menu=menu,
        final=final,
        d=d,
        draws=_gaussian_draws(menu, rng),
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

    Parameters and result as in `sadd`; all `n_draws` shuffles are made.

    Notes
    -----
    Cost: O(n_draws (n+m)(k+L)) in single precision, in blocks of 400 shuffles.
    """
    d = _observed(menu, final, observed)
    return _tested(
        menu=menu,
        final=final,
        d=d,
        draws=_shuffled_draws(menu, rng),
        most=n_draws,
        first_step=alpha / n_tests,
        sequential=False,
    )


def _tested(
    *,
    menu: Menu,
    final: int,
    d: float,
    draws: Callable[[int], Floats],
    most: int,
    first_step: float,
    sequential: bool = True,
) -> Sadd:
    null, p_value = _compared(d=d, draws=draws, most=most, sequential=sequential)
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
        n_draws=len(null),
        k=menu.k,
        n=menu.n,
        m=menu.m,
    )


def _compared(
    *, d: float, draws: Callable[[int], Floats], most: int, sequential: bool
) -> tuple[Floats, float]:
    """The null draws and the p-value of `d`, stopping early where the p-value is already known."""
    null = draws(min(N_DRAWS, most) if sequential else most)
    exceeding = int(np.count_nonzero(null >= d - TIE))
    while sequential and exceeding < ENOUGH_EXCEEDANCES and len(null) < most:
        null = np.concatenate([null, draws(min(BLOCK, most - len(null)))])
        exceeding = int(np.count_nonzero(null >= d - TIE))
    return null, (1 + exceeding) / (1 + len(null))


def _gaussian_draws(menu: Menu, rng: np.random.Generator) -> Callable[[int], Floats]:
    """g = dY_J with (dC, dR) ~ N(0, S(1/n + 1/m)) and J = argmax(U + m/(n+m) dC)."""
    both = np.hstack([menu.columns, menu.references])
    n, m, k = menu.n, menu.m, menu.k
    within = (n - 1) * np.atleast_2d(np.cov(both[:n].T)) + (m - 1) * np.atleast_2d(
        np.cov(both[n:].T)
    )
    values, vectors = np.linalg.eigh(within / (n + m - 2) * (1 / n + 1 / m))
    root = vectors * np.sqrt(np.clip(values, 0, None))
    pooled = menu.columns.mean(axis=0)

    def draw(count: int) -> Floats:
        blocks = []
        for size in _sizes(count, BLOCK):
            change = rng.standard_normal((size, len(values))) @ root.T
            best = np.argmax(pooled + m / (n + m) * change[:, :k], axis=1)
            blocks.append(_gain_of(change=change, best=best, menu=menu))
        return np.concatenate(blocks)

    return draw


def _shuffled_draws(menu: Menu, rng: np.random.Generator) -> Callable[[int], Floats]:
    both = np.hstack([menu.columns, menu.references]).astype(np.float32)
    # Centred, so that single precision loses nothing that matters.
    both -= both.mean(axis=0)
    n, m, k = menu.n, menu.m, menu.k
    total = both.sum(axis=0, dtype=np.float64)
    pooled = menu.columns.mean(axis=0)

    def draw(count: int) -> Floats:
        blocks = []
        for size in _sizes(count, SHUFFLE_BLOCK):
            keys = rng.random((size, n + m))
            bound = np.partition(keys, n - 1, axis=1)[:, n - 1 : n]
            chosen = (keys <= bound).astype(np.float32)
            sums = (chosen @ both).astype(np.float64)
            query, fresh = sums / n, (total - sums) / m
            best = np.argmax(pooled + query[:, :k], axis=1)
            blocks.append(_gain_of(change=query - fresh, best=best, menu=menu))
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


def _stacked(query: ArrayLike, fresh: ArrayLike, name: str) -> tuple[Floats, int, int]:
    above = np.asarray(query, dtype=np.float64)
    below = np.asarray(fresh, dtype=np.float64)
    if above.ndim != 2 or below.ndim != 2 or above.shape[1] != below.shape[1]:
        raise ValueError(f"{name}: two matrices (items, submissions) with equal columns are needed")
    if above.shape[1] < 1 or min(len(above), len(below)) < 2:
        raise ValueError(f"{name}: at least one column and two items a holdout are needed")
    stacked = np.vstack([above, below])
    if not np.isfinite(stacked).all():
        raise ValueError(f"{name}: every value must be finite")
    return stacked, len(above), len(below)


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Whether the two holdouts look like one draw, judged by models that cannot have adapted."""

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
        `difference` is query minus fresh, in the metric's units; `fired` at |z| > 2.576 (level .01).

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
    z = difference / se if se > 0 else float(np.sign(difference)) * np.inf if difference else 0.0
    return Gate(
        difference=difference,
        z=float(z),
        p_value=float(2 * sps.norm.sf(abs(z))),
        fired=bool(abs(z) > GATE_Z),
    )


@dataclass(frozen=True, kw_only=True)
class DiscordantPairs:
    """2x2 table, rows query and fresh: items the final alone gets right, items it alone gets wrong."""

    query: tuple[int, int]
    fresh: tuple[int, int]
    p_value: float


def discordant_pairs(
    *,
    query_final: ArrayLike,
    query_reference: ArrayLike,
    fresh_final: ArrayLike,
    fresh_reference: ArrayLike,
) -> DiscordantPairs:
    """
    Discordant-pair homogeneity (STATISTICS C4): an explanation of SADD, never a verdict.

    Parameters
    ----------
    query_final, query_reference : array-like of shape (n,), 0 or 1
    fresh_final, fresh_reference : array-like of shape (m,), 0 or 1
        Correctness of the final and of its reference.

    Returns
    -------
    DiscordantPairs
        One-sided Fisher exact p-value: the final's surplus of right answers is larger on the query items.

    Notes
    -----
    A final chosen after any release is selected, and then the level does not hold (measured .079 to
    .186 at .05). Cost: O(n+m).
    """

    def row(final: ArrayLike, reference: ArrayLike) -> tuple[int, int]:
        ours, theirs = np.asarray(final, bool), np.asarray(reference, bool)
        return int(np.count_nonzero(ours & ~theirs)), int(np.count_nonzero(~ours & theirs))

    query, fresh = row(query_final, query_reference), row(fresh_final, fresh_reference)
    p_value = float(sps.fisher_exact([query, fresh], alternative="greater")[1])
    return DiscordantPairs(query=query, fresh=fresh, p_value=p_value)


@dataclass(frozen=True, kw_only=True)
class Deflation:
    """What choosing the best of k adds to its query score, in the metric's units."""

    expected_luck: float
    least_favorable: float
    deflated: float


def deflate(
    *, query_scores: ArrayLike, fresh_scores: ArrayLike, rng: np.random.Generator
) -> Deflation:
    """
    Deflate the best query score by the expected luck of the winner (STATISTICS C2).

    Parameters
    ----------
    query_scores, fresh_scores : array-like of shape (n, k) and (m, k)
    rng : numpy Generator

    Returns
    -------
    Deflation
        `expected_luck` is E[e_J] with the fresh means as true means (plug-in), `least_favorable` with
        equal means; `deflated` is the best query mean less `expected_luck`.

    Notes
    -----
    Assumes: a fixed menu. e ~ N(0, S/n), S the covariance of the fresh per-item scores. An estimate, no
    test. Cost: O(m k^2 + 2000 k^2).
    """
    scores, n, _ = _stacked(query_scores, fresh_scores, "scores")
    query, fresh = scores[:n], scores[n:]
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(fresh.T)) / n)
    errors = (
        rng.standard_normal((N_DRAWS, len(values)))
        @ (vectors * np.sqrt(np.clip(values, 0, None))).T
    )
    rows = np.arange(N_DRAWS)

    def luck(means: Floats) -> float:
        return float(errors[rows, np.argmax(means + errors, axis=1)].mean())

    expected = luck(fresh.mean(axis=0))
    return Deflation(
        expected_luck=expected,
        least_favorable=luck(np.zeros(scores.shape[1])),
        deflated=float(query.mean(axis=0).max() - expected),
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

    Returns
    -------
    float
        Accuracy units. The MDE with selection (`Sadd`) is 25 to 40 % larger.
    """
    quantiles = sps.norm.ppf(1 - alpha) + sps.norm.ppf(power)
    return float(quantiles * np.sqrt(disagreement * (1 / n + 1 / m)))
