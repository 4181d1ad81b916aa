"""The parameter-free Ladder: its published example, its rule, and its known weakness."""

import numpy as np
import pytest

from stats.mechanisms import MECHANISMS, Query
from tests.stats.ladders import answers

LADDER = MECHANISMS["parameter_free_ladder"]


def test_published_example_does_not_update() -> None:
    """Labels 1,0,1,1,1,0; zeros err on 4 of 6, then one more is right.

    The improvement of 1/6 equals one standard error of the paired difference exactly, so the second
    submission shows the first one's value: the loss .6667 twice.
    """
    labels = np.array([1, 0, 1, 1, 1, 0])
    zeros = np.zeros(6, dtype=int)
    better = np.array([1, 0, 0, 0, 0, 0])
    losses = [(labels != each).astype(float) for each in (zeros, better)]
    paired = losses[1] - losses[0]
    parameters = LADDER.parameters()
    state = LADDER.initial_state(baseline=None, n=6, unit=1.0, parameters=parameters)
    shown = []
    for loss, spread in zip(losses, (losses[0], paired), strict=True):
        state, answer = LADDER.respond(
            state=state,
            query=Query(
                score=-float(loss.mean()), paired_se=float(spread.std(ddof=1) / np.sqrt(6)), n=6
            ),
            parameters=parameters,
            rng=np.random.default_rng(1),
        )
        shown.append(answer)

    assert paired.std(ddof=1) / np.sqrt(6) == pytest.approx(1 / 6, abs=1e-15)
    assert [answer.value for answer in shown] == pytest.approx([-4 / 6, -4 / 6])
    assert [answer.accepted for answer in shown] == [True, False]


def test_step_is_the_paired_standard_error() -> None:
    given = answers("parameter_free_ladder", [0.51, 0.5125, 0.515, 0.535], paired_se=0.01)

    assert [answer.value for answer in given] == pytest.approx([None, 0.5125, 0.5125, 0.535])
    assert answers("parameter_free_ladder", [0.515], paired_se=0.01, z=2.0)[0].value is None


def test_a_query_that_changes_little_has_a_small_step() -> None:
    """The weakness: one item more of 400 is accepted if hardly anything else changed."""
    given = answers("parameter_free_ladder", [0.505, 0.5075], paired_se=0.0024)

    assert [answer.accepted for answer in given] == [True, True]


def test_equal_levels_are_no_improvement() -> None:
    given = answers("parameter_free_ladder", [0.52, 0.5201], paired_se=0.0)

    assert [answer.accepted for answer in given] == [True, False]


@pytest.mark.parametrize("z", [0, -1, None])
def test_impossible_z_is_refused(z: object) -> None:
    with pytest.raises(ValueError, match="z must be"):
        LADDER.parameters(z=z)


def test_resolution_is_one_item() -> None:
    parameters = LADDER.parameters()
    assert LADDER.resolution(n=50, unit=2.0, parameters=parameters) == 2.0 / 50
    shown = LADDER.display_baseline(baseline=0.519, n=50, unit=1.0, parameters=parameters)
    assert shown == pytest.approx(0.5)


def test_dust_of_many_items_is_no_improvement() -> None:
    """The same errors in another order: their sum differs in its last bits, and no item does."""
    given = answers("parameter_free_ladder", [0.5 + 5e-16, 0.5 + 2e-7], paired_se=0.0, n=10_000_000)

    assert [answer.accepted for answer in given] == [False, True]
