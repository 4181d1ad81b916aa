"""The real data and the real cast; two seeds here, twenty with `manage.py rehearse_demo`.

Training the cast takes a while, so what needs it runs with the calibration suite.
"""

import numpy as np
import pyarrow as pa
import pytest

from lab.demo import season
from lab.demo.rehearsal import study
from lab.demo.rehearsal.audit import Panel
from lab.demo.rehearsal.study import GUARDED, OPEN, SYBIL
from lab.demo.season import Cast
from lab.demo.weather import series
from lab.demo.weather.series import Weather
from stats.collective import Account, collective
from stats.draw import draw
from stats.drawing import SEED_BYTES
from stats.fingerprints.cross_team import account_groups
from stats.split_scores import Mean
from stats.team_tests import BEST_SCORED
from stats.trial import table
from tests.lab.demo.conftest import League
from vault.files.label_tables import LabelTable
from vault.sealing import draws, prepared


@pytest.fixture(scope="module")
def weather() -> Weather:
    return series.load()


@pytest.fixture(scope="module")
def cast(weather: Weather) -> Cast:
    return season.train(weather=weather.published)


@pytest.mark.calibration
def test_honest_teams_really_improve(weather: Weather, cast: Cast) -> None:
    panel = study.draw_panel(weather=weather, seed=1)

    for files in cast.honest.values():
        right = (np.array(files)[:, : series.N_POOL] == panel.labels[: series.N_POOL]).mean(axis=1)
        assert right[-1] > right[0]
        assert right[-1] > right.max() - 0.005


@pytest.mark.calibration
def test_nobody_hands_in_a_reference(cast: Cast) -> None:
    frozen = {file.tobytes() for file in cast.references.values()}
    files = [*cast.shopper, cast.booster.baseline, cast.climber.baseline, cast.swapper.baseline]
    files += [file for attempts in cast.honest.values() for file in attempts]

    assert len(frozen) == 3
    assert not frozen & {file.tobytes() for file in files}


@pytest.mark.calibration
def test_gains_are_clear_or_small(weather: Weather, cast: Cast) -> None:
    """A gain near two grid steps would leave it to the draw whether a team is shown."""
    gains = study.true_gains(panel=study.draw_panel(weather=weather, seed=1), cast=cast)

    assert sum(gain > 1.5 * study.CLEAR_GAIN for gain in gains.values()) >= 3
    assert not [gain for gain in gains.values() if 0.7 < gain / study.CLEAR_GAIN < 1.5]


def test_panel_is_drawn_by_the_seed_alone(weather: Weather) -> None:
    first, again, other = (study.draw_panel(weather=weather, seed=seed) for seed in (1, 1, 2))

    assert np.array_equal(first.query, again.query)
    assert not np.array_equal(first.query, other.query)
    assert len(first.query) == 2_400
    assert len(first.fresh) == 6_700
    assert len(np.intersect1d(first.query, first.fresh)) == 0


def test_panel_is_drawn_as_the_vault_seals_the_demo(weather: Weather) -> None:
    """The tables of docs/demo.md compare a seed in memory with the same seed through the service."""
    table = LabelTable(
        ids=pa.array(series.item_ids(days=weather.pool)),
        labels=weather.labels[weather.pool].astype(np.int64),
    )
    query, fresh = draws.draw(
        labels=table,
        positions=prepared.places(labels=table, n_before=0),
        counts=np.array([[series.N_QUERY, series.N_FRESH]]),
        stratify=False,
        seed=np.random.default_rng([7, 0]).bytes(SEED_BYTES),
    )

    panel = study.draw_panel(weather=weather, seed=7)

    assert np.array_equal(panel.query, query)
    assert np.array_equal(panel.fresh, fresh)


def test_gain_of_the_coalition_is_what_finals_are_ahead_on_query_items_alone(
    league: League,
) -> None:
    cast, round_ = league.cast(), league.round(mechanism="guarded_ladder")
    own = cast.sybil.ground.baseline
    wrong = np.flatnonzero(own != league.labels)
    mended = np.concatenate(
        [np.intersect1d(wrong, league.query)[:30], np.intersect1d(wrong, league.fresh)[:20]]
    )
    for name in season.SYBILS:
        desk = round_.desk(team=name)
        final = own.copy()
        final[mended] = league.labels[mended]
        desk.submit(predictions=own)
        desk.declare_final(ticket=desk.submit(predictions=final))

    gain = study.coalition_gain(
        panel=Panel(labels=league.labels, query=league.query, fresh=league.fresh),
        cast=cast,
        round_=round_,
    )

    assert gain == pytest.approx(30 / 1_000 - 20 / 2_000)


@pytest.mark.calibration
@pytest.mark.parametrize(("seed", "level"), [(102, 0.005), (109, 0.005), (103, 1.0)])
def test_the_coalitions_files_are_found_together_in_some_seeds(
    weather: Weather, cast: Cast, seed: int, level: float
) -> None:
    """Deterministic given the seed. Of 101 to 112 three are found at .005 and six at .05.

    In the others the coalition gained too little for anybody to see.
    """
    panel = study.draw_panel(weather=weather, seed=seed)
    desks = study.play(panel=panel, cast=cast, slug=SYBIL, seed=seed).desks
    positions = np.concatenate([panel.query, panel.fresh])
    finals = [desk.submissions[desk.final or 0][positions] for desk in desks.values()]
    groups = account_groups(
        predictions=np.array(finals), labels=panel.labels[positions], n_classes=2
    ).groups
    own = groups[[*desks].index(season.SYBILS[0])]
    alike = [name for name, group in zip(desks, groups, strict=True) if group == own]
    files = [panel.columns(files=desks[name].submissions) for name in alike]
    drawn = draw(n=len(panel.query), m=len(panel.fresh))
    found = collective(
        table=table(
            draw=drawn,
            score=Mean(is_exact=True, n_items=len(positions)),
            everything=files,
            tie=1e-9,
        ),
        # They move in step.
        accounts=[Account(files=each, times=np.arange(each.k, dtype=np.float64)) for each in files],
        rng=np.random.default_rng(seed),
        n_draws=1_000,
    )

    assert alike == list(season.SYBILS)
    if level < 1:
        assert found.p_value <= level
        assert found.left_out.max() <= level
    else:
        assert found.p_value > 0.05


@pytest.mark.calibration
@pytest.mark.parametrize("seed", [101, 104])
def test_promises_hold(weather: Weather, cast: Cast, seed: int) -> None:
    """Deterministic given the seed. The split alone fires the gate in one of 100 seeds."""
    result = study.run_seed(weather=weather, cast=cast, seed=seed)

    assert result.broken == []
    assert abs(result.overstatement(slug=GUARDED)) < result.overstatement(slug=OPEN) / 5
    assert result.audits[OPEN].teams[season.SWAPPER].file == BEST_SCORED
    attempts = {name: team.attempts for name, team in result.audits[SYBIL].teams.items()}
    assert {attempts[team] for team in season.SYBILS} == {20}
    assert attempts[season.EVADER] == 1
    assert attempts[season.SHOPPER] == 60
