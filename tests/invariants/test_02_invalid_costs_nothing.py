"""Invariant 2: an invalid file costs nothing and changes nothing, and says what is wrong with it.

Every row of every table and every stored file is compared before and after. The files are handed in
over the API with the rights of the web process.
"""

import datetime as dt
import gzip
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.apps import apps
from django.conf import settings
from django.test import Client

from tests.vault.factories import World, acting_as, make_world
from vault.models import Submission, TeamToken
from vault.teams import tokens

pytestmark = [pytest.mark.usefixtures("vault_keys", "api_site")]

N = 300
CSV, PARQUET = "text/csv", "application/vnd.apache.parquet"
IDS = [f"item-{i:05d}" for i in range(N)]


def csv_of(rows: list[tuple[Any, ...]], header: str = "id,label") -> bytes:
    return "\n".join([header, *(",".join(map(str, row)) for row in rows), ""]).encode()


def good() -> list[tuple[Any, ...]]:
    return [(item, 1) for item in IDS]


def changed(row: int, *values: Any) -> bytes:
    rows = good()
    rows[row] = values
    return csv_of(rows)


def parquet_of(told: dict[str, Any] | None = None, **columns: Any) -> bytes:
    """`told` is what pandas would write of the columns."""
    buffer = io.BytesIO()
    metadata = None if told is None else {"pandas": json.dumps(told)}
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), buffer)
    return buffer.getvalue()


INVALID: dict[str, tuple[str, bytes, str]] = {
    "empty": (CSV, b"", "empty|no columns|header|411|column"),
    "not a table": (CSV, b"\x00\xff\xfe" * 50, "."),
    "a class that there is not": (CSV, changed(4, IDS[4], 7), "row 6"),
    "no label": (CSV, changed(4, IDS[4], ""), "row 6"),
    "an id twice": (CSV, changed(4, IDS[3], 1), "row 6|item-00003"),
    "an unknown id": (CSV, changed(4, "item-x", 1), "row 6"),
    "a row too few": (CSV, csv_of(good()[:-1]), "missing"),
    "a row too many": (CSV, csv_of([*good(), ("item-99999", 1)]), "row 302"),
    "the wrong columns": (CSV, csv_of(good(), header="id,probability"), "column"),
    "a column too many": (CSV, csv_of([(*r, 1) for r in good()], header="id,label,x"), "column"),
    "ragged": (CSV, csv_of(good()) + b"item-1,2,3\n", "."),
    "no parquet": (PARQUET, csv_of(good()), "."),
    "half a parquet": (PARQUET, parquet_of(id=IDS, label=[1] * N)[:-40], "."),
    "an index of pandas or R": (CSV, csv_of([(7, *r) for r in good()], ",id,label"), "index=False"),
    "semicolons": (CSV, csv_of(good()).replace(b",", b";"), "semicolons"),
    "UTF-16": (CSV, csv_of(good()).decode().encode("utf-16"), "UTF-8"),
    "a workbook": (CSV, b"PK\x03\x04" + bytes(200), "Excel"),
    "gzip": (CSV, gzip.compress(csv_of(good())), "unpacked"),
    "an empty line": (CSV, csv_of(good()) + b"\n", "row 302: the line is empty"),
    "a label 1.0": (CSV, changed(4, IDS[4], "1.0"), "classes 0, 1; write 1"),
    "a label True": (CSV, changed(4, IDS[4], "True"), "classes 0, 1; write 1"),
    "an id of digits without end": (CSV, changed(4, "9" * 9000, 1), "row 6"),
    "float labels": (PARQUET, parquet_of(id=IDS, label=[1.0] * N), "classes are 0, 1"),
    "an index in Parquet": (
        PARQUET,
        parquet_of(id=IDS, label=[1] * N, __index_level_0__=[*range(N)]),
        "index=False",
    ),
    "an index of nonsense": (
        PARQUET,
        parquet_of(told={"index_columns": [{"name": "id", "start": 0, "stop": 2**80}]}, label=[1]),
        "columns",
    ),
    "parquet with nulls": (PARQUET, parquet_of(id=IDS, label=[None, *[1] * (N - 1)]), "row"),
}


_TEXTS = pa.array(["1"] * N)
LEGITIMATE: dict[str, tuple[str, bytes]] = {
    "as Excel writes UTF-8": (CSV, b"\xef\xbb\xbf" + csv_of(good()).replace(b"\n", b"\r\n")),
    "as R writes it": (CSV, csv_of([(f'"{i}"', v) for i, v in good()], '"id","label"')),
    "a category": (PARQUET, parquet_of(id=IDS, label=_TEXTS.dictionary_encode())),
    "ids as a category": (PARQUET, parquet_of(id=pa.array(IDS).dictionary_encode(), label=_TEXTS)),
    "a decimal": (
        PARQUET,
        parquet_of(id=IDS, label=pa.array([Decimal(1)] * N, pa.decimal128(38, 0))),
    ),
    "Booleans": (PARQUET, parquet_of(id=IDS, label=[True] * N)),
    "ids as the index": (PARQUET, parquet_of({"index_columns": ["id"]}, label=_TEXTS, id=IDS)),
    "ids as an index without a name": (
        PARQUET,
        parquet_of({"index_columns": ["__index_level_0__"]}, label=_TEXTS, __index_level_0__=IDS),
    ),
}


def everything() -> dict[str, Any]:
    """All rows of all tables, without the time at which a token was used, and all stored files."""
    tables = {
        model._meta.label: sorted(model._default_manager.values_list(), key=str)
        for model in apps.get_models()
        if model is not TeamToken
    }
    files = {path: path.stat().st_size for path in Path(settings.MEDIA_ROOT).rglob("*")}
    return {**tables, "files": files}


@pytest.fixture
def world(vault_keys: None) -> World:
    world = make_world("invalid", closes_at=dt.datetime(2999, 1, 1, tzinfo=dt.UTC), total_limit=3)
    world.open()
    return world


@pytest.fixture
def client(world: World, api_site: None) -> Client:
    _, token = tokens.issue(
        team=world.team("a"), label="", scopes=["read", "submit"], expires_at=None, now=world.now
    )
    return Client(headers={"Authorization": f"Bearer {token}"})


def post(client: Client, page: str, content_type: str, body: bytes) -> Any:
    with acting_as("web"):
        return client.generic(
            "POST", f"/api/v1/benchmarks/invalid/{page}/", data=body, content_type=content_type
        )


@pytest.mark.parametrize("page", ["submissions", "validate"])
def test_invalid_files_change_nothing(world: World, client: Client, page: str) -> None:
    before = everything()
    for name, (content_type, body, said) in INVALID.items():
        response = post(client, page, content_type, body)

        problem = response.json()
        assert response.status_code in (411, 422), name
        assert response["Content-Type"] == "application/problem+json"
        assert len(problem.get("problems", [])) <= 10
        text = response.content.decode()
        assert any(each in text for each in said.split("|")) or said == ".", (name, text)
    assert everything() == before


def test_rows_are_named_as_an_editor_counts_them(world: World, client: Client) -> None:
    """The header is row 1; the first ten problems are listed, all are counted."""
    rows = [(item, 7 if i < 15 else 1) for i, item in enumerate(IDS)]

    problem = post(client, "submissions", CSV, csv_of(rows)).json()

    assert [each["row"] for each in problem["problems"]] == list(range(2, 12))
    assert problem["n_problems"] == 15
    assert {each["column"] for each in problem["problems"]} == {"label"}


def test_many_invalid_files_use_up_no_budget(world: World, client: Client) -> None:
    for _ in range(10):
        assert post(client, "submissions", *INVALID["no label"][:2]).status_code == 422

    for wrong in range(3):
        body = csv_of([(item, int(i == wrong)) for i, item in enumerate(IDS)])
        assert post(client, "submissions", CSV, body).status_code == 202
    refused = post(client, "submissions", CSV, csv_of(good()))
    assert (refused.status_code, refused.json()["code"]) == (429, "budget_total_exhausted")


def test_validating_a_good_file_changes_nothing_either(world: World, client: Client) -> None:
    before = everything()

    assert post(client, "validate", CSV, csv_of(good())).status_code == 200
    assert everything() == before


def test_what_other_programs_write_is_one_and_the_same_file(world: World, client: Client) -> None:
    """All are the same predictions, so that all together are charged once."""
    verdicts = {name: post(client, "validate", *file) for name, file in LEGITIMATE.items()}

    assert {name: each.status_code for name, each in verdicts.items()} == dict.fromkeys(
        LEGITIMATE, 200
    )
    assert len({each.json()["sha256"] for each in verdicts.values()}) == 1
    for file in LEGITIMATE.values():
        assert post(client, "submissions", *file).status_code in (200, 202)
    assert Submission.objects.count() == 1
