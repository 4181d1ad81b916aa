"""Parquet columns of other types than the usual ones are taken for what they spell."""

import io
import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.vault.files.test_probability_rows import case
from tests.vault.prediction_files import BINARY, VALUE, parquet, parse_csv, parse_parquet, values
from vault.errors import InvalidFileError
from vault.files import parquet_files
from vault.files.columns import Column, Kind
from vault.files.parsing import FileSpec
from vault.files.problems import Problems

EXPECTED = parse_csv("id,label\n10,0\n20,1\n30,0\n")
NUMBERS = pa.array([10, 20, 30])
TEXTS = pa.array(["10", "20", "30"])


def category(texts: list[str], *, index: pa.DataType, value: pa.DataType) -> pa.Array:
    known = sorted(set(texts), reverse=True)
    indices = pa.array([known.index(text) for text in texts], index)
    return pa.DictionaryArray.from_arrays(indices, pa.array(known, value))


def decimals(numbers: list[int], kind: pa.DataType) -> pa.Array:
    return pa.array([Decimal(number) for number in numbers], kind)


IDS: dict[str, pa.Array] = {
    "text": TEXTS,
    "large text": TEXTS.cast(pa.large_string()),
    "text view": TEXTS.cast(pa.string_view()),
    "category": category(["10", "20", "30"], index=pa.int8(), value=pa.string()),
    "large category": category(["10", "20", "30"], index=pa.int64(), value=pa.large_string()),
    "decimal128": decimals([10, 20, 30], pa.decimal128(38, 0)),
    "decimal256": decimals([10, 20, 30], pa.decimal256(60, 0)),
    "int16": NUMBERS.cast(pa.int16()),
    "category of numbers": NUMBERS.dictionary_encode(),
}
LABELS: dict[str, pa.Array] = {
    "category": category(["0", "1", "0"], index=pa.int8(), value=pa.string()),
    "ordered category": pa.DictionaryArray.from_arrays(
        pa.array([1, 0, 1], pa.int16()), pa.array(["1", "0", "unused"]), ordered=True
    ),
    "decimal128": decimals([0, 1, 0], pa.decimal128(10, 0)),
    "category of numbers": pa.array([0, 1, 0]).dictionary_encode(),
    "category of Booleans": pa.array([False, True, False]).dictionary_encode(),
}


@pytest.mark.parametrize("panel", [NUMBERS, TEXTS], ids=["numbers", "texts"])
@pytest.mark.parametrize("name", IDS)
def test_ids_are_taken_for_what_they_spell(name: str, panel: pa.Array) -> None:
    body = parquet({"id": IDS[name], "label": [0, 1, 0]})

    assert parse_parquet(body, panel=panel) == EXPECTED


@pytest.mark.parametrize("row_group_size", [None, 1])
@pytest.mark.parametrize("name", LABELS)
def test_labels_are_taken_for_what_they_spell(name: str, row_group_size: int | None) -> None:
    body = parquet({"id": NUMBERS, "label": LABELS[name]}, row_group_size=row_group_size)

    assert parse_parquet(body) == EXPECTED


def test_numbers_may_be_short_or_decimal() -> None:
    half = pa.array([0.25, 0.5, 1.0]).cast(pa.float16())
    exact = pa.array([Decimal("0.25"), Decimal("0.50"), Decimal("1.00")], pa.decimal128(5, 2))

    for numbers in (half, exact, exact.cast(pa.decimal256(50, 2))):
        body = parquet({"id": NUMBERS, "probability": numbers})
        assert values(parse_parquet(body, BINARY)) == [0.25, 0.5, 1.0]


@pytest.mark.parametrize(
    ("columns", "row", "part"),
    [
        ({"id": ["10", "20", "x"], "label": [0, 1, 0]}, 3, "whole number: 'x'"),
        ({"id": ["10", "20", "3e1"], "label": [0, 1, 0]}, 3, "whole number: '3e1'"),
        ({"id": ["10", " 20", "30"], "label": [0, 1, 0]}, 2, "whole number: ' 20'"),
        ({"id": ["10", "9" * 30, "30"], "label": [0, 1, 0]}, 2, "whole number"),
        ({"id": ["10", None, "30"], "label": [0, 1, 0]}, 2, "empty"),
        ({"id": ["10", "20", "020"], "label": [0, 1, 0]}, 3, "id 20 occurs before, in row 2"),
        (
            {"id": decimals([10, 20, 10**30], pa.decimal128(38, 0)), "label": [0, 1, 0]},
            None,
            "64 bits",
        ),
        (
            {"id": decimals([10, 20, 30], pa.decimal128(9, 2)), "label": [0, 1, 0]},
            None,
            "decimal128(9, 2)",
        ),
        (
            {"id": NUMBERS, "label": decimals([0, 1, 0], pa.decimal128(9, 2))},
            1,
            "'0.00' is not one of the classes",
        ),
        ({"id": NUMBERS, "label": pa.array(["0", None, "0"]).dictionary_encode()}, 2, "empty"),
    ],
)
def test_what_spells_no_id_and_no_class_is_refused(
    columns: dict[str, Any], row: int | None, part: str
) -> None:
    with pytest.raises(InvalidFileError) as caught:
        parse_parquet(parquet(columns))

    first = caught.value.data["problems"][0]
    assert first["row"] == row
    assert part in first["problem"]


def test_large_decimals_are_numbers() -> None:
    huge = pa.array([Decimal(10) ** 75], pa.decimal256(76, 0))
    body = parquet({"id": [10], "value": huge})

    assert values(parse_parquet(body, VALUE, pa.array([10]))) == [1e75]


def test_the_cases_of_other_programs_are_taken() -> None:
    ids = pq.read_table(pa.BufferReader(case("int_ids_on_text_panel.parquet"))).column("id")
    panel = ids.combine_chunks().cast(pa.string())
    assert len(values(parse_parquet(case("int_ids_on_text_panel.parquet"), panel=panel))) == 40

    table = parquet_files.read(
        case("category_label.parquet"),
        choose=lambda names: [
            Column(name="id", kind=Kind.KEY),
            Column(name="label", kind=Kind.CATEGORY),
        ],
        max_rows=1000,
        problems=Problems(),
    )
    assert table.columns["label"].to_pylist()[:4] == ["NA", "None", "null", "nan"]


def indexed(columns: dict[str, Any], index: Any) -> bytes:
    """A file as pandas writes it: what is the index stands in the metadata."""
    told = index if isinstance(index, bytes) else json.dumps({"index_columns": [index]}).encode()
    table = pa.table(columns).replace_schema_metadata({b"pandas": told})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return bytes(sink.getvalue())


COUNTED = {"kind": "range", "name": "id", "start": 10, "stop": 40, "step": 10}
LABEL = {"label": [0, 1, 0]}


@pytest.mark.parametrize(
    ("columns", "index"),
    [
        ({**LABEL, "id": NUMBERS}, "id"),
        ({"id": NUMBERS, **LABEL}, "id"),
        ({**LABEL, "__index_level_0__": NUMBERS}, "__index_level_0__"),
        ({**LABEL, "__index_level_0__": TEXTS}, "__index_level_0__"),
        (LABEL, COUNTED),
        ({"label": [0, 1, 0]}, {**COUNTED, "start": 10, "stop": 31}),
        ({"label": [0, 1, 0][::-1]}, {**COUNTED, "start": 30, "stop": 0, "step": -10}),
        ({"id": NUMBERS, **LABEL}, {**COUNTED, "name": None}),
        ({"id": NUMBERS, **LABEL}, COUNTED),
    ],
)
def test_ids_may_be_the_index(columns: dict[str, Any], index: Any) -> None:
    for panel in (NUMBERS, TEXTS):
        assert parse_parquet(indexed(columns, index), panel=panel) == EXPECTED


@pytest.mark.parametrize(
    "index",
    [
        *(b"", b"{", b"null", b"[]", b"[" * 100_000, b'{"index_columns": {}}', b"\xff\xfe"),
        *(None, 7, [], "label", "nothing", {}, {**COUNTED, "kind": None, "stop": "40"}),
        *({**COUNTED, "step": 0}, {**COUNTED, "step": 1.5}, {**COUNTED, "step": True}),
        *({**COUNTED, "stop": 2**70}, {**COUNTED, "start": -(2**63), "stop": 2**63 - 1}),
        *({**COUNTED, "stop": 50}, {**COUNTED, "name": "item"}),
    ],
)
def test_an_index_that_is_none_changes_nothing(index: Any) -> None:
    with pytest.raises(InvalidFileError, match="the columns are 'label'"):
        parse_parquet(indexed(LABEL, index))


@pytest.mark.parametrize("name", ["id", "__index_level_0__"])
def test_an_index_that_occurs_twice_is_refused_as_any_column(name: str) -> None:
    told = json.dumps({"index_columns": [name]}).encode()
    numbers = pa.array(NUMBERS)
    table = pa.Table.from_arrays(
        [numbers, pa.array(LABEL["label"]), numbers], [name, "label", name]
    )
    sink = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({b"pandas": told}), sink)

    with pytest.raises(InvalidFileError):
        parse_parquet(sink.getvalue())


def test_an_index_of_two_levels_is_no_id() -> None:
    two = json.dumps({"index_columns": ["id", "day"]}).encode()

    with pytest.raises(InvalidFileError, match="the columns are 'label,id,day'"):
        parse_parquet(indexed({**LABEL, "id": NUMBERS, "day": [1, 2, 3]}, two))


def test_a_range_need_not_end_within_64_bits() -> None:
    last = 2**63 - 1
    index = {**COUNTED, "start": last - 2, "stop": last, "step": 2}

    body = indexed({"label": [1]}, index)
    assert values(parse_parquet(body, panel=pa.array([last - 2]))) == [1]


def test_a_text_bomb_in_the_place_of_numbers_is_not_expanded() -> None:
    """Ids of a megabyte on a panel of numbers: two gigabytes when written out."""
    repeated = pa.DictionaryArray.from_arrays(pa.array([0] * 2000, pa.int32()), ["1" * (1 << 20)])
    body = parquet(
        {"id": repeated, "label": [0] * 2000},
        store_schema=False,
        dictionary_pagesize_limit=8 << 20,
    )

    with pytest.raises(InvalidFileError) as caught:
        parse_parquet(body, panel=pa.array(range(2000)))

    assert caught.value.data["n_problems"] == 2000


def test_a_number_column_takes_no_text() -> None:
    spec = FileSpec(form="value", task="regression", classes=())

    with pytest.raises(InvalidFileError, match="the column is of type 'string'"):
        parse_parquet(parquet({"id": NUMBERS, "value": ["1", "2", "3"]}), spec)
