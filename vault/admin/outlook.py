"""What a round will show, tell, prove and find, in words: for its page, and before it is planned."""

from collections.abc import Iterable
from dataclasses import replace

from stats.mechanisms import MECHANISMS
from stats.metrics import METRICS
from vault import holdout_ledger, leaderboard
from vault.admin.pages import NAT, figure, nats
from vault.conveyor import Stock
from vault.detectable import Detectable
from vault.models import Holdout, Round
from vault.planning import preview as round_preview
from vault.planning.preview import Bound, Reach

_WHAT_IS_BOUNDED = (
    "It bounds how far any score that is shown may be from what the same file would score on endlessly many "
    "new items, and holds in 95 of 100 rounds; it is proven from how much the answers can tell of the labels."
)


def resolution(round: Round) -> str:
    """Write the steps of answers; a mechanism without a grid is no exact one."""
    mechanism, step = MECHANISMS[round.mechanism], leaderboard.resolution(round=round)
    if step:
        return f"{figure(step, digits=4)}: no smaller difference is shown"
    if mechanism.noisy:
        return "no grid: answers carry noise"
    return "exact: every digit is shown" if mechanism.raw else "no score is shown"


def published(round: Round, fresh_holdouts: Iterable[Holdout]) -> str:
    """Write the steps of fresh figures, once the round is audited."""
    step = round_preview.published_step(round=round, fresh_holdouts=fresh_holdouts)
    if step is None:
        return "no fresh holdout of the same draw, so nothing to publish"
    return f"rounded to steps of {figure(step, digits=4)}" if step else "exact"


def told_to_one(reach: Reach) -> str:
    """Write the nats of one team's answers."""
    return f"{nats(reach.of_team)} nats at most, by {reach.alone.k:,} answers ({NAT})"


def told(reach: Reach, *, round: Round) -> str:
    """Write the nats in all, and what they come from."""
    parts = [
        f"{round.max_teams:,} teams with {round.total_limit:,} queries each: {nats(reach.of_teams)}",
        f"references on the board: {nats(reach.of_references)}",
        f"revealed before this round: {nats(reach.told_before)}",
    ]
    return f"{nats(reach.together.nats)} nats in all ({'; '.join(parts)})"


def proven_alone(bound: Bound) -> str:
    """Bound the error of one team that asks all it may."""
    queries = f"one team uses all its {bound.k:,} queries"
    if bound.error is None:
        return f"nothing is guaranteed if {queries}"
    return f"{figure(bound.error, digits=4)} at most if {queries}, whatever it hands in. {_WHAT_IS_BOUNDED}"


def proven_together(bound: Bound, *, queries: str) -> str:
    """Bound the error of all teams, if they share what they learn; it may promise nothing."""
    used = f"all {bound.k:,} {queries} queries are used"
    if bound.error is None:
        return f"nothing is guaranteed if {used} and all teams act as one"
    error = figure(bound.error, digits=4)
    return f"{error} at most if {used}, even if all teams act as one. {_WHAT_IS_BOUNDED}"


def detectable(round: Round, fresh_holdouts: Iterable[Holdout]) -> str:
    """Write the planned minimum detectable overstatement, a line an example, and what they assume."""
    holdouts = list(fresh_holdouts)
    if reason := round_preview.undetectable(round=round, fresh_holdouts=holdouts):
        return reason
    found = round_preview.detectable(round=round, fresh_holdouts=holdouts)
    if not any(each.is_reachable for each in found):
        return (
            f"No overstatement can be found in a round of {round.max_teams:,} teams: the holdouts are too "
            "small"
        )
    lines = [f"{_share(each)}: {each.line}" for each in found]
    metric = METRICS[round.benchmark.primary_metric]
    if metric.counts_items:
        differing = "If a file and its reference answer so many of the items differently"
    else:
        unit = figure(holdout_ledger.unit_of(benchmark=round.benchmark))
        differing = (
            f"If the {metric.label} of a file and its reference typically differ in an item by so much of "
            f"the range, {unit}"
        )
    return "\n".join([f"{differing}:", *lines, *_assumed(round)])


def out_of_reach(*, round: Round, fresh_holdouts: Iterable[Holdout]) -> str:
    """Name the examples of files that cannot gain what would be found; empty if all can, or nobody knows.

    They are those of `detectable`, so that the two agree.
    """
    holdouts = list(fresh_holdouts)
    if round_preview.undetectable(round=round, fresh_holdouts=holdouts):
        return ""
    found = round_preview.detectable(round=round, fresh_holdouts=holdouts)
    lost = [each for each in found if not each.is_reachable]
    if len(lost) == len(found):
        return (
            "The holdouts are too small: no overstatement can be found in a round of so many teams."
        )
    in_groups = [each for each in found if each.is_reachable and not each.is_reachable_in_groups]
    sentences = []
    if lost:
        sentences.append(f"Files that differ by {_shares(lost)} cannot gain enough to be found.")
    if in_groups and round.query_holdout.draws_groups:
        sentences.append(
            f"Where groups err as one, files that differ by {_shares(in_groups)} cannot gain enough."
        )
    return " ".join(sentences)


def stock_after(stock: Stock, after: Stock, *, publication: str) -> str:
    """Say for how many rounds the labels are enough, and what this one leaves of them."""
    left = replace(after, n_pending=0).line
    return f"{stock.line}; after this round's {publication} publication: {left}"


def _share(found: Detectable) -> str:
    return f"{100 * found.share:.0f} %"


def _shares(found: list[Detectable]) -> str:
    *others, last = [_share(each) for each in found]
    return f"{', '.join(others)} or {last}" if others else last


def _assumed(round: Round) -> list[str]:
    said = [
        f"Found with 80 % in a round of {round.max_teams:,} teams, of a file that is compared with one "
        "reference; of the best of many files it takes more. The audit states about as much: it goes by the "
        "files and by random draws, which may bring it a tenth or so lower or higher."
    ]
    if METRICS[round.benchmark.primary_metric].counts_items:
        said.append(
            "Good files are near each other; from a baseline that always gives one answer a file may well "
            "differ by 50 %."
        )
    if round.query_holdout.draws_groups:
        said.append(
            "Whole groups are drawn: the first figure is for items that err each for itself, the second for "
            "groups that err as one, by what groups of these sizes are worth. The audit states about the "
            "first or more, and comes near the second only if the file and its reference are both right or "
            "wrong in whole groups."
        )
    return said
