import numpy as np
import pytest

from lab.demo.desk import DeskError
from stats.mechanisms import Outcome
from tests.lab.demo.conftest import N_QUERY, League


def test_exact_desk_answers_with_the_score_on_the_query_items(league: League) -> None:
    desk = league.round(mechanism="exact").desk(team="team")
    file = league.file(accuracy=0.8)

    answer = desk.answer(ticket=desk.submit(predictions=file))

    assert answer == league.accuracy(predictions=file, items=league.query) == 0.8


def test_guarded_desk_shows_nothing_until_the_baseline_is_beaten(league: League) -> None:
    desk = league.round(mechanism="guarded_ladder").desk(team="team")
    close, better, worse = (league.file(accuracy=accuracy) for accuracy in (0.72, 0.8, 0.73))

    answers = desk.submit_many(batch=[close, league.baseline, better, worse])

    grid = 1 / np.sqrt(N_QUERY)
    shown = np.floor(0.8 / grid) * grid
    assert answers == [None, None, pytest.approx(shown), pytest.approx(shown)]
    assert desk.answers[2].outcome == Outcome.IMPROVED


def test_guarded_desk_compares_with_its_own_incumbent(league: League) -> None:
    """The paired standard error shrinks to nothing against itself: only the floor is left."""
    round_ = league.round(mechanism="guarded_ladder")
    desk, other = round_.desk(team="team"), round_.desk(team="other")
    desk.submit(predictions=league.file(accuracy=0.8))
    step_up = league.file(accuracy=0.8 + 2 * np.sqrt(0.45 / N_QUERY))

    desk.submit(predictions=step_up)
    other.submit(predictions=step_up)

    assert other.answers[-1].accepted
    assert len(round_.desks["other"].submissions) == 1


def test_same_predictions_are_scored_once(league: League) -> None:
    desk = league.round(mechanism="exact").desk(team="team")
    file = league.file(accuracy=0.8)

    tickets = {desk.submit(predictions=file), desk.submit(predictions=file.copy())}

    assert len(tickets) == len(desk.submissions) == 1


def test_submission_is_kept_as_it_was_handed_in(league: League) -> None:
    desk = league.round(mechanism="exact").desk(team="team")
    file = league.file(accuracy=0.8)
    desk.submit(predictions=file)

    file ^= 1

    assert not np.array_equal(desk.submissions[0], file)


def test_declare_final_needs_a_submission(league: League) -> None:
    desk = league.round(mechanism="exact").desk(team="team")

    with pytest.raises(DeskError):
        desk.declare_final(ticket="0")
