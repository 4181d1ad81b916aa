"""How often a benchmark's labels are wrong, as its organizers declare it: one rate, or rates by class.

No score is computed by it: an audit shows what finals would be worth on labels without that noise.
"""

import sys
from typing import Any

from vault.models import Benchmark

Matrix = list[list[float]]

# Beyond it an adjusted score's interval is more than ten times as wide as that of the score itself.
MAX_NOISE = 0.45
# Of a row that was typed with three digits, such as three times .333.
ROUNDING = 0.002
SIZE = f"A label may be wrong with a probability from 0 to {MAX_NOISE}."


def problem(*, noise: Any, classes: list[str]) -> str:
    """Say what is wrong with a declaration; empty where nothing is."""
    if noise is None:
        return ""
    if not classes:
        return "Values of a regression have no rate of wrong labels."
    if _is_number(noise):
        return "" if 0 <= noise <= MAX_NOISE else SIZE
    n = len(classes)
    rows = noise if isinstance(noise, list) else []
    if len(rows) != n or not all(isinstance(row, list) and len(row) == n for row in rows):
        return f"One number, or {n} rows of {n} numbers are needed."
    if not all(_is_number(value) and 0 <= value <= 1 for row in rows for value in row):
        return "Probabilities are numbers from 0 to 1."
    if any(abs(sum(row) - 1) > ROUNDING for row in rows):
        return "The probabilities of each row must sum to 1."
    if any(row[k] / sum(row) < 1 - MAX_NOISE for k, row in enumerate(rows)):
        return f"{SIZE} The label of the true class, on the diagonal, has the rest."
    return ""


def matrix_of(*, benchmark: Benchmark) -> Matrix | None:
    """Give, for each true class (row), the probability of each label (column); None: not declared.

    Of a single rate the wrong labels are equally likely.
    """
    noise, n = benchmark.label_noise, len(benchmark.classes)
    if noise is None or problem(noise=noise, classes=benchmark.classes):
        return None
    if isinstance(noise, list):
        return [[value / sum(row) for value in row] for row in noise]
    return [[1 - noise if k == j else noise / (n - 1) for j in range(n)] for k in range(n)]


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # An integer of JSON may be larger than any float.
    return is_number and abs(value) <= sys.float_info.max
