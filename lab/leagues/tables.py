"""The calibration study as a page for people."""

import math

from lab.leagues.calibration import FWER, N_TEAMS, Calibration, LeagueCount, M, N
from lab.leagues.power import N_TEAMS as HOLM_TEAMS
from lab.leagues.power import Power
from lab.leagues.size import LEVELS, Size

OPENING = """# Calibration: how often honest people are accused, and attackers found

Written by `python3 run.py manage calibrate --seed {seed} --write docs/calibration.md`; every figure is a
count of simulated leagues judged by the code that audits judge by (`stats/accusation.py`,
`stats/inflation.py`). Players and attackers are in `lab/leagues/`. After ± stands one binomial standard
error.
"""

LEAGUES = """
## Honest leagues

{teams} honest teams, {n} query and {m} fresh items, 5 to 30 submissions each, exact answers, finals the
best released. A league counts if anybody in it is CONFIRMED: both tests under Holm at .005, more than
.005 beyond luck, a real shuffle that agrees, and a quiet gate. "Shift" is how much easier the fresh
items are: it cannot happen between shards of one draw unless the split is broken. The limit is exceeded
with probability .01 if the promised {fwer} holds.

| shift | leagues | somebody CONFIRMED | limit | gate fired | somebody rejected under Holm .05 |
|---|---|---|---|---|---|
"""

SIZES = """
## One test of one honest team

Share of leagues in which a single test rejects at .05 / .01. 5a: against the team's own first file; 5b:
against three references of its league. D is the mean inflation found: mostly luck, which the test allows
for.

| setting | leagues | 5a | 5b | D |
|---|---|---|---|---|
"""

ADAPTIVE = """
The same where answers shape the files or the choice of the final. Here some inflation is real, and a
rejection is no mistake about the number; it says nothing about intent.

| setting | leagues | 5a | 5b | D |
|---|---|---|---|---|
"""

POWERS = """
## Attackers

A task of accuracy .75 with a fifth of the items contested. Single tests at .05; CONFIRMED is the first
Holm step of {teams} teams (p <= .005/{teams} in either test) and more than .005 beyond luck. The effect
is the minimum detectable one that a report prints.

| attack | runs | 5a at .05 | 5b at .05 | CONFIRMED | D | effect |
|---|---|---|---|---|---|---|
"""


def page(calibration: Calibration) -> str:
    fixed = [each for each in calibration.sizes if not each.setting.adaptive]
    adaptive = [each for each in calibration.sizes if each.setting.adaptive]
    parts = [
        OPENING.format(seed=calibration.seed),
        LEAGUES.format(teams=N_TEAMS, n=N, m=M, fwer=f"{FWER:.2f}".lstrip("0")),
        *map(_league, calibration.leagues),
        SIZES,
        *map(_size, fixed),
        ADAPTIVE,
        *map(_size, adaptive),
        POWERS.format(teams=HOLM_TEAMS),
        *map(_power, calibration.powers),
    ]
    return "".join(parts)


def _league(count: LeagueCount) -> str:
    cells = [
        f"{100 * count.shift:+.0f} points",
        str(count.leagues),
        str(count.confirmed),
        str(count.limit),
        str(count.gate_fired),
        str(count.rejected),
    ]
    return _row(cells)


def _size(size: Size) -> str:
    return _row(
        [
            size.setting.name,
            str(size.reps),
            " / ".join(share(size.own_first[level], size.reps) for level in LEVELS),
            " / ".join(share(size.organiser[level], size.reps) for level in LEVELS),
            f"{size.inflation:.4f}",
        ]
    )


def _power(power: Power) -> str:
    return _row(
        [
            power.attempt.name,
            str(power.reps),
            share(power.own_first, power.reps),
            share(power.organiser, power.reps),
            share(power.confirmed, power.reps),
            f"{power.inflation:.4f}",
            f"{power.effect:.4f}",
        ]
    )


def share(value: float, count: int) -> str:
    """A share with its binomial standard error; a dash where there is none."""
    if math.isnan(value):
        return "–"
    error = math.sqrt(value * (1 - value) / count)
    return f"{value:.3f} ± {error:.3f}"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |\n"
