"""What a ranking is worth: agreement of two rankings, simultaneous intervals of ranks, tiers.

Scores are higher better; rank 1 is the best.
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike, NDArray

from stats.arguments import check_counts, check_finite, check_fractions
from stats.bootstrap import poisson_bootstrap
from stats.intervals import Interval

Floats = NDArray[np.float64]

N_DRAWS = 2_000
# What sums in double precision may make up, as a share of what is added.
ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """
    How two rankings of the same teams agree.

    Parameters
    ----------
    tau : float in [-1, 1]
        Kendall's tau-b; 1 where a score has no two different values.
    tau_interval : Interval
        Percentile bootstrap over teams.
    shake_up : float in [0, 1)
        Mean absolute change of rank, as a share of the teams.
    top_overlap : float in [0, 1]
        Share of the best `top` that both rankings have in common.
    top : int
    """

    tau: float
    tau_interval: Interval
    shake_up: float
    top_overlap: float
    top: int


@dataclass(frozen=True, kw_only=True)
class Ranks:
    """
    Ranks of T teams with their uncertainty.

    Parameters
    ----------
    low, high : array of shape (T,), int
        Simultaneous interval of all teams' ranks, best end first.
    first : array of shape (T,)
        Share of the draws in which the team ranks first.
    """

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    first: Floats


def agreement(
    *,
    query_scores: ArrayLike,
    fresh_scores: ArrayLike,
    rng: np.random.Generator,
    top: int = 10,
    n_draws: int = N_DRAWS,
    confidence_level: float = 0.95,
) -> Agreement:
    """
    Compare the ranking by query scores with that by fresh scores.

    Parameters
    ----------
    query_scores, fresh_scores : array-like of shape (T,)
        Higher better; losses are to be negated.
    rng : numpy Generator
    top : int, default=10
        Cut to T.
    n_draws : int, default=2000
    confidence_level : float in (0, 1)

    Returns
    -------
    Agreement

    Raises
    ------
    ValueError
        If there are fewer than two teams, lengths differ, a score is not finite, or top, n_draws or
        confidence_level is out of range.

    Notes
    -----
    The shake-up is the platforms' convention mean |rank - rank| / T. The bootstrap draws teams, so the
    interval speaks of a population of teams like these; of fewer than eight it is too narrow. Cost:
    O(n_draws T^2), by matrix products. Source: docs/method.md,
    "Rankings".
    """
    query, fresh = _both(query_scores, fresh_scores)
    check_counts(top=top)
    _check_draws(n_draws, confidence_level)
    n_teams = len(query)
    taus = _drawn_taus(query, fresh, rng.integers(n_teams, size=(n_draws, n_teams)))
    tail = (1 - confidence_level) / 2
    low, high = np.quantile(taus, [tail, 1 - tail])
    return Agreement(
        tau=_tau(query, fresh),
        tau_interval=Interval(low=float(low), high=float(high)),
        shake_up=_shake_up(query, fresh),
        top_overlap=_top_overlap(query, fresh, top),
        top=min(top, n_teams),
    )


def rank_intervals(
    *,
    item_scores: ArrayLike,
    rng: np.random.Generator,
    n_draws: int = 1_000,
    confidence_level: float = 0.95,
) -> Ranks:
    """
    Compute intervals of the teams' ranks that hold all the true ranks together.

    Parameters
    ----------
    item_scores : array-like of shape (n, T)
        Per-item scores of T teams on the same items.
    rng : numpy Generator
    n_draws : int, default=1000
    confidence_level : float in (0, 1)

    Returns
    -------
    Ranks

    Raises
    ------
    ValueError
        If there is no team, fewer than two items, a value is not finite, or n_draws or
        confidence_level is out of range.

    Notes
    -----
    All differences of two teams get one simultaneous band, mean +- c se, c the quantile of the largest
    |difference's deviation| / se over pairs in resampled items (Poisson(1) item weights, one matrix product
    for all teams). A team ranks below those whose band lies above it and above those whose band lies below
    it; in all true ranks together, equal scores sharing the better one, the intervals err in at most 1 -
    confidence_level of samples [1]_. Percentiles of resampled ranks do not: among near ties they miss. Too
    few draws for the level leave every rank possible. Assumes independent items, and more than a few on
    which two teams differ. Cost: O(n_draws T (n + T)).

    References
    ----------
    .. [1] M. Mogstad, J. P. Romano, A. M. Shaikh and D. Wilhelm, "Inference for ranks with applications to
       mobility across neighbourhoods and academic achievement across countries", 2024.
    """
    scores = _matrix(item_scores)
    _check_draws(n_draws, confidence_level)
    # Ranks know no unit, and what all teams have in common is in no difference of two.
    contrasts = scores - scores.mean(axis=1, keepdims=True)
    contrasts /= float(np.abs(contrasts).max()) or 1.0
    means = contrasts.mean(axis=0)
    drawn = poisson_bootstrap(item_scores=contrasts - means, rng=rng, n_draws=n_draws)
    errors = _standard_errors(contrasts - means)
    band = np.full_like(errors, ROUNDING)
    critical = _critical(drawn, errors, confidence_level)
    np.multiply(critical, errors, out=band, where=errors > 0)
    better = np.subtract.outer(means, means) > band
    # Sums in single precision err by 1e-6 of the contrasts: scores closer than that tie.
    is_first = (drawn + means).round(6)
    return Ranks(
        low=1 + better.sum(axis=0),
        high=len(means) - better.sum(axis=1),
        first=(is_first == is_first.max(axis=1, keepdims=True)).mean(axis=0),
    )


def _standard_errors(deviations: Floats) -> Floats:
    """Compute that of each difference of two teams' means, (T, T); 0 where it never varies."""
    n = len(deviations)
    products = deviations.T @ deviations
    own = np.diag(products)
    squares = own[:, None] + own[None, :] - 2 * products
    squares[squares <= ROUNDING * np.add.outer(own, own)] = 0.0
    result: Floats = np.sqrt(squares / (n - 1) / n)
    return result


def _critical(drawn: Floats, errors: Floats, confidence_level: float) -> float:
    """Return the quantile over draws of the largest studentised deviation; infinite for few draws."""
    largest = np.zeros(len(drawn))
    for team in range(1, drawn.shape[1]):
        se = errors[team, :team]
        apart = np.abs(drawn[:, [team]] - drawn[:, :team])
        ratios = np.divide(apart, se, out=np.zeros_like(apart), where=se > 0)
        largest = np.maximum(largest, ratios.max(axis=1))
    place = math.ceil((len(drawn) + 1) * confidence_level)
    return float(np.sort(largest)[place - 1]) if place <= len(drawn) else math.inf


def kendall_tau(*, query_scores: ArrayLike, fresh_scores: ArrayLike) -> float:
    """
    Measure the agreement of two rankings of the same teams in one number.

    Parameters
    ----------
    query_scores, fresh_scores : array-like of shape (T,)
        Higher better; losses are to be negated.

    Returns
    -------
    float in [-1, 1]
        Kendall's tau-b; 1 where a score has no two different values.

    Raises
    ------
    ValueError
        If there are fewer than two teams, lengths differ or a score is not finite.

    Notes
    -----
    Cost: O(T log T). Source: Kendall 1945.
    """
    return _tau(*_both(query_scores, fresh_scores))


def shake_up(*, query_scores: ArrayLike, fresh_scores: ArrayLike) -> float:
    """
    Measure how far teams move between two rankings.

    Parameters
    ----------
    query_scores, fresh_scores : array-like of shape (T,)
        As in `kendall_tau`.

    Returns
    -------
    float in [0, 1)
        Mean absolute change of rank, as a share of the teams.

    Raises
    ------
    ValueError
        If there are fewer than two teams, lengths differ or a score is not finite.

    Notes
    -----
    Equal scores share their mean rank. Two rankings that have nothing in common have about 1/3. Cost:
    O(T log T). Source: docs/method.md, "Rankings".
    """
    return _shake_up(*_both(query_scores, fresh_scores))


def top_overlap(*, query_scores: ArrayLike, fresh_scores: ArrayLike, top: int) -> float:
    """
    Compute the share of the best by one ranking who are among the best by the other, too.

    Parameters
    ----------
    query_scores, fresh_scores : array-like of shape (T,)
        As in `kendall_tau`.
    top : int
        How many are the best; cut to T.

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ValueError
        If there are fewer than two teams, lengths differ, a score is not finite or `top` is below 1.

    Notes
    -----
    Of equal scores at the edge the first given are taken. Cost: O(T log T). Source: docs/method.md,
    "Rankings".
    """
    check_counts(top=top)
    return _top_overlap(*_both(query_scores, fresh_scores), top)


def _both(query_scores: ArrayLike, fresh_scores: ArrayLike) -> tuple[Floats, Floats]:
    query, fresh = _scores(query_scores, "query_scores"), _scores(fresh_scores, "fresh_scores")
    if query.shape != fresh.shape:
        raise ValueError("fresh_scores: as many as query_scores are needed")
    return query, fresh


def _shake_up(query: Floats, fresh: Floats) -> float:
    moved = sps.rankdata(-query, method="average") - sps.rankdata(-fresh, method="average")
    return float(np.abs(moved).mean() / len(query))


def _top_overlap(query: Floats, fresh: Floats, top: int) -> float:
    top = min(top, len(query))
    best = [set(np.argsort(-scores, kind="stable")[:top].tolist()) for scores in (query, fresh)]
    return len(best[0] & best[1]) / top


def _tau(query: Floats, fresh: Floats) -> float:
    if np.ptp(query) == 0 or np.ptp(fresh) == 0:
        return 1.0
    return float(sps.kendalltau(query, fresh).statistic)


def _drawn_taus(query: Floats, fresh: Floats, draws: NDArray[np.int64]) -> Floats:
    """Compute tau-b of each draw of teams, from how often it holds each team."""
    n_draws, n_teams = draws.shape
    places = draws + n_teams * np.arange(n_draws)[:, None]
    counts = np.bincount(places.ravel(), minlength=n_draws * n_teams).reshape(n_draws, n_teams)
    times = counts.astype(np.float64)
    signs = [np.sign(np.subtract.outer(scores, scores)) for scores in (query, fresh)]
    # Copies of a team tie, and pairs that tie in a score are not counted in it.
    agree, *apart = (
        np.einsum("bt,bt->b", times @ pairs, times)
        for pairs in (signs[0] * signs[1], *map(np.abs, signs))
    )
    counted = np.sqrt(apart[0] * apart[1])
    result: Floats = np.divide(agree, counted, out=np.ones(n_draws), where=counted > 0)
    return result


def _check_draws(n_draws: int, confidence_level: float) -> None:
    check_counts(n_draws=n_draws)
    check_fractions(confidence_level=confidence_level)


def _matrix(item_scores: ArrayLike) -> Floats:
    scores = np.asarray(item_scores, dtype=np.float64)
    if scores.ndim != 2 or scores.shape[0] < 2 or scores.shape[1] < 1:
        raise ValueError(
            "item_scores: a matrix of items and teams is needed, with two items or more"
        )
    check_finite(item_scores=scores)
    return scores


def _scores(given: ArrayLike, name: str) -> Floats:
    values = np.asarray(given, dtype=np.float64)
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
        raise ValueError(f"{name}: at least two finite values are needed")
    return values
