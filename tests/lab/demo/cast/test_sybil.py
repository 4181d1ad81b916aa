import numpy as np

from lab.demo.cast import sybil
from lab.demo.cast.sybil import Disguise, Stair
from lab.demo.rehearsal.memory import MemoryDesk
from tests.lab.demo.conftest import STRONG_ACCURACY, League


def accounts(league: League) -> list[MemoryDesk]:
    round_ = league.round(mechanism="guarded_ladder")
    return [round_.desk(team=f"sybil-{number}") for number in range(sybil.N_ACCOUNTS)]


def test_play_uses_every_submission_of_every_account(league: League) -> None:
    desks = accounts(league)
    disguise = Disguise(ground=league.ground(accuracy=STRONG_ACCURACY), weak=league.baseline)

    finals = sybil.play(desks=desks, disguise=disguise, rng=np.random.default_rng(1))

    assert [len(desk.submissions) for desk in desks] == [sybil.N_SUBMISSIONS] * 10
    assert all(desk.final == sybil.N_SUBMISSIONS - 1 for desk in desks)
    assert len({final.tobytes() for final in finals}) == len(finals)


def test_accounts_climb_stair_by_stair(league: League) -> None:
    """Showing all its skill at once, an account would be accepted once and learn no more."""
    desks = accounts(league)
    disguise = Disguise(ground=league.ground(accuracy=STRONG_ACCURACY), weak=league.baseline)

    sybil.play(desks=desks, disguise=disguise, rng=np.random.default_rng(1))

    accepted = [sum(answer.accepted for answer in desk.answers) for desk in desks]
    assert np.mean(accepted) >= 2


def test_dial_settles_where_the_wanted_share_is_accepted() -> None:
    stair = Stair(dial=0.4)
    vote = np.zeros(1, dtype=np.uint8)

    for _ in range(2_000):
        stair.learn(account=0, vote=vote, accepted=stair.dial > 0.7)

    assert abs(stair.dial - 0.7) < 0.02


def test_play_survives_a_board_that_shows_nothing(league: League) -> None:
    desks = accounts(league)
    hopeless = Disguise(ground=league.ground(accuracy=0.5), weak=league.file(accuracy=0.5))

    sybil.play(desks=desks, disguise=hopeless, rng=np.random.default_rng(1))

    assert {value for desk in desks for value in desk.released} == {None}
