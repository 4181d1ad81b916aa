"""What organizers may declare of wrong labels, and what is read of it."""

from typing import Any

import pytest

from vault import label_noise
from vault.models import Benchmark

TWO, THREE = ["dry", "wet"], ["a", "b", "c"]


@pytest.mark.parametrize(
    ("noise", "classes"),
    [
        (None, []),
        (0, TWO),
        (0.45, THREE),
        ([[0.9, 0.1], [0, 1]], TWO),
        ([[0.8, 0.1, 0.1], [0.333, 0.56, 0.107], [0, 0, 1]], THREE),
    ],
)
def test_what_can_be_declared(noise: Any, classes: list[str]) -> None:
    assert label_noise.problem(noise=noise, classes=classes) == ""


@pytest.mark.parametrize(
    ("noise", "reason"),
    [
        (-0.1, "from 0 to 0.45"),
        (0.451, "from 0 to 0.45"),
        (float("nan"), "One number, or 2 rows"),
        (True, "One number, or 2 rows"),
        ("0.1", "One number, or 2 rows"),
        ({"dry": 0.1}, "One number, or 2 rows"),
        ([[0.9, 0.1]], "One number, or 2 rows"),
        ([[0.9, 0.1], [1]], "One number, or 2 rows"),
        ([0.9, 0.1], "One number, or 2 rows"),
        ([[0.9, "0.1"], [0, 1]], "numbers from 0 to 1"),
        ([[1.1, -0.1], [0, 1]], "numbers from 0 to 1"),
        ([[0.9, 0.2], [0, 1]], "must sum to 1"),
        ([[0.5, 0.5], [0, 1]], "on the diagonal"),
    ],
)
def test_what_cannot(noise: Any, reason: str) -> None:
    assert reason in label_noise.problem(noise=noise, classes=TWO)


def test_values_have_no_rate_of_wrong_labels() -> None:
    assert "regression" in label_noise.problem(noise=0.1, classes=[])


def test_a_rate_is_spread_over_the_other_classes_and_rows_are_exact() -> None:
    of_rate = Benchmark(classes=THREE, label_noise=0.25)
    typed = Benchmark(classes=TWO, label_noise=[[0.8, 0.201], [0, 1]])

    assert label_noise.matrix_of(benchmark=of_rate) == [
        [0.75, 0.125, 0.125],
        [0.125, 0.75, 0.125],
        [0.125, 0.125, 0.75],
    ]
    matrix = label_noise.matrix_of(benchmark=typed)
    assert matrix is not None
    assert [sum(row) for row in matrix] == pytest.approx([1, 1], abs=1e-15)
    assert matrix[0][1] == pytest.approx(0.201 / 1.001)


def test_nothing_is_read_of_what_does_not_fit() -> None:
    assert label_noise.matrix_of(benchmark=Benchmark(classes=TWO)) is None
    assert label_noise.matrix_of(benchmark=Benchmark(classes=TWO, label_noise=0.7)) is None
