"""Rows of class probabilities: what rounding explains is accepted and scaled to one, the rest refused."""

import math
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest

from tests.vault.prediction_files import (
    MULTI,
    parquet,
    parse_csv,
    parse_parquet,
    problems_of,
    values,
)
from vault.errors import InvalidFileError
from vault.files import canonical
from vault.files.canonical import Predictions
from vault.files.parsing import FileSpec

CASES = (
    Path(os.environ.get("HOLDOUT_VAULT_REFERENCE_DATA", "../shared/reference-data")).parent
    / "cases"
)
HEADER = "id,probability:a,probability:b,probability:c\n"
ONE = pa.array([10])
SEVEN = FileSpec(form="probability", task="multiclass", classes=tuple("abcdefg"))


def row(fields: str, spec: FileSpec = MULTI) -> Predictions:
    return parse_csv(f"id,{','.join(spec.value_columns)}\n10,{fields}\n", spec, ONE)


def case(name: str) -> bytes:
    path = CASES / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return path.read_bytes()


@pytest.mark.parametrize("name", ["mc3_probs_4digits.csv", "mc3_thirds_4digits.csv"])
def test_four_digits_are_enough(name: str) -> None:
    body = case(name)
    spec = FileSpec(form="probability", task="multiclass", classes=("A", "B", "C"))
    panel = pa_csv.read_csv(pa.BufferReader(body)).column("id").combine_chunks()

    rows = np.array(values(parse_csv(body, spec, panel)))

    assert rows.shape == (60, 3)
    assert rows.sum(axis=1) == pytest.approx(1.0, abs=1e-12)


def test_thirds_score_the_logarithm_of_three() -> None:
    body = HEADER + "10,.3333,.3333,.3333\n20,.3333,.3333,.3333\n30,.3333,.3333,.3333\n"
    probabilities = canonical.decode(parse_csv(body, MULTI).canonical)

    assert -np.log(probabilities).mean() == pytest.approx(math.log(3), abs=1e-12)


@pytest.mark.parametrize(
    ("fields", "spec"),
    [
        ("0.33,0.33,0.33", MULTI),
        ("0.5,0.5,0.01", MULTI),
        ("0.3,0.3,0.3", MULTI),
        ("3e-1,3E-1,0.3", MULTI),
        (",".join(["0.14"] * 7), SEVEN),
        (",".join(["0.1"] * 7), SEVEN),
        ("0.13," * 6 + "0.1921", SEVEN),
    ],
)
def test_rows_that_rounding_explains_are_scaled_to_one(fields: str, spec: FileSpec) -> None:
    given = np.array([float(field) for field in fields.split(",")])

    assert values(row(fields, spec))[0] == pytest.approx(given / given.sum(), abs=1e-15)


@pytest.mark.parametrize(
    ("fields", "total", "tolerance"),
    [
        ("0.30,0.30,0.30", "0.9", "0.015"),
        ("0.33,0.33,0.30", "0.96", "0.015"),
        ("0.3000,0.3000,0.3000", "0.9", "0.01"),
        ("0.5,0.5,0.5", "1.5", "0.15"),
        ("0,0,0", "0", "0.01"),
        ("1,1,0", "2", "0.01"),
        ("1e0,0e99999999999999999999,1", "2", "0.01"),
        ("0.5000,0.5000,0.0102", "1.0102", "0.01"),
    ],
)
def test_other_rows_are_refused_with_the_tolerance(fields: str, total: str, tolerance: str) -> None:
    with pytest.raises(InvalidFileError) as caught:
        row(fields)

    assert [(p["row"], p["problem"]) for p in caught.value.data["problems"]] == [
        (
            2,
            f"the probabilities sum to {total}, not to 1; {tolerance} more or less is accepted",
        )
    ]


def test_rows_of_nothing_but_zeros_are_refused_however_many_classes_there_are() -> None:
    spec = FileSpec(form="probability", task="multiclass", classes=tuple(map(str, range(30))))

    with pytest.raises(InvalidFileError, match="sum to 0, not to 1"):
        row(",".join(["0.0"] * 30), spec)


def test_a_row_with_another_problem_has_no_sum() -> None:
    assert problems_of(HEADER + "10,0.5,0.5,0.005\n20,1,0,0\n30,0.9,1.1,0\n", MULTI) == [
        (4, "probability:b", "1.1 is not between 0 and 1"),
    ]


def test_digits_are_found_behind_lines_that_are_skipped() -> None:
    """A number that does not convert sends the whole file the slow way."""
    found = problems_of(HEADER + "10,0.5,0.5\n20,0.30,0.30,0.30\n30,0.3,0.3,0.3\n", MULTI)

    assert [p[0] for p in found] == [2, 3]


def test_digits_are_found_behind_an_empty_line() -> None:
    found = problems_of(HEADER + "10,0.5,0.5,0\n\n20,0.30,0.30,0.30\n30,0.3,0.3,0.3\n", MULTI)

    assert [p[0] for p in found] == [3, 4]


def test_parquet_counts_the_digits_that_csv_would_write() -> None:
    def columns(*numbers: float) -> bytes:
        names = MULTI.value_columns
        return parquet({"id": ONE, **{n: [x] for n, x in zip(names, numbers, strict=True)}})

    assert parse_parquet(columns(0.3, 0.3, 0.3), MULTI, ONE) == row("0.3,0.3,0.3")
    with pytest.raises(InvalidFileError, match=r"sum to 0\.93, not to 1; 0\.015 more"):
        parse_parquet(columns(0.31, 0.31, 0.31), MULTI, ONE)


def test_a_row_that_was_scaled_is_taken_again_as_it_is() -> None:
    rng = np.random.default_rng(20260301)
    for _ in range(50):
        first = row(",".join(f"{x:.4f}" for x in rng.dirichlet(np.ones(7))), SEVEN)
        again = row(",".join(map(repr, values(first)[0])), SEVEN)
        assert again == first
