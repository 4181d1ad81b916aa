"""How the items of a label file come into shards: which are drawn together, from what, and how many.

Where the file names groups, whole groups are drawn, because items of one group resemble each other: cut by
the draw, a group tells through its query items what its fresh items are. On request each class is drawn from
separately, so that a rare one is in every shard. All numbers are fixed before anything is drawn
(`stats.drawing` says why), and so is every refusal: whoever could draw again until a draw is accepted would
have chosen it.

A draw is a function of a seed of 32 random bytes and the items. SHAKE-256 of the seed is cut into words of 64
bits, the first byte counting most. Strata follow each other by class code; in each the units, in the order
of their first items in the panel, take the next words and are sorted by them; the shards then take theirs in
turn. So anybody who has the seed and the items can repeat it, in any language (docs/disclosure.md).

It knows no Django and no database, so that labels can be drawn where they live.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stats import drawing
from vault.errors import SealingError
from vault.files.label_tables import LabelTable
from vault.holdout_kinds import HoldoutKind, decides
from vault.sealing.drawn_units import Counts, Shard, allocated, pool_of
from vault.sealing.terms import Terms


def check_shards(*, shards: Sequence[Shard]) -> None:
    """Refuse kinds and statuses that shards of one draw cannot have."""
    if len({shard.kind for shard in shards}) != 1:
        raise SealingError("the shards of one draw are of one kind")
    # As text: the statuses themselves are Django's, and labels are drawn without it, too.
    statuses = {"SEALED", "FRESH"}
    if decides(shards[0].kind):
        statuses.add("QUERY")
    for shard in shards:
        if shard.kind not in list(HoldoutKind) or shard.status not in statuses:
            raise SealingError(f"a {shard.kind} shard cannot be sealed as {shard.status}")


def fixed_counts(
    *, terms: Terms, labels: LabelTable, shards: Sequence[Shard], stratify: bool
) -> Counts:
    """Units of each stratum in each shard, shape (strata, shards), or why they cannot be drawn."""
    if stratify and terms.is_regression:
        raise SealingError(
            f"only classes can be drawn from separately, and {terms.slug} is a regression"
        )
    check_shards(shards=shards)
    _, counts = allocated(labels=labels, shards=shards, stratify=stratify)
    return counts


def draw(
    *,
    labels: LabelTable,
    positions: NDArray[np.int64],
    counts: Counts,
    stratify: bool,
    seed: bytes,
) -> list[NDArray[np.int64]]:
    """Rows of the label table for each shard, by the items' positions in the panel.

    The draw is made over items in panel order, so it depends on the seed and the set of items, and
    not on the order of the label file.
    """
    in_order = np.argsort(positions)
    pool = pool_of(labels=labels.take(in_order), positions=positions[in_order], stratify=stratify)
    shuffle = drawing.SeededShuffle(seed)
    return [in_order[part] for part in drawing.draw_shards(pool=pool, counts=counts, rng=shuffle)]
