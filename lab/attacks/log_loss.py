"""Reading labels off a log loss (docs/method.md, "The log-loss oracle").

Items of a batch get logits that double from one to the next, in units of the smallest difference that is
released; all others get one half. The score is then a binary number whose digits are the labels. Clipping
probabilities and releasing few digits shrinks the batch: to a single item at three digits and a clip of .01.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from stats.mechanisms import Mechanism, Parameters, Query
from stats.metrics import PROBABILITY_CLIP, Scorer

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
# From probabilities of class 1, shape (n,), to the released log loss, lower better; None: no answer.
Score = Callable[[Floats], float | None]

# Double precision carries no more labels than this in one answer.
FINEST = 1e-9


def distinguishable(*, n: int, unit: float, clip: float) -> float:
    """Count the values that one item can give the released log loss: -ln(clip)/n in units of a difference."""
    return -math.log(clip) / n / unit


def batch_size(*, n: int, unit: float, clip: float) -> int:
    """Count labels that one answer can carry, at least one; `unit` is the smallest difference released."""
    span = math.log((1 - clip) / clip) / (n * unit)
    return math.floor(math.log2(span)) + 1 if span >= 1 else 1


def read_labels(*, score: Score, n: int, unit: float, clip: float, queries: int) -> Codes:
    """
    Read labels batch by batch.

    Parameters
    ----------
    score : function
    n : int
        Items.
    unit : float
        Smallest difference between two released losses.
    clip : float
        The scorer's clip of probabilities.
    queries : int
        How many answers to use.

    Returns
    -------
    array of shape (n,)
        Labels that were read; -1 for the others.
    """
    size = batch_size(n=n, unit=unit, clip=clip)
    found = np.full(n, -1)
    for start in range(0, min(n, queries * size), size):
        batch = np.arange(start, min(start + size, n))
        found[batch] = _read(score, n, batch, unit)
    return found


def oracle_gain(
    *, mechanism: Mechanism, parameters: Parameters, n: int, k: int, rng: np.random.Generator
) -> float:
    """
    Return the gain in accuracy, from a coin flip, of k answers to log losses of clipped probabilities.

    Parameters
    ----------
    mechanism, parameters
        What releases the log loss; its baseline answers one half to every item.
    n, k : int
        Query items, queries.
    rng : numpy Generator

    Returns
    -------
    float
        Share of the labels that were read rightly, and half of the others, less one half.
    """
    labels = rng.integers(2, size=n)
    unit = Scorer(metric="log_loss", n_classes=2).unit
    state = mechanism.initial_state(
        baseline=-math.log(2) if mechanism.needs_baseline else None,
        n=n,
        unit=unit,
        parameters=parameters,
    )
    incumbent = np.full(n, math.log(2))

    def score(probabilities: Floats) -> float | None:
        nonlocal state, incumbent
        clipped = np.clip(probabilities, PROBABILITY_CLIP, 1 - PROBABILITY_CLIP)
        losses = -np.log(np.where(labels == 1, clipped, 1 - clipped))
        query = Query(
            score=-float(losses.mean()),
            paired_se=float((losses - incumbent).std(ddof=1) / math.sqrt(n)),
            n=n,
            reported=-math.log(2),
        )
        state, answer = mechanism.respond(state=state, query=query, parameters=parameters, rng=rng)
        if answer.accepted:
            incumbent = losses
        return None if answer.value is None else -answer.value

    step = mechanism.resolution(n=n, unit=unit, parameters=parameters)
    found = read_labels(score=score, n=n, unit=max(step, FINEST), clip=PROBABILITY_CLIP, queries=k)
    read = found >= 0
    right = np.count_nonzero(found[read] == labels[read])
    return float((right + 0.5 * np.count_nonzero(~read)) / n - 0.5)


def _read(score: Score, n: int, batch: Codes, unit: float) -> Codes:
    logits = np.zeros(n)
    logits[batch] = -n * unit * 2.0 ** np.arange(len(batch))
    probabilities = 1 / (1 + np.exp(-logits))
    released = score(probabilities)
    if released is None:
        return np.full(len(batch), -1)
    # With all labels 0 the loss would be this; each label 1 adds its own power of two.
    start = -np.log1p(-probabilities).mean()
    largest = 2 ** len(batch) - 1
    number = min(max(round((released - start) / unit), 0), largest)
    digits: Codes = (number >> np.arange(len(batch))) & 1
    return digits
