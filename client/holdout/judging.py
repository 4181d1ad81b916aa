"""Whether a score lets a pipeline pass."""

from collections.abc import Iterable

from holdout.records import Submission

IMPROVED, SCORED = "improved", "scored"


def is_below(given: Submission, *, threshold: float, greater_is_better: bool) -> bool:
    """Worse than the threshold; where nothing is shown, nothing has reached it."""
    if given.released is None:
        return True
    return given.released < threshold if greater_is_better else given.released > threshold


def has_improved(
    given: Submission, earlier: Iterable[Submission], *, greater_is_better: bool
) -> bool:
    """By the mechanism's own word; where it shows each value, by the best of the round before."""
    if given.outcome != SCORED or given.released is None:
        return given.outcome == IMPROVED
    before = [
        each.released
        for each in earlier
        if each.round == given.round
        and each.sequence < given.sequence
        and each.status == "SCORED"
        and each.released is not None
    ]
    if not before:
        return True
    return given.released > max(before) if greater_is_better else given.released < min(before)
