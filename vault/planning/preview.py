"""What a round would show, tell, prove and find, before it is planned and while nothing is fixed.

Figures alone, computed without a label from what a plan fixes; the round need not be saved.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stats import ledger
from stats.ledger import Account
from stats.metrics import METRICS
from stats.publication_grid import publication_step
from vault import detectable as detectables
from vault import holdout_ledger
from vault.detectable import Detectable
from vault.models import Holdout, Round
from vault.planning.prospects import deciding, too_few_ways
from vault.statuses import PublicationKind

# How much files usually differ from their references is not known beforehand: good files are near each other,
# and from a baseline that always gives one answer about half of the answers may differ.
SHARES = (0.05, 0.1, 0.2, 0.5)


@dataclass(frozen=True, kw_only=True)
class Bound:
    """What is proven if so many queries are used; `error` None: nothing is guaranteed."""

    k: int
    nats: float
    error: float | None


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How much all answers of a round can tell, and what is proven nevertheless.

    Nats add up in the order in which they stand: what the holdout told already, its references on the board,
    the teams. `alone` is one team that knows its own answers and what everybody knows; in `together` all
    teams act as one.
    """

    told_before: float
    of_references: float
    of_team: float
    of_teams: float
    alone: Bound
    together: Bound


def reach(*, account: Account, k: int, n_teams: int, n_references: int, told: float) -> Reach:
    """Count what teams of k queries each could learn, as the ledger will."""
    of_references = n_references * account.nats(k=1) if n_references else 0.0
    of_team = account.nats(k=k)
    known = told + of_references
    return Reach(
        told_before=told,
        of_references=of_references,
        of_team=of_team,
        of_teams=n_teams * of_team,
        alone=bound(account=account, nats=known + of_team, k=k),
        together=bound(account=account, nats=known + n_teams * of_team, k=n_teams * k),
    )


def bound(*, account: Account, nats: float, k: int) -> Bound:
    """Bound the error of k answers that tell so much."""
    return Bound(k=k, nats=nats, error=ledger.proven_error(account=account, nats=nats, k=k))


def published_step(*, round: Round, fresh_holdouts: Iterable[Holdout]) -> float | None:
    """Find the grid of published fresh figures; 0: exact ones; None: no fresh holdout decides."""
    n_fresh = sum(each.n_items for each in deciding(round=round, fresh_holdouts=fresh_holdouts))
    if not n_fresh:
        return None
    if round.publication == PublicationKind.FULL:
        return 0.0
    return publication_step(unit=holdout_ledger.unit_of(benchmark=round.benchmark), n_fresh=n_fresh)


def undetectable(*, round: Round, fresh_holdouts: Iterable[Holdout]) -> str:
    """Say why no detectable overstatement can be named beforehand; empty if it can."""
    fresh = deciding(round=round, fresh_holdouts=fresh_holdouts)
    metric = METRICS[round.benchmark.primary_metric]
    if not fresh:
        return "No overstatement: without a fresh iid holdout of the query holdout's draw no team is tested"
    if too_few_ways(round=round, judges=fresh):
        return (
            f"No overstatement can be found in a round of {round.max_teams:,} teams: too few other draws are "
            "possible"
        )
    if not metric.is_mean:
        return (
            f"It is not known before there are files, for {metric.label} is no mean of items: the audit's "
            "report states it for each team"
        )
    return ""


def detectable(*, round: Round, fresh_holdouts: Iterable[Holdout]) -> list[Detectable]:
    """Compute it for some examples of files, where `undetectable` has no reason against it."""
    query = round.query_holdout
    fresh = deciding(round=round, fresh_holdouts=fresh_holdouts)
    # As if all items were independent, and as if those of a group stood or fell together.
    items = (query.n_items, sum(each.n_items for each in fresh))
    worth: tuple[float, float] | None = (effective_number([query]), effective_number(fresh))
    if any(each.draws_groups and each.n_effective is None for each in (query, *fresh)):
        worth = None
    metric = METRICS[round.benchmark.primary_metric]
    return [
        detectables.detectable(
            share=share,
            items=items,
            worth=worth,
            n_teams=round.max_teams,
            delta0=round.benchmark.delta0,
            unit=holdout_ledger.unit_of(benchmark=round.benchmark),
            counts_items=metric.counts_items,
        )
        for share in SHARES
    ]


def effective_number(holdouts: Sequence[Holdout]) -> float:
    """Count the independent items that holdouts together are worth, in the worst case."""
    n = sum(each.n_items for each in holdouts)
    # Items that were drawn one by one are worth their number.
    worth = [holdout_ledger.effective_number(holdout=each) or each.n_items for each in holdouts]
    squares = sum(each.n_items**2 / own for each, own in zip(holdouts, worth, strict=True))
    return n**2 / squares
