"""Cadence: how regularly, how fast and when in the day a team submits. Informational only."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from stats.fingerprints.contract import finite_vector

HOUR = 3600.0
DAY = 24 * HOUR
NIGHT_ENDS = 6 * HOUR


@dataclass(frozen=True, kw_only=True)
class Cadence:
    """
    A team's pace; nothing of it is ever a flag, for a pipeline that reports each commit looks like a bot.

    Parameters
    ----------
    per_hour : float
        Submissions after the first, over the hours between first and last; infinite at one moment.
    variation : float
        Coefficient of variation of the times between submissions, ddof 1; 0 for a clockwork, about 1 for
        independent moments; NaN with fewer than three submissions or all at one moment.
    night_share : float
        Share submitted between 0 and 6 o'clock.
    words : str
    """

    per_hour: float
    variation: float
    night_share: float
    words: str


def cadence(*, times: ArrayLike) -> Cadence:
    """
    Describe when a team submitted.

    Parameters
    ----------
    times : array-like of shape (k,), k >= 1
        Seconds since some midnight of the clock that "night" refers to, not decreasing.

    Returns
    -------
    Cadence
        With one submission the pace is 0.

    Raises
    ------
    ValueError
        If times are not finite or decrease.

    Notes
    -----
    Cost: O(k). Source: docs/method.md, "Fingerprints".
    """
    moments = finite_vector(given=times, name="times")
    between = np.diff(moments)
    if (between < 0).any():
        raise ValueError("times must not decrease")
    hours = float(between.sum() / HOUR)
    per_hour = 0.0
    if len(between):
        per_hour = len(between) / hours if hours > 0 else np.inf
    variation = np.nan
    if len(between) >= 2 and hours > 0:
        variation = float(between.std(ddof=1) / between.mean())
    night = float(np.mean(moments % DAY < NIGHT_ENDS))
    return Cadence(
        per_hour=per_hour,
        variation=variation,
        night_share=night,
        words=f"{per_hour:.2g} submissions an hour, {night:.0%} of them at night.",
    )
