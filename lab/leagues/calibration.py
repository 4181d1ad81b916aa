"""The calibration study: how often honest people are accused, and attackers found.

Every chunk of leagues has a seed of its own, so that it can be repeated alone and the chunks can be shared
out among processes. What is counted is reported with its binomial error.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TypeVar

import numpy as np
import scipy.stats as sps

from lab.leagues.league import judge, untuned
from lab.leagues.power import ATTEMPTS, Power
from lab.leagues.power import measure as measure_power
from lab.leagues.settings import SETTINGS, Setting
from stats.gate import gate
from stats.team_tests import BEST_SCORED, FAMILY_WISE_ERROR, FINAL, ORGANIZER, OWN_FILES

CHUNK = 25
LEVELS = (0.05, 0.01)
LEAGUES, POWERS, GATES = 0, 1, 2  # streams of random numbers
GATE_LEAGUES = 200
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """
    What was counted of some leagues of one setting.

    Parameters
    ----------
    leagues : int
    confirmed : int
        Leagues in which somebody was CONFIRMED.
    rejections : Counter
        By (file, kind of reference, level): teams with a p-value of at most the level. By (file, kind):
        teams.
    """

    leagues: int
    confirmed: int
    rejections: Counter[tuple[object, ...]]


@dataclass(frozen=True, kw_only=True)
class LeagueCount:
    """
    What was counted of one setting's leagues, chunk by chunk.

    Parameters
    ----------
    setting : Setting
    chunks : sequence of Chunk
    """

    setting: Setting
    chunks: Sequence[Chunk]

    @property
    def leagues(self) -> int:
        return sum(each.leagues for each in self.chunks)

    @property
    def confirmed(self) -> int:
        """Leagues in which somebody was CONFIRMED."""
        return sum(each.confirmed for each in self.chunks)

    @property
    def limit(self) -> int:
        """Leagues with a CONFIRMED that a family-wise error of .01 exceeds in few of all studies."""
        return most(self.leagues)

    def share(self, *, file: str, kind: str, level: float) -> tuple[float, float]:
        """
        Return the share of tests of one kind that reject, and its standard error; NaN where none could run.

        The teams of a league have the split, items and references in common, so the error is that over
        chunks of leagues; NaN for a single chunk.
        """
        tests = np.array([each.rejections[file, kind] for each in self.chunks], dtype=float)
        rejected = np.array([each.rejections[file, kind, level] for each in self.chunks])
        if not tests.sum():
            return math.nan, math.nan
        value = rejected.sum() / tests.sum()
        n = len(self.chunks)
        if n < 2:
            return float(value), math.nan
        squares = np.square(rejected - value * tests).sum()
        return float(value), float(np.sqrt(n / (n - 1) * squares) / tests.sum())


@dataclass(frozen=True, kw_only=True)
class GateCount:
    """
    How often the gate fired on leagues of one setting.

    Parameters
    ----------
    setting : Setting
    leagues, fired : int
    """

    setting: Setting
    leagues: int
    fired: int

    @property
    def limit(self) -> int:
        """Leagues in which a gate at .01 fires at most, but in few of all studies."""
        return most(self.leagues)


@dataclass(frozen=True, kw_only=True)
class Calibration:
    seed: int
    leagues: list[LeagueCount]
    gates: list[GateCount]
    powers: list[Power]


def most(leagues: int) -> int:
    """Return what an error of .01 exceeds of so many leagues with a probability below 1 in 2,500."""
    return int(sps.binom.isf(4e-4, leagues, FAMILY_WISE_ERROR))


def run(
    *,
    seed: int,
    scale: float = 1.0,
    jobs: int = 1,
    say: Callable[[str], None] = lambda text: None,
) -> Calibration:
    """
    Run the whole study.

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
            pool.map(partial(_leagues, seed, number, scale), range(_chunks(setting, scale)))
            for number, setting in enumerate(SETTINGS)
        ]
        gates = pool.map(partial(_gates, seed, scale), range(len(SETTINGS)))
        powers = pool.map(partial(_power, seed, scale), range(len(ATTEMPTS)))
        leagues = (
            LeagueCount(setting=setting, chunks=list(each))
            for setting, each in zip(SETTINGS, counts, strict=True)
        )
        return Calibration(
            seed=seed,
            leagues=list(_told(leagues, say)),
            gates=list(_told(gates, say)),
            powers=list(_told(powers, say)),
        )


def count_leagues(*, setting: Setting, n_leagues: int, rng: np.random.Generator) -> Chunk:
    """Play and judge leagues of one setting."""
    judged = [judge(league=setting.play(rng), rng=rng) for _ in range(n_leagues)]
    rejections: Counter[tuple[object, ...]] = Counter()
    for each in judged:
        for tests in each.tests.values():
            for file, kind in product((FINAL, BEST_SCORED), (OWN_FILES, ORGANIZER)):
                # A file that is its own reference cannot reject. It counts: the draw chose that file.
                test = tests.tests.get((file, kind))
                rejections[file, kind] += kind == ORGANIZER or tests.k > 1
                for level in LEVELS:
                    rejections[file, kind, level] += test is not None and test.p_estimate <= level
    return Chunk(
        leagues=len(judged),
        confirmed=sum(each.confirmed > 0 for each in judged),
        rejections=rejections,
    )


def count_gates(*, setting: Setting, n_leagues: int, rng: np.random.Generator) -> GateCount:
    """Play leagues of one setting, and compare their references and first files alone."""
    played = (setting.play(rng) for _ in range(n_leagues))
    return GateCount(
        setting=setting,
        leagues=n_leagues,
        fired=sum(
            gate(items=untuned(league), draw=league.drawn, rng=rng).fired for league in played
        ),
    )


def _chunks(setting: Setting, scale: float) -> int:
    return max(1, round(setting.leagues * scale / CHUNK))


def _leagues(seed: int, number: int, scale: float, chunk: int) -> Chunk:
    return count_leagues(
        setting=SETTINGS[number],
        n_leagues=min(CHUNK, max(1, round(SETTINGS[number].leagues * scale))),
        rng=np.random.default_rng([seed, LEAGUES, number, chunk]),
    )


def _gates(seed: int, scale: float, number: int) -> GateCount:
    return count_gates(
        setting=SETTINGS[number],
        n_leagues=max(1, round(GATE_LEAGUES * scale)),
        rng=np.random.default_rng([seed, GATES, number]),
    )


def _power(seed: int, scale: float, number: int) -> Power:
    attempt = ATTEMPTS[number]
    return measure_power(
        attempt=attempt,
        reps=max(1, round(attempt.reps * scale)),
        rng=np.random.default_rng([seed, POWERS, number]),
    )


def _told(lines: Iterator[T], say: Callable[[str], None]) -> Iterator[T]:
    for line in lines:
        say(str(line))
        yield line
