"""What is said of a round whose holdouts were drawn in whole groups of items: nothing of single items."""

from collections.abc import Sequence
from typing import Any

from vault.api.openapi import schemas
from vault.api.representations import fields
from vault.api.representations.shape import By, Field, Shape
from vault.models import Holdout, Round


def _n_groups(shards: Sequence[Holdout]) -> int | None:
    """None: a shard was sealed before groups were counted."""
    counts = [each.n_units for each in shards if each.n_units is not None]
    return sum(counts) if len(counts) == len(shards) else None


# Of the shards that one kind of labels comes from.
DRAWN = Shape(
    "DrawnGroups",
    {
        "groups": fields.count(
            400,
            "Groups that were drawn; null: sealed before they were counted.",
            source=_n_groups,
            null=True,
        ),
        "items": fields.count(
            2000,
            "Items of these groups.",
            source=lambda shards: sum(each.n_items for each in shards),
        ),
    },
)
COUNTED = Shape(
    "CountedGroups",
    {
        "query": Field(DRAWN.schema, DRAWN.example, By.CALLER),
        "fresh": Field(schemas.or_null(DRAWN.schema), DRAWN.example, By.CALLER),
        "sentence": fields.text(
            None, "The same in words, and what goes by groups.", source=By.CALLER
        ),
    },
    description="Of holdouts that were drawn by whole groups of items, such as all of a "
    "patient; null: items were drawn one by one. `fresh` is null where no holdout decides. "
    "Left out of audits that were published before it was told.",
)


def counted(*, round: Round) -> dict[str, Any] | None:
    """Count groups and items of query and deciding fresh labels; None: no groups were drawn."""
    query = round.query_holdout
    if not query.draws_groups:
        return None
    judges = [each for each in round.fresh_holdouts.all() if each.decides_beside(query)]
    drawn, fresh = DRAWN.show([query]), DRAWN.show(judges) if judges else None
    parts = [f"{_groups(drawn)} that answered queries"]
    if fresh is not None:
        parts.append(f"{_groups(fresh)} that answered none")
    sentence = (
        f"Whole groups of items were drawn: {' and '.join(parts)}. Intervals, luck and p-values go by "
        "groups, since the items of one group resemble each other; an item without a group is one by itself."
    )
    return COUNTED.show(round, query=drawn, fresh=fresh, sentence=sentence)


def _groups(drawn: dict[str, int | None]) -> str:
    n_groups = "an unknown number of" if drawn["groups"] is None else f"{drawn['groups']:,}"
    return f"{n_groups} groups with {drawn['items']:,} items"
