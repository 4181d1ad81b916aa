"""The minimum detectable effect that is printed: a file that overstates as much is found as often as said."""

import numpy as np
import pytest

from stats.team_tests import FINAL, ORGANIZER
from tests.stats.rounds import accused

N, M, TEAMS = 400, 800, 5


@pytest.mark.calibration
@pytest.mark.parametrize("delta0", [0.005, 0.06])
def test_the_printed_effect_is_found_with_eighty_percent(delta0: float) -> None:
    """
    Seed 41, 60 rounds; of Binomial(60, .8) fewer than 38 or more than 57 have probability 1e-3.

    A tolerance of .06 decides by itself: without it in the effect nearly nobody would be found.
    """
    rng = np.random.default_rng(41)
    found = 0
    for number in range(60):
        base = rng.random(N + M) < 0.7
        models = base[:, None] ^ (rng.random((N + M, 7)) < 0.05)
        menu, references = models[:, :4].copy(), models[:, 4:]
        wrong = rng.permutation(np.flatnonzero(~menu[:N, 3]))
        honest, effect = menu[:, 3].copy(), 0.05
        # The effect is printed of the file as it is: what is planted has to be what is printed then.
        for _ in range(3):
            menu[:, 3] = honest
            menu[wrong[: round(effect * N)], 3] = True
            team = accused((menu, 3), references=references, n=N, n_teams=TEAMS, seed=number)[0]
            effect = team.tests[FINAL, ORGANIZER].minimum_detectable_effect(delta0=delta0)
        found += team.tests[FINAL, ORGANIZER].accuses(delta0=delta0)

    assert 38 <= found <= 57
