"""A vote among more than two classes (docs/method.md, "Many classes")."""

import numpy as np
import scipy.stats as sps
from scipy.integrate import quad

from lab.attacks.votes import signal
from stats.mechanisms import Mechanism, Parameters, Query


def vote_gain(
    *,
    mechanism: Mechanism,
    parameters: Parameters,
    n: int,
    k: int,
    rng: np.random.Generator,
    classes: int,
) -> float:
    """
    Return the gain of the vote, on a task in which nothing is known.

    Parameters
    ----------
    mechanism, parameters
        What releases the accuracy; its baseline answers at random.
    n, k : int
        Query items; random answers, each adding its score beyond 1/classes to the classes it named.
    rng : numpy Generator
    classes : int

    Returns
    -------
    float
        Query accuracy of the highest tallies less 1/classes.
    """
    labels = rng.integers(classes, size=n)
    votes = rng.integers(classes, size=(k, n), dtype=np.int16)
    incumbent = rng.integers(classes, size=n) == labels
    state = mechanism.initial_state(
        baseline=float(incumbent.mean()) if mechanism.needs_baseline else None,
        n=n,
        unit=1.0,
        parameters=parameters,
    )
    answers = []
    for vote in votes:
        right = vote == labels
        differing = np.count_nonzero(right != incumbent)
        query = Query(
            score=float(right.mean()),
            paired_se=float(np.sqrt(differing) / n),
            n=n,
            reported=1 / classes,
        )
        state, answer = mechanism.respond(state=state, query=query, parameters=parameters, rng=rng)
        answers.append(answer)
        if answer.accepted:
            incumbent = right
    heard = signal(answers)
    tally = np.zeros((n, classes))
    items = np.arange(n)
    for vote, weight in zip(votes, heard - heard.mean(), strict=True):
        tally[items, vote] += weight
    return float(np.mean(np.argmax(tally, axis=1) == labels) - 1 / classes)


def vote_theory(*, n: int, k: int, classes: int) -> float:
    """Return int phi(x - z) Phi(x)^(m-1) dx - 1/m, z = sqrt(k/n)/sqrt(1 - 1/m); of two classes the vote's."""
    if classes == 2:
        return float(sps.norm.cdf(np.sqrt(k / n)) - 0.5)
    z = np.sqrt(k / n) / np.sqrt(1 - 1 / classes)
    value, _ = quad(
        lambda x: sps.norm.pdf(x - z) * sps.norm.cdf(x) ** (classes - 1), -10, 10 + z, limit=200
    )
    return float(value - 1 / classes)
