"""How often the accusation's single test rejects honest teams, setting by setting.

Each setting plays one team many times and counts p <= .05 and p <= .01, against the team's own first file
(5a) and against three references (5b). Where a player never uses an answer the test should reject as
often as stated; where it does (`ensembler`, `keeper`, `luckiest`) the figure says what honest adaptivity
costs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.leagues import players
from lab.leagues.league import columns, references
from lab.leagues.players import Menu, Player
from lab.leagues.pool import Pool, Right, make_pool
from stats import inflation
from stats.inflation import Sadd
from stats.menu import menu

LEVELS = (0.05, 0.01)
# Enough for an exact test at .05 and .01, where the Gaussian form's covariance would take too long.
N_SHUFFLES = 399
MANY = 500


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One team's p-values: NaN where a test could not run. `inflation` is 5a's, else 5b's."""

    own_first: float
    organiser: float
    inflation: float


@dataclass(frozen=True, kw_only=True)
class Setting:
    """
    One line of the study.

    Parameters
    ----------
    name : str
    play : function
        One team of one league.
    reps : int
        Leagues in the full study.
    adaptive : bool
        Whether answers shape the files, so that some inflation is real.
    """

    name: str
    play: Callable[[np.random.Generator], Outcome]
    reps: int
    adaptive: bool = False


@dataclass(frozen=True, kw_only=True)
class Size:
    """
    Measured rates of one setting.

    Parameters
    ----------
    setting : Setting
    reps : int
    own_first, organiser : dict from level to the share of rejections
        NaN where the test cannot run.
    inflation : float
        Mean D, in the metric's units.
    """

    setting: Setting
    reps: int
    own_first: dict[float, float]
    organiser: dict[float, float]
    inflation: float


def measure(*, setting: Setting, reps: int, rng: np.random.Generator) -> Size:
    found = [setting.play(rng) for _ in range(reps)]
    own = np.array([each.own_first for each in found])
    organiser = np.array([each.organiser for each in found])
    return Size(
        setting=setting,
        reps=reps,
        own_first=_shares(own),
        organiser=_shares(organiser),
        inflation=float(np.mean([each.inflation for each in found])),
    )


def _shares(p_values: NDArray[np.float64]) -> dict[float, float]:
    ran = p_values[~np.isnan(p_values)]
    return {level: float(np.mean(ran <= level)) if len(ran) else np.nan for level in LEVELS}


def tested(
    *, pool: Pool, right: Right, final: int, stood: Right, rng: np.random.Generator
) -> Outcome:
    """Both tests of one menu of right-or-wrong answers."""
    own = _one(pool, right, final, right[:, :1], rng) if final else None
    organiser = _one(pool, right, final, stood, rng)
    return Outcome(
        own_first=np.nan if own is None else own.p_value,
        organiser=organiser.p_value,
        inflation=(own or organiser).inflation,
    )


def _one(pool: Pool, right: Right, final: int, against: Right, rng: np.random.Generator) -> Sadd:
    given, reference = columns(pool, right), columns(pool, against)
    stacked = menu(
        query_scores=given.query,
        fresh_scores=given.fresh,
        query_references=reference.query,
        fresh_references=reference.fresh,
    )
    if given.k > MANY:
        return inflation.sadd_shuffle(menu=stacked, final=final, rng=rng, n_draws=N_SHUFFLES)
    return inflation.sadd(menu=stacked, final=final, rng=rng, alpha=LEVELS[0])


def honest(
    rng: np.random.Generator, *, player: Player, k: int, n: int, m: int, shift: float = 0.0
) -> Outcome:
    pool = make_pool(n=n, m=m, rng=rng, shift=shift)
    played = player(pool, k, rng)
    return tested(
        pool=pool, right=played.right, final=played.final, stood=references(pool, rng), rng=rng
    )


def ties(pool: Pool, k: int, rng: np.random.Generator) -> Menu:
    """Files that come in threes, every other one edited in one item: many tie for the best."""
    played = players.seeds(pool, -(-k // 3), rng)
    right = np.repeat(played.right, 3, axis=1)[:, :k].copy()
    edited = rng.integers(len(right), size=k)
    right[edited[::2], np.arange(k)[::2]] ^= True
    return players.best_released(pool, right)


def odd_first(pool: Pool, k: int, rng: np.random.Generator) -> Menu:
    """An odd first file, right at random, then honest work: a noisy reference for 5a."""
    played = players.improving(pool, k, rng)
    right = played.right.copy()
    right[:, 0] = rng.random(len(right)) < 0.5
    return players.best_released(pool, right)


def decoys(pool: Pool, k: int, rng: np.random.Generator) -> Menu:
    """Half of the files are random answers around honest ones."""
    played = players.improving(pool, k - k // 2, rng)
    noise = rng.random((len(played.right), k // 2)) < 0.5
    return players.best_released(pool, np.column_stack([played.right, noise]))


def stops_when_lucky(pool: Pool, k: int, rng: np.random.Generator) -> Menu:
    """Stops at the first answer 1.5 standard errors above its first one: the answers say when."""
    right = players.seeds(pool, k, rng).right
    scores = right[: pool.n].mean(axis=0)
    se = np.std(right[: pool.n, 1].astype(float) - right[: pool.n, 0]) / np.sqrt(pool.n)
    lucky = np.flatnonzero(scores > scores[0] + 1.5 * se)
    return players.best_released(pool, right[:, : lucky[0] + 1] if len(lucky) else right)


def luckiest(pool: Pool, k: int, rng: np.random.Generator) -> Menu:
    """Declares the file with the largest released score minus own validation score, of 2,000 items."""
    right = players.improving(pool, k, rng).right
    own = np.linspace(0.75, 0.79, k) + rng.normal(0, np.sqrt(0.18 / 2000), k)
    return Menu(right=right, final=int(np.argmax(right[: pool.n].mean(axis=0) - own)))


def clean_account(rng: np.random.Generator, *, n: int, m: int) -> Outcome:
    """A single honest file: only the references can be compared with."""
    pool = make_pool(n=n, m=m, rng=rng)
    right = players.improving(pool, 1, rng).right
    return tested(pool=pool, right=right, final=0, stood=references(pool, rng), rng=rng)


def clustered(rng: np.random.Generator, *, n: int, m: int, size: int, k: int) -> Outcome:
    """Whole clusters of alike items were drawn; items of a cluster are right or wrong together."""
    clusters = make_pool(n=n // size, m=m // size, rng=rng)
    alike = np.repeat(players.seeds(clusters, k + 3, rng).right, size, axis=0)
    noise = rng.random(alike.shape) < 0.1
    right = alike ^ noise
    cluster = np.repeat(np.arange(len(right) // size), size)
    n_query = n // size * size
    return _drawn(right, n_query, k, rng, {"clusters": cluster})


def stratified(rng: np.random.Generator, *, n: int, m: int, k: int) -> Outcome:
    """Easy and hard items were drawn apart, three quarters of the hard ones as fresh."""
    pool = make_pool(n=n, m=m, rng=rng)
    hard = np.arange(n + m) % n < np.where(np.arange(n + m) < n, n // 4, n // 2)
    right = players.seeds(pool, k + 3, rng).right & ~(
        hard[:, None] & (rng.random((n + m, k + 3)) < 0.4)
    )
    return _drawn(right, n, k, rng, {"strata": hard})


def _drawn(
    right: Right, n: int, k: int, rng: np.random.Generator, how: Mapping[str, NDArray[Any]]
) -> Outcome:
    final = int(np.argmax(right[:n, :k].mean(axis=0)))
    p_values, found = [], []
    for against in (right[:, :1], right[:, k:]):
        stacked = menu(
            query_scores=right[:n, :k],
            fresh_scores=right[n:, :k],
            query_references=against[:n],
            fresh_references=against[n:],
            **{f"query_{name}": values[:n] for name, values in how.items()},
            **{f"fresh_{name}": values[n:] for name, values in how.items()},
        )
        result = inflation.sadd(menu=stacked, final=final, rng=rng, alpha=LEVELS[0])
        p_values.append(result.p_value)
        found.append(result.inflation)
    return Outcome(
        own_first=p_values[0] if final else np.nan,
        organiser=p_values[1],
        inflation=found[0] if final else found[1],
    )
