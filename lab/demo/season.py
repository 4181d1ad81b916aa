"""
One season: the whole cast plays one benchmark, each team at its own desk.

Every player draws from its own stream, so what it does depends on its own answers alone; the order
of play may change who finishes when and must not change any release.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lab.demo.cast import booster, climber, evader, honest, references, shopper, swapper, sybil
from lab.demo.cast.ground import Ground
from lab.demo.desk import Desk, Predictions
from lab.demo.weather.series import Published

Order = Literal["interleaved", "attackers-first", "attackers-last"]
Role = Literal["reference", "honest", "shopper", "attacker"]

SHOPPER = "shopper"
BOOSTER = "booster"
CLIMBER = "climber"
EVADER = "evader"
SWAPPER = "swapper"
SYBILS = tuple(f"sybil-{account:02d}" for account in range(1, sybil.N_ACCOUNTS + 1))
HONEST = tuple(honest.TEAMS)
REFERENCES = tuple(references.recipes())
ATTACKERS = (BOOSTER, CLIMBER, EVADER, SWAPPER)
TEAMS = (*HONEST, SHOPPER, *ATTACKERS)

# Each player's stream of random numbers: the season's seed and one of these.
BOOSTER_STREAM, CLIMBER_STREAM, SYBIL_STREAM, SWAPPER_STREAM = 1, 2, 3, 5

Finals = dict[str, Predictions]


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Every file that was made before the first answer; the same for every benchmark."""

    references: dict[str, Predictions]
    honest: dict[str, list[Predictions]]
    shopper: list[Predictions]
    booster: Ground
    climber: Ground
    swapper: Ground
    sybil: sybil.Disguise


def role_of(*, team: str) -> Role:
    if team in REFERENCES:
        return "reference"
    if team in HONEST:
        return "honest"
    return "shopper" if team == SHOPPER else "attacker"


def train(*, weather: Published) -> Cast:
    return Cast(
        references=references.train(weather=weather),
        honest=honest.train(weather=weather),
        shopper=shopper.train(weather=weather),
        booster=booster.train(weather=weather),
        climber=climber.train(weather=weather),
        swapper=swapper.train(weather=weather),
        sybil=sybil.train(weather=weather),
    )


def n_answers(*, cast: Cast, with_sybils: bool) -> int:
    """Count the submissions whose answers the teams of one board wait for."""
    fair = sum(map(len, cast.honest.values())) + len(cast.shopper)
    attackers = booster.N_SUBMISSIONS + climber.N_SUBMISSIONS + swapper.N_SUBMISSIONS + 1
    coalition = sybil.N_ACCOUNTS * sybil.N_SUBMISSIONS if with_sybils else 0
    return fair + attackers + coalition


def play(
    *,
    cast: Cast,
    desks: Mapping[str, Desk],
    seed: int,
    order: Order,
    stopping: threading.Event | None = None,
) -> Finals:
    """
    Play one benchmark to the end and give each team's declared final.

    The sybil plays if its desks are there. Within a phase the players run side by side; when one
    fails, `stopping` is set, which ends the others at desks that share it.
    """
    fair = _fair_players(cast=cast, desks=desks)
    attackers = _attackers(cast=cast, desks=desks, seed=seed)
    phases = {
        "interleaved": [fair + attackers],
        "attackers-first": [attackers, fair],
        "attackers-last": [fair, attackers],
    }[order]
    finals: Finals = {}
    for players in phases:
        finals |= _side_by_side(players=players, stopping=stopping or threading.Event())
    return finals


def _side_by_side(*, players: Sequence[Callable[[], Finals]], stopping: threading.Event) -> Finals:
    with ThreadPoolExecutor(max_workers=len(players)) as pool:
        futures = [pool.submit(player) for player in players]
        done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        errors = [error for future in done if (error := future.exception()) is not None]
        if errors:
            stopping.set()
            raise errors[0]
        finals: Finals = {}
        for future in futures:
            finals |= future.result()
        return finals


def _fair_players(*, cast: Cast, desks: Mapping[str, Desk]) -> list[Callable[[], Finals]]:
    def honest_team(name: str) -> Callable[[], Finals]:
        attempts = cast.honest[name]
        return lambda: {name: honest.play(desk=desks[name], attempts=attempts)}

    def seed_shopper() -> Finals:
        return {SHOPPER: shopper.play(desk=desks[SHOPPER], candidates=cast.shopper)}

    return [*(honest_team(name) for name in HONEST), seed_shopper]


def _attackers(*, cast: Cast, desks: Mapping[str, Desk], seed: int) -> list[Callable[[], Finals]]:
    def booster_then_evader() -> Finals:
        rng = np.random.default_rng([seed, BOOSTER_STREAM])
        final = booster.play(desk=desks[BOOSTER], ground=cast.booster, rng=rng)
        return {BOOSTER: final, EVADER: evader.play(desk=desks[EVADER], stolen=final)}

    def hill_climber() -> Finals:
        rng = np.random.default_rng([seed, CLIMBER_STREAM])
        return {CLIMBER: climber.play(desk=desks[CLIMBER], ground=cast.climber, rng=rng)}

    def boosted_on_the_board() -> Finals:
        rng = np.random.default_rng([seed, SWAPPER_STREAM])
        return {SWAPPER: swapper.play(desk=desks[SWAPPER], ground=cast.swapper, rng=rng)}

    def coalition() -> Finals:
        rng = np.random.default_rng([seed, SYBIL_STREAM])
        accounts = [desks[name] for name in SYBILS]
        finals = sybil.play(desks=accounts, disguise=cast.sybil, rng=rng)
        return dict(zip(SYBILS, finals, strict=True))

    alone = [booster_then_evader, hill_climber, boosted_on_the_board]
    return [*alone, coalition] if SYBILS[0] in desks else alone
