"""The smallest overstatement that a round can find, for its plan and for a draw that is not sealed yet.

Figures alone: it knows no Django, so that a draw can be planned where the labels live.
"""

import math
from dataclasses import dataclass

from stats.accusation import ALPHA
from stats.planning_effect import detectable_overstatement
from vault import sentences

# An accusation bets on p-values below its level and stops after ten draws at the level: it finds a p-value of
# this share of the level with 80 %, and one of the level itself hardly ever.
FOUND_AT = 0.4

CANNOT = "cannot be found: such a file cannot gain enough"


@dataclass(frozen=True, kw_only=True)
class Detectable:
    """The smallest overstatement that is found with probability .8, in the metric's units.

    Of a file whose values differ from its reference's in this `share` of items or, of losses, by this share
    of the metric's range. `low` is for independent items; `high` for groups whose items stand or fall
    together, equal where items are drawn one by one, and None where it is more than the metric's range or
    the sizes of groups are not known. A file that differs by so little cannot gain as much as `low` where
    `is_reachable` is false, and not as much as `high` where `is_reachable_in_groups` is false; of groups of
    unknown sizes that is not known.
    """

    share: float
    low: float
    high: float | None
    is_reachable: bool
    is_reachable_in_groups: bool

    @property
    def line(self) -> str:
        """Say about how much; what a file cannot gain is not promised to be found."""
        if not self.is_reachable:
            return CANNOT
        low = f"about {sentences.figure(self.low, digits=3)}"
        if self.high == self.low:
            return low
        if not self.is_reachable_in_groups:
            return f"{low} if items err each for itself; cannot be found in groups that err as one"
        if self.high is None:
            return f"{low}; of groups that err as one, whose sizes were not kept, unknown"
        return f"{low} to {sentences.figure(self.high, digits=3)}"


def detectable(
    *,
    share: float,
    items: tuple[float, float],
    worth: tuple[float, float] | None,
    n_teams: int,
    delta0: float,
    unit: float,
    counts_items: bool,
) -> Detectable:
    """Compute it for one example of a file.

    `items` are those of the query and of the fresh holdouts; `worth` how many independent ones they are worth
    if groups err as one, None where the sizes of groups are not known.
    """
    # In units of the metric's range.
    low, high = (
        detectable_overstatement(
            # Right and wrong differ by 1; of losses the share is a typical difference.
            disagreement=share if counts_items else share**2,
            n=n,
            m=m,
            n_teams=n_teams,
            delta0=delta0,
        )
        for n, m in (items, worth or items)
    )
    most = share if counts_items else 1
    return Detectable(
        share=share,
        low=low * unit,
        high=None if worth is None or high > 1 else high * unit,
        is_reachable=low <= most,
        is_reachable_in_groups=high <= most,
    )


def are_enough_draws(*, n_query: int, n_fresh: int, n_teams: int) -> bool:
    """Tell whether so many units can be drawn in enough ways for a file to be found among so many teams."""
    n = n_query + n_fresh
    log_ways = math.lgamma(n + 1) - math.lgamma(n_query + 1) - math.lgamma(n_fresh + 1)
    # A rounded logarithm is no reason to warn.
    return log_ways > math.log(2 * n_teams / (FOUND_AT * ALPHA)) - 1e-9
