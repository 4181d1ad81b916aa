"""Feature selection on a holdout that is asked again and again (Dwork et al., Science 2015).

An analyst has d variables, a training set and a holdout of n items each. It keeps the variables whose
correlations with the labels agree in sign on both and exceed 1/sqrt(n) on both, and classifies by the sign
of the sum of the k largest by training correlation. The holdout answers through a release mechanism, to
which the training statistic is the reported one. Without any signal a plain holdout then shows well above
50 %, and fresh items 50 %.

With z_ij = x_ij y_i the columns are independent normals, and a column's mean is independent of what is
left of it. So the means are drawn first, and of the columns that are summed only their sum is: exact in
law, in O(d + n) memory where the n x d tables would take 400 MB each at n = d = 10,000.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.stats as sps
from numpy.typing import NDArray

from lab.attacks.arena import Floats
from lab.attacks.votes import signal
from stats.mechanisms import Answer, Mechanism, Parameters, Query


@dataclass(frozen=True, kw_only=True)
class Reuse:
    """
    Accuracy of the classifier of each size, arrays of shape (sizes,).

    Parameters
    ----------
    train, holdout : arrays
        On the two sets that it was made from.
    answered : array
        What the mechanism released of the holdout's.
    fresh : array
        Expected on fresh items.
    """

    train: Floats
    holdout: Floats
    answered: Floats
    fresh: Floats


def reuse(
    *,
    mechanism: Mechanism,
    parameters: Parameters,
    n: int,
    d: int,
    sizes: Sequence[int],
    rng: np.random.Generator,
    n_signal: int = 0,
    bias: float = 6.0,
) -> Reuse:
    """
    Play the experiment once.

    Parameters
    ----------
    mechanism, parameters
        One that answers with scores: `exact` is the standard holdout.
    n, d : int
        Items of each set, variables.
    sizes : increasing sequence of int
        Numbers of variables of the classifier; where fewer are kept, all of these.
    rng : numpy Generator
    n_signal : int
        Variables with mean `bias`/sqrt(n) on every set; the others have none.
    bias : float

    Returns
    -------
    Reuse

    Notes
    -----
    d queries about correlations, then one for each size about an accuracy. Source:
    docs/method.md, "Feature selection".
    """
    step = 1 / np.sqrt(n)
    truth = np.where(np.arange(d) < n_signal, bias * step, 0.0)
    on_train, on_holdout = truth + step * rng.standard_normal((2, d))
    desk = _Desk(mechanism, parameters, n, rng)
    heard = np.array(
        [
            desk.value(score=score, reported=reported)
            for score, reported in zip(on_holdout, on_train, strict=True)
        ]
    )
    kept = np.flatnonzero((np.minimum(abs(on_train), abs(heard)) > step) & (on_train * heard > 0))
    chosen = kept[np.argsort(-abs(on_train[kept]))]
    signs = np.sign(on_train[chosen])
    train = _accuracies(signs * on_train[chosen], sizes, n, rng)
    holdout = _accuracies(signs * on_holdout[chosen], sizes, n, rng)
    cuts = np.minimum(sizes, len(chosen))
    strength = np.concatenate([[0.0], np.cumsum(signs * truth[chosen])])[cuts]
    return Reuse(
        train=train,
        holdout=holdout,
        answered=np.array(
            [desk.value(score=h, reported=t) for h, t in zip(holdout, train, strict=True)]
        ),
        fresh=sps.norm.cdf(strength / np.sqrt(np.maximum(cuts, 1))),
    )


def feature_selection_gain(
    *,
    mechanism: Mechanism,
    parameters: Parameters,
    n: int,
    k: int,
    rng: np.random.Generator,
) -> float:
    """
    Play it as a leaderboard sees it: k variables without signal that each predict a class.

    Each variable, turned to be better than chance on the training set, is submitted once; those above
    chance on both by a standard error vote, ties by a coin.

    Parameters
    ----------
    mechanism, parameters
        What releases the accuracies; its baseline is a coin.
    n, k : int
        Query items, variables.
    rng : numpy Generator

    Returns
    -------
    float
        Query accuracy of the vote less 1/2, its expectation on fresh items.
    """
    trained = rng.binomial(n, 0.5, size=k) / n
    right = (
        rng.random((k, n)) < 0.5
    )  # turning a variable does not change that it is a coin on the holdout
    desk = _Desk(mechanism, parameters, n, rng)
    answers = [
        desk.ask(right=row, reported=reported)
        for row, reported in zip(right, np.maximum(trained, 1 - trained), strict=True)
    ]
    heard = signal(answers)
    scored = np.array([answer.outcome == "scored" for answer in answers])
    good = np.where(scored, heard > 0.5 + 0.5 / np.sqrt(n), heard > 0)
    kept = good & (abs(trained - 0.5) > 0.5 / np.sqrt(n))
    tally = 2.0 * right[kept].sum(axis=0) - kept.sum()
    return float(np.where(tally == 0, rng.random(n) < 0.5, tally > 0).mean() - 0.5)


class _Desk:
    """Where the analyst asks: one account of a mechanism, statistics in units of one standard deviation."""

    def __init__(
        self, mechanism: Mechanism, parameters: Parameters, n: int, rng: np.random.Generator
    ) -> None:
        self.mechanism, self.parameters, self.n, self.rng = mechanism, parameters, n, rng
        self.incumbent = rng.random(n) < 0.5
        self.state = mechanism.initial_state(
            baseline=float(self.incumbent.mean()) if mechanism.needs_baseline else None,
            n=n,
            unit=1.0,
            parameters=parameters,
        )

    def value(self, *, score: float, reported: float) -> float:
        """Return what is released of a statistic; a mechanism that shows no score is no holdout to reuse."""
        answer = self._answer(score=score, reported=reported, paired_se=1 / np.sqrt(self.n))
        if answer.value is None:
            raise ValueError("mechanism: feature selection needs one that answers with scores")
        return answer.value

    def ask(self, *, right: NDArray[np.bool_], reported: float) -> Answer:
        """Submit one prediction for every item, by which are right."""
        differences = right.astype(np.float64) - self.incumbent
        answer = self._answer(
            score=float(right.mean()),
            reported=reported,
            paired_se=float(differences.std(ddof=1) / np.sqrt(self.n)),
        )
        if answer.accepted:
            self.incumbent = right
        return answer

    def _answer(self, *, score: float, reported: float, paired_se: float) -> Answer:
        query = Query(
            score=float(score), paired_se=float(paired_se), n=self.n, reported=float(reported)
        )
        self.state, answer = self.mechanism.respond(
            state=self.state, query=query, parameters=self.parameters, rng=self.rng
        )
        return answer


def _accuracies(means: Floats, sizes: Sequence[int], n: int, rng: np.random.Generator) -> Floats:
    """Return the share of n items on which the first k columns, of these means, have a positive sum."""
    total = np.zeros(n)
    done, result = 0, []
    for size in sizes:
        columns = means[done:size]
        noise = rng.standard_normal(n)
        # A sum of columns around their means is one such column, scaled.
        total += columns.sum() + np.sqrt(len(columns)) * (noise - noise.mean())
        done = max(done, min(size, len(means)))
        result.append(np.mean(total > 0))
    return np.array(result)
