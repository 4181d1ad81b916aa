"""The calibration study as a page for people."""

import math

from lab.leagues.calibration import CHUNK, LEVELS, Calibration, LeagueCount
from lab.leagues.power import N_TEAMS, Power
from stats.team_tests import BEST_SCORED, FINAL, ORGANIZER, OWN_FILES

OPENING = """# Calibration: how often honest people are accused, and attackers found

Written by `python3 run.py manage calibrate --seed {seed} --write docs/calibration.md`; every figure is a
count of simulated leagues judged by the code that audits judge by (`stats/accusation.py`,
`stats/verdict.py`). Teams and attackers are in `lab/leagues/`. After ± stands one standard error.
"""

LEAGUES = """
## Honest leagues

Exact answers; finals are the best released unless the line says otherwise. A league counts if anybody in it
is CONFIRMED: Holm at .005 for each of two kinds of reference over two files of each team, more than .005 of
the metric's range beyond luck, and a gate that did not fire. In this table the gate is part of the judge in
the mixed leagues alone; how often it fires is counted below for all. What is promised is a family-wise error
of .01: a setting that keeps it exceeds the limit in less than 1 of 2,500 studies (22 of 1,000 leagues).
"Easier" and "harder" cannot happen between shards of one draw unless the split is broken: nothing is promised
there but the gate.

| setting | leagues | somebody CONFIRMED | limit |
|---|---|---|---|
"""

GATE = """
## The gate

Leagues in which the references and the first files of three teams score so differently on query and fresh
items that nobody may be accused, at .01. Of a split that is broken by two points it should fire often.

| setting | leagues | gate fired | limit |
|---|---|---|---|
"""

SIZES = """
## Single tests of honest teams

Share of single tests that reject at .05 / .01, by file and by what it is compared with. "Own" are the team's
first file and the mean of its first few, "organizer" the references of the round. A final that is not the
best-scored file is compared with the largest of all files, so its columns may fall below their levels. The
p-values here are estimates from 1,000 draws, or more where a team was looked at again. Teams of a league have
split, items and references in common, so the standard error is that over chunks of {chunk} leagues.

| setting | final, own | final, organizer | best-scored, own | best-scored, organizer |
|---|---|---|---|---|
"""

ADAPTIVE = """
The same where answers shape the files or the choice of the final. Here some overstatement is real, and a
rejection is no mistake about the number; it says nothing about intent.

| setting | leagues | CONFIRMED | final, own | final, organizer | best-scored, own | best-scored, organizer |
|---|---|---|---|---|---|---|
"""

POWERS = """
## Attackers

Among 19 honest teams, at one size and under every disguise: [attackers.md](attackers.md).

A task of accuracy .75 with a fifth of the items contested, in a round of {teams} teams. "Own" and "organizer"
are runs in which a test of that kind accuses one of the two files; "names the final" is the share of
CONFIRMED runs whose verdict is on the final and not on the best-scored file beside it. The effect is the
minimum detectable one that a report prints: the larger one of the file's tests, so a file is often found by
the other test though its overstatement is smaller. Binomial standard errors.

| attack | runs | own | organizer | CONFIRMED | names the final | overstatement | effect |
|---|---|---|---|---|---|---|---|
"""

TESTS = [(file, kind) for file in (FINAL, BEST_SCORED) for kind in (OWN_FILES, ORGANIZER)]


def page(calibration: Calibration) -> str:
    """Write the page in Markdown."""
    fixed = [each for each in calibration.leagues if not each.setting.adaptive]
    adaptive = [each for each in calibration.leagues if each.setting.adaptive]
    parts = [
        OPENING.format(seed=calibration.seed),
        LEAGUES,
        *(
            _row([each.setting.name, str(each.leagues), str(each.confirmed), str(each.limit)])
            for each in fixed
        ),
        GATE,
        *(
            _row([each.setting.name, str(each.leagues), str(each.fired), str(each.limit)])
            for each in calibration.gates
        ),
        SIZES.format(chunk=CHUNK),
        *(_row([each.setting.name, *_sizes(each)]) for each in fixed),
        ADAPTIVE,
        *(
            _row([each.setting.name, str(each.leagues), str(each.confirmed), *_sizes(each)])
            for each in adaptive
        ),
        POWERS.format(teams=N_TEAMS),
        *map(_power, calibration.powers),
    ]
    return "".join(parts)


def _sizes(count: LeagueCount) -> list[str]:
    return [
        " / ".join(with_error(*count.share(file=file, kind=kind, level=level)) for level in LEVELS)
        for file, kind in TESTS
    ]


def _power(power: Power) -> str:
    return _row(
        [
            power.attempt.name,
            str(power.reps),
            share(power.own_files, power.reps),
            share(power.organizer, power.reps),
            share(power.confirmed, power.reps),
            "–" if math.isnan(power.named) else f"{power.named:.2f}",
            f"{power.overstatement:.4f}",
            f"{power.effect:.4f}",
        ]
    )


def share(value: float, count: int) -> str:
    """Write a share of independent runs with its binomial standard error."""
    return with_error(value, math.sqrt(value * (1 - value) / count))


def with_error(value: float, error: float) -> str:
    """Write a dash where there is no value, and no error where none can be known."""
    if math.isnan(value):
        return "–"
    return f"{value:.3f}" if math.isnan(error) else f"{value:.3f} ± {error:.3f}"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |\n"
