"""Whether the shards of one draw look as if chance had made them: computed while sealing, and sealed.

Nobody sees it before the shards are retired: whoever could look at a draw, and draw again until it pleased,
would have chosen it. It knows no Django and no database.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stats import label_checks
from vault.files import label_tables
from vault.files.columns import of_each
from vault.files.label_tables import LabelTable
from vault.sealing.drawn_units import pool_of
from vault.sealing.terms import Terms

# Of more classes the most common are tested: of one that hardly occurs a test says little.
TESTED_CLASSES = 20


def report_of(
    *,
    terms: Terms,
    labels: LabelTable,
    positions: NDArray[np.int64],
    drawn: Sequence[NDArray[np.int64]],
    names: Sequence[str],
) -> dict[str, Any]:
    """Describe each shard, and test whether they differ. `drawn` are rows of the table, `positions` places.

    Plain JSON, floats with six digits: it is published as it is.
    """
    unit_of_item = pool_of(labels=labels, positions=positions, stratify=False).unit_of_item
    rows = np.concatenate(drawn)
    shard_of_item = np.empty(len(rows), dtype=np.int64)
    shard_of_item[rows] = np.repeat(np.arange(len(drawn)), [len(each) for each in drawn])
    first = np.unique(unit_of_item, return_index=True)[1]
    shard_of_unit = shard_of_item[first]
    tests = [
        {"of": what, "p_value": _short(label_checks.differ(values=values, shards=shard_of_unit))}
        for what, values in _of_units(terms, labels, positions, unit_of_item)
    ]
    return {
        "shards": [
            _described(terms, labels.take(own), name, n_units=len(np.unique(unit_of_item[own])))
            for name, own in zip(names, drawn, strict=True)
        ],
        "tests": tests,
    }


def _of_units(
    terms: Terms,
    labels: LabelTable,
    positions: NDArray[np.int64],
    unit_of_item: NDArray[np.intp],
) -> list[tuple[str, NDArray[np.float64]]]:
    """Give what is tested: of each unit, the mean over its items."""
    sizes = np.bincount(unit_of_item)

    def means(values: NDArray[Any]) -> NDArray[np.float64]:
        summed = np.bincount(unit_of_item, weights=values.astype(np.float64))
        return np.asarray(summed / sizes, dtype=np.float64)

    found = []
    if terms.is_regression:
        found.append(("values", means(labels.labels)))
    else:
        counts = np.bincount(labels.labels.astype(np.int64), minlength=len(terms.classes))
        # Of two classes, the one tells the other.
        common = np.argsort(-counts, kind="stable")[:TESTED_CLASSES].tolist()
        for code in [1] if len(terms.classes) == 2 else common:
            found.append((f"class {terms.classes[code]}", means(labels.labels == code)))
    found.append(("order of ids", means(positions)))
    if labels.times is not None:
        # ISO 8601 texts sort as the times do.
        ranks = of_each(labels.times, lambda distinct: pc.rank(distinct, tiebreaker="dense"))
        found.append(("time", means(ranks.to_numpy())))
    if labels.groups is not None:
        found.append(("size of groups", sizes.astype(np.float64)))
    return found


def _described(terms: Terms, own: LabelTable, name: str, *, n_units: int) -> dict[str, Any]:
    told: dict[str, Any] = {"holdout": name, "n_items": len(own.labels), "n_units": n_units}
    if terms.is_regression:
        told["mean_label"] = _short(float(np.mean(own.labels)))
    else:
        counts = np.bincount(own.labels.astype(np.int64), minlength=len(terms.classes))
        told["classes"] = dict(zip(terms.classes, counts.tolist(), strict=True))
    if own.times is not None:
        days = label_tables.period(own)
        assert days is not None  # there are times
        told["first_day"], told["last_day"] = (day.isoformat() for day in days)
    if own.groups is not None:
        texts = own.groups.cast(pa.string())
        told["n_groups"] = int(pc.count_distinct(texts.filter(pc.not_equal(texts, ""))).as_py())
    return told


def _short(value: float) -> float:
    return float(f"{value:.6g}")
