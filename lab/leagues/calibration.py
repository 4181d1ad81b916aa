"""The calibration study: how often honest people are accused, and attackers found.

Every chunk of leagues has a seed of its own, so that it can be repeated alone and the chunks can be shared
out among processes. What is counted is reported with its binomial error.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TypeVar

import numpy as np
import scipy.stats as sps

from lab.leagues.league import Judged, judge
from lab.leagues.power import ATTEMPTS, Power
from lab.leagues.power import measure as measure_power
from lab.leagues.settings import SETTINGS, Setting
from stats.accusation import BEST_SCORED, FAMILY_WISE_ERROR, FINAL, ORGANISER, OWN_FILES
from stats.verdict import ShiftGate, Verdict

CHUNK = 25
LEVELS = (0.05, 0.01)
LEAGUES, POWERS = 0, 1  # streams of random numbers
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class LeagueCount:
    """
    What was counted of one setting's leagues.

    Parameters
    ----------
    setting : Setting
    leagues : int
    confirmed, gate_fired : int
        Leagues in which somebody was CONFIRMED; in which the gate fired.
    teams, within_luck : int
        Teams, and those that were WITHIN_LUCK.
    rejections : Counter
        By (file, kind of reference, level): teams with a p-value of at most the level. By (file, kind):
        teams.
    """

    setting: Setting
    leagues: int
    confirmed: int
    gate_fired: int
    teams: int
    within_luck: int
    rejections: Counter[tuple[object, ...]]

    @property
    def limit(self) -> int:
        """Leagues with a CONFIRMED that a family-wise error of .01 exceeds with probability .0004."""
        return int(sps.binom.isf(4e-4, self.leagues, FAMILY_WISE_ERROR))

    def share(self, *, file: str, kind: str, level: float) -> float:
        """Of the tests of one kind, those that reject; NaN where none could run."""
        n_tests = self.rejections[file, kind]
        return self.rejections[file, kind, level] / n_tests if n_tests else float("nan")


@dataclass(frozen=True, kw_only=True)
class Calibration:
    seed: int
    leagues: list[LeagueCount]
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
            pool.map(partial(_leagues, seed, number, scale), range(_chunks(setting, scale)))
            for number, setting in enumerate(SETTINGS)
        ]
        powers = pool.map(partial(_power, seed, scale), range(len(ATTEMPTS)))
        return Calibration(
            seed=seed,
            leagues=list(_told((_sum(list(each)) for each in counts), say)),
            powers=list(_told(powers, say)),
        )


def count_leagues(*, setting: Setting, n_leagues: int, rng: np.random.Generator) -> LeagueCount:
    """Play and judge leagues of one setting."""
    return _count(setting, [judge(league=setting.play(rng), rng=rng) for _ in range(n_leagues)])


def _count(setting: Setting, judged: Sequence[Judged]) -> LeagueCount:
    rejections: Counter[tuple[object, ...]] = Counter()
    for each in judged:
        for tests in each.tests.values():
            for file, kind in product((FINAL, BEST_SCORED), (OWN_FILES, ORGANISER)):
                # A file that is its own reference cannot reject. It counts: the draw chose that file.
                test = tests.tests.get((file, kind))
                rejections[file, kind] += kind == ORGANISER or tests.k > 1
                for level in LEVELS:
                    rejections[file, kind, level] += test is not None and test.p_estimate <= level
    return LeagueCount(
        setting=setting,
        leagues=len(judged),
        confirmed=sum(each.confirmed > 0 for each in judged),
        gate_fired=sum(each.gate == ShiftGate.FIRED for each in judged),
        teams=sum(len(each.verdicts) for each in judged),
        within_luck=sum(each.verdicts.count(Verdict.WITHIN_LUCK) for each in judged),
        rejections=rejections,
    )


def _chunks(setting: Setting, scale: float) -> int:
    return max(1, round(setting.leagues * scale / CHUNK))


def _leagues(seed: int, number: int, scale: float, chunk: int) -> LeagueCount:
    return count_leagues(
        setting=SETTINGS[number],
        n_leagues=min(CHUNK, max(1, round(SETTINGS[number].leagues * scale))),
        rng=np.random.default_rng([seed, LEAGUES, number, chunk]),
    )


def _sum(parts: Sequence[LeagueCount]) -> LeagueCount:
    return LeagueCount(
        setting=parts[0].setting,
        leagues=sum(each.leagues for each in parts),
        confirmed=sum(each.confirmed for each in parts),
        gate_fired=sum(each.gate_fired for each in parts),
        teams=sum(each.teams for each in parts),
        within_luck=sum(each.within_luck for each in parts),
        rejections=_total(each.rejections for each in parts),
    )


def _total(counters: Iterable[Counter[tuple[object, ...]]]) -> Counter[tuple[object, ...]]:
    total: Counter[tuple[object, ...]] = Counter()
    for each in counters:
        total.update(each)
    return total


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
