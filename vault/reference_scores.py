"""A reference's score as it leaves before its round opens: rounded, for whoever reads it, in whatever way.

References are answered before anybody is charged, some files of each. An exact score tells how many labels a
file has right, and two that differ in one item tell that item's label. Scoring, the opening and the audit go
by the exact score, which is told once the round has opened. Of a round that never opens it stays rounded: its
query holdout may serve another.
"""

import math

from stats.metrics import METRICS
from vault.models import Round, Team
from vault.statuses import NEVER_OPENED

DIGITS = 2
# The least step of metrics of which more is better, which are shares or alike.
DECIMALS = 2
WHY = (
    "A reference's is rounded until its round opens, to two significant digits and, where more is better, "
    "to a step of .01 at the finest: nothing is charged for it, and exact it would tell single labels."
)


def is_coarse(*, round: Round, team: Team) -> bool:
    """Whether a score of this team's in this round leaves rounded."""
    return team.is_reference and round.status in NEVER_OPENED


def told(*, value: float | None, round: Round, team: Team, metric: str = "") -> float | None:
    """A score as it may leave now, in the units of the primary metric or the one that is named."""
    if value is None or not is_coarse(round=round, team=team):
        return value
    return coarse(value=value, metric=metric or round.benchmark.primary_metric)


def coarse(*, value: float, metric: str) -> float:
    """Round to two significant digits and, where more is better, to a step of .01 at the finest."""
    if value == 0:
        return 0.0
    decimals = DIGITS - 1 - math.floor(math.log10(abs(value)))
    if METRICS[metric].greater_is_better:
        decimals = min(decimals, DECIMALS)
    # Adding zero turns -0.0 into 0.0.
    return round(value, decimals) + 0.0
