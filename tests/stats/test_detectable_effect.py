"""The minimum detectable effect that is printed: a file that overstates by as much is found as often as said."""

import numpy as np
import pytest

from stats.accusation import Contestant, accuse
from stats.draw import draw
from stats.split_scores import Mean
from stats.team_tests import FINAL, ORGANISER, FileTest
from tests.stats.rounds import files

N, M, TEAMS = 400, 800, 5

pytestmark = pytest.mark.calibration


def judged(right: np.ndarray, references: np.ndarray, rng: np.random.Generator) -> FileTest:
    """The last of a team's files against the organiser's references."""
    found = accuse(
        draw=draw(n=N, m=M),
        score=Mean(is_exact=True, n_items=N + M),
        contestants={"team": Contestant(files=files(right, n=N), final=right.shape[1] - 1)},
        references=files(references, n=N),
        n_teams=TEAMS,
        tie=1e-9,
        rng=rng,
    )
    return found["team"].tests[FINAL, ORGANISER]


@pytest.mark.parametrize("delta0", [0.005, 0.06])
def test_the_printed_effect_is_found_with_eighty_percent(delta0: float) -> None:
    """
    Seed 41, 60 rounds; of Binomial(60, .8) fewer than 38 or more than 57 have probability 1e-3.

    A tolerance of .06 decides by itself: without it in the effect nearly nobody would be found.
    """
    rng = np.random.default_rng(41)
    found = 0
    for _ in range(60):
        base = rng.random(N + M) < 0.7
        models = base[:, None] ^ (rng.random((N + M, 7)) < 0.05)
        menu, references = models[:, :4].copy(), models[:, 4:]
        wrong = rng.permutation(np.flatnonzero(~menu[:N, 3]))
        honest, effect = menu[:, 3].copy(), 0.05
        # The effect is printed of the file as it is: what is planted has to be what is printed then.
        for _ in range(3):
            menu[:, 3] = honest
            menu[wrong[: round(effect * N)], 3] = True
            test = judged(menu, references, rng)
            effect = test.minimum_detectable_effect(delta0=delta0)
        found += test.accuses(delta0=delta0)

    assert 38 <= found <= 57
