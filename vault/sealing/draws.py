"""How the items of a label file come into shards: which are drawn together, from what, and how many.

Where the file names groups, whole groups are drawn, because items of one group resemble each other: cut by
the draw, a group tells through its query items what its fresh items are. On request each class is drawn from
separately, so that a rare one is in every shard. All numbers are fixed before anything is drawn
(`stats.drawing` says why), and so is every refusal: whoever could draw again until a draw is accepted would
have chosen it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stats import drawing
from vault.errors import SealingError
from vault.files.label_tables import LabelTable
from vault.holdout_kinds import HoldoutKind, decides
from vault.models import Benchmark
from vault.sealing.drawn_units import Counts, Shard, allocated, pool_of
from vault.statuses import HoldoutStatus


def fixed_counts(
    *, benchmark: Benchmark, labels: LabelTable, shards: Sequence[Shard], stratify: bool
) -> Counts:
    """Units of each stratum in each shard, shape (strata, shards), or why they cannot be drawn."""
    if stratify and benchmark.task == Benchmark.Task.REGRESSION:
        raise SealingError(
            f"only classes can be drawn from separately, and {benchmark.slug} is a regression"
        )
    if len({shard.kind for shard in shards}) != 1:
        raise SealingError("the shards of one draw are of one kind")
    statuses = {HoldoutStatus.SEALED, HoldoutStatus.FRESH}
    if decides(shards[0].kind):
        statuses.add(HoldoutStatus.QUERY)
    for shard in shards:
        if shard.kind not in list(HoldoutKind) or shard.status not in statuses:
            raise SealingError(f"a {shard.kind} shard cannot be sealed as {shard.status}")
    _, counts = allocated(labels=labels, shards=shards, stratify=stratify)
    return counts


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
