import datetime as dt
import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pytest_django import Settings

from vault import panel
from vault.errors import InvalidFileError
from vault.files import label_tables, panel_files
from vault.files.label_tables import LabelTable
from vault.files.parsing import CSV, PARQUET
from vault.files.problems import quoted
from vault.models import Benchmark
from vault.sealing import label_files

pytestmark = pytest.mark.django_db


@pytest.fixture
def weather() -> Benchmark:
    return Benchmark.objects.create(
        slug="weather",
        title="Weather",
        task="binary",
        classes=["0", "1"],
        prediction_form="label",
        primary_metric="accuracy_score",
    )


def read(benchmark: Benchmark, body: str) -> LabelTable:
    return label_files.read(body=body.encode(), content_type=CSV, benchmark=benchmark)


def problems_of(benchmark: Benchmark, body: str) -> list[tuple[Any, ...]]:
    with pytest.raises(InvalidFileError) as caught:
        read(benchmark, body)
    return [(p["row"], p["column"], p["problem"]) for p in caught.value.data["problems"]]


FULL = (
    "id,label,slice:season,time,group,slice:altitude\n"
    "7,1,winter,1999-12-31,a,low\n"
    "5,0,summer,1999-06-01T12:30:00Z,b,high\n"
)


def test_read_takes_every_column(weather: Benchmark) -> None:
    table = read(weather, FULL)

    assert table.ids.to_pylist() == [7, 5]
    assert table.labels.tolist() == [1, 0]
    assert {name: column.to_pylist() for name, column in table.slices.items()} == {
        "altitude": ["low", "high"],
        "season": ["winter", "summer"],
    }
    assert table.times.to_pylist() == ["1999-12-31", "1999-06-01T12:30:00Z"]
    assert table.groups.to_pylist() == ["a", "b"]
    assert label_tables.period(table) == (dt.date(1999, 6, 1), dt.date(1999, 12, 31))


def test_read_takes_the_same_from_parquet(weather: Benchmark) -> None:
    columns = {
        "id": pa.array([7, 5]),
        "label": pa.array([True, False]),
        "slice:season": ["winter", "summer"],
        "time": pa.array([dt.date(1999, 12, 31), dt.date(1999, 6, 1)]),
        "group": [1, 2],
    }
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)

    table = label_files.read(body=sink.getvalue(), content_type=PARQUET, benchmark=weather)

    assert table.ids.to_pylist() == [7, 5]
    assert table.labels.tolist() == [1, 0]
    assert table.times.to_pylist() == ["1999-12-31", "1999-06-01"]
    assert table.groups.to_pylist() == ["1", "2"]


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (pa.array([1, None]), ["1", ""]),
        (pa.array(["a", None]), ["a", ""]),
        (pa.array([None, ""], pa.string()), ["", ""]),
        (pa.array([True, None]), ["true", ""]),
    ],
)
def test_a_group_may_be_empty_and_nothing_else(
    weather: Benchmark, groups: pa.Array, expected: list[str]
) -> None:
    """A null of Parquet and an empty field of CSV are the same: the item has no group."""
    columns = {"id": pa.array([7, 5]), "label": pa.array([1, 0]), "group": groups}
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)

    table = label_files.read(body=sink.getvalue(), content_type=PARQUET, benchmark=weather)

    assert table.groups.to_pylist() == expected
    assert read(weather, "id,label,group\n7,1,a\n5,0,\n").groups.to_pylist() == ["a", ""]
    sink = io.BytesIO()
    pq.write_table(pa.table(columns | {"slice:s": pa.array(["x", None])}), sink)
    with pytest.raises(InvalidFileError, match="the field is empty"):
        label_files.read(body=sink.getvalue(), content_type=PARQUET, benchmark=weather)


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["1", "2"], [1, 2]),
        (["-1", "9223372036854775807"], [-1, 2**63 - 1]),
        (["1", "02"], ["1", "02"]),
        (["1", "9223372036854775808"], ["1", "9223372036854775808"]),
        (["a", "2"], ["a", "2"]),
    ],
)
def test_ids_of_the_first_batch_are_numbers_only_if_all_are(
    weather: Benchmark, ids: list[str], expected: list[Any]
) -> None:
    table = read(weather, f"id,label\n{ids[0]},0\n{ids[1]},1\n")

    assert table.ids.to_pylist() == expected


def test_ids_of_a_later_batch_are_of_the_panels_kind(
    weather: Benchmark, settings: Settings, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    panel.publish(benchmark=weather, ids=pa.array(["a", "b"]))

    assert read(weather, "id,label\n1,0\n2,1\n").ids.to_pylist() == ["1", "2"]


def parquet(columns: dict[str, Any]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def test_a_later_batch_with_padded_ids_is_refused(
    weather: Benchmark, settings: Settings, tmp_path: Any
) -> None:
    """Published as 1 to 9, its items would be others than the organizer's."""
    settings.MEDIA_ROOT = str(tmp_path)
    panel.publish(benchmark=weather, ids=pa.array([10, 20]))
    padded = [f"{i:02d}" for i in range(1, 10)]
    expected = [
        (i + 2, "id", f"ids are whole numbers here, without zeros in front: {id_!r}")
        for i, id_ in enumerate(padded)
    ]

    assert problems_of(weather, "id,label\n" + "".join(f"{i},0\n" for i in padded)) == expected
    with pytest.raises(InvalidFileError) as caught:
        label_files.read(
            body=parquet({"id": padded, "label": [0] * 9}),
            content_type=PARQUET,
            benchmark=weather,
        )
    assert [p["problem"] for p in caught.value.data["problems"]] == [each[2] for each in expected]


def test_a_later_batch_takes_plain_ids_of_either_form(
    weather: Benchmark, settings: Settings, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    panel.publish(benchmark=weather, ids=pa.array([10, 20]))

    assert read(weather, "id,label\n0,0\n-7,1\n").ids.to_pylist() == [0, -7]
    for ids in (["0", "-7"], [0, -7]):
        body = parquet({"id": ids, "label": [0, 1]})
        table = label_files.read(body=body, content_type=PARQUET, benchmark=weather)
        assert table.ids.to_pylist() == [0, -7]
    for id_ in ("-0", "x", "1.0", "+1"):
        assert len(problems_of(weather, f"id,label\n{id_},0\n")) == 1


def test_values_of_a_regression_are_numbers(weather: Benchmark) -> None:
    weather.task = "regression"

    assert read(weather, "id,label\n1,0.5\n2,-1e3\n").labels.tolist() == [0.5, -1000.0]
    assert problems_of(weather, "id,label\n1,0.5\n2,SECRET\n") == [
        (3, "label", "not a finite number")
    ]


def test_ids_may_be_the_index_of_a_frame(weather: Benchmark) -> None:
    table = pa.table({"label": ["1", "0"], "id": ["a", "b"]})
    sink = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({"pandas": '{"index_columns": ["id"]}'}), sink)

    labels = label_files.read(body=sink.getvalue(), content_type=PARQUET, benchmark=weather)

    assert (labels.ids.to_pylist(), labels.labels.tolist()) == (["a", "b"], [1, 0])


def test_values_beyond_what_a_prediction_may_be_are_refused(weather: Benchmark) -> None:
    """Squares of larger values overflow, and every file must have a finite score."""
    weather.task = "regression"

    assert read(weather, "id,label\n1,1e100\n2,-1e100\n").labels.tolist() == [1e100, -1e100]
    expected = [(row, "label", "the label is not between -1e+100 and 1e+100") for row in (3, 4)]
    assert problems_of(weather, "id,label\n1,0\n2,2e100\n3,-1.1e+100\n") == expected
    with pytest.raises(InvalidFileError, match="the label is not between") as caught:
        label_files.read(
            body=parquet({"id": [1, 2], "label": [2e100, None]}),
            content_type=PARQUET,
            benchmark=weather,
        )
    assert "2e" not in str(caught.value)
    assert caught.value.data["n_problems"] == 2


# Of whole classes, whatever the label is.
NO_CLASS = (
    "the label is not one of the benchmark's classes 0, 1; write them without a decimal point, not as 1.0 "
    "(pandas astype(int))"
)


def test_read_names_row_and_column_and_never_the_label(weather: Benchmark) -> None:
    body = "id,label,time\n1,0,1999-01-01\n2,SECRET,1999-02-30\n1,1,yesterday\n3,,1999-01-01\n4,1\n"

    assert problems_of(weather, body) == [
        (3, "label", NO_CLASS),
        (3, "time", "not an ISO 8601 date or date-time"),
        (4, "id", "the id occurs in an earlier row"),
        (4, "time", "not an ISO 8601 date or date-time"),
        (5, "label", NO_CLASS),
        (6, None, "2 fields where 3 are expected"),
    ]


EMPTY = "the field is empty"
NO_TIME = "not an ISO 8601 date or date-time"
# Ids in CSV and the columns of Parquet; what is said of which row, counted from the first item.
WRONG_IDS = [
    (["1", "", "3", ""], [(2, EMPTY), (4, EMPTY)]),
    (["a", "", "a", "b"], [(2, EMPTY), (3, "the id occurs in an earlier row")]),
    (["", "", "", ""], [(row, EMPTY) for row in (1, 2, 3, 4)]),
    (["a", "x" * 201, "", " b"], [(2, panel_files.TOO_LONG), (3, EMPTY), (4, panel_files.UNCLEAN)]),
]


@pytest.mark.parametrize("kind", [None, "a", 10])
@pytest.mark.parametrize(("ids", "expected"), WRONG_IDS)
def test_ids_that_nobody_can_have_are_named_beside_other_problems(
    weather: Benchmark,
    settings: Settings,
    tmp_path: Any,
    ids: list[str],
    expected: list[tuple[int, str]],
    kind: Any,
) -> None:
    """An empty id made texts of all others, and was refused later and alone, in no row."""
    settings.MEDIA_ROOT = str(tmp_path)
    if kind is not None:
        panel.publish(benchmark=weather, ids=pa.array([kind]))
    if kind == 10:
        expected = [
            (i + 1, EMPTY if not id_ else f"not a 64-bit whole number: {quoted(id_)}")
            for i, id_ in enumerate(ids)
            if not id_.isdecimal()
        ]
    last = (4, "time", NO_TIME)
    wanted = [*((row, "id", problem) for row, problem in expected), last]

    body = "id,label,time\n" + "".join(f"{id_},0,2020-01-01\n" for id_ in ids[:3])
    found = problems_of(weather, body + f"{ids[3]},1,never\n")

    assert found == [(row + 1, column, problem) for row, column, problem in wanted]
    columns = {"label": [0, 0, 0, 1], "time": ["2020-01-01"] * 3 + ["never"]}
    for written in (
        ids,
        pa.array(ids).dictionary_encode(),
        pa.array([i or None for i in ids], pa.string()),
    ):
        with pytest.raises(InvalidFileError) as caught:
            label_files.read(
                body=parquet({"id": written, **columns}), content_type=PARQUET, benchmark=weather
            )
        assert [tuple(each.values()) for each in caught.value.data["problems"]] == wanted


def test_an_empty_field_is_called_so_in_either_form(weather: Benchmark) -> None:
    columns = {"id": ["a", "b"], "label": [0, 1], "time": ["", "2020"], "slice:s": ["x", ""]}
    wanted = [(1, "time", EMPTY), (2, "time", NO_TIME), (2, "slice:s", EMPTY)]

    found = problems_of(weather, "id,label,time,slice:s\na,0,,x\nb,1,2020,\n")

    assert set(found) == {(row + 1, column, problem) for row, column, problem in wanted}
    with pytest.raises(InvalidFileError) as caught:
        label_files.read(body=parquet(columns), content_type=PARQUET, benchmark=weather)
    assert {tuple(each.values()) for each in caught.value.data["problems"]} == set(wanted)


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("id,value", "label is missing; the columns are id, value"),
        ("item,label", "id is missing; the columns are item, label"),
        ("a7,1", "id is missing; the first row names the columns"),
        ("id,label,label", "occurs twice"),
        ("id,label,weight", "'weight' is none of"),
        ("id,label,slice:", "needs a name"),
        ("id,label,slice:" + "a" * 201, "at most 200 characters"),
        ("id,label" + "".join(f",slice:{i}" for i in range(1001)), "more than 1,000 slices"),
        (",id,label", "the first column is a row index"),
        ("id;label", "separated by semicolons"),
    ],
)
def test_read_refuses_a_header(weather: Benchmark, header: str, part: str) -> None:
    problems = problems_of(weather, f"{header}\n1,1\n")

    assert len(problems) == 1
    assert part in problems[0][2]


def test_read_refuses_another_content_type(weather: Benchmark) -> None:
    with pytest.raises(InvalidFileError):
        label_files.read(body=b"x", content_type="application/zip", benchmark=weather)


def test_period_is_unknown_without_times(weather: Benchmark) -> None:
    assert label_tables.period(read(weather, "id,label\n1,0\n")) is None


BREAK, CONTROL = "a field holds a line break", "a field holds a control character"
UNCLEAN = [
    ("a\nb", BREAK),
    ("a\r", BREAK),
    ("\r\n\t", BREAK),
    ("\t", CONTROL),
    ("a\x00\x7f", CONTROL),
]


@pytest.mark.parametrize("column", ["group", "slice:season"])
@pytest.mark.parametrize(("text", "problem"), UNCLEAN)
def test_what_no_line_of_csv_holds_is_refused_in_either_form(
    weather: Benchmark, column: str, text: str, problem: str
) -> None:
    """Parquet holds any text, and the disclosed labels are lines of CSV."""
    columns: dict[str, Any] = {"id": [7, 5, 3], "label": [1, 0, 1]}
    for written in (["a", text, "a"], pa.array(["a", text, "a"]).dictionary_encode()):
        with pytest.raises(InvalidFileError) as caught:
            label_files.read(
                body=parquet({**columns, column: written}), content_type=PARQUET, benchmark=weather
            )
        expected = [{"row": 2, "column": column, "problem": problem}]
        assert caught.value.data["problems"] == expected

    ((row, _, said),) = problems_of(weather, f'id,label,{column}\n7,1,a\n5,0,"{text}"\n')

    if problem == CONTROL:
        assert (row, said) == (3, CONTROL)
    elif "\r" in text.replace("\r\n", ""):
        assert said == "lines must end in LF or CRLF"
    else:
        assert said == f"{BREAK}, or a quote is not closed"


@pytest.mark.parametrize(("text", "problem"), UNCLEAN)
def test_names_of_columns_and_classes_hold_no_control_character(
    weather: Benchmark, text: str, problem: str
) -> None:
    """Of a class nothing is said by row: that would tell the row's label."""
    named = parquet({"id": [7, 5], "label": [1, 0], f"slice:{text}": ["a", "b"]})
    with pytest.raises(InvalidFileError) as caught:
        label_files.read(body=named, content_type=PARQUET, benchmark=weather)
    assert caught.value.data["problems"] == [{"row": 1, "column": None, "problem": problem}]

    weather.classes = ["0", text]
    bodies = [parquet({"id": [7, 5], "label": labels}) for labels in (["0", text], ["0", "0"])]
    said = []
    for body in bodies:
        with pytest.raises(InvalidFileError) as caught:
            label_files.read(body=body, content_type=PARQUET, benchmark=weather)
        said.append(caught.value.data["problems"])
    told = problem.replace("a field", "a class of the benchmark")
    expected = {"row": None, "column": "label", "problem": told}
    assert said == [[expected]] * 2
