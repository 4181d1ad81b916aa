"""What a round will show, tell, prove and find, in words: for its page, and before it is planned."""

from collections.abc import Iterable

from stats.mechanisms import MECHANISMS
from stats.metrics import METRICS
from vault import budget, leaderboard, round_preview
from vault.admin.pages import figure
from vault.models import Holdout, Round
from vault.round_preview import Bound, Detectable, Reach
from vault.rounds import Stock
from vault.statuses import PublicationKind


def resolution(round: Round) -> str:
    """Of answers; a mechanism without a grid is no exact one."""
    mechanism, step = MECHANISMS[round.mechanism], leaderboard.resolution(round=round)
    if step:
        return f"{figure(step)}: no smaller difference is shown"
    if mechanism.noisy:
        return "no grid: answers carry noise"
    return "exact: every digit is shown" if mechanism.raw else "no score is shown"


def published(round: Round, fresh_holdouts: Iterable[Holdout]) -> str:
    """Of fresh figures, once the round is audited."""
    step = round_preview.published_step(round=round, fresh_holdouts=fresh_holdouts)
    if step is None:
        return "no fresh holdout of the same draw, so nothing to publish"
    return f"rounded to steps of {figure(step)}" if step else "exact"


def told(reach: Reach, *, round: Round) -> str:
    """The nats in all, and what they come from."""
    parts = [
        f"{round.max_teams:,} teams with {round.total_limit:,} queries each: {figure(reach.of_teams)}",
        f"references on the board: {figure(reach.of_references)}",
        f"told before this round: {figure(reach.told_before)}",
    ]
    return f"{figure(reach.together.nats)} nats in all ({'; '.join(parts)})"


def proven_alone(bound: Bound) -> str:
    """Of one team that asks all it may."""
    queries = f"one team uses all its {bound.k:,} queries"
    if bound.error is None:
        return f"nothing is guaranteed if {queries}"
    return f"{bound.error:.4g} if {queries}, whatever it hands in (in 95 of 100 rounds)"


def proven_together(bound: Bound, *, queries: str) -> str:
    """Of all teams, if they share what they learn; it may promise nothing."""
    if bound.error is None:
        return (
            f"nothing is guaranteed if all {bound.k:,} {queries} queries are used and all teams act as "
            "one"
        )
    return (
        f"{bound.error:.4g} if all {bound.k:,} {queries} queries are used, even if all teams act as one "
        "(in 95 of 100 rounds)"
    )


def detectable(round: Round, fresh_holdouts: Iterable[Holdout]) -> str:
    """The planned minimum detectable overstatement, for three examples, and what they assume."""
    holdouts = list(fresh_holdouts)
    if reason := round_preview.undetectable(round=round, fresh_holdouts=holdouts):
        return reason
    found = round_preview.detectable(round=round, fresh_holdouts=holdouts)
    examples = ", ".join(f"{_effect(each)} at {each.share:.0%}" for each in found)
    return (
        f"{examples} of {_what_differs(round)}. Found with 80 % in a round of {round.max_teams:,} "
        "teams, of a file that is compared with one reference; of the best of many files it takes more."
        f"{_of_groups(round)}"
    )


def stock_after(stock: Stock, *, publication: str) -> str:
    """What is left of the sealed shards when the round is published."""
    taken = 2 if publication == PublicationKind.FULL else 1
    now = f"{stock.n_sealed:,} sealed iid shard{'s'[: stock.n_sealed != 1]} now"
    takes = f"the {publication} publication takes {'two' if taken == 2 else 'one'}"
    left = stock.n_sealed - taken
    if left < 0:
        return (
            f"{now}, and {takes}: afterwards there is no fresh holdout for a further round, unless more "
            "labels are sealed"
        )
    return (
        f"{now}, and {takes}: {left:,} {'is' if left == 1 else 'are'} left, enough for {left:,} further "
        f"coarse publications or {left // 2:,} full ones"
    )


def _effect(found: Detectable) -> str:
    if found.low is None:
        return "none"
    if found.high == found.low:
        return f"{found.low:.3g}"
    return f"{found.low:.3g} to {'none' if found.high is None else f'{found.high:.3g}'}"


def _what_differs(round: Round) -> str:
    """What the examples are shares of."""
    metric = METRICS[round.benchmark.primary_metric]
    if metric.counts_items:
        return "items that a file and its reference answer differently"
    unit = budget.unit_of(benchmark=round.benchmark)
    return (
        f"the range of one item's {metric.label}, {figure(unit)}, as the typical difference between a file "
        "and its reference"
    )


def _of_groups(round: Round) -> str:
    if not round.query_holdout.draws_groups:
        return ""
    return (
        " Whole groups are drawn: the first figure is for items that err each for itself, the second for "
        "groups that err as one."
    )
