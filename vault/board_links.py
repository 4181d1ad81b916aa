"""The link of a round's board to the one before it, where publication moved on to another draw.

Shards of two draws are not exchangeable: a score on one board is not worth the same on the other. References
stand on both, and by how much theirs differ says what. From displayed figures alone, so it tells nothing new.
"""

from dataclasses import dataclass

from stats.linking import link_boards
from stats.metrics import METRICS
from vault import holdout_ledger, leaderboard
from vault.models import Round, Team
from vault.statuses import NEVER_OPENED


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What both boards show of one reference, in the metric's units."""

    team: str
    earlier: float
    later: float


@dataclass(frozen=True, kw_only=True)
class Link:
    """By how much the references' scores are higher on a round's board than on an earlier one.

    The error is None where the metric is no mean over items: nothing bounds it then. The distortion is how
    far both boards' rounding and noise can put the difference off, in 19 of 20 cases where there is noise.
    """

    round: int
    references: list[Reference]
    difference: float
    standard_error: float | None
    distortion: float

    @property
    def n_references(self) -> int:
        """Count the references that stand on both boards."""
        return len(self.references)


def link(*, round: Round) -> Link | None:
    """Link a round to the one that opened before it; None: of one draw, or no reference is on both."""
    if round.status in NEVER_OPENED:
        return None
    before = _before(round)
    if before is None or before.query_holdout.batch == round.query_holdout.batch:
        return None
    on_both = _on_both(before, round)
    if not on_both:
        return None
    accounts = [holdout_ledger.account_to_bound(round=each) for each in (before, round)]
    # Of a board whose items may all have been left out nothing smaller is known than one item's error.
    sizes = [max(1.0, each.n_counting) for each in accounts]
    # The noise of two boards: 1 of 20 cases for both together.
    distortions = [each.distortion(k=len(on_both), beta=0.025) for each in accounts]
    found = link_boards(
        earlier=[each.earlier for each in on_both],
        later=[each.later for each in on_both],
        n_earlier=sizes[0],
        n_later=sizes[1],
        unit=accounts[1].unit,
        distortion_earlier=distortions[0],
        distortion_later=distortions[1],
    )
    is_mean = METRICS[round.benchmark.primary_metric].is_mean
    return Link(
        round=before.number,
        references=on_both,
        difference=found.difference,
        standard_error=found.standard_error if is_mean else None,
        distortion=found.distortion,
    )


def _before(round: Round) -> Round | None:
    """Find the last round that opened before."""
    earlier = [
        each
        for each in round.benchmark.rounds.all()
        if each.number < round.number and each.status not in NEVER_OPENED
    ]
    return max(earlier, key=lambda each: each.number, default=None)


def _on_both(before: Round, round: Round) -> list[Reference]:
    first = leaderboard.of_references(round=before)
    second = leaderboard.of_references(round=round)
    teams = Team.objects.filter(pk__in=first.keys() & second.keys()).order_by("name")
    return [
        Reference(team=each.name, earlier=first[each.pk], later=second[each.pk]) for each in teams
    ]
