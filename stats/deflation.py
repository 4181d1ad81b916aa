"""Deflation: what choosing the best of many adds to its query score."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike, NDArray

from stats.arguments import check_finite

Floats = NDArray[np.float64]

N_DRAWS = 2_000


@dataclass(frozen=True, kw_only=True)
class Deflation:
    """
    The luck of a submission's place among the k, in the metric's units.

    Parameters
    ----------
    expected_luck : float
        E[e_J] with the fresh scores as true scores (plug-in), J the submission at that place.
    luck_bound : float
        E[e_J] with equal true scores: what the place among k equally good submissions adds.
    deflated : float
        The submission's query score less `expected_luck`.
    """

    expected_luck: float
    luck_bound: float
    deflated: float


def deflate(
    *,
    query_scores: ArrayLike,
    fresh_scores: ArrayLike,
    rng: np.random.Generator,
    final: int | None = None,
    query_exact: ArrayLike | None = None,
    fresh_exact: ArrayLike | None = None,
    fresh_groups: ArrayLike | None = None,
) -> Deflation:
    """
    Deflate a query score by the luck that its place among the submissions brings.

    Parameters
    ----------
    query_scores, fresh_scores : array-like of shape (n, k) and (m, k)
        Per-item scores of the k submissions, higher better.
    rng : numpy Generator
    final : int in [0, k), optional
        The submission that is deflated; None: the one with the best query score.
    query_exact, fresh_exact : array-like of shape (k,), optional
        The metric itself, higher better, where per-item scores are influence values; else their means.
    fresh_groups : array-like of shape (m,), optional
        What each fresh item was drawn with: items of a group have their luck together.

    Returns
    -------
    Deflation

    Raises
    ------
    ValueError
        If the columns differ, there is none, a holdout has fewer than two items, a value is not finite,
        exact scores are not one for each column, groups not one for each fresh item, or `final` is no
        submission.

    Notes
    -----
    Assumes: a fixed menu. e ~ N(0, S/n), S the covariance of the fresh per-item scores; with groups that of
    their totals of m/G items each. In each of 2,000
    draws J is the submission that takes the final's place in the order of mu + e: of the best one this is
    the winner's curse, of others less, and below the middle it is negative, for they had bad luck. Of
    equal query scores the earlier submission has the better place. An estimate, no test. Cost:
    O(m k^2 + 2000 k^2). Source: docs/method.md, "Expected maximum and deflation".
    """
    query, fresh = _pair(query_scores, fresh_scores)
    on_query = _exact(query_exact, query, "query_exact")
    on_fresh = _exact(fresh_exact, fresh, "fresh_exact")
    chosen = int(np.argmax(on_query)) if final is None else final
    if not 0 <= chosen < len(on_query):
        raise ValueError(f"final is {chosen}, there are {len(on_query)} submissions")
    place = int(np.flatnonzero(np.argsort(-on_query, kind="stable") == chosen)[0])
    errors = _errors(_by_group(fresh, fresh_groups), len(query), rng)
    expected = _luck(means=on_fresh, errors=errors, place=place)
    return Deflation(
        expected_luck=expected,
        luck_bound=_luck(means=np.zeros(errors.shape[1]), errors=errors, place=place),
        deflated=float(on_query[chosen] - expected),
    )


@dataclass(frozen=True, kw_only=True)
class DeflatedProbability:
    """
    How likely the winner's lead is more than the luck of choosing it.

    Parameters
    ----------
    lead : float
        Best query mean less the reference's.
    expected_luck : float
        E[e_J - e_ref]: how much of a lead choosing among `k` submissions brings by itself.
    standard_error : float
        Of the lead, paired over the query items.
    probability : float
        Phi((lead - expected_luck) / standard_error); a lead without spread gives 0, 1/2 or 1 by the sign of
        what luck leaves of it.
    """

    lead: float
    expected_luck: float
    standard_error: float
    probability: float


def deflated_probability(
    *,
    query_scores: ArrayLike,
    fresh_scores: ArrayLike,
    query_reference: ArrayLike,
    fresh_reference: ArrayLike,
    rng: np.random.Generator,
) -> DeflatedProbability:
    """
    Deflate the lead over a reference by the luck of the choice, as the deflated Sharpe ratio does.

    Parameters
    ----------
    query_scores, fresh_scores : array-like of shape (n, k) and (m, k)
        Per-item scores of the k submissions, higher better.
    query_reference, fresh_reference : array-like of shape (n,) and (m,)
        Per-item scores of the reference, frozen before any answer.
    rng : numpy Generator

    Returns
    -------
    DeflatedProbability

    Raises
    ------
    ValueError
        As `deflate`, or if the reference has other items or a value that is not finite.

    Notes
    -----
    Assumes: a fixed menu. (e, e_ref) ~ N(0, S/n) with S the fresh covariance, J = argmax(mu + e) with the
    fresh means as mu, 2,000 draws. A summary, no test: a team that used its answers breaks the assumption.
    Cost: O(m k^2 + 2000 k^2). Source: docs/method.md, "Expected maximum and deflation".
    """
    query, fresh = _pair(query_scores, fresh_scores)
    on_query = np.asarray(query_reference, dtype=np.float64)
    on_fresh = np.asarray(fresh_reference, dtype=np.float64)
    if on_query.shape != (len(query),) or on_fresh.shape != (len(fresh),):
        raise ValueError("query_reference and fresh_reference must have the scores' items")
    check_finite(query_reference=on_query, fresh_reference=on_fresh)
    errors = _errors(np.column_stack([fresh, on_fresh]), len(query), rng)
    best = np.argmax(fresh.mean(axis=0) + errors[:, :-1], axis=1)
    luck = float((errors[np.arange(len(errors)), best] - errors[:, -1]).mean())
    winner = query[:, int(np.argmax(query.mean(axis=0, dtype=np.float64)))]
    differences = winner.astype(np.float64) - on_query
    lead = float(differences.mean())
    se = float(differences.std(ddof=1) / np.sqrt(len(query)))
    beyond = lead - luck
    return DeflatedProbability(
        lead=lead,
        expected_luck=luck,
        standard_error=se,
        probability=float(sps.norm.cdf(beyond / se))
        if se > 0
        else float(np.sign(beyond) / 2 + 0.5),
    )


def _pair(query_scores: ArrayLike, fresh_scores: ArrayLike) -> tuple[NDArray[Any], Floats]:
    query, fresh = np.asarray(query_scores), np.asarray(fresh_scores, dtype=np.float64)
    if query.ndim != 2 or fresh.ndim != 2 or query.shape[1] != fresh.shape[1] or not fresh.size:
        raise ValueError(
            "query_scores and fresh_scores: two matrices (items, submissions) with equal columns are needed"
        )
    if min(len(query), len(fresh)) < 2:
        raise ValueError("query_scores and fresh_scores: at least two items a holdout are needed")
    if not (np.isfinite(query).all() and np.isfinite(fresh).all()):
        raise ValueError("query_scores and fresh_scores: finite values are needed")
    return query, fresh


def _by_group(fresh: Floats, groups: ArrayLike | None) -> Floats:
    """
    Return values whose covariance over n is that of a mean of n items, whole groups of them drawn.

    That of the fresh means is G cov(totals) / m^2, and n items have m/n times as much: the totals times
    sqrt(G/m).
    """
    if groups is None:
        return fresh
    names = np.asarray(groups)
    if names.shape != (len(fresh),):
        raise ValueError("fresh_groups: one for each fresh item is needed")
    found, numbers = np.unique(names, return_inverse=True)
    if len(found) < 2:
        raise ValueError("fresh_groups: at least two groups are needed")
    totals = np.zeros((len(found), fresh.shape[1]))
    np.add.at(totals, numbers, fresh - fresh.mean(axis=0))
    totals *= np.sqrt(len(found) / len(fresh))
    return totals


def _errors(fresh: Floats, n: int, rng: np.random.Generator) -> Floats:
    """Draw from N(0, S/n), shape (N_DRAWS, columns), S the covariance of the fresh scores."""
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(fresh.T)) / n)
    root = vectors * np.sqrt(np.clip(values, 0, None))
    result: Floats = rng.standard_normal((N_DRAWS, len(values))) @ root.T
    return result


def _luck(*, means: Floats, errors: Floats, place: int) -> float:
    """Return the mean error of the submission at this place, 0 the best, over the draws."""
    found = np.argsort(-(means + errors), axis=1, kind="stable")[:, place]
    return float(errors[np.arange(len(errors)), found].mean())


def _exact(given: ArrayLike | None, items: NDArray[Any], name: str) -> Floats:
    if given is None:
        return np.asarray(items.mean(axis=0, dtype=np.float64), dtype=np.float64)
    values = np.asarray(given, dtype=np.float64)
    if values.shape != (items.shape[1],):
        raise ValueError(f"{name}: one score for each submission is needed")
    check_finite(**{name: values})
    return values
