"""
The demo's story in memory: three benchmarks a seed, audited, and held against what is promised.

The promises: on the open board every attacker is CONFIRMED and nobody else, the swapper by the file that
it did not declare; under the guarded Ladder nobody is, every honest team with a real gain is shown, and
neither the order of play nor a coalition of accounts changes what an honest team is told.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from lab.demo import season
from lab.demo.rehearsal import memory
from lab.demo.rehearsal.audit import Panel, RoundAudit, audit
from lab.demo.rehearsal.memory import MemoryRound
from lab.demo.season import Cast, Order
from lab.demo.weather.series import N_FRESH, N_POOL, N_QUERY, Weather
from stats.drawing import SEED_BYTES, SeededShuffle, draw_shards, pool
from stats.team_tests import BEST_SCORED

OPEN, GUARDED, SYBIL = "weather-open", "weather-guarded", "weather-sybil"
MECHANISMS = {OPEN: "exact", GUARDED: "guarded_ladder", SYBIL: "guarded_ladder"}

SPLIT_STREAM, AUDIT_STREAM = 0, 4
# A gain that the guarded Ladder has to show: two steps of its grid.
CLEAR_GAIN = 2.0 / np.sqrt(N_QUERY)


@dataclass(frozen=True, kw_only=True)
class SeedResult:
    """One run of the demo. `broken` lists the promises of this run that did not hold."""

    seed: int
    audits: dict[str, RoundAudit]
    gains: dict[str, float]  # an honest team's best true gain over the baseline, on the whole pool
    coalition_gain: float  # what pooled answers added to the sybil's finals on query items alone
    broken: list[str]

    def overstatement(self, *, slug: str, teams: Sequence[str] = season.ATTACKERS) -> float:
        """Average over teams: by the file that accuses a team, by the final of one that is not accused."""
        return float(np.mean([self.audits[slug].teams[team].overstatement for team in teams]))


def run(*, weather: Weather, cast: Cast, seeds: Sequence[int]) -> Iterator[SeedResult]:
    for seed in seeds:
        yield run_seed(weather=weather, cast=cast, seed=seed)


def run_seed(*, weather: Weather, cast: Cast, seed: int) -> SeedResult:
    panel = draw_panel(weather=weather, seed=seed)
    rounds = {slug: play(panel=panel, cast=cast, slug=slug, seed=seed) for slug in MECHANISMS}
    audits = {
        slug: audit(
            round_=round_,
            panel=panel,
            references=cast.references,
            rng=np.random.default_rng([seed, AUDIT_STREAM]),
        )
        for slug, round_ in rounds.items()
    }
    gains = true_gains(panel=panel, cast=cast)
    broken = _broken_verdicts(audits) + _hidden_gains(rounds[GUARDED], gains)
    if _releases(rounds[SYBIL]) != _releases(rounds[GUARDED]):
        broken.append("the sybil changed a release")
    for order in get_args(Order):
        again = play(panel=panel, cast=cast, slug=GUARDED, seed=seed, order=order)
        if _releases(again) != _releases(rounds[GUARDED]):
            broken.append(f"order of play {order} changed a release")
    gained = coalition_gain(panel=panel, cast=cast, round_=rounds[SYBIL])
    return SeedResult(seed=seed, audits=audits, gains=gains, coalition_gain=gained, broken=broken)


def draw_panel(*, weather: Weather, seed: int) -> Panel:
    """Draw as the vault does which iid items are query and which fresh."""
    seed_of_draw = np.random.default_rng([seed, SPLIT_STREAM]).bytes(SEED_BYTES)
    query, fresh = draw_shards(
        pool=pool(n=N_POOL),
        counts=[[N_QUERY, N_FRESH]],
        rng=SeededShuffle(seed_of_draw),
    )
    return Panel(labels=weather.labels[weather.panel], query=query, fresh=fresh)


def play(
    *, panel: Panel, cast: Cast, slug: str, seed: int, order: Order = "interleaved"
) -> MemoryRound:
    round_ = memory.open_round(
        mechanism=MECHANISMS[slug],
        query=panel.query,
        labels=panel.labels[panel.query],
        baseline=next(iter(cast.references.values())),
    )
    teams = season.TEAMS + (season.SYBILS if slug == SYBIL else ())
    desks = {team: round_.desk(team=team) for team in teams}
    season.play(cast=cast, desks=desks, seed=seed, order=order)
    return round_


def true_gains(*, panel: Panel, cast: Cast) -> dict[str, float]:
    """Compare each honest team's best submission with the baseline, on query and fresh items together."""
    items = np.concatenate([panel.query, panel.fresh])

    def accuracy(files: Sequence[np.ndarray]) -> float:
        return float((np.array(files)[:, items] == panel.labels[items]).mean(axis=1).max())

    baseline = accuracy([next(iter(cast.references.values()))])
    return {name: accuracy(files) - baseline for name, files in cast.honest.items()}


def coalition_gain(*, panel: Panel, cast: Cast, round_: MemoryRound) -> float:
    """
    Compare the sybil's finals with its own model, which no answer has touched.

    The mean over the accounts of what the final is ahead of that model on query items, less the same on
    fresh ones: an audit, which does not have the model, sees the like with far more noise.
    """
    accounts = [round_.desks[name] for name in season.SYBILS]
    finals = [desk.submissions[desk.final] for desk in accounts if desk.final is not None]
    right = panel.columns(files=[cast.sybil.ground.baseline, *finals])
    gaps = right.query_exact - right.fresh_exact
    return float((gaps[1:] - gaps[0]).mean())


def _broken_verdicts(audits: dict[str, RoundAudit]) -> list[str]:
    broken = []
    on_open, on_guarded = audits[OPEN], audits[GUARDED]
    for team in season.ATTACKERS:
        if team not in on_open.confirmed:
            broken.append(f"{team} was not confirmed on {OPEN}")
        if on_open.teams[team].interval[0] <= 0:
            broken.append(f"the interval of {team} reaches zero on {OPEN}")
    if on_open.teams[season.SWAPPER].file != BEST_SCORED:
        broken.append(f"the verdict on {season.SWAPPER} speaks of its final on {OPEN}")
    for team in sorted(set(on_open.confirmed) - set(season.ATTACKERS)):
        broken.append(f"{team} was accused on {OPEN}")
    broken += [f"{team} was accused on {GUARDED}" for team in on_guarded.confirmed]
    for team in sorted(set(audits[SYBIL].confirmed) - set(season.SYBILS)):
        broken.append(f"{team} was accused on {SYBIL}")
    return broken


def _hidden_gains(round_: MemoryRound, gains: dict[str, float]) -> list[str]:
    return [
        f"{team} gained {gain:.3f} and is not on the board of {GUARDED}"
        for team, gain in gains.items()
        if gain > CLEAR_GAIN and round_.desks[team].released[-1] is None
    ]


def _releases(round_: MemoryRound) -> dict[str, list[float | None]]:
    return {team: round_.desks[team].released for team in season.TEAMS}
