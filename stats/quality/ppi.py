"""Prediction-powered inference: few labels and many guesses (docs/method.md, "Prediction-powered inference").

The guesses come from a frozen judge model; a team's own confidence would let the team choose its score.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stats.arguments import check_fractions
from stats.intervals import Interval, two_sided_z

Floats = NDArray[np.float64]

# Of fewer the normal interval is too short: that of 5 labels covers in .82 of samples where .95 is stated.
MIN_ITEMS = 20


@dataclass(frozen=True, kw_only=True)
class PredictionPowered:
    """
    A mean from labels and guesses.

    Parameters
    ----------
    estimate : float
        In the labels' unit.
    se : float
    interval : Interval
    power : float in [0, 1]
        lambda: how much the guesses count; 0 is the labels' own mean.
    classical : Interval
        From the labels alone, for comparison.
    """

    estimate: float
    se: float
    interval: Interval
    power: float
    classical: Interval


def prediction_powered_mean(
    *,
    labels: ArrayLike,
    guesses: ArrayLike,
    unlabeled_guesses: ArrayLike,
    confidence_level: float = 0.95,
) -> PredictionPowered:
    """
    Estimate a mean from few labels and many predictions (PPI++).

    Parameters
    ----------
    labels, guesses : array-like of shape (n,)
        Labeled items: what was measured, and what the judge says of them.
    unlabeled_guesses : array-like of shape (N,)
        What the judge says of items without labels.
    confidence_level : float in (0, 1)

    Returns
    -------
    PredictionPowered

    Raises
    ------
    ValueError
        If lengths differ, there are fewer than 20 labeled or 20 unlabeled items, a value is not finite, or
        the level is out of range.

    Notes
    -----
    theta = l mean(unlabeled) + mean(Y - l f), var = l^2 Var(unlabeled)/N + Var(Y - l f)/n, l = Cov(Y,
    f)/((1 + n/N) Var f) cut to [0, 1], Var f over all guesses with divisor n+N-1, the other variances
    with divisor n. The interval is normal: at .95 it covers normal values in .92 of samples of 20 labels and
    .94 of 50, a share of 10 % in .83 and .88 (4,000 runs): give it 100 where values are rare or skewed.
    Assumes labeled and unlabeled items from one population. Cost: O(n+N). Source:
    Angelopoulos, Duchi and Zrnic, 2023; the divisors are those of ppi_py 0.2.3.
    """
    truth, guess = _finite(labels, "labels"), _finite(guesses, "guesses")
    rest = _finite(unlabeled_guesses, "unlabeled_guesses")
    if truth.shape != guess.shape:
        raise ValueError("guesses: one for each label is needed")
    check_fractions(confidence_level=confidence_level)
    n, unlabeled = len(truth), len(rest)
    spread = float(np.var(np.concatenate([guess, rest]), ddof=1))
    covariance = float(np.mean((truth - truth.mean()) * (guess - guess.mean())))
    power = 0.0
    if spread > 0:
        power = float(np.clip(covariance / ((1 + n / unlabeled) * spread), 0.0, 1.0))
    rectifier = truth - power * guess
    estimate = float(power * rest.mean() + rectifier.mean())
    se = float(np.sqrt(power**2 * rest.var() / unlabeled + rectifier.var() / n))
    z = two_sided_z(confidence_level)
    alone = z * float(truth.std() / np.sqrt(n))
    return PredictionPowered(
        estimate=estimate,
        se=se,
        interval=Interval(low=estimate - z * se, high=estimate + z * se),
        power=power,
        classical=Interval(low=float(truth.mean()) - alone, high=float(truth.mean()) + alone),
    )


def _finite(given: ArrayLike, name: str) -> Floats:
    values = np.asarray(given, dtype=np.float64)
    if values.ndim != 1 or len(values) < MIN_ITEMS or not np.isfinite(values).all():
        raise ValueError(f"{name}: at least {MIN_ITEMS} finite values are needed")
    return values
