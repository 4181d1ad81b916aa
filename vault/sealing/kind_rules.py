"""What a holdout that does not decide must bring, so that its figures mean what the name of its kind says.

A later period begins once the labels of what teams may train on had arrived: else a model is measured on days
that its training data tell of. Stress cases are measured by slice, and of a slice with a handful of items
nothing is known. It knows no Django, and speaks only to whoever seals.
"""

import datetime as dt

import pyarrow.compute as pc

from vault import holdout_kinds
from vault.errors import SealingError
from vault.files.label_tables import LabelTable

# A share near one half is then known to .14, in 95 of 100 cases.
MIN_SLICE = 50
# Somebody who gives hours, or a year with a digit too many.
MAX_DELAY_DAYS = 3_650


def check_labelled(*, kind: str) -> None:
    if kind in holdout_kinds.WITHOUT_LABELS:
        raise SealingError(
            f"a {kind} holdout is sealed without labels, which nobody has yet: publish its items alone"
        )


def check_period(
    *,
    kind: str,
    period: tuple[dt.date, dt.date] | None,
    trained_until: dt.date | None,
    label_delay_days: int | None,
) -> None:
    """Refuse a later period that is none, or that comes too soon after what teams may train on."""
    if kind not in holdout_kinds.NEEDS_PERIOD:
        if trained_until is not None or label_delay_days is not None:
            raise SealingError(
                "the last day of training and the delay of labels are said of a temporal holdout alone"
            )
        return
    if period is None:
        raise SealingError(
            f"a {kind} holdout is of a later period: add the column time to the label file, with the day of "
            "each item"
        )
    if trained_until is None or label_delay_days is None:
        raise SealingError(
            f"a {kind} holdout says up to which day teams may train and after how many days a label is "
            "known: give both"
        )
    if not 0 <= label_delay_days <= MAX_DELAY_DAYS:
        raise SealingError(f"the delay of labels is between 0 and {MAX_DELAY_DAYS:,} days")
    first, last = period
    try:
        earliest = trained_until + dt.timedelta(days=max(label_delay_days, 1))
    except OverflowError:
        raise SealingError("the last day of training is too far in the future") from None
    if first < earliest:
        raise SealingError(
            f"teams may train up to {trained_until} and a label takes {label_delay_days:,} days, so a later "
            f"period begins on {earliest} at the earliest, and these items are of {first} to {last}: seal "
            f"only those from {earliest} on"
        )


def check_slices(*, kind: str, labels: LabelTable, share: float) -> None:
    """Refuse slices of which a shard with this share of the file gets too few items, on average."""
    if kind not in holdout_kinds.NEEDS_SLICES:
        return
    if not labels.slices:
        raise SealingError(
            f"a {kind} holdout is read slice by slice: add a column slice:NAME to the label file"
        )
    for name, column in labels.slices.items():
        counted = pc.value_counts(column)
        rarest = pc.min(counted.field("counts")).as_py()
        if rarest * share >= MIN_SLICE:
            continue
        place = pc.index(counted.field("counts"), rarest).as_py()
        value = counted.field("values")[place].as_py()
        got = f"{rarest:,} items" if share == 1 else f"{rarest:,} items in all shards together"
        each = "" if share == 1 else " in each shard"
        raise SealingError(
            f"a slice needs at least {MIN_SLICE} items{each}, and slice {name} has {got} of {value!r}: seal "
            "more of them, join small slices, or ask for one shard"
        )
