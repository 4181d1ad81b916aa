"""What is said of a round whose holdouts were drawn in whole groups of items: nothing of single items."""

from collections.abc import Sequence
from typing import Any

from vault.models import Holdout, Round


def counted(*, round: Round) -> dict[str, Any] | None:
    """Count groups and items of query and deciding fresh labels; None: no groups were drawn."""
    query = round.query_holdout
    if not query.draws_groups:
        return None
    judges = [each for each in round.fresh_holdouts.all() if each.decides_beside(query)]
    found = {"query": _count([query]), "fresh": _count(judges) if judges else None}
    return {**found, "sentence": _said(found)}


def sentence(*, round: Round) -> str:
    """How many groups were drawn, and that figures go by them."""
    found = counted(round=round)
    return "" if found is None else str(found["sentence"])


def _count(shards: Sequence[Holdout]) -> dict[str, int | None]:
    counts = [each.n_units for each in shards if each.n_units is not None]
    return {
        # None: a shard was sealed before groups were counted.
        "groups": sum(counts) if len(counts) == len(shards) else None,
        "items": sum(each.n_items for each in shards),
    }


def _said(found: dict[str, dict[str, int | None] | None]) -> str:
    which = {"query": "that answered queries", "fresh": "that answered none"}
    parts = [f"{_groups(each)} {which[name]}" for name, each in found.items() if each is not None]
    return (
        f"Whole groups of items were drawn: {' and '.join(parts)}. Intervals, luck and p-values go by "
        "groups, since the items of one group resemble each other; an item without a group is one by itself."
    )


def _groups(given: dict[str, int | None]) -> str:
    n_groups = "an unknown number of" if given["groups"] is None else f"{given['groups']:,}"
    return f"{n_groups} groups with {given['items']:,} items"
