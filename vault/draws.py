"""How the items of a label file come into shards: which are drawn together, from what, and how many.

Where the file names groups, whole groups are drawn, because items of one group resemble each other: cut by
the draw, a group tells through its query items what its fresh items are. On request each class is drawn from
separately, so that a rare one is in every shard. All numbers are fixed before anything is drawn
(`stats.drawing` says why), and so is every refusal: whoever could draw again until a draw is accepted would
have chosen it.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stats import drawing
from stats.drawing import LEAST_ITEMS, LEAST_SPLITS, LEAST_UNITS, Pool
from vault.drawn_units import Shard, pool_of
from vault.errors import SealingError
from vault.label_tables import LabelTable
from vault.models import Benchmark
from vault.statuses import HoldoutKind, HoldoutStatus

Counts = NDArray[np.int64]


def fixed_counts(
    *, benchmark: Benchmark, labels: LabelTable, shards: Sequence[Shard], stratify: bool
) -> Counts:
    """Units of each stratum in each shard, shape (strata, shards), or why they cannot be drawn."""
    if stratify and benchmark.task == Benchmark.Task.REGRESSION:
        raise SealingError(
            f"only classes can be drawn from separately, and {benchmark.slug} is a regression"
        )
    sizes = _sizes(shards, len(labels.ids))
    pool = pool_of(labels=labels, positions=np.arange(len(labels.ids)), stratify=stratify)
    try:
        counts = drawing.allocate(pool=pool, sizes=sizes)
    except ValueError:
        raise SealingError(_too_small(pool, stratify=stratify)) from None
    if shards[0].kind == HoldoutKind.IID:
        _check_chance(shards, pool, counts)
    return counts


def _check_chance(shards: Sequence[Shard], pool: Pool, counts: Counts) -> None:
    """Iid shards decide a verdict, which a shuffle of a few items, units or ways to share them cannot."""
    fewest = drawing.fewest_items(pool=pool, counts=counts)
    for shard, n_units, n_items in zip(shards, counts.sum(axis=0), fewest, strict=True):
        _check_least(shard, int(n_units), int(n_items), pool=pool)
    # As many ways as the least number of units has where it is not bound to strata.
    if drawing.log_splits(counts=counts) < math.log(LEAST_SPLITS) - 1e-9:
        raise SealingError(
            "each class has so few items or groups that drawing from each separately leaves nearly "
            "nothing to chance, and a shuffle could show nothing: do not draw from each class separately"
        )


def draw(
    *,
    labels: LabelTable,
    positions: NDArray[np.int64],
    counts: Counts,
    stratify: bool,
    rng: np.random.Generator,
) -> list[NDArray[np.int64]]:
    """Rows of the label table for each shard, by the items' positions in the panel.

    The draw is made over items in panel order, so it depends on the seed and the set of items, and
    not on the order of the label file.
    """
    in_order = np.argsort(positions)
    pool = pool_of(labels=labels.take(in_order), positions=positions[in_order], stratify=stratify)
    return [in_order[part] for part in drawing.draw_shards(pool=pool, counts=counts, rng=rng)]


def _sizes(shards: Sequence[Shard], n_items: int) -> list[int]:
    """Sizes that use up every item."""
    kinds = {shard.kind for shard in shards}
    if len(kinds) != 1:
        raise SealingError("the shards of one draw are of one kind")
    if kinds == {HoldoutKind.IID} and len(shards) < 2:
        # A panel that grows by one holdout's items would say which they are.
        raise SealingError("an iid draw makes at least two shards")
    for shard in shards:
        _check_shard(shard)
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


def _check_shard(shard: Shard) -> None:
    statuses = {HoldoutStatus.SEALED, HoldoutStatus.FRESH}
    if shard.kind == HoldoutKind.IID:
        statuses.add(HoldoutStatus.QUERY)
    if shard.kind not in HoldoutKind.values or shard.status not in statuses:
        raise SealingError(f"a {shard.kind} shard cannot be sealed as {shard.status}")


def _check_least(shard: Shard, n_units: int, n_items: int, *, pool: Pool) -> None:
    if n_items < LEAST_ITEMS:
        is_exact = pool.n_units == len(pool.unit_of_item)
        got = f"would have {n_items}" if is_exact else f"could get as few as {n_items}"
        raise SealingError(
            f"an iid shard needs at least {LEAST_ITEMS} items, and the {shard.status} shard {got}: "
            "ask for a larger one"
        )
    if n_units < LEAST_UNITS:
        raise SealingError(
            f"an iid shard needs at least {LEAST_UNITS} groups, and the {shard.status} shard would "
            f"get {n_units} of {pool.n_units}, because groups are drawn whole: ask for a larger one"
        )


def _too_small(pool: Pool, *, stratify: bool) -> str:
    if not stratify:
        return f"there are too few groups for these shards, as they are drawn whole: {pool.n_units}"
    return (
        "a shard is too small to get something of each class that has enough for every shard: ask "
        "for larger shards, or do not draw from each class separately"
    )
