"""Pairs of finals: what is kept of the items is one half-width a pair."""

import json

import numpy as np
import pytest

from audits.checks import ranking
from tests.audits.histories import collected, context, entrant, right


def test_keeps_one_half_width_for_each_pair() -> None:
    rng = np.random.default_rng(1)
    teams = [entrant(i, right(rng, 50, 2), right(rng, 2_000, 2)) for i in (7, 8, 9)]

    (found,) = ranking.check(collected(*teams), context())

    assert found.team_id is None
    assert found.evidence["teams"] == [7, 8, 9]
    assert [len(row) for row in found.evidence["half_widths"]] == [0, 1, 2]
    widths = ranking.half_widths(teams=[9, 7], found=found.evidence)
    assert widths[0, 1] == widths[1, 0] == found.evidence["half_widths"][2][0]
    # Two files of accuracy .8: se = sqrt(2 * .16 / 2000) = .0126, and the quantile of three pairs 2.34.
    assert widths[0, 1] == pytest.approx(0.0126 * 2.34, rel=0.1)
    assert len(json.dumps(found.evidence)) < 200


def test_takes_the_finals_and_no_other_file() -> None:
    """Finals that are equal cannot be told apart, whatever else these teams handed in."""
    rng = np.random.default_rng(2)
    final = right(rng, 500, 1)
    teams = [entrant(i, right(rng, 50, 2), np.hstack([right(rng, 500, 1), final])) for i in (1, 2)]

    (found,) = ranking.check(collected(*teams), context())

    assert found.evidence["half_widths"] == [[], [0.0]]


def test_nothing_without_fresh_items_or_finals() -> None:
    rng = np.random.default_rng(3)
    gone = entrant(1, right(rng, 50, 1), right(rng, 50, 1), final=None)

    assert ranking.check(collected(gone), context()) == []
    assert ranking.check(collected(n=10, m=0), context()) == []
