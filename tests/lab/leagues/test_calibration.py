"""The study: its command, its page, and reduced studies of leagues and of attackers."""

from collections import Counter
from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from lab.leagues import calibration, tables
from lab.leagues.calibration import (
    Calibration,
    Chunk,
    GateCount,
    LeagueCount,
    count_gates,
)
from lab.leagues.power import ATTEMPTS, Power, measure
from lab.leagues.settings import SETTINGS, Setting
from stats.team_tests import BEST_SCORED, FINAL, ORGANIZER, OWN_FILES


@pytest.mark.calibration
@pytest.mark.parametrize("how", ["easier", "harder"])
def test_a_broken_split_fires_the_gate(how: str) -> None:
    """20 leagues, seed 121. Two points are 2.2 standard errors of the gate: it fires in about half."""
    (setting,) = [each for each in SETTINGS if each.name.endswith(f"2 points {how}")]

    count = count_gates(setting=setting, n_leagues=20, rng=np.random.default_rng(121))

    assert count.fired >= 4


@pytest.mark.calibration
@pytest.mark.parametrize(
    "setting",
    [each for each in SETTINGS if "points" not in each.name],
    ids=lambda setting: setting.name,
)
def test_honest_leagues_seldom_fire_the_gate(setting: Setting) -> None:
    """40 leagues a setting, seed 123; of a gate at .01 more than 4 fire with probability 6e-5."""
    count = count_gates(setting=setting, n_leagues=40, rng=np.random.default_rng(123))

    assert count.fired <= 4


# CONFIRMED in rounds of 20 teams; docs/calibration.md has .86, .95, .35, 1.0 and .73 of more runs.
MIN_POWER = {
    "linear vote, k=100, n=2000, m=4000": 0.6,
    "linear vote, odd first file, k=100, n=2000, m=4000": 0.6,
    "linear vote, boosted files among the first six, k=100, n=2000, m=4000": 0.12,
    "linear vote, honest file declared, k=200, n=3000, m=6000": 0.8,
    "linear vote, clean account, then a tweak, k=100, n=2000, m=4000": 0.4,
}


@pytest.mark.calibration
@pytest.mark.parametrize("name", sorted(MIN_POWER))
def test_attackers_are_found(name: str) -> None:
    """25 runs, seed 122. At the power in docs/calibration.md a share falls below its least with p < .01."""
    (attempt,) = [each for each in ATTEMPTS if each.name == name]

    found = measure(attempt=attempt, reps=25, rng=np.random.default_rng(122))

    assert found.confirmed >= MIN_POWER[name]


def made_up() -> Calibration:
    adaptive = next(each for each in SETTINGS if each.adaptive)
    rejections: Counter[tuple[object, ...]] = Counter(
        {
            (FINAL, OWN_FILES): 100,
            (FINAL, OWN_FILES, 0.05): 5,
            (FINAL, OWN_FILES, 0.01): 2,
            (BEST_SCORED, ORGANIZER): 100,
        }
    )
    chunks = [
        Chunk(leagues=500, confirmed=1, rejections=Counter(rejections)),
        Chunk(leagues=500, confirmed=2, rejections=Counter({(FINAL, OWN_FILES): 100})),
    ]
    return Calibration(
        seed=7,
        leagues=[
            LeagueCount(setting=SETTINGS[0], chunks=chunks),
            LeagueCount(setting=adaptive, chunks=chunks),
        ],
        gates=[GateCount(setting=SETTINGS[0], leagues=200, fired=1)],
        powers=[
            Power(
                attempt=ATTEMPTS[0],
                reps=100,
                own_files=0.5,
                organizer=1.0,
                confirmed=0.25,
                named=0.75,
                overstatement=0.03,
                effect=0.04,
            )
        ],
    )


def test_limit_is_the_binomial_one() -> None:
    assert made_up().leagues[0].limit == 22


def test_teams_of_a_league_are_no_independent_tests() -> None:
    """5 of 100 and 0 of 100: by chunks .025 +- .025, by teams it would be .011."""
    (count, _) = made_up().leagues

    value, error = count.share(file=FINAL, kind=OWN_FILES, level=0.05)

    assert (value, error) == pytest.approx((0.025, 0.025))
    alone = LeagueCount(setting=count.setting, chunks=count.chunks[:1])
    assert np.isnan(alone.share(file=FINAL, kind=OWN_FILES, level=0.05)[1])


def test_page_has_every_figure_with_its_error() -> None:
    page = tables.page(made_up())

    assert "--seed 7" in page
    assert "| 1000 | 3 | 22 |" in page
    assert "| 200 | 1 | 8 |" in page
    assert (
        "| 0.025 ± 0.025 / 0.010 ± 0.010 | – / – | – / – | 0.000 ± 0.000 / 0.000 ± 0.000 |" in page
    )
    assert "| 0.500 ± 0.050 | 1.000 ± 0.000 | 0.250 ± 0.043 | 0.75 | 0.0300 | 0.0400 |" in page
    assert page.index(SETTINGS[0].name) < page.index("answers shape") < page.index("Attackers")


def test_command_writes_the_page(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One league a shift and one line of each study."""
    monkeypatch.setattr(calibration, "SETTINGS", SETTINGS[:1])
    monkeypatch.setattr(calibration, "ATTEMPTS", ATTEMPTS[:1])
    target = tmp_path / "page.md"
    call_command(
        *("calibrate", "--scale", "0.001", "--seed", "3", "--write", str(target)),
        stderr=StringIO(),
    )

    assert target.read_text().count("| 1 |") >= 3


def test_each_chunk_has_its_seed() -> None:
    one, again, other = (calibration._leagues(seed, 10, 0.001, 0) for seed in (1, 1, 2))

    assert one == again
    assert one != other


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--seed", "-1"], "--seed"), (["--scale", "2"], "--scale"), (["--jobs", "0"], "--jobs")],
)
def test_command_names_the_wrong_option(arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("calibrate", *arguments)
