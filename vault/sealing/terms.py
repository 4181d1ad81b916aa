"""What sealing must know of a benchmark: its task, its classes, and how large an error may count.

It knows no Django and no database, so that labels can be sealed where they live.
"""

from dataclasses import dataclass

import numpy as np

from vault.errors import SealingError
from vault.files.label_tables import LabelTable

REGRESSION = "regression"


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Of one benchmark. `classes` in code order; a regression has none."""

    slug: str
    task: str
    classes: tuple[str, ...]
    loss_cap: float | None

    @property
    def is_regression(self) -> bool:
        return self.task == REGRESSION


def check_labels(*, terms: Terms, labels: LabelTable) -> None:
    """Refuse labels that the benchmark cannot have, however they were read."""
    values = labels.labels
    extra = [*labels.slices.values(), labels.times, labels.groups]
    if any(len(column) != len(values) for column in [labels.ids, *extra] if column is not None):
        raise SealingError("the columns have different lengths")
    if terms.is_regression:
        is_sound = values.dtype.kind == "f" and bool(np.isfinite(values).all())
    else:
        is_code = values.dtype.kind in "iu" and values.size > 0
        is_sound = is_code and bool(((values >= 0) & (values < len(terms.classes))).all())
    if not is_sound:
        raise SealingError("a label is not one that the benchmark can have")
