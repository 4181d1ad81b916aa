"""Other holdouts are shown and decide nothing."""

import numpy as np

from audits.checks import elsewhere
from tests.audits.histories import collected, context, entrant

ITEMS = np.ones((4, 1)), np.ones((6, 1))


def test_shows_the_final_where_there_are_other_holdouts() -> None:
    later = entrant(1, *ITEMS, elsewhere={"later": 0.7})

    (found,) = elsewhere.check(collected(later, entrant(2, *ITEMS)), context())

    assert found.team_id == 1
    assert found.evidence == {"scores": {"later": 0.7}}
    assert found.estimate is None
    assert found.p_value is None


def test_a_team_without_a_final_has_none() -> None:
    gone = entrant(1, *ITEMS, final=None, elsewhere={"later": 0.7})

    assert elsewhere.check(collected(gone), context()) == []
