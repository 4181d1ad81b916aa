import numpy as np
import pytest

from lab.demo.cast import booster
from tests.lab.demo.conftest import STRONG_ACCURACY, League


def test_composed_weighs_votes_by_what_was_released(league: League) -> None:
    ground = league.ground(accuracy=0.7)
    votes = np.zeros((3, len(ground.contested)), dtype=np.uint8)
    votes[0] = 1

    praised = booster.composed(ground=ground, votes=votes, released=[0.9, 0.7, 0.7])
    blamed = booster.composed(ground=ground, votes=votes, released=[0.5, 0.7, 0.7])

    assert (praised[ground.contested] == 1).all()
    assert (blamed[ground.contested] == 0).all()


@pytest.mark.parametrize("released", [[None, None], [0.7, 0.7], [None, 0.7], [0.1, 0.1, 0.1]])
def test_composed_keeps_the_baseline_where_nothing_was_learned(
    league: League, released: list[float | None]
) -> None:
    ground = league.ground(accuracy=0.7)
    size = (len(released), len(ground.contested))
    votes = league.rng.integers(0, 2, size, dtype=np.uint8)

    final = booster.composed(ground=ground, votes=votes, released=released)

    assert np.array_equal(final, ground.baseline)


def test_play_boosts_the_released_score_and_nothing_else(league: League) -> None:
    """
    Theory: 200 of 600 contested items are query items, so a 298-vote poll is right on
    Phi(sqrt(298/200)) = .89 of them, sd .022; the others stay a coin flip. A final with less than
    .78 right, or more than .62 of the fresh ones (400 items, sd .025), has probability below 1e-6.
    """
    ground = league.ground(accuracy=STRONG_ACCURACY)
    desk = league.round(mechanism="exact").desk(team="booster")

    final = booster.play(desk=desk, ground=ground, rng=np.random.default_rng(1))

    query = np.intersect1d(ground.contested, league.query)
    fresh = np.intersect1d(ground.contested, league.fresh)
    assert len(desk.submissions) == booster.N_SUBMISSIONS
    assert np.array_equal(desk.submissions[0], ground.baseline)
    assert np.array_equal(desk.submissions[desk.final or 0], final)
    assert league.accuracy(predictions=final, items=query) > 0.78
    assert league.accuracy(predictions=final, items=fresh) < 0.62


def test_play_learns_nothing_from_the_guarded_ladder(league: League) -> None:
    ground = league.ground(accuracy=STRONG_ACCURACY)
    desk = league.round(mechanism="guarded_ladder").desk(team="booster")

    final = booster.play(desk=desk, ground=ground, rng=np.random.default_rng(1))

    assert np.array_equal(final, ground.baseline)
    assert desk.final == 0
    assert sum(answer.accepted for answer in desk.answers) == 1
    assert len(desk.submissions) == booster.N_SUBMISSIONS - 1  # the final is the first file
