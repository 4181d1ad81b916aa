"""Finds whether the order of ids, or the time, tells labels: teams see ids, and may read labels off them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stats import label_checks
from stats.drawing import strata_of
from vault import sentences
from vault.files.columns import of_each
from vault.files.label_tables import LabelTable
from vault.holdout_kinds import decides

# Chance of a warning where there is nothing; half of it for each of the two tests of ids.
ALPHA = 1e-3
# Of the deviations that are certain, those that matter: a ROC AUC of .55, a correlation of .1.
MIN_AUC_EXCESS = 0.05
MIN_CORRELATION = 0.1
# Of more classes the most common are tested: one that hardly occurs tells little.
TESTED_CLASSES = 20

NEW_IDS = (
    "give the items new ids in random order, such as hashes with a secret salt, here and in the data that "
    "teams have"
)
NAME_GROUPS = (
    "if neighbors come from one source, such as a patient or a day, name it in the column group"
)

Order = NDArray[np.intp]


class Line(NamedTuple):
    """A sentence without its full stop. `mend` says what to do about a warning, confirmed by its `code`."""

    code: str
    text: str
    mend: str = ""

    @property
    def is_warning(self) -> bool:
        return bool(self.mend)


@dataclass(frozen=True, kw_only=True)
class _Marked:
    """One thing that an order may tell: a class, or the values. `what` completes "tells ..."."""

    what: str
    of_item: NDArray[Any]
    # Of each unit: what a trend is sought in, and what neighbors may have alike.
    value: NDArray[np.float64]
    mark: NDArray[np.bool_]
    is_class: bool


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A test's result: `size` for comparing, `text` for people."""

    p_value: float
    size: float
    text: str
    # Neighbors that are less alike than by chance.
    is_opposite: bool = False


def lines(
    *,
    labels: LabelTable,
    classes: tuple[str, ...],
    unit_of_item: NDArray[np.intp],
    kind: str,
) -> Iterator[Line]:
    """Say what the ids tell, and the times if there are any."""
    marked = list(_marked(labels, classes, unit_of_item))
    if marked:
        yield from _of_ids(labels, marked, unit_of_item)
    if marked and labels.times is not None:
        yield from _of_times(labels, marked, unit_of_item, kind=kind)


def orders_of(ids: pa.Array) -> list[Order]:
    """List the orders that anybody would put the ids in: the panel's, by number, by what is no number."""
    panel = pc.sort_indices(ids).to_numpy().astype(np.intp)
    if not pa.types.is_string(ids.type):
        return [panel]
    parts = pc.extract_regex(ids, r"(?s)^(?P<stem>.*?)(?P<number>[0-9]*)(?P<rest>[^0-9]*)$")
    # Numbers are compared as text, the shorter first: no id is too long for that.
    number = pc.utf8_ltrim(pc.struct_field(parts, "number"), "0")
    natural = _sorted(
        pc.struct_field(parts, "stem"),
        pc.binary_length(number),
        number,
        pc.struct_field(parts, "rest"),
    )
    without_numbers = pc.replace_substring_regex(ids, "[0-9]+", "#")
    found = [panel]
    for order in (natural, _sorted(without_numbers, ids)):
        if not any(np.array_equal(order, known) for known in found):
            found.append(order)
    return found


def _sorted(*keys: Any) -> Order:
    table = pa.table({str(i): key for i, key in enumerate(keys)})
    by = [(name, "ascending") for name in table.column_names]
    order: Order = pc.sort_indices(table, sort_keys=by).to_numpy().astype(np.intp)
    return order


def _marked(
    labels: LabelTable, classes: tuple[str, ...], unit_of_item: NDArray[np.intp]
) -> Iterator[_Marked]:
    """Mark units, not items: those of one unit belong together, so an order is tested over units."""
    values = labels.labels
    if np.ptp(values) == 0:
        return
    sizes = np.bincount(unit_of_item)
    if not classes:
        means = np.bincount(unit_of_item, weights=values.astype(np.float64)) / sizes
        yield _Marked(
            what="the values",
            of_item=values,
            value=means,
            mark=means > np.median(means),
            is_class=False,
        )
        return
    first = np.unique(unit_of_item, return_index=True)[1]
    most_common = strata_of(labels=values, units=unit_of_item)[first]
    n_of_class = np.bincount(values.astype(np.int64), minlength=len(classes))
    # Of two classes, the one tells the other.
    tested = [1] if len(classes) == 2 else np.argsort(-n_of_class)[:TESTED_CLASSES].tolist()
    for code in tested:
        is_it = values == code
        yield _Marked(
            what=f"class {classes[code]}",
            of_item=is_it,
            value=np.bincount(unit_of_item, weights=is_it.astype(np.float64)) / sizes,
            mark=most_common == code,
            is_class=True,
        )


def _of_ids(
    labels: LabelTable, marked: list[_Marked], unit_of_item: NDArray[np.intp]
) -> Iterator[Line]:
    trends, neighbors = [], []
    orders = orders_of(labels.ids)
    # Shared out among all tests of one kind (Bonferroni), each of which could warn by chance.
    level = ALPHA / 2 / len(orders) / len(marked)
    for order in orders:
        in_order = unit_of_item[order]
        # Each unit once, where the first of its items stands.
        units = in_order[np.sort(np.unique(in_order, return_index=True)[1])]
        # The place of each unit in the order.
        places = np.argsort(units).astype(np.float64)
        trends += [_trend(each, order, places=places) for each in marked]
        neighbors += [_neighbors(each, units) for each in marked]
    trend, alike = _worst(trends, level), _worst(neighbors, level)
    if trend:
        yield Line("id_order", f"the order of the ids tells {trend.text}", NEW_IDS)
    if alike:
        yield Line(
            "neighbor_labels",
            f"neighbors in the order of the ids have labels that are {alike.text}",
            NEW_IDS if alike.is_opposite else f"{NAME_GROUPS}; else {NEW_IDS}",
        )
    if not trend and not alike:
        yield Line("id_order", "no test finds that the order of the ids tells a label")


def _worst(found: list[_Found], level: float) -> _Found | None:
    sure = [each for each in found if each.p_value < level and each.size >= 1.0]
    return max(sure, key=lambda each: each.size, default=None)


def _trend(each: _Marked, order: Order, *, places: NDArray[np.float64]) -> _Found:
    """Seek a trend along the order of the items, in which the units have these places."""
    found = label_checks.trend(values=each.value, places=places)
    if each.is_class:
        auc = label_checks.auc_of_place(marked=each.of_item[order])
        size = abs(auc - 0.5) / MIN_AUC_EXCESS
        text = f"the labels: a prediction that is nothing but the place has ROC AUC {auc:.3f} for {each.what}"
    else:
        size = abs(found.correlation) / MIN_CORRELATION
        text = f"the values: their rank correlation with the place is {found.correlation:.2f}"
    return _Found(p_value=found.p_value, size=size, text=_with_p(text, found.p_value))


def _neighbors(each: _Marked, units: Order) -> _Found:
    found = label_checks.runs(marked=each.mark[units])
    what = f"{each.what} and others" if each.is_class else "large and small values"
    how = "alike" if found.alikeness > 0 else "less alike than chance makes them"
    where = sentences.counted(n=found.n_changes, noun="place")
    text = f"{how}: {what} meet at {where}, {abs(found.alikeness):.0%}"
    more = "fewer" if found.alikeness > 0 else "more"
    return _Found(
        p_value=found.p_value,
        size=abs(found.alikeness) / MIN_CORRELATION,
        text=_with_p(f"{text} {more} than in a random order", found.p_value),
        is_opposite=found.alikeness < 0,
    )


def _with_p(text: str, p_value: float) -> str:
    return f"{text} ({f'p = {p_value:.1g}' if p_value > 1e-12 else 'p < 1e-12'})"


def _of_times(
    labels: LabelTable, marked: list[_Marked], unit_of_item: NDArray[np.intp], *, kind: str
) -> Iterator[Line]:
    # ISO 8601 texts sort as the times do.
    ranks = of_each(labels.times, lambda distinct: pc.rank(distinct, tiebreaker="dense"))
    when = ranks.to_numpy().astype(np.float64)
    of_unit = np.bincount(unit_of_item, weights=when) / np.bincount(unit_of_item)
    follows = label_checks.trend(values=when[pc.sort_indices(labels.ids).to_numpy()])
    if abs(follows.correlation) >= 0.5 and follows.p_value < ALPHA:
        text = f"ids follow the time (rank correlation {follows.correlation:.2f}): ids tell teams the times"
        yield Line("id_time", text)
    by_time = np.argsort(when, kind="stable")
    drifts = [_trend(each, by_time, places=of_unit) for each in marked]
    found = _worst(drifts, ALPHA / len(marked))
    if found is None:
        yield Line("times", "no test finds that labels change in time")
        return
    mend = (
        "an iid draw mixes all times, so its scores promise nothing of later ones: seal the latest items "
        "apart, as temporal"
    )
    yield Line("time_drift", f"the time tells {found.text}", mend if decides(kind) else "")
