import numpy as np

from lab.demo.cast import evader
from tests.lab.demo.conftest import League


def test_play_hands_in_the_stolen_file_and_nothing_else(league: League) -> None:
    desk = league.round(mechanism="exact").desk(team="evader")
    stolen = league.file(accuracy=0.8)

    evader.play(desk=desk, stolen=stolen)

    assert len(desk.submissions) == 1
    assert desk.final == 0
    assert np.array_equal(desk.submissions[0], stolen)
