"""The calibration study: how often honest people are accused, and attackers found.

Every line has a seed of its own, so that it can be repeated alone and the lines can be shared out among
processes. What is counted is reported with its binomial error.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import scipy.stats as sps

from lab.leagues.league import honest_league
from lab.leagues.power import ATTEMPTS, Attempt, Power
from lab.leagues.power import measure as measure_power
from lab.leagues.settings import SETTINGS
from lab.leagues.size import Setting, Size
from lab.leagues.size import measure as measure_size

SHIFTS = (-0.02, 0.0, 0.02)
N_LEAGUES, N_TEAMS, N, M = 400, 40, 2000, 4000
FWER = 0.01  # what CONFIRMED promises for a round
CHUNK = 25
T = TypeVar("T")
LEAGUES, SIZES, POWERS = 0, 1, 2  # streams of random numbers


@dataclass(frozen=True, kw_only=True)
class LeagueCount:
    """
    Honest leagues under one shift between query and fresh items.

    Parameters
    ----------
    shift : float
        How much easier the fresh items are, as a share of items.
    leagues : int
    gate_fired, confirmed, rejected : int
        Leagues in which the gate fired; in which somebody was CONFIRMED; in which Holm at .05 alone would
        reject somebody.
    """

    shift: float
    leagues: int
    gate_fired: int
    confirmed: int
    rejected: int

    @property
    def limit(self) -> int:
        """Leagues with a CONFIRMED that a family-wise error of .01 exceeds with probability .01."""
        return int(sps.binom.ppf(0.99, self.leagues, FWER))


@dataclass(frozen=True, kw_only=True)
class Calibration:
    seed: int
    leagues: list[LeagueCount]
    sizes: list[Size]
    powers: list[Power]


def run(
    *,
    seed: int,
    scale: float = 1.0,
    jobs: int = 1,
    say: Callable[[str], None] = lambda text: None,
) -> Calibration:
    """
    The whole study.

    Parameters
    ----------
    seed : int
    scale : float, default=1
        Share of the full study's repetitions.
    jobs : int
        Processes.
    say : function
        Is told of each line that is done.
    """
    with ProcessPoolExecutor(jobs) as pool:
        counts = [
            pool.map(partial(_leagues, seed, number, scale), range(_chunks(scale)))
            for number in range(len(SHIFTS))
        ]
        sizes = pool.map(partial(_size, seed, scale), range(len(SETTINGS)))
        powers = pool.map(partial(_power, seed, scale), range(len(ATTEMPTS)))
        return Calibration(
            seed=seed,
            leagues=list(_told((_sum(list(each)) for each in counts), say)),
            sizes=list(_told(sizes, say)),
            powers=list(_told(powers, say)),
        )


def count_leagues(*, shift: float, n_leagues: int, rng: np.random.Generator) -> LeagueCount:
    judged = [
        honest_league(n_teams=N_TEAMS, n=N, m=M, shift=shift, rng=rng) for _ in range(n_leagues)
    ]
    return LeagueCount(
        shift=shift,
        leagues=n_leagues,
        gate_fired=sum(each.gate_fired for each in judged),
        confirmed=sum(each.confirmed > 0 for each in judged),
        rejected=sum(each.rejected > 0 for each in judged),
    )


def _chunks(scale: float) -> int:
    return max(1, round(N_LEAGUES * scale / CHUNK))


def _leagues(seed: int, number: int, scale: float, chunk: int) -> LeagueCount:
    rng = np.random.default_rng([seed, LEAGUES, number, chunk])
    n_leagues = min(CHUNK, max(1, round(N_LEAGUES * scale)))
    return count_leagues(shift=SHIFTS[number], n_leagues=n_leagues, rng=rng)


def _sum(parts: Sequence[LeagueCount]) -> LeagueCount:
    return LeagueCount(
        shift=parts[0].shift,
        leagues=sum(each.leagues for each in parts),
        gate_fired=sum(each.gate_fired for each in parts),
        confirmed=sum(each.confirmed for each in parts),
        rejected=sum(each.rejected for each in parts),
    )


def _size(seed: int, scale: float, number: int) -> Size:
    setting: Setting = SETTINGS[number]
    return measure_size(
        setting=setting,
        reps=max(1, round(setting.reps * scale)),
        rng=np.random.default_rng([seed, SIZES, number]),
    )


def _power(seed: int, scale: float, number: int) -> Power:
    attempt: Attempt = ATTEMPTS[number]
    return measure_power(
        attempt=attempt,
        reps=max(1, round(attempt.reps * scale)),
        rng=np.random.default_rng([seed, POWERS, number]),
    )


def _told(lines: Iterator[T], say: Callable[[str], None]) -> Iterator[T]:
    for line in lines:
        say(str(line))
        yield line
