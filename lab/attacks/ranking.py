"""Learning labels from an AUC (docs/method.md, "Learning from an AUC")."""

from collections.abc import Callable

import numpy as np
import scipy.stats as sps
from numpy.typing import NDArray

from stats.intervals import delong
from stats.mechanisms import Mechanism, Parameters, Query

Floats = NDArray[np.float64]
# From scores, shape (n,), to the released AUC.
Score = Callable[[Floats], float]

PREVALENCE = 0.3


def auc_probe(*, score: Score, n: int, item: int) -> int:
    """Put one item on top of all others, which tie: its label is the side of 1/2 on which the AUC lies."""
    scores = np.zeros(n)
    scores[item] = 1.0
    return int(score(scores) > 0.5)


def auc_linear(*, score: Score, n: int, k: int, rng: np.random.Generator) -> Floats:
    """Weight random +-1 scores by their AUC beyond 1/2; return the composed scores, shape (n,)."""
    final = np.zeros(n)
    for _ in range(k):
        vote = rng.choice(np.array([-1.0, 1.0]), size=n)
        final += (score(vote) - 0.5) * vote
    return final


def auc_linear_gain(
    *,
    mechanism: Mechanism,
    parameters: Parameters,
    n: int,
    k: int,
    rng: np.random.Generator,
    prevalence: float = PREVALENCE,
) -> float:
    """
    Return the AUC of the composed scores on query items, less the one half that they have on fresh ones.

    Parameters
    ----------
    mechanism, parameters
        What releases the AUC; its baseline ties all items, at one half. An answer without a value counts
        as an improvement or as none.
    n, k : int
        Query items, queries.
    rng : numpy Generator
    prevalence : float
        Share of positives.
    """
    labels = (np.arange(n) < round(prevalence * n)).astype(np.int64)
    state = mechanism.initial_state(
        baseline=0.5 if mechanism.needs_baseline else None, n=n, unit=1.0, parameters=parameters
    )

    def score(vote: Floats) -> float:
        nonlocal state
        found = delong(labels=labels, scores=vote)
        # Two random votes are nearly independent, so the difference errs sqrt(2) as much as one.
        query = Query(
            score=found.auc, paired_se=float(np.sqrt(2 * found.variance)), n=n, reported=0.5
        )
        state, answer = mechanism.respond(state=state, query=query, parameters=parameters, rng=rng)
        if answer.outcome == "scored" and answer.value is not None:
            return answer.value
        return 0.5 + float(answer.accepted)

    final = auc_linear(score=score, n=n, k=k, rng=rng)
    return float(delong(labels=labels, scores=final).auc - 0.5)


def auc_linear_theory(*, n: int, k: int, prevalence: float = PREVALENCE) -> float:
    """Return Phi(sqrt(k/n) / sqrt(2 p (1-p))) - 1/2: gain in AUC under exact answers."""
    z = np.sqrt(k / n) / np.sqrt(2 * prevalence * (1 - prevalence))
    return float(sps.norm.cdf(z) - 0.5)
