"""Invariant 2 for Parquet: types, nulls and sizes are checked before anything is charged."""

import pyarrow as pa
import pytest

from tests.vault.prediction_files import (
    BINARY,
    TEXT_PANEL,
    parquet,
    parse_csv,
    parse_parquet,
    values,
)
from vault.errors import InvalidFileError
from vault.files import parquet_files


def test_parse_takes_the_plain_parquet_types() -> None:
    expected = parse_csv("id,label\n10,0\n20,1\n30,0\n")
    ids = [
        pa.array([30, 10, 20], kind) for kind in (pa.int64(), pa.int32(), pa.uint8(), pa.uint64())
    ]
    labels = [
        pa.array([0, 0, 1], pa.int8()),
        pa.array(["0", "0", "1"]),
        pa.array(["0", "0", "1"], pa.large_string()),
        pa.array([False, False, True]),
    ]
    for id_column in ids:
        assert parse_parquet(parquet({"id": id_column, "label": labels[0]})) == expected
    for label in labels:
        assert parse_parquet(parquet({"id": ids[0], "label": label})) == expected
    for kind in (pa.string(), pa.large_string()):
        body = parquet({"id": pa.array(["b,2", 'c"3', "a-1"], kind), "label": [0, 1, 1]})
        assert values(parse_parquet(body, panel=TEXT_PANEL)) == [1, 0, 1]
    floats = parquet({"id": ids[0], "probability": pa.array([0.25, 0, 1], pa.float32())})
    assert values(parse_parquet(floats, BINARY)) == [0.0, 1.0, 0.25]


def test_parse_reads_parquet_in_row_groups() -> None:
    panel = pa.array([f"item {i}" for i in range(1000)])
    body = parquet(
        {"id": panel.take(pa.array(range(999, -1, -1))), "label": [0, 1] * 500}, row_group_size=7
    )

    assert values(parse_parquet(body, panel=panel)) == [1, 0] * 500


GOOD_IDS = pa.array([10, 20, 30])
REFUSED_PARQUET = {
    "float ids": {"id": [10.0, 20.0, 30.0], "label": [0, 1, 0]},
    "ids out of int64": {"id": pa.array([10, 20, 2**64 - 1], pa.uint64()), "label": [0, 1, 0]},
    "float labels": {"id": GOOD_IDS, "label": [0.0, 1.0, 0.0]},
    "nested labels": {"id": GOOD_IDS, "label": [[0], [1], [0]]},
    "struct labels": {"id": GOOD_IDS, "label": [{"a": 0}, {"a": 1}, {"a": 0}]},
    "binary labels": {"id": GOOD_IDS, "label": pa.array([b"0", b"1", b"0"])},
    "extra column": {"id": GOOD_IDS, "label": [0, 1, 0], "__index_level_0__": [0, 1, 2]},
    "missing column": {"id": GOOD_IDS},
    "no rows": {"id": pa.array([], pa.int64()), "label": pa.array([], pa.int64())},
    "too many rows": {"id": list(range(1007)), "label": [0] * 1007},
}


@pytest.mark.parametrize("name", REFUSED_PARQUET)
def test_parse_refuses_other_parquet_files(name: str) -> None:
    with pytest.raises(InvalidFileError) as caught:
        parse_parquet(parquet(REFUSED_PARQUET[name]))

    assert caught.value.data["n_problems"] == 1


def test_parse_names_rows_of_a_parquet_file() -> None:
    body = parquet({"id": [10, None, 10], "label": ["0", "7", None]})

    with pytest.raises(InvalidFileError) as caught:
        parse_parquet(body)

    assert [(p["row"], p["column"], p["problem"]) for p in caught.value.data["problems"]] == [
        (2, "id", "the field is empty"),
        (2, "label", "'7' is not one of the classes 0, 1"),
        (3, "label", "the field is empty"),
        (3, "id", "id 10 occurs before, in row 1"),
    ]


def test_parse_refuses_parquet_numbers_that_are_not_finite() -> None:
    body = parquet({"id": GOOD_IDS, "probability": [0.5, None, float("nan")]})

    with pytest.raises(InvalidFileError) as caught:
        parse_parquet(body, BINARY)

    assert [(p["row"], p["problem"]) for p in caught.value.data["problems"]] == [
        (2, "the field is empty"),
        (3, "not a finite number: 'nan'"),
    ]


def test_parse_does_not_expand_a_text_bomb() -> None:
    """Two thousand rows that repeat one text of a megabyte: two gigabytes when written out."""
    repeated = pa.DictionaryArray.from_arrays(pa.array([0] * 2000, pa.int32()), ["x" * (1 << 20)])
    body = parquet(
        {"id": repeated, "label": [0] * 2000},
        store_schema=False,
        dictionary_pagesize_limit=8 << 20,
    )
    panel = pa.array([f"item {i}" for i in range(2000)])

    usual = pa.default_memory_pool()
    counted = pa.proxy_memory_pool(usual)
    pa.set_memory_pool(counted)
    try:
        with pytest.raises(InvalidFileError) as caught:
            parse_parquet(body, panel=panel)
    finally:
        pa.set_memory_pool(usual)

    assert len(body) < 1 << 18
    assert caught.value.data["n_problems"] == 4000
    assert 0 < counted.max_memory() < 1 << 25


def refusal(body: bytes) -> str:
    with pytest.raises(InvalidFileError) as caught:
        parse_parquet(body)
    return str(caught.value)


def test_parse_checks_rows_times_width_before_it_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    body = parquet({"id": GOOD_IDS, "label": [0, 1, 0]})
    monkeypatch.setattr(parquet_files, "MAX_UNPACKED_BYTES", 3 * 2 * 8 - 1)

    assert "more than 47 bytes" in refusal(body)


def test_parse_refuses_more_row_groups_than_a_sound_file_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body = parquet({"id": GOOD_IDS, "label": [0, 1, 0]}, row_group_size=1)
    monkeypatch.setattr(parquet_files, "_MAX_ROW_GROUPS", 2)

    assert "row groups" in refusal(body)


def test_parse_refuses_fields_larger_than_any_label() -> None:
    body = parquet({"id": GOOD_IDS, "label": ["x" * (2 << 20)] * 3})

    assert "declares more bytes" in refusal(body)


def test_parse_refuses_a_file_without_its_end_or_its_data() -> None:
    body = parquet({"id": GOOD_IDS, "label": [0, 1, 0]})
    emptied = b"PAR1" + b"\0" * (len(body) // 4) + body[4 + len(body) // 4 :]

    assert "data cannot be read" in refusal(emptied)
    assert "not a Parquet file" in refusal(body[:-5])
