"""What a report says of a round whose holdouts were drawn in whole groups of items."""

from collections.abc import Sequence

from vault.models import Holdout, Round


def sentence(*, round: Round) -> str:
    """How many groups were drawn, and that figures go by them; nothing of single items."""
    query = round.query_holdout
    if not query.draws_groups:
        return ""
    judges = [each for each in round.fresh_holdouts.all() if each.decides_beside(query)]
    holdouts = [("that answered queries", [query]), ("that answered none", judges)]
    counted = [f"{_groups(shards)} {which}" for which, shards in holdouts if shards]
    return (
        f"Whole groups of items were drawn: {' and '.join(counted)}. Intervals, luck and p-values go by "
        "groups, since the items of one group resemble each other."
    )


def _groups(shards: Sequence[Holdout]) -> str:
    n_items = sum(each.n_items for each in shards)
    counts = [each.n_units for each in shards if each.n_units is not None]
    # Shards that were sealed before groups were counted.
    n_groups = f"{sum(counts):,}" if len(counts) == len(shards) else "an unknown number of"
    return f"{n_groups} groups with {n_items:,} items"
