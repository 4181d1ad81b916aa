"""What a coarse publication may have told of the fresh holdout, in nats: one term for each of its fields.

A field counts ln of the number of values that it can have once everything before it is known. What follows
from other fields, or from the query labels (whose holdout retires with the publication), counts nothing.
`audits.published_shape` declares that; a field that is not there makes the publication fail, before anything
is told.
"""

import math
from typing import Any

from audits import published_shape
from audits.published_fields import Size, Tells, every

DOCUMENT = published_shape.DOCUMENT.tells
LISTS = {name: shape.tells for name, shape in published_shape.DOCUMENT.lists.items()}


class UncountedFieldError(ValueError):
    """A field would be published whose nats nobody counts."""


def nats(*, shown: dict[str, Any], levels: int) -> float:
    """Add up all terms of a document; of the fresh holdout it tells no more, whatever the labels are."""
    size = Size(levels=levels, teams=max(1, len(shown["teams"])))
    own = {name: value for name, value in shown.items() if name not in LISTS}
    total = _terms(own, DOCUMENT, size)
    for name, fields in LISTS.items():
        total += math.fsum(_terms(row, fields, size) for row in shown[name])
    return total


def most(*, teams: int, references: int, levels: int) -> float:
    """Bound what a coarse publication of so many teams can tell, for those who plan it."""
    size = Size(levels=levels, teams=max(1, teams))
    n_rows = {"references": references, "teams": teams}
    rows = [(1, DOCUMENT), *((n_rows[name], fields) for name, fields in LISTS.items())]
    return math.fsum(
        n * math.log(tells.values(size))
        for n, fields in rows
        for tells in fields.values()
        if n and tells is not every
    )


def _terms(row: dict[str, Any], fields: dict[str, Tells], size: Size) -> float:
    if uncounted := sorted(set(row) - set(fields)):
        raise UncountedFieldError(f"nobody counts what {', '.join(uncounted)} tells of the labels")
    return math.fsum(
        math.log(fields[name].values(size)) for name, value in row.items() if value is not None
    )
