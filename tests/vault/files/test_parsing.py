"""Invariant 2: everything about a file is checked before anything is charged, or even stored."""

import math
import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vault.prediction_files import (
    BINARY,
    LABEL,
    MULTI,
    PANEL,
    TEXT_PANEL,
    VALUE,
    parquet,
    parse_csv,
    parse_parquet,
    problems_of,
    values,
)
from vault.errors import InvalidFileError
from vault.files import canonical
from vault.files.parsing import CSV, PARQUET, parse


@pytest.mark.parametrize(
    "body",
    [
        "id,label\n10,0\n20,1\n30,0\n",
        "id,label\n10,0\n20,1\n30,0",
        "id,label\r\n10,0\r\n20,1\r\n30,0\r\n",
        "\ufeffid,label\n10,0\n20,1\n30,0\n",
        '"id","label"\n"10","0"\n20,"1"\n30,0\n',
        "id,label\n30,0\n10,0\n20,1\n",
        "id,label\n010,0\n20,1\n30,0\n",
    ],
)
def test_parse_takes_the_usual_spellings_of_one_file(body: str) -> None:
    predictions = parse_csv(body)

    assert values(predictions) == [0, 1, 0]
    assert predictions == parse_csv("id,label\n10,0\n20,1\n30,0\n")


def test_parse_takes_a_file_of_one_row() -> None:
    assert values(parse_csv("id,label\n7,1\n", panel=pa.array([7]))) == [1]


def test_parse_takes_text_ids_in_any_order() -> None:
    body = 'id,label\n"c""3",1\n"b,2",0\na-1,1\n'

    assert values(parse_csv(body, panel=TEXT_PANEL)) == [1, 0, 1]


def test_parse_takes_probabilities_and_values() -> None:
    binary = parse_csv("id,probability\n10,0\n20,1e-3\n30,.5\n", BINARY)
    multi = parse_csv(
        "id,probability:a,probability:b,probability:c\n"
        "30,1,0,0\n10,0.2,0.3,0.5\n20,0.3333333,0.3333333,0.3333333\n",
        MULTI,
    )
    value = parse_csv("id,value\n10,-1.5\n20,+2E3\n30,-0\n", VALUE)

    assert values(binary) == [0.0, 0.001, 0.5]
    assert values(multi)[::2] == [[0.2, 0.3, 0.5], [1, 0, 0]]
    assert values(multi)[1] == pytest.approx([1 / 3] * 3, abs=1e-15)
    assert values(value) == [-1.5, 2000.0, 0.0]
    assert value == parse_csv("id,value\n10,-1.5\n20,2000\n30,0\n", VALUE)


@pytest.mark.parametrize(
    ("body", "row", "part"),
    [
        ("", None, "empty"),
        ("\ufeff", 1, "columns"),
        ("id,label", None, "no rows"),
        ("id,label\n", None, "no rows"),
        ("\n10,0\n", 1, "columns"),
        ("10,0\n20,1\n30,0\n", 1, "columns"),
        ("id;label\n10;0\n", 1, "columns"),
        ("label,id\n0,10\n", 1, "columns"),
        ("ID,label\n10,0\n", 1, "columns"),
        ("id, label\n10,0\n", 1, "columns"),
        ("id,label,note\n10,0,x\n", 1, "columns"),
        ('"id,label\n10,0\n', 1, "header"),
        ("id,label\r10,0\r20,1\r30,0\r", None, "LF or CRLF"),
        ("id,label\n10,0\r20,1\n30,0\n", None, "LF or CRLF"),
        ('id,label\n10,"0\n20,1\n30,0\n', None, "quote"),
        ('id,label\n10,"0\n1"\n30,0\n', None, "line break"),
        (b"id,label\n10,0\n20,\xff\n30,0\n", 3, "UTF-8"),
        ("id,label\n10,0\n20,1\n30,0\n".encode("utf-16"), 1, "UTF-8"),
        ("id,label\n" + "10,0\n" * 1007, None, "1,007 rows"),
        ("x" * (2 << 20), 1, "too long"),
    ],
)
def test_parse_refuses_the_whole_file(body: str | bytes, row: int | None, part: str) -> None:
    problems = problems_of(body)

    assert len(problems) == 1
    assert problems[0][0] == row
    assert part in problems[0][2]


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("20", "1 fields where 2"),
        ("20,1,1", "3 fields where 2"),
        ("", "the line is empty"),
        ("x,1", "whole number: 'x'"),
        ("0x14,1", "whole number: '0x14'"),
        (" 20,1", "whole number"),
        ("20 ,1", "whole number"),
        ("+20,1", "whole number"),
        ("2_0,1", "whole number"),
        ("20.0,1", "whole number"),
        ("2e1,1", "whole number"),
        ("٢٠,1", "whole number"),
        ("9223372036854775808,1", "whole number"),
        ("-9223372036854775809,1", "whole number"),
        ("99999999999999999999999,1", "whole number"),
        ("1" * 5000 + ",1", "whole number"),
        ("0" * 5000 + "21,1", "id 21 is not an item"),
        ("20\0,1", "whole number"),
        (",1", "the field is empty"),
        ("9223372036854775807,1", "not an item"),
        ("-20,1", "not an item"),
        ("21,1", "id 21 is not an item"),
        ("10,1", "occurs before, in row 2"),
        ("20,", "'' is not one of the classes"),
        ("20,2", "'2' is not one of the classes"),
        ("20,1.0", "'1.0' is not one of the classes"),
        ("20, 1", "' 1' is not one of the classes"),
        ("20,01", "not one of the classes"),
        ("20,nan", "not one of the classes"),
    ],
)
def test_parse_names_the_line_of_a_label_file(line: str, part: str) -> None:
    problems = problems_of(f"id,label\n10,0\n{line}\n30,0\n")

    assert problems[0][0] == 3
    assert part in problems[0][2]


@pytest.mark.parametrize(
    "field",
    [
        *("nan", "NaN", "inf", "-inf", "Infinity", "nan(1)", "1e999", "", " 0.5", "0.5 ", "0x1p-1"),
        *("1_0", "1d3", "0,5", ".", "e5", "1e", "--1", "٠.٥", "0.5\0", "1j", "None", "0.5f"),
    ],
)
def test_parse_refuses_what_is_not_a_finite_number(field: str) -> None:
    quoted = f'"{field}"'
    for spec in (BINARY, VALUE):
        problems = problems_of(f"id,{spec.form}\n10,0.5\n20,{quoted}\n30,0.5\n", spec)

        assert len(problems) == 1
        assert problems[0][:2] == (3, spec.form)
        assert problems[0][2].startswith("not a finite number: ")


def test_parse_checks_the_range_of_probabilities_and_values() -> None:
    assert problems_of("id,probability\n10,-1e-9\n20,1.0000001\n30,0.5\n", BINARY) == [
        (2, "probability", "-1e-09 is not between 0 and 1"),
        (3, "probability", "1.0000001 is not between 0 and 1"),
    ]
    assert problems_of("id,value\n10,1\n20,-2e100\n30,0.5\n", VALUE)[0][:2] == (3, "value")


def test_parse_names_missing_items_after_everything_else() -> None:
    assert problems_of("id,label\n20,1\n20,1\n99,5\n") == [
        (3, "id", "id 20 occurs before, in row 2"),
        (4, "id", "id 99 is not an item of the panel"),
        (4, "label", "'5' is not one of the classes 0, 1"),
        (None, "id", "id 10 is missing"),
        (None, "id", "id 30 is missing"),
    ]


def test_parse_counts_lines_that_it_skips() -> None:
    body = "id,label\n10,0\n1\n20,1,1\n30,7\n"

    assert problems_of(body) == [
        (3, None, "1 fields where 2 are expected"),
        (
            4,
            None,
            "3 fields where 2 are expected; if a row name stands in front, write the file without row names: "
            "pandas index=False, R row.names=FALSE",
        ),
        (5, "label", "'7' is not one of the classes 0, 1"),
    ]


def test_parse_names_ten_problems_and_counts_all() -> None:
    panel = pa.array(range(5000))
    body = "id,label\n" + "".join(f"{i},{i % 7}\n" for i in range(4000))

    with pytest.raises(InvalidFileError) as caught:
        parse_csv(body, panel=panel)

    wrong = sum(i % 7 > 1 for i in range(4000))
    assert caught.value.data["n_problems"] == wrong + 1000
    assert [p["row"] for p in caught.value.data["problems"]] == [4, 5, 6, 7, 8, 11, 12, 13, 14, 15]


def test_parse_cuts_long_values_in_messages() -> None:
    problems = problems_of(f"id,label\n10,{'9' * 5000}\n20,1\n30,0\n")

    assert len(problems[0][2]) < 100


def test_parse_refuses_another_content_type() -> None:
    with pytest.raises(InvalidFileError):
        parse(body=b"x", content_type="application/zip", spec=LABEL, panel_ids=PANEL)


def _as_ids(texts: list[str]) -> pa.Array:
    return pa.array(texts)


id_lists = st.one_of(
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=30, unique=True).map(pa.array),
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1),
        min_size=1,
        max_size=30,
        unique=True,
    ).map(_as_ids),
)


@given(id_lists, st.data())
def test_a_valid_file_parses_to_its_values_in_csv_and_parquet(
    panel: pa.Array, data: st.DataObject
) -> None:
    """Round trip: rows in any order, ids and numbers of any spelling that repr gives."""
    numbers = data.draw(
        st.lists(
            st.floats(-1e100, 1e100, allow_nan=False), min_size=len(panel), max_size=len(panel)
        )
    )
    order = data.draw(st.permutations(range(len(panel))))
    ids = [panel[i].as_py() for i in order]
    shuffled = [numbers[i] for i in order]
    lines = [
        f'"{str(id_).replace(chr(34), chr(34) * 2)}",{x!r}'
        for id_, x in zip(ids, shuffled, strict=True)
    ]

    from_csv = parse_csv("id,value\n" + "\n".join(lines), VALUE, panel)
    from_parquet = parse_parquet(
        parquet({"id": pa.array(ids, panel.type), "value": shuffled}), VALUE, panel
    )

    assert from_csv == from_parquet == canonical.encode(np.array(numbers, dtype=float))


@settings(max_examples=300)
@given(st.one_of(st.binary(max_size=300), st.binary(max_size=300).map(b"id,label\n".__add__)))
def test_arbitrary_bytes_raise_nothing_but_invalid_file(body: bytes) -> None:
    for content_type in (CSV, PARQUET):
        with pytest.raises(InvalidFileError):
            parse(body=body, content_type=content_type, spec=LABEL, panel_ids=PANEL)


FIELD = st.text(
    st.sampled_from([*"0123456789+-.eExX_ \t\"'anif\0", "\u0663", "\ufeff"]), max_size=8
)


def _is_accepted(body: str, panel: pa.Array) -> bool:
    try:
        parse_csv(body, VALUE, panel)
    except InvalidFileError:
        return False
    return True


@settings(max_examples=500)
@given(FIELD)
def test_a_number_is_accepted_only_in_its_strict_spelling(field: str) -> None:
    """The reader's own conversion takes more: it trims, for one. None of that may come through."""
    strict = re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", field, re.ASCII)
    escaped = field.replace('"', '""')

    is_number = bool(strict) and math.isfinite(float(field)) and abs(float(field)) <= 1e100
    assert _is_accepted(f'id,value\n7,"{escaped}"\n', pa.array([7])) == is_number


@settings(max_examples=500)
@given(FIELD)
def test_an_id_is_accepted_only_in_its_strict_spelling(field: str) -> None:
    """The reader's own conversion takes hexadecimal and trims."""
    is_whole = bool(re.fullmatch(r"-?[0-9]+", field, re.ASCII))
    escaped = field.replace('"', '""')
    try:
        item = int(field, 16 if "x" in field.lower() else 10)
    except ValueError:
        item = 7

    assert _is_accepted(f'id,value\n"{escaped}",1\n', pa.array([item])) == is_whole


def test_an_empty_id_is_called_so_and_no_item_is_called_missing_for_it() -> None:
    """Behind it stands an item that may well be there."""
    known = TEXT_PANEL[0].as_py()
    empty = [(3, "id", "the field is empty"), (4, "id", "the field is empty")]

    assert problems_of("id,label\n10,0\n,1\n,0\n") == empty
    with pytest.raises(InvalidFileError) as caught:
        parse_csv(f"id,label\n{known},0\n,1\n,0\n", panel=TEXT_PANEL)
    assert [tuple(each.values()) for each in caught.value.data["problems"]] == empty
