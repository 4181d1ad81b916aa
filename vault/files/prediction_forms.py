"""The forms of predictions: which columns a file has, what they hold, and between which bounds.

A new form is an entry here and in the metrics that score it (`stats.metrics.catalogue`). Reading, the
canonical bytes, a team's own file, what fits a benchmark and the API's description follow from the entry.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from vault.files.columns import Kind

# Squares of larger values would overflow, and every valid file must have a finite score.
MAX_VALUE = 1e100


@dataclass(frozen=True, kw_only=True)
class PredictionForm:
    """One form of predictions, for the tasks that it fits."""

    # Its key, and the name of its column.
    name: str
    tasks: frozenset[str]
    # A CATEGORY is a class and becomes its code; a NUMBER becomes a float64.
    kind: Kind
    # Of each number.
    bounds: tuple[float, float] | None = None
    # Tasks in which each class has a column of its own; the columns of a row then sum to one.
    by_class: frozenset[str] = frozenset()
    # Tasks in which metrics of labels decide by a threshold.
    by_threshold: frozenset[str] = frozenset()
    # What stands in a file's columns beside `id`, for the API's description.
    spells: str

    def columns(self, *, task: str, classes: Sequence[str]) -> list[str]:
        """Name the columns beside `id`, in their order."""
        if task in self.by_class:
            return [f"{self.name}:{each}" for each in classes]
        return [self.name]


FORMS = {
    form.name: form
    for form in [
        PredictionForm(
            name="label",
            tasks=frozenset({"binary", "multiclass"}),
            kind=Kind.CATEGORY,
            spells="`label`",
        ),
        PredictionForm(
            name="probability",
            tasks=frozenset({"binary", "multiclass"}),
            kind=Kind.NUMBER,
            bounds=(0.0, 1.0),
            by_class=frozenset({"multiclass"}),
            by_threshold=frozenset({"binary"}),
            spells="`probability` or one column for each class",
        ),
        PredictionForm(
            name="value",
            tasks=frozenset({"regression"}),
            kind=Kind.NUMBER,
            bounds=(-MAX_VALUE, MAX_VALUE),
            spells="`value`",
        ),
    ]
}
CHOICES = [(name, name.capitalize()) for name in FORMS]


def that_fit(task: str) -> list[str]:
    """Name the forms that a benchmark of this task may ask for."""
    return [form.name for form in FORMS.values() if task in form.tasks]


def spelled() -> str:
    """Say what stands in a file beside `id`, form by form."""
    *others, last = (form.spells for form in FORMS.values())
    return f"{', '.join(others)}, or {last}" if others else last
