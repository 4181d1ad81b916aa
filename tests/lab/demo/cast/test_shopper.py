from lab.demo.cast import shopper
from tests.lab.demo.conftest import League


def test_play_declares_the_luckiest_seed(league: League) -> None:
    desk = league.round(mechanism="exact").desk(team="shopper")
    candidates = [league.file(accuracy=accuracy) for accuracy in (0.7, 0.73, 0.73, 0.71)]

    final = shopper.play(desk=desk, candidates=candidates)

    assert desk.final == 1
    assert final is candidates[1]


def test_play_takes_the_first_when_nothing_is_released(league: League) -> None:
    desk = league.round(mechanism="guarded_ladder").desk(team="shopper")

    shopper.play(desk=desk, candidates=[league.file(accuracy=0.7) for _ in range(5)])

    assert desk.final == 0
    assert len(desk.submissions) == 5
