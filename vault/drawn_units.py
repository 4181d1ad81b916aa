"""What a draw takes whole: a group of items that resemble each other, or an item without one.

It knows no Django and no database, so that a label file can be reported on where its labels live.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stats import drawing
from stats.drawing import Pool
from vault.label_tables import LabelTable


@dataclass(frozen=True, kw_only=True)
class Shard:
    """`n` is exact for single items and a target for groups. None: all that the other shards leave."""

    kind: str
    status: str
    n: int | None


def unit_names(*, groups: Any, positions: NDArray[np.int64]) -> pa.Array:
    """What each item is drawn with: its group, or itself where the group is empty.

    The two are told apart by their first word, so that no name of a group is that of a single item.
    """
    texts = _texts(groups)
    alone = pc.binary_join_element_wise("item", pa.array(positions).cast(pa.string()), ":")
    together = pc.binary_join_element_wise("group", texts, ":")
    return pc.if_else(pc.equal(texts, ""), alone, together)


def sizes_of_groups(
    *, labels: LabelTable, positions: NDArray[np.int64]
) -> NDArray[np.int64] | None:
    """Items of each unit of a shard in the order of first items. None: items are drawn one by one."""
    if labels.groups is None:
        return None
    counted = pc.value_counts(unit_names(groups=labels.groups, positions=positions))
    sizes: NDArray[np.int64] = counted.field("counts").to_numpy()
    return sizes


def pool_of(*, labels: LabelTable, positions: NDArray[np.int64], stratify: bool) -> Pool:
    """What a draw of these items takes whole, and from which strata."""
    units = None
    if labels.groups is not None:
        names = pc.dictionary_encode(unit_names(groups=labels.groups, positions=positions))
        units = names.indices.to_numpy()
    strata = drawing.strata_of(labels=labels.labels, units=units) if stratify else None
    return drawing.pool(n=len(labels.ids), units=units, strata=strata)


def _texts(groups: Any) -> pa.Array:
    texts = groups.cast(pa.string())
    whole = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    return whole.fill_null("")
