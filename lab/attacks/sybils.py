"""Coalitions: one attacker behind several accounts (docs/method.md, "Coalitions").

`sandbag_ladder` is the near-ideal attacker of a Ladder: it owns real skill, which it releases stair by
stair so that every query sits just where its answer says most. What it then learns is bounded by the cap
on accepted improvements, not by its patience.
"""

import math

import numpy as np
import scipy.stats as sps
from numpy.typing import NDArray

from lab.attacks.arena import Arena, Codes, Floats
from lab.attacks.votes import composed, signal
from stats.mechanisms import MECHANISMS, Query

CONTESTED = 0.2


def sybil_split(arena: Arena, k: int, rng: np.random.Generator, *, accounts: int = 10) -> Codes:
    """Share the k queries of a linear vote out among accounts: each has a Ladder of its own."""
    votes = arena.task.votes(k, rng)
    heard = np.concatenate(
        [
            signal([account.ask(vote) for vote in part])
            for account, part in (
                (arena.account(), part) for part in np.array_split(votes, accounts)
            )
            if len(part)
        ]
    )
    return composed(arena.task, votes, heard - heard.mean())


def sandbag_ladder(
    *, n: int, k: int, b: int, accounts: int, rng: np.random.Generator, contested: float = CONTESTED
) -> float:
    """
    Return what a near-ideal coalition gains from guarded Ladders.

    Parameters
    ----------
    n : int
        Query items.
    k : int
        Queries of each account.
    b : int
        Accepted improvements of each account.
    accounts : int
    rng : numpy Generator
    contested : float
        Share of the items with random votes; the skill lies in the others.

    Returns
    -------
    float
        Query accuracy less fresh accuracy of the composed final.

    Notes
    -----
    The real mechanism answers. The skill is exact: the attacker can place a query's expected score
    wherever it likes, on fresh items as well, and knows its incumbent's expected score. It sits so far below
    the threshold that its accepted improvements last for its queries, and weighs each vote by the mean
    of a truncated normal that its answer implies. Cost: O(accounts k n).
    """
    d = round(contested * n)
    labels = rng.integers(2, size=d, dtype=np.uint8)
    tally = np.zeros(d)
    for _ in range(accounts):
        votes = rng.integers(2, size=(k, d), dtype=np.uint8)
        weights = _sandbagged(n=n, b=b, right=votes == labels, rng=rng)
        tally += weights @ (2.0 * votes - 1.0)
    final = np.where(tally > 0, 1, np.where(tally < 0, 0, rng.integers(2, size=d)))
    return float(d / n * (np.mean(final == labels) - 0.5))


def first_answer_sybil(
    *, n: int, accounts: int, rng: np.random.Generator, contested: float = CONTESTED
) -> float:
    """
    Return what accounts gain that ask once each, with a model better than the baseline.

    Parameters, result and notes as in `sandbag_ladder`, with k = 1: the first answer of a Ladder is one bit.
    """
    return sandbag_ladder(n=n, k=1, b=1, accounts=accounts, rng=rng, contested=contested)


def first_answer_theory(*, n: int, accounts: int, contested: float = CONTESTED) -> float:
    """Return d (Phi(sqrt(2a/(pi d n))) - 1/2): one bit of each account."""
    z = math.sqrt(2 * accounts / (math.pi * contested * n))
    return float(contested * (sps.norm.cdf(z) - 0.5))


def _sandbagged(*, n: int, b: int, right: NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    """Weight one account's votes; `right` says where each of them is right, shape (k, d)."""
    ladder = MECHANISMS["guarded_ladder"]
    parameters = ladder.parameters(b=b)
    k, d = right.shape
    sd = math.sqrt(d) / 2 / n
    state = ladder.initial_state(baseline=0.5, n=n, unit=1.0, parameters=parameters)
    incumbent, believed = rng.random(d) < 0.5, 0.5
    weights = np.zeros(k)
    for number in range(k):
        left = b - state["accepted"]
        if left == 0:
            break
        differing = right[number] != incumbent
        paired_se = math.sqrt(np.count_nonzero(differing)) / n
        threshold = believed + max(parameters["z"] * paired_se, state["step"])
        # How far below the threshold: so that what is left of b lasts for what is left of k.
        distance = float(sps.norm.isf(min(0.5, left / (k - number))))
        expected = threshold - distance * sd
        noise = (np.count_nonzero(right[number]) - d / 2) / n
        state, answer = ladder.respond(
            state=state,
            query=Query(score=expected + noise, paired_se=paired_se, n=n),
            parameters=parameters,
            rng=rng,
        )
        density = sps.norm.pdf(distance)
        if answer.accepted:
            weights[number] = density / sps.norm.sf(distance)
            incumbent, believed = right[number], expected + weights[number] * sd
        else:
            weights[number] = -density / sps.norm.cdf(distance)
    return weights
