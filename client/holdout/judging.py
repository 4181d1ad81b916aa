"""Whether a score lets a pipeline pass."""

from collections.abc import Iterable

from holdout.figures import apart, figure
from holdout.records import Submission

IMPROVED, SCORED = "improved", "scored"


def own_value(submission: Submission) -> float | None:
    """Find what was released of this file; a value that an answer only repeats is an earlier file's."""
    return submission.released if submission.outcome in (IMPROVED, SCORED) else None


def is_below(submission: Submission, *, threshold: float, greater_is_better: bool) -> bool:
    """Worse than the threshold; where nothing was released of this file, it has not reached it."""
    own = own_value(submission)
    if own is None:
        return True
    return own < threshold if greater_is_better else own > threshold


def shortfall(submission: Submission, *, threshold: float) -> str:
    """Why a pipeline stops at the threshold, for people."""
    own = own_value(submission)
    if own is not None:
        value, limit = apart(own, threshold)
        return f"{value} does not reach {limit}"
    shown = submission.released if submission.on_display is None else submission.on_display
    repeated = "" if shown is None else f"; {figure(shown)} on display is of an earlier submission"
    return (
        f"no value was released of this submission ({submission.outcome}), so it cannot be compared with "
        f"{figure(threshold)}{repeated}"
    )


def without_a_value(submission: Submission) -> str | None:
    """Say what a team should know that declares a final of which no value was released."""
    if submission.is_pending or own_value(submission) is not None:
        return None
    lacking = "no rank before publication"
    if submission.outcome != IMPROVED:  # one bit shows no value, and its yes is enough for a figure
        lacking += " and no published figure, unless the round is published in full"
    return f"no value of its own was released: as final it has {lacking}"


def has_improved(
    submission: Submission, earlier: Iterable[Submission], *, greater_is_better: bool
) -> bool:
    """Judge by the mechanism's own word; where it shows each value, by the best of the round before."""
    if submission.outcome != SCORED or submission.released is None:
        return submission.outcome == IMPROVED
    before = [
        value
        for each in earlier
        if each.round == submission.round
        and each.sequence < submission.sequence
        and each.status == "SCORED"
        and (value := own_value(each)) is not None
    ]
    if not before:
        return True
    return (
        submission.released > max(before)
        if greater_is_better
        else submission.released < min(before)
    )
