"""Monte Carlo p-values by betting: draws are made only as long as the answer is open.

Under the null hypothesis the observed value and those of the draws are exchangeable, so the number of the
first t draws that reach it is uniform on 0..t. A bet against that whose wealth is a martingale gives a
p-value that is valid whenever one stops [1]_ (docs/method.md, "Bets").

References
----------
.. [1] L. Fischer and A. Ramdas, "Sequential Monte Carlo testing by betting", JRSS B, 2025.
"""

import numpy as np
import scipy.special
from numpy.typing import NDArray

from stats.arguments import check_fractions

# The bet is on p-values up to this share of the level: one that is clearly below it is found soonest.
SHARE_OF_LEVEL = 0.9
# With more exceedances than this a file is given up: its p-value is hardly below the level.
MAX_EXCEEDANCES = 10
# Draws, in units of 1 / level: with up to four exceedances among them the bet still rejects.
MAX_DRAWS = 10.0


class Bet:
    """
    The running bet against one observed value.

    Parameters
    ----------
    level : float in (0, 1)
        Level at which the bet is to reject: the first Holm level.

    Notes
    -----
    Binomial mixture with a uniform prior on [0, c], c = .9 level: after t draws of which L reached the
    observed value, the wealth is P(Bin(t+1, c) > L) / c. Without any, it reaches 1 / level after ln(10) / c
    draws. The p-value is one over the largest wealth so far, by Ville's inequality.
    """

    def __init__(self, *, level: float) -> None:
        check_fractions(level=level)
        self.level = level
        self.n_draws = 0
        self.n_exceeding = 0
        self._largest = 1.0

    @property
    def p_value(self) -> float:
        """Valid whenever the bet is looked at."""
        return 1.0 / self._largest

    @property
    def p_estimate(self) -> float:
        """(1 + L) / (1 + t): the p-value's estimate, which is not valid under optional stopping."""
        return (1 + self.n_exceeding) / (1 + self.n_draws)

    @property
    def is_settled(self) -> bool:
        """Whether it rejects at the level, or is given up."""
        return (
            self.p_value <= self.level
            or self.n_exceeding >= MAX_EXCEEDANCES
            or self.n_draws >= MAX_DRAWS / self.level
        )

    def add(self, *, exceeds: NDArray[np.bool_]) -> None:
        """
        Go on with further draws.

        Parameters
        ----------
        exceeds : array of shape (draws,), bool
            Which of them reached the observed value, in the order in which they were made.
        """
        where = np.flatnonzero(exceeds)
        # Between exceedances wealth only grows: its peaks are right before each, and at the end.
        draws = self.n_draws + np.append(where, len(exceeds))
        exceeding = self.n_exceeding + np.arange(len(where) + 1)
        share = SHARE_OF_LEVEL * self.level
        # P(Bin(t+1, c) > L) is the regularised incomplete beta function.
        wealth = scipy.special.betainc(exceeding + 1.0, draws - exceeding + 1.0, share) / share
        self.n_draws += len(exceeds)
        self.n_exceeding += len(where)
        self._largest = max(self._largest, float(wealth.max()))
