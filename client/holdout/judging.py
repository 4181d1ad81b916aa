"""Whether a score lets a pipeline pass."""

from collections.abc import Iterable

from holdout.figures import apart, figure
from holdout.records import Submission

IMPROVED, SCORED = "improved", "scored"


def own_value(given: Submission) -> float | None:
    """Find what was released of this file; a value that an answer only repeats is an earlier file's."""
    return given.released if given.outcome in (IMPROVED, SCORED) else None


def is_below(given: Submission, *, threshold: float, greater_is_better: bool) -> bool:
    """Worse than the threshold; where nothing was released of this file, it has not reached it."""
    own = own_value(given)
    if own is None:
        return True
    return own < threshold if greater_is_better else own > threshold


def shortfall(given: Submission, *, threshold: float) -> str:
    """Why a pipeline stops at the threshold, for people."""
    own = own_value(given)
    if own is not None:
        value, limit = apart(own, threshold)
        return f"{value} does not reach {limit}"
    shown = given.released if given.on_display is None else given.on_display
    repeated = "" if shown is None else f"; {figure(shown)} on display is of an earlier submission"
    return (
        f"no value was released of this submission ({given.outcome}), so it cannot be compared with "
        f"{figure(threshold)}{repeated}"
    )


def without_a_value(given: Submission) -> str | None:
    """Say what a team should know that declares a final of which no value was released."""
    if given.is_pending or own_value(given) is not None:
        return None
    lacking = "no rank before publication"
    if given.outcome != IMPROVED:  # one bit shows no value, and its yes is enough for a figure
        lacking += " and no published figure, unless the round is published in full"
    return f"no value of its own was released: as final it has {lacking}"


def has_improved(
    given: Submission, earlier: Iterable[Submission], *, greater_is_better: bool
) -> bool:
    """Judge by the mechanism's own word; where it shows each value, by the best of the round before."""
    if given.outcome != SCORED or given.released is None:
        return given.outcome == IMPROVED
    before = [
        value
        for each in earlier
        if each.round == given.round
        and each.sequence < given.sequence
        and each.status == "SCORED"
        and (value := own_value(each)) is not None
    ]
    if not before:
        return True
    return given.released > max(before) if greater_is_better else given.released < min(before)
