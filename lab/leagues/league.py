"""A league of honest teams, judged as an audit judges: who is CONFIRMED though nobody attacked?"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lab.leagues import players
from lab.leagues.players import Menu, Player
from lab.leagues.pool import Pool, Right, make_pool
from stats import inflation
from stats.accusation import Columns, Contestant, TeamTests, accuse

DELTA0 = 0.005
N_REFERENCES = 3
# First files that came before anybody had an answer: they count for the gate, beside the references.
N_EARLY = 3
FWER = 0.05  # of the Holm procedure that is printed beside the product's


@dataclass(frozen=True, kw_only=True)
class Judged:
    """
    One league's outcome.

    Parameters
    ----------
    gate_fired : bool
    confirmed : int
        Teams that would be CONFIRMED.
    rejected : int
        Teams that Holm at .05 (.025 for each of the two tests) would reject, without gate, shuffle and
        delta0.
    """

    gate_fired: bool
    confirmed: int
    rejected: int


def honest_league(
    *, n_teams: int, n: int, m: int, shift: float, rng: np.random.Generator
) -> Judged:
    """
    Play and judge one league.

    Parameters
    ----------
    n_teams : int
    n, m : int
        Query and fresh items.
    shift : float
        How much easier the fresh items are, as a share of items.
    rng : numpy Generator

    Notes
    -----
    Of 20 teams 8 improve, 4 shop for seeds, 2 begin weakly, 4 share a starter notebook and 2 build
    ensembles of what scored best; 5 to 30 submissions each.
    """
    pool = make_pool(n=n, m=m, rng=rng, shift=shift)
    start = pool.varied(pool.ease, share=0.3, columns=None, rng=rng)
    kinds: list[Player] = [
        *[players.improving] * 8,
        *[players.seeds] * 4,
        *[players.weak_first] * 2,
        *[players.notebook(start)] * 4,
        *[players.ensembler] * 2,
    ]
    menus = [
        kinds[team % len(kinds)](pool, int(rng.integers(5, 31)), rng) for team in range(n_teams)
    ]
    return judge(pool=pool, menus=menus, references=references(pool, rng), rng=rng)


def references(pool: Pool, rng: np.random.Generator) -> Right:
    """Frozen organiser models of different families, shape (n+m, 3)."""
    latent = np.column_stack([pool.lineage(own=0.4, rng=rng) for _ in range(N_REFERENCES)])
    return pool.right(latent, skill=np.array([0.72, 0.74, 0.75]))


def judge(*, pool: Pool, menus: list[Menu], references: Right, rng: np.random.Generator) -> Judged:
    tests = accuse(
        contestants={team: _contestant(pool, menu) for team, menu in enumerate(menus)},
        references=columns(pool, references),
        delta0=DELTA0,
        is_mean=True,
        generator=_generators(rng),
    )
    untuned = np.column_stack([references, *(menu.right[:, 0] for menu in menus[:N_EARLY])])
    items = untuned.mean(axis=1)
    gate = inflation.gate(query_items=items[: pool.n], fresh_items=items[pool.n :])
    accused = sum(each.accuses(delta0=DELTA0) for each in tests.values())
    return Judged(
        gate_fired=gate.fired,
        confirmed=0 if gate.fired else accused,
        rejected=sum(_rejected(each) for each in tests.values()),
    )


def columns(pool: Pool, right: Right) -> Columns:
    """Scores by items for the statistics."""
    query, fresh = right[: pool.n], right[pool.n :]
    return Columns(
        query=query, fresh=fresh, query_exact=query.mean(axis=0), fresh_exact=fresh.mean(axis=0)
    )


def _contestant(pool: Pool, menu: Menu) -> Contestant:
    return Contestant(columns=columns(pool, menu.right), final=menu.final)


def _rejected(tests: TeamTests) -> bool:
    return any(each.adjusted <= FWER / 2 for each in (tests.own_first, tests.organiser) if each)


def _generators(rng: np.random.Generator) -> Callable[..., np.random.Generator]:
    entropy = int(rng.integers(2**63))

    def generator(kind: str, team: int) -> np.random.Generator:
        return np.random.default_rng([entropy, team, *kind.encode()])

    return generator
