"""Files as the usual programs write them by default: refused, with a word of what to do instead."""

import gzip
import io
import zipfile
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.vault.prediction_files import (
    BINARY,
    LABEL,
    VALUE,
    parquet,
    parse_csv,
    parse_parquet,
    problems_of,
)
from vault.errors import InvalidFileError
from vault.files import hints
from vault.files.parsing import FileSpec

GOOD = "id,label\n10,0\n20,1\n30,0\n"
NUMBERS = pa.array([10, 20, 30])
NO_ROW_INDEX = "write the file without row names: pandas index=False, R row.names=FALSE"


def workbook() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return packed.getvalue()


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ("10,0\n20,1\n30,0\n", "the first row must name the columns"),
        (",id,label\n0,10,0\n1,20,1\n2,30,0\n", "a row index; " + NO_ROW_INDEX),
        ('"","id","label"\n"1",10,"0"\n', "a row index; " + NO_ROW_INDEX),
        ("Unnamed: 0,id,label\n0,10,0\n", "a row index; " + NO_ROW_INDEX),
        (",label\n10,0\n20,1\n30,0\n", "call the first column id"),
        ("id;label\n10;0\n20;1\n30;0\n", "separated by semicolons: separate them by commas"),
        ("id\tlabel\n10\t0\n", "separated by tabs: separate them by commas"),
        ("label,id\n0,10\n", "write the columns in this order"),
        ("ID, label\n10,0\n", "write the names exactly so"),
        (GOOD.encode("utf-16"), "the text is UTF-16, not UTF-8; save it as UTF-8"),
        (GOOD.encode("utf-16-le"), "the text is UTF-16, not UTF-8; save it as UTF-8"),
        (GOOD.encode("utf-16-be"), "the text is UTF-16, not UTF-8; save it as UTF-8"),
        (GOOD.encode("utf-32"), "the text is UTF-32, not UTF-8; save it as UTF-8"),
        ("id,label\né,0\n".encode("latin-1"), "not UTF-8 text; save it as UTF-8"),
        (workbook(), "an Excel workbook or another ZIP archive; save the sheet as CSV in UTF-8"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "an Excel workbook; save the sheet as"),
        (
            gzip.compress(GOOD.encode(), mtime=0),
            "compressed with gzip; send it unpacked, or to the API with Content-Encoding: gzip",
        ),
        (parquet({"id": NUMBERS, "label": [0, 1, 0]}), "a Parquet file; send it as application/"),
    ],
)
def test_a_file_of_another_form_is_told_how_to_become_csv(body: str | bytes, hint: str) -> None:
    problems = problems_of(body)

    assert len(problems) == 1
    assert hint in problems[0][2]


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        (GOOD.encode(), "if it is CSV, send it as text/csv"),
        (workbook(), "an Excel workbook"),
        (gzip.compress(parquet({"id": NUMBERS, "label": [0, 1, 0]}), mtime=0), "send it unpacked"),
        (parquet({"id": NUMBERS, "label": [0, 1, 0]})[:-9], "its end is missing"),
        (
            parquet({"id": NUMBERS, "label": [0, 1, 0], "__index_level_0__": [5, 6, 7]}),
            "the last column is a row index; " + NO_ROW_INDEX,
        ),
        (
            parquet({"id": NUMBERS, "label": [0.0, 1.0, 0.0]}),
            "the classes are 0, 1; pandas astype('int64')",
        ),
        (parquet({"id": [10.0, 20.0, 30.0], "label": [0, 1, 0]}), "pandas astype('int64')"),
    ],
)
def test_a_file_that_is_no_such_parquet_is_told_what_to_do(body: bytes, hint: str) -> None:
    with pytest.raises(InvalidFileError) as caught:
        parse_parquet(body)

    assert hint in str(caught.value)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("spec", [LABEL, BINARY, VALUE])
def test_empty_lines_are_named_and_nothing_else_is_said_of_them(spec: FileSpec, end: str) -> None:
    lines = [f"id,{spec.form}", "", "10,0", "", " ", "20,1", "30,0", "", ""]

    assert problems_of(end.join(lines), spec) == [
        (row, None, "the line is empty; delete it") for row in (2, 4, 5, 8)
    ]


def test_problems_beside_empty_lines_keep_their_lines() -> None:
    assert problems_of("id,label\n10,0\n\n20,7\n20\n\n30,x\n") == [
        (3, None, "the line is empty; delete it"),
        (4, "label", "'7' is not one of the classes 0, 1"),
        (5, None, "1 fields where 2 are expected"),
        (6, None, "the line is empty; delete it"),
        (7, "label", "'x' is not one of the classes 0, 1"),
    ]


def test_empty_lines_on_a_panel_of_texts_are_named() -> None:
    panel = pa.array(["a", "b"])

    assert problems_of("id,label\na,0\n\nb,1\n", panel=panel) == [
        (3, None, "the line is empty; delete it")
    ]


def test_a_decimal_comma_is_told_to_be_a_point() -> None:
    body = "id,probability\n10,0,5\n20,0.5\n30,0.5\n"
    quoted = 'id,probability\n10,"0,5"\n20,0.5\n30,0.5\n'

    assert problems_of(body, BINARY) == [
        (
            2,
            None,
            "3 fields where 2 are expected; write numbers with a decimal point, 0.5 and not 0,5; "
            f"if a row name stands in front, {NO_ROW_INDEX}",
        )
    ]
    assert problems_of(quoted, BINARY) == [
        (
            2,
            "probability",
            "not a finite number: '0,5'; write a decimal point, not a comma",
        )
    ]


@pytest.mark.parametrize(
    ("field", "hint"),
    [
        ("1.0", "; write 1"),
        ("True", "; write 1"),
        ("FALSE", "; write 0"),
        (" 1", "; write 1"),
        ("01", "; write 1"),
        ("2", ""),
        ("nan", ""),
        ("", ""),
    ],
)
def test_labels_of_another_spelling_are_told_the_classes(field: str, hint: str) -> None:
    assert problems_of(f"id,label\n10,0\n20,{field}\n30,0\n") == [
        (3, "label", f"{field!r} is not one of the classes 0, 1{hint}")
    ]


def test_many_classes_are_not_all_listed() -> None:
    names = [f"class {i}" for i in range(200)]

    assert hints.classes(names).endswith("class 9, … (200 in all)")
    assert hints.classes(["x" * 5000]) == "x" * 30 + "…"


@pytest.mark.parametrize("field", ["1e400", "-1E999", "9" * 400])
def test_a_number_out_of_range_is_shown_as_written(field: str) -> None:
    shown = field if len(field) <= 40 else field[:40] + "…"

    for spec in (BINARY, VALUE):
        assert problems_of(f"id,{spec.form}\n10,0.5\n20,{field}\n30,0.5\n", spec) == [
            (3, spec.form, f"not a finite number: {shown!r}")
        ]


def test_a_hint_accepts_nothing_and_needs_nothing() -> None:
    rng = np.random.default_rng(20260302)
    heads: list[Any] = [b"", b"PK", b"\x1f", b"PAR1", b"\xff\xfe", b"\0i\0d", b"id;", b",id"]
    for head in heads * 20:
        body = head + rng.bytes(int(rng.integers(0, 40)))
        for read in (parse_csv, parse_parquet):
            with pytest.raises(InvalidFileError):
                read(body)
