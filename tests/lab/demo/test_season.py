import threading
from typing import get_args

import numpy as np
import pytest

from lab.demo import season
from lab.demo.desk import DeskError, Predictions, Ticket
from lab.demo.rehearsal.memory import MemoryDesk, MemoryRound
from lab.demo.season import Cast, Order
from tests.lab.demo.conftest import League


@pytest.fixture
def cast(league: League) -> Cast:
    return league.cast()


def play(
    league: League, cast: Cast, *, order: Order = "interleaved", has_sybil: bool = False
) -> MemoryRound:
    round_ = league.round(mechanism="guarded_ladder")
    teams = season.TEAMS + (season.SYBILS if has_sybil else ())
    desks = {team: round_.desk(team=team) for team in teams}
    finals = season.play(cast=cast, desks=desks, seed=7, order=order)
    assert set(finals) == set(teams)
    return round_


@pytest.mark.parametrize("has_sybil", [False, True])
def test_answers_are_as_many_as_progress_expects(
    league: League, cast: Cast, has_sybil: bool
) -> None:
    """A file that was handed in before is answered again, so the desks' own memo may not be counted."""
    heard = []

    class CountingDesk(MemoryDesk):
        def answer(self, *, ticket: Ticket) -> float | None:
            heard.append(ticket)
            return super().answer(ticket=ticket)

    round_ = league.round(mechanism="exact")
    teams = season.TEAMS + (season.SYBILS if has_sybil else ())
    desks = {team: CountingDesk(round=round_) for team in teams}
    season.play(cast=cast, desks=desks, seed=7, order="interleaved")

    assert len(heard) == season.n_answers(cast=cast, with_sybils=has_sybil)


def releases(round_: MemoryRound) -> dict[str, list[float | None]]:
    return {team: round_.desks[team].released for team in season.TEAMS}


def test_every_team_declares_the_final_it_says(league: League, cast: Cast) -> None:
    round_ = league.round(mechanism="exact")
    desks = {team: round_.desk(team=team) for team in season.TEAMS}

    finals = season.play(cast=cast, desks=desks, seed=7, order="interleaved")

    for team, desk in desks.items():
        assert desk.final is not None
        assert np.array_equal(desk.submissions[desk.final], finals[team])
    assert np.array_equal(finals[season.EVADER], finals[season.BOOSTER])
    assert np.array_equal(finals[season.SWAPPER], cast.swapper.baseline)


def test_order_of_play_changes_no_release(league: League, cast: Cast) -> None:
    boards = [releases(play(league, cast, order=order)) for order in get_args(Order)]

    assert boards[0] == boards[1] == boards[2]
    assert any(value is not None for value in boards[0][season.HONEST[0]])


def test_sybil_changes_no_release_of_anybody_else(league: League, cast: Cast) -> None:
    alone, beside = play(league, cast), play(league, cast, has_sybil=True)

    assert releases(alone) == releases(beside)


def test_seed_moves_the_attackers_alone(league: League, cast: Cast) -> None:
    handed_in = []
    for seed in (1, 2):
        round_ = league.round(mechanism="exact")
        desks = {team: round_.desk(team=team) for team in season.TEAMS}
        season.play(cast=cast, desks=desks, seed=seed, order="interleaved")
        handed_in.append({team: np.array(desk.submissions) for team, desk in desks.items()})

    for team in season.TEAMS:
        is_attacker = season.role_of(team=team) == "attacker"
        assert np.array_equal(handed_in[0][team], handed_in[1][team]) != is_attacker


def test_role_of_every_team() -> None:
    roles = {team: season.role_of(team=team) for team in (*season.TEAMS, *season.REFERENCES)}

    assert sorted(roles.values()) == sorted(
        ["honest"] * 6 + ["shopper"] + ["attacker"] * 4 + ["reference"] * 3
    )
    assert {season.role_of(team=team) for team in season.SYBILS} == {"attacker"}


def test_failure_of_one_player_stops_the_others_and_is_told(league: League, cast: Cast) -> None:
    class BrokenDesk(MemoryDesk):
        def submit(self, *, predictions: Predictions) -> Ticket:
            raise DeskError("refused")

    round_ = league.round(mechanism="exact")
    desks = {team: round_.desk(team=team) for team in season.TEAMS}
    desks[season.CLIMBER] = BrokenDesk(round=round_)
    stopping = threading.Event()

    with pytest.raises(DeskError, match="refused"):
        season.play(cast=cast, desks=desks, seed=7, order="interleaved", stopping=stopping)

    assert stopping.is_set()
