"""A reference's score as it leaves before its round opens: rounded, for whoever reads it, in whatever way.

Nobody is charged for these answers: exact scores of two files that differ in one item tell that item's label.
Scoring, the opening and the audit go by the exact score, which is told once the round has opened. Of a round
that never opens it stays rounded: its query holdout may serve another.
"""

import math

from stats.metrics import Scorer
from vault.models import Round, Team
from vault.scorers import scorer_of
from vault.statuses import NEVER_OPENED

DIGITS = 2
# The least step, as a share of the metric's range.
STEP = 0.01
# One item that is predicted to be of a class moves this one by the square root of n, not by n.
COARSER = {"mcc": 0.05}
WHY = (
    "A reference's is rounded until its round opens, to two significant digits and no finer than a hundredth "
    "of the metric's range (MCC: to .1): nothing is charged for it, and exact it would tell single labels."
)


def is_coarse(*, round: Round, team: Team) -> bool:
    """Tell whether a score of this team's in this round leaves rounded."""
    return team.is_reference and round.status in NEVER_OPENED


def told(*, value: float | None, round: Round, team: Team, metric: str = "") -> float | None:
    """Give a score as it may leave now, in the units of the primary metric or the one that is named."""
    if value is None or not is_coarse(round=round, team=team):
        return value
    return coarse(value=value, scorer=scorer_of(benchmark=round.benchmark, metric=metric))


def coarse(*, value: float, scorer: Scorer) -> float:
    """Round to two significant digits, and no finer than the power of ten that the least step needs."""
    if value == 0:
        return 0.0
    decimals = DIGITS - 1 - math.floor(math.log10(abs(value)))
    if scorer.n_classes is not None or scorer.loss_cap is not None:
        step = COARSER.get(scorer.metric, STEP) * scorer.unit
        # Rounded first: .01 of 1 has two decimals, not three.
        decimals = min(decimals, math.floor(round(-math.log10(step), 9)))
    # Adding zero turns -0.0 into 0.0.
    return round(value, decimals) + 0.0
