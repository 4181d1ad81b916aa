import numpy as np

from lab.demo.cast import swapper
from tests.lab.demo.conftest import STRONG_ACCURACY, League


def test_play_keeps_the_boosted_file_on_the_board_and_declares_the_honest_one(
    league: League,
) -> None:
    """
    Theory: 200 of 600 contested items are query items, so a 248-vote poll is right on
    Phi(sqrt(248/200)) = .87 of them, sd .024; one with less than .75 has probability below 1e-6.
    """
    ground = league.ground(accuracy=STRONG_ACCURACY)
    desk = league.round(mechanism="exact").desk(team="swapper")

    final = swapper.play(desk=desk, ground=ground, rng=np.random.default_rng(1))

    assert np.array_equal(final, ground.baseline)
    assert desk.final == 0
    assert len(desk.submissions) == swapper.N_SUBMISSIONS
    released = [value for value in desk.released if value is not None]
    assert int(np.argmax(released)) == swapper.N_SUBMISSIONS - 1
    query = np.intersect1d(ground.contested, league.query)
    assert league.accuracy(predictions=desk.submissions[-1], items=query) > 0.75


def test_play_learns_nothing_from_the_guarded_ladder(league: League) -> None:
    ground = league.ground(accuracy=STRONG_ACCURACY)
    desk = league.round(mechanism="guarded_ladder").desk(team="swapper")

    swapper.play(desk=desk, ground=ground, rng=np.random.default_rng(1))

    assert desk.final == 0
    # What it boosts is the file that it began with.
    assert len(desk.submissions) == swapper.N_SUBMISSIONS - 1
