"""What whoever seals a label file should know of it first: a report, and warnings to be confirmed.

It is computed before the draw, from what the draw has fixed: whoever could look at a draw and draw again
would have chosen it. It quotes classes and numbers of labels, so it is for the eyes of whoever has the file,
and is written nowhere else. It knows no Django and no database: it can be printed where the labels live.

A file whose labels have nothing to do with the order of its ids is warned of `id_order` or `neighbor_labels`
in at most 1 of 1,000 cases, and one whose labels do not change in time of `time_drift` likewise.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stats import label_checks
from stats.drawing import Pool
from stats.effective_number import effective_number
from vault.errors import SealingError
from vault.files.label_tables import LabelTable
from vault.holdout_kinds import decides
from vault.sealing import drawn_units, label_orders
from vault.sealing.drawn_units import Counts, Shard, allocated
from vault.sealing.label_orders import Line

# A class that a shard misses more often than this is warned of.
RARELY = 1e-3
# Of a class with fewer items in a shard, a score says next to nothing: one item more or less is a fifth.
FEW_OF_CLASS = 5
# A share near one half is then known to .1, in 95 of 100 cases.
FEW_ITEMS = 100
# What a group's items are worth is the least that they can be.
AS_ONE = "if the items of a group are all right or wrong together"
# Shuffles of fewer groups are coarse, and one unusual group is a large part of a score.
FEW_GROUPS = 20
LARGE_GROUP = 0.1
# Of a regression, in standard deviations of the labels. Where a few answers can lose many times as much as
# all others together, a team can hide what its other answers gained behind them.
LARGE_LOSS_CAP = 10
# A table of more classes nobody reads: the rarest are shown.
SHOWN_CLASSES = 20

BY_CLASS = (
    "draw from each class separately (on the command line: --stratify), so that each shard has one of every "
    "class that has one for every shard; or seal more items of the class"
)

BY_CLASS_OF_GROUPS = (
    "seal more groups that have the class; drawing from each class separately (on the command line: "
    "--stratify) helps where a group is of one class, since a group counts as its most common one"
)


@dataclass(frozen=True, kw_only=True)
class ClassRow:
    """Items of a class in the file, and in each shard: on average, and the chance of none."""

    name: str
    n_items: int
    expected: tuple[float, ...]
    chance_of_none: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Report:
    shard_names: tuple[str, ...]
    classes: tuple[ClassRow, ...]
    lines: tuple[Line, ...]

    @property
    def warnings(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.is_warning)


@dataclass(frozen=True, kw_only=True)
class _Case:
    """A label file with what is to be drawn from it."""

    labels: LabelTable
    classes: tuple[str, ...]
    kind: str
    stratify: bool
    loss_cap: float | None
    names: tuple[str, ...]
    pool: Pool
    counts: Counts

    @property
    def n_items(self) -> int:
        return len(self.labels.ids)


def report_of(
    *,
    labels: LabelTable,
    classes: Sequence[str],
    shards: Sequence[Shard],
    stratify: bool,
    loss_cap: float | None = None,
) -> Report:
    """Report on a label file; `SealingError` if such shards cannot be drawn.

    Without classes the labels are values, and `loss_cap` is the benchmark's, if it is known.
    """
    pool, counts = allocated(labels=labels, shards=shards, stratify=stratify)
    case = _Case(
        labels=labels,
        classes=tuple(classes),
        kind=shards[0].kind,
        stratify=stratify,
        loss_cap=loss_cap,
        names=_names(shards),
        pool=pool,
        counts=counts,
    )
    rows = _class_rows(case)
    lines = [
        *_contents(case),
        *_of_classes(case, rows),
        *_of_loss_cap(case),
        *_of_sizes(case),
        *_of_groups(case),
        *label_orders.lines(
            labels=labels, classes=case.classes, unit_of_item=pool.unit_of_item, kind=case.kind
        ),
        *_of_slices(case),
    ]
    return Report(
        shard_names=case.names,
        classes=tuple(sorted(rows, key=lambda row: row.n_items)[:SHOWN_CLASSES]),
        lines=tuple(lines),
    )


def check_confirmed(*, report: Report, confirmed: Collection[str]) -> None:
    """Refuse to go on while a warning is not confirmed, or one that is not there is.

    Whoever confirms beforehand whatever may come has read nothing.
    """
    warned = [line.code for line in report.warnings]
    if left := [code for code in warned if code not in confirmed]:
        raise SealingError(
            f"nothing was sealed: read the report and confirm each of its warnings, {', '.join(left)}",
            warnings=left,
        )
    if unknown := sorted(set(confirmed) - set(warned)):
        raise SealingError(
            f"nothing was sealed: the report does not warn of {', '.join(unknown)}, which is not to be "
            "confirmed"
        )


def as_text(report: Report) -> str:
    """Write the report for a terminal."""
    lines = [
        f"{'WARNING' if line.is_warning else 'ok     '} {line.code}: {line.text}."
        + (f"\n        What to do: {line.mend}." if line.mend else "")
        for line in report.lines
    ]
    return "\n".join([*lines, *_class_table(report)])


def _class_table(report: Report) -> list[str]:
    if not report.classes:
        return []
    rows = [
        (row.name, f"{row.n_items:,}", *(f"{each:,.1f}" for each in row.expected))
        for row in report.classes
    ]
    table = [("class", "items", *report.shard_names), *rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    return [
        "Items of each class on average, the rarest first:",
        *(
            "  " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
            for row in table
        ),
    ]


def _names(shards: Sequence[Shard]) -> tuple[str, ...]:
    """Name them `query`, or `sealed 1` and `sealed 2`."""
    statuses = [shard.status.lower() for shard in shards]
    return tuple(
        status if statuses.count(status) == 1 else f"{status} {statuses[: i + 1].count(status)}"
        for i, status in enumerate(statuses)
    )


def _contents(case: _Case) -> Iterator[Line]:
    yield Line("items", f"{case.n_items:,} items, each with an id of its own and a label")
    ids = case.labels.ids
    if not pa.types.is_string(ids.type):
        return
    plain = pc.utf8_lower(pc.utf8_normalize(ids, "NFKC"))
    plain = pc.replace_substring_regex(plain, r"\s+", "")
    plain = pc.replace_substring_regex(plain, r"(^|[^0-9])0+([0-9])", r"\1\2")
    if n_alike := len(ids) - int(pc.count_distinct(plain).as_py()):
        yield Line(
            "similar_ids",
            f"{n_alike:,} ids differ from another only in capitals, spaces or zeros in front",
            "look whether they are one item written in two ways, and give each item once",
        )


def _class_rows(case: _Case) -> list[ClassRow]:
    rows = []
    for code, name in enumerate(case.classes):
        marked = case.labels.labels == code
        expected = label_checks.expected_items(pool=case.pool, counts=case.counts, marked=marked)
        none = label_checks.chance_of_none(pool=case.pool, counts=case.counts, marked=marked)
        rows.append(
            ClassRow(
                name=name,
                n_items=int(marked.sum()),
                expected=tuple(expected.tolist()),
                chance_of_none=tuple(none.tolist()),
            )
        )
    return rows


def _of_classes(case: _Case, rows: list[ClassRow]) -> Iterator[Line]:
    if np.ptp(case.labels.labels) == 0:
        what = "class" if case.classes else "value"
        yield Line(
            "constant_label",
            f"all items have one {what}: every constant prediction is perfect or worthless",
            "look whether the right column is called label",
        )
        return
    missing, few = _rare(case, rows)
    if missing:
        text = "a shard may get no item of a class, of which a metric then says nothing there: "
        more = "seal more items of the class, or leave it out of the benchmark"
        by_class = BY_CLASS if case.labels.groups is None else BY_CLASS_OF_GROUPS
        yield Line("class_missing", text + _listed(missing), more if case.stratify else by_class)
    if few:
        text = f"fewer than {FEW_OF_CLASS} items of a class are expected in a shard: "
        mend = "seal more items of the class, or larger shards; ROC AUC, F1 and recall hang on these few"
        yield Line("class_few", text + _listed(few), mend)
    if case.classes and not missing and not few:
        text = f"every shard gets at least {FEW_OF_CLASS} items of each class on average"
        yield Line("classes", text)


def _of_loss_cap(case: _Case) -> Iterator[Line]:
    spread = float(np.std(case.labels.labels))
    if case.loss_cap is None or spread == 0:
        return
    text = f"the loss cap is {case.loss_cap / spread:.3g} standard deviations of the labels"
    mend = (
        "a few absurd answers can then outweigh all others, and hide from the audit what these gained: make "
        f"a benchmark with a loss cap of some standard deviations, at most {LARGE_LOSS_CAP}"
    )
    yield Line("loss_cap", text, mend if case.loss_cap > LARGE_LOSS_CAP * spread else "")


def _rare(case: _Case, rows: list[ClassRow]) -> tuple[list[str], list[str]]:
    """Say what a shard may miss, and what it gets few of."""
    missing, few = [], []
    for row in rows:
        for shard, mean, none in zip(case.names, row.expected, row.chance_of_none, strict=True):
            if none > RARELY and row.n_items == 0:
                missing.append(f"0 of class {row.name} in the file")
            elif none > RARELY:
                chance = f"a chance of {none:.2g} ({row.n_items:,} in the file)"
                missing.append(f"0 of class {row.name} in the {shard} shard with {chance}")
            elif mean < FEW_OF_CLASS:
                few.append(f"{mean:.2g} of class {row.name} in the {shard} shard")
    return missing, few


def _listed(found: list[str], *, most: int = 6) -> str:
    distinct = list(dict.fromkeys(found))
    more = [f"and {len(distinct) - most} more"] if len(distinct) > most else []
    return "; ".join([*distinct[:most], *more])


def _of_sizes(case: _Case) -> Iterator[Line]:
    """Shards by the independent items that they are worth, on average."""
    share = case.counts.sum(axis=0) / case.pool.n_units
    worth = effective_number(sizes=np.bincount(case.pool.unit_of_item)) * share
    if_alike = "" if case.labels.groups is None else f" {AS_ONE}"
    small = [
        f"the {name} shard is worth {n:.0f} independent items{if_alike} (a share near one half is known to "
        # Half a 95 % interval of a share of one half: 1.96 * sqrt(.25 / n).
        f"{0.98 / np.sqrt(n):.2g} more or less)"
        for name, n in zip(case.names, worth, strict=True)
        if n < FEW_ITEMS
    ]
    if small:
        what = "items" if case.labels.groups is None else "groups"
        mend = f"seal more {what}, or fewer and larger shards"
        yield Line("small_shard", _listed(small), mend)
        return
    even = if_alike and f", even{if_alike}"
    yield Line("sizes", f"every shard is worth at least {FEW_ITEMS} independent items{even}")


def _of_groups(case: _Case) -> Iterator[Line]:
    if case.labels.groups is None:
        text = (
            "there is no column group: each item is drawn by itself, as if of a source of its own"
        )
        yield Line("groups", text)
        return
    n_alone = drawn_units.n_alone(groups=case.labels.groups)
    if n_alone == case.n_items:
        yield Line(
            "empty_groups",
            "the column group is empty in every row, so each item would be drawn by itself",
            "fill in what each item comes from, such as its patient, or leave the column out",
        )
        return
    sizes = np.bincount(case.pool.unit_of_item)
    least, most = sizes.min(), sizes.max()
    span = f"{least:,} items each" if least == most else f"{least:,} to {most:,} items"
    alone = f"; {n_alone:,} of them are single items whose group is empty" if n_alone else ""
    yield Line(
        "groups",
        f"{len(sizes):,} groups of {span} are drawn whole{alone}; together they "
        f"are worth {effective_number(sizes=sizes):,.0f} independent items (of {case.n_items:,}) "
        f"{AS_ONE}, and more if they are not",
    )
    units = case.counts.sum(axis=0)
    if decides(case.kind) and units.min() < FEW_GROUPS:
        few = [f"{n} in the {name} shard" for name, n in zip(case.names, units, strict=True)]
        mend = "seal more groups, or fewer and larger shards"
        yield Line("few_groups", f"a shard gets few groups: {_listed(few)}", mend)
    if most > LARGE_GROUP * case.n_items:
        text = (
            f"one group has {most:,} of {case.n_items:,} items, and a shard is much larger with it"
        )
        yield Line("large_group", text, "look whether the column group is right, or divide it")


def _of_slices(case: _Case) -> Iterator[Line]:
    for name, column in case.labels.slices.items():
        counted = pc.value_counts(column)
        fewest = int(pc.min(counted.field("counts")).as_py())
        yield Line(
            "slices",
            f"slice {name} has {len(counted):,} values, the rarest of which {fewest:,} items have",
        )
