"""Tests that may be looked at after every label (docs/method.md, "Streams").

Fresh labels arrive as a stream; a bot looks each time and may stop whenever it likes. An e-process keeps
its error rate under any such rule (Ville's inequality), and a confidence sequence covers at all times at
once. The stream is over fresh *examples*: submissions that share a holdout depend on each other.

Streams are losses in [0, 1], or (Y + 1)/2 of paired differences Y in [-1, 1]: higher is worse. The last
axis is time, so that many streams can be followed together.
"""

from dataclasses import dataclass

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike, NDArray

from stats.arguments import check_counts, check_finite, check_fractions, check_not_negative

Floats = NDArray[np.float64]

# Alternatives of the mixture, above m0.
STEPS = (0.005, 0.01, 0.02, 0.04, 0.08)
CAP = 0.5
MAX_BET = 0.5


@dataclass(frozen=True, kw_only=True)
class EProcess:
    """
    Evidence against a mean of at most m0, after each observation.

    Parameters
    ----------
    values : array of shape (..., t)
        E_t; reject at level alpha as soon as one is at least 1/alpha.
    p_values : array of shape (..., t)
        1 / max over the time so far, at most 1: a p-value at any time.
    """

    values: Floats
    p_values: Floats

    def stops(self, *, alpha: float) -> NDArray[np.int64]:
        """Find the first time, counted from 1, at which E_t reaches 1/alpha; 0 where it never does."""
        check_fractions(alpha=alpha)
        crossed = self.values >= 1 / alpha
        first: NDArray[np.int64] = np.where(
            crossed.any(axis=-1), np.argmax(crossed, axis=-1) + 1, 0
        )
        return first


@dataclass(frozen=True, kw_only=True)
class Sequence:
    """
    A confidence sequence for a mean.

    Parameters
    ----------
    low, high : arrays of shape (..., t)
        All intervals together cover with the stated probability.
    """

    low: Floats
    high: Floats


def betting(*, stream: ArrayLike, m0: float, cap: float = CAP) -> EProcess:
    """
    Bet against a mean of at most m0: a one-sided e-process ("approximate Kelly").

    Parameters
    ----------
    stream : array-like of shape (..., t), in [0, 1]
        Losses in order of arrival.
    m0 : float in (0, 1)
        Largest mean of the null hypothesis.
    cap : float in (0, 1), default=.5
        Largest share of the wealth at stake; .9 for paired differences.

    Returns
    -------
    EProcess

    Raises
    ------
    ValueError
        If a value leaves [0, 1], there is none, or m0 or cap is out of range.

    Notes
    -----
    E_t = prod (1 + l_i (X_i - m0)) with predictable l_i = clip((mu - m0)/(v + (mu - m0)^2), 0, cap/m0)
    from the mean and variance before i, which begin as 1/2 and 1/4. Assumes conditional means of at
    most m0 under the null; nothing else. Cost: O(t). Source: Waudby-Smith and Ramdas, 2024.
    """
    values = _stream(stream)
    check_fractions(m0=m0, cap=cap)
    mean, variance = _predictable(values)
    lead = mean - m0
    bets = np.clip(lead / (variance + lead**2), 0.0, cap / m0)
    return _process(np.cumsum(np.log1p(bets * (values - m0)), axis=-1))


def mixture(*, stream: ArrayLike, m0: float, steps: ArrayLike = STEPS) -> EProcess:
    """
    Average likelihood ratios of means above m0, for streams of 0 and 1.

    Parameters
    ----------
    stream : array-like of shape (..., t), 0 or 1
    m0 : float in (0, 1)
    steps : array-like, > 0
        Alternatives m0 + step, those below 1, in equal parts.

    Returns
    -------
    EProcess

    Raises
    ------
    ValueError
        If a value is not 0 or 1, m0 is out of range, a step is not finite, or no alternative is left.

    Notes
    -----
    A test martingale at m0 and a supermartingale below it. Cost: O(t steps). Source: docs/method.md,
    "Streams".
    """
    values = _stream(stream)
    check_fractions(m0=m0)
    if not np.isin(values, (0.0, 1.0)).all():
        raise ValueError("stream: 0 and 1 are needed")
    check_finite(steps=steps)
    alternatives = m0 + np.asarray(steps, dtype=np.float64)
    alternatives = alternatives[(alternatives > m0) & (alternatives < 1)]
    if not len(alternatives):
        raise ValueError("steps: no alternative lies between m0 and 1")
    wins = np.cumsum(values, axis=-1)
    losses = np.arange(1, values.shape[-1] + 1) - wins
    total = np.full(values.shape, -np.inf)
    for each in alternatives:
        ratio = wins * np.log(each / m0) + losses * np.log((1 - each) / (1 - m0))
        total = np.logaddexp(total, ratio)
    return _process(total - np.log(len(alternatives)))


def released_limit(
    *, released_loss: float, se: float, k: int, alpha: float = 0.05, tolerance: float = 0.005
) -> float:
    """
    Compute m0, what a final may lose on fresh items by its released loss without being inflated.

    Parameters
    ----------
    released_loss : float
        Loss on the query holdout, of the best of k submissions.
    se : float, >= 0
        Its standard error.
    k : int, >= 1
        Submissions scored so far: the final may be the luckiest.
    alpha : float in (0, 1), default=.05
        Of both parts together; run the e-process at alpha/2.
    tolerance : float, default=.005
        Difference of no interest, in loss.

    Returns
    -------
    float
        released_loss + z_{1 - alpha/(2k)} se + tolerance.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Union bound over k submissions for alpha/2, and alpha/2 for the e-process. Assumes that `se` is not
    smaller for a lucky score. Estimated from the released loss it is: without a tolerance the best of
    k = 1, 20, 100 equal models is beyond this limit in .027, .032, .036 of holdouts of 4,000 at alpha/2
    = .025 (.030, .045, .056 of 1,000), with tolerance .005 in at most .004 (.012). For shares
    `wilson(confidence_level=1 - alpha/k).high` keeps the level by itself. Cost: O(1). Source:
    docs/method.md, "Streams".
    """
    check_fractions(alpha=alpha)
    check_counts(k=k)
    check_not_negative(se=se)
    check_finite(released_loss=released_loss, tolerance=tolerance)
    return float(released_loss + sps.norm.isf(alpha / (2 * k)) * se + tolerance)


def empirical_bernstein(
    *, stream: ArrayLike, alpha: float = 0.05, population: int | None = None
) -> Sequence:
    """
    Compute a confidence sequence for a mean in [0, 1] (predictable-mixture empirical Bernstein).

    Parameters
    ----------
    stream : array-like of shape (..., t), in [0, 1]
    alpha : float in (0, 1), default=.05
    population : int, >= t, or None, default=None
        Items that the stream is drawn from without replacement; the mean is then that of these items.

    Returns
    -------
    Sequence
        Cut to [0, 1].

    Raises
    ------
    ValueError
        If a value leaves [0, 1], there is none or more than the population has, or alpha is out of range.

    Notes
    -----
    Weights min(sqrt(2 ln(2/alpha) / (t ln(1+t) v)), 1/2), v the variance before t; centre: weighted
    mean; radius: (ln(2/ alpha) + sum (X - mean before)^2 (-ln(1-l) - l)) / sum of weights. Assumes a
    constant conditional mean. Of N items without replacement, assumes that each of those left is as likely
    to be the next: X_i plus the mean of what came before on N - i + 1 has a conditional mean of
    N/(N - i + 1) times the mean of all, so that weights are multiplied by this below the line. Cost: O(t).
    Source: Waudby-Smith and Ramdas, 2024; of items without replacement "Confidence sequences for sampling
    without replacement", 2020.
    """
    values = _stream(stream)
    check_fractions(alpha=alpha)
    mean, variance = _predictable(values)
    time = np.arange(1, values.shape[-1] + 1)
    budget = np.log(2 / alpha)
    weights = np.minimum(np.sqrt(2 * budget / (time * np.log1p(time) * variance)), MAX_BET)
    if population is None:
        told, growth = values, np.ones(len(time))
    elif population < len(time):
        raise ValueError("population must be at least the stream's length")
    else:
        left = population - time + 1
        told, growth = values + (np.cumsum(values, axis=-1) - values) / left, population / left
    total = np.cumsum(weights * growth, axis=-1)
    center = np.cumsum(weights * told, axis=-1) / total
    spent = np.cumsum((values - mean) ** 2 * (-np.log1p(-weights) - weights), axis=-1)
    radius = (budget + spent) / total
    return Sequence(low=np.maximum(center - radius, 0.0), high=np.minimum(center + radius, 1.0))


def asymptotic(*, stream: ArrayLike, alpha: float = 0.05, tuned_at: int = 5_000) -> Sequence:
    """
    Compute an asymptotic confidence sequence (Robbins' mixture, running standard deviation).

    Parameters
    ----------
    stream : array-like of shape (..., t)
        Finite values of any unit.
    alpha : float in (0, 1), default=.05
    tuned_at : int, default=5000
        Number of observations at which it is to be narrowest.

    Returns
    -------
    Sequence

    Raises
    ------
    ValueError
        If a value is not finite, there is none, or alpha or tuned_at is out of range.

    Notes
    -----
    Half-width sd sqrt((t r^2 + 1)/(t^2 r^2) ln((t r^2 + 1)/alpha^2)), r^2 = (-2 ln alpha + ln(1 - 2 ln
    alpha)) / tuned_at. Narrower than `empirical_bernstein`, and covers only once the sample is large.
    Cost: O(t). Source: Waudby-Smith et al., 2024.
    """
    values = np.asarray(stream, dtype=np.float64)
    if values.ndim < 1 or values.shape[-1] == 0 or not np.isfinite(values).all():
        raise ValueError("stream: finite values are needed")
    check_fractions(alpha=alpha)
    check_counts(tuned_at=tuned_at)
    time = np.arange(1, values.shape[-1] + 1)
    mean = np.cumsum(values, axis=-1) / time
    # From the first value on: the squares of a stream far from 0 would swallow its spread.
    moved = values - values[..., :1]
    squares = np.cumsum(moved**2, axis=-1) / time - (np.cumsum(moved, axis=-1) / time) ** 2
    variance = np.maximum(squares, 0.0)
    logs = -2 * np.log(alpha)
    rho2 = (logs + np.log(1 + logs)) / tuned_at
    grown = time * rho2 + 1
    radius = np.sqrt(variance * grown / (time**2 * rho2) * np.log(grown / alpha**2))
    return Sequence(low=mean - radius, high=mean + radius)


def _predictable(values: Floats) -> tuple[Floats, Floats]:
    """Return mean and variance of what came before each observation, with 1/2 and 1/4 as a made-up item."""
    time = np.arange(1, values.shape[-1] + 1)
    mean = (0.5 + np.cumsum(values, axis=-1)) / (time + 1)
    variance = (0.25 + np.cumsum((values - mean) ** 2, axis=-1)) / (time + 1)
    first = np.full((*values.shape[:-1], 1), 0.5)
    before = np.concatenate([first, mean[..., :-1]], axis=-1)
    spread = np.concatenate([first / 2, variance[..., :-1]], axis=-1)
    return before, spread


def _process(logs: Floats) -> EProcess:
    # Evidence beyond 1e300 is no larger than 1e300.
    values = np.exp(np.minimum(logs, 690.0))
    largest = np.maximum.accumulate(values, axis=-1)
    return EProcess(values=values, p_values=np.minimum(1.0, 1.0 / np.maximum(largest, 1e-300)))


def _stream(given: ArrayLike) -> Floats:
    values = np.asarray(given, dtype=np.float64)
    if values.ndim < 1 or values.shape[-1] == 0:
        raise ValueError("stream: at least one value is needed")
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError("stream: values in [0, 1] are needed")
    return values
