from lab.demo.cast import honest
from tests.lab.demo.conftest import League


def test_teams_submit_five_to_fifteen_different_recipes() -> None:
    for recipes in honest.TEAMS.values():
        steps = recipes()
        assert 5 <= len(steps) <= 15
        assert len({(str(step.model), step.table) for step in steps}) == len(steps)


def test_play_declares_the_best_released(league: League) -> None:
    desk = league.round(mechanism="exact").desk(team="honest")
    attempts = [league.file(accuracy=accuracy) for accuracy in (0.7, 0.8, 0.75)]

    final = honest.play(desk=desk, attempts=attempts)

    assert desk.final == 1
    assert final is attempts[1]
    assert len(desk.submissions) == 3


def test_play_declares_the_last_when_nothing_is_released(league: League) -> None:
    desk = league.round(mechanism="guarded_ladder").desk(team="honest")
    attempts = [league.file(accuracy=accuracy) for accuracy in (0.70, 0.69, 0.68)]

    honest.play(desk=desk, attempts=attempts)

    assert desk.final == 2
