"""What a draw takes whole, a group of items that resemble each other or an item without one, and how many.

It knows no Django and no database, so that a label file can be reported on where its labels live.
"""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stats import drawing
from stats.drawing import MIN_ITEMS, MIN_SPLITS, MIN_UNITS, Pool
from stats.effective_number import effective_number
from vault.errors import SealingError
from vault.files import label_tables
from vault.files.label_tables import LabelTable
from vault.holdout_kinds import decides
from vault.sealing import kind_rules

Counts = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Shard:
    """`n` is exact for single items and a target for groups. None: all that the other shards leave.

    Of a later period: up to which day teams may train, and how long a label takes.
    """

    kind: str
    status: str
    n: int | None
    trained_until: dt.date | None = None
    label_delay_days: int | None = None


def unit_names(*, groups: Any, positions: NDArray[np.int64]) -> pa.Array:
    """Say what each item is drawn with: its group, or itself where the group is empty.

    The two are told apart by their first word, so that no name of a group is that of a single item.
    """
    texts = _texts(groups)
    alone = pc.binary_join_element_wise("item", pa.array(positions).cast(pa.string()), ":")
    together = pc.binary_join_element_wise("group", texts, ":")
    return pc.if_else(pc.equal(texts, ""), alone, together)


def n_alone(*, groups: Any) -> int:
    """Count the items whose group is empty: each is drawn by itself."""
    return int(pc.sum(pc.equal(_texts(groups), "")).as_py() or 0)


def worth(*, labels: LabelTable, positions: NDArray[np.int64]) -> tuple[int, float] | None:
    """Count what bounds divide by, which nobody could later without opening the labels."""
    if labels.groups is None:
        return None
    units = unit_names(groups=labels.groups, positions=positions)
    sizes = pc.value_counts(units).field("counts").to_numpy()
    return len(sizes), effective_number(sizes=sizes)


def pool_of(*, labels: LabelTable, positions: NDArray[np.int64], stratify: bool) -> Pool:
    """Find what a draw of these items takes whole, and from which strata."""
    units = None
    if labels.groups is not None:
        names = pc.dictionary_encode(unit_names(groups=labels.groups, positions=positions))
        units = names.indices.to_numpy()
    strata = drawing.strata_of(labels=labels.labels, units=units) if stratify else None
    return drawing.pool(n=len(labels.ids), units=units, strata=strata)


def allocated(
    *, labels: LabelTable, shards: Sequence[Shard], stratify: bool
) -> tuple[Pool, Counts]:
    """Say what is drawn, and the units of each stratum in each shard; `SealingError` if that cannot be."""
    if decides(shards[0].kind) and len(shards) < 2:
        # A panel that grows by one holdout's items would say which they are.
        raise SealingError("an iid draw makes at least two shards")
    sizes = _sizes(shards, len(labels.ids))
    pool = pool_of(labels=labels, positions=np.arange(len(labels.ids)), stratify=stratify)
    try:
        counts = drawing.allocate(pool=pool, sizes=sizes)
    except ValueError:
        problem = (
            "a shard is too small to get something of each class that has enough for every shard: "
            "ask for larger shards, or do not draw from each class separately"
            if stratify
            else f"there are too few groups for these shards, as they are drawn whole: {pool.n_units}"
        )
        raise SealingError(problem) from None
    if decides(shards[0].kind):
        _check_chance(shards, pool, counts)
    check_kind(labels=labels, shards=shards, counts=counts)
    return pool, counts


def check_kind(*, labels: LabelTable, shards: Sequence[Shard], counts: Counts) -> None:
    """Refuse what does not mean what the name of its kind says."""
    kind_rules.check_labelled(kind=shards[0].kind)
    share = float(counts.sum(axis=0).min() / counts.sum())
    kind_rules.check_slices(kind=shards[0].kind, labels=labels, share=share)
    for shard in shards:
        kind_rules.check_period(
            kind=shard.kind,
            period=label_tables.period(labels),
            trained_until=shard.trained_until,
            label_delay_days=shard.label_delay_days,
        )


def _sizes(shards: Sequence[Shard], n_items: int) -> list[int]:
    """Find sizes that use up every item."""
    if sum(shard.n is None for shard in shards) > 1:
        raise SealingError("only one shard can take the rest")
    named = sum(shard.n or 0 for shard in shards)
    sizes = [n_items - named if shard.n is None else shard.n for shard in shards]
    if min(sizes) < 1 or sum(sizes) != n_items:
        raise SealingError(
            f"the shards hold {named:,} items and the file {n_items:,}: every item belongs to "
            "one shard, and no shard is empty"
        )
    return sizes


def _check_chance(shards: Sequence[Shard], pool: Pool, counts: Counts) -> None:
    """Refuse iid shards if items, units or ways to share them are too few for a shuffle to decide by."""
    fewest = drawing.fewest_items(pool=pool, counts=counts)
    for shard, n_units, n_items in zip(shards, counts.sum(axis=0), fewest, strict=True):
        if n_items < MIN_ITEMS:
            is_exact = pool.n_units == len(pool.unit_of_item)
            got = f"would have {n_items}" if is_exact else f"could get as few as {n_items}"
            raise SealingError(
                f"an iid shard needs at least {MIN_ITEMS} items, and the {shard.status} shard {got}: "
                "ask for a larger one"
            )
        if n_units < MIN_UNITS:
            raise SealingError(
                f"an iid shard needs at least {MIN_UNITS} groups, and the {shard.status} shard would "
                f"get {n_units} of {pool.n_units}, because groups are drawn whole: ask for a larger one"
            )
    # As many ways as the least number of units has where it is not bound to strata.
    # The last bit of a sum of logarithms decides nothing.
    if drawing.log_splits(counts=counts) < math.log(MIN_SPLITS) - 1e-9:
        raise SealingError(
            "each class has so few items or groups that drawing from each separately leaves nearly "
            "nothing to chance, and a shuffle could show nothing: do not draw from each class separately"
        )


def _texts(groups: Any) -> pa.Array:
    texts = groups.cast(pa.string())
    whole = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    return whole.fill_null("")
