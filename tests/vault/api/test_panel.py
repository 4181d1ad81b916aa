"""The panel's template: both forms, what caches may keep, and which panel it is."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.vault.api.stage import CSV, N_ITEMS, PARQUET, Caller, problem
from tests.vault.factories import World
from vault import panel as panels
from vault.models import Benchmark, Panel, Round

ANYONE = Caller()
PANEL = "benchmarks/weather/panel/"
IDS = [f"item-{i:05d}" for i in range(N_ITEMS)]


def parquet_ids(response: Any) -> list[Any]:
    ids: list[Any] = pq.read_table(io.BytesIO(response.content))["id"].to_pylist()
    return ids


def extended(world: World) -> Panel:
    return panels.publish(benchmark=world.benchmark, ids=pa.array(["new-1", "new-0"]))


def test_csv_is_a_column_of_ids_to_be_filled_in(world: World) -> None:
    response = ANYONE.get(PANEL)

    assert response["Content-Type"] == CSV
    assert response["Panel-Version"] == "1"
    assert response.content.decode() == "\n".join(["id", *IDS, ""])


def test_ids_that_need_quotes_get_them(world: World) -> None:
    benchmark = Benchmark.objects.create(
        slug="odd", task="binary", prediction_form="label", primary_metric="accuracy"
    )
    panels.publish(benchmark=benchmark, ids=pa.array(['say "hi"', "a,b", "é", "=1+1"]))

    text = ANYONE.get("benchmarks/odd/panel/").content.decode()

    assert text == 'id\n=1+1\n"a,b"\n"say ""hi"""\né\n'


def test_whole_numbers_stay_numbers(world: World) -> None:
    benchmark = Benchmark.objects.create(
        slug="numbers", task="binary", prediction_form="label", primary_metric="accuracy"
    )
    panels.publish(benchmark=benchmark, ids=pa.array([30, -5, 2**63 - 1]))

    assert ANYONE.get("benchmarks/numbers/panel/").content == b"id\n-5\n30\n9223372036854775807\n"
    assert parquet_ids(ANYONE.get("benchmarks/numbers/panel/?format=parquet")) == [
        -5,
        30,
        2**63 - 1,
    ]


@pytest.mark.parametrize(
    ("query", "accept"),
    [
        ("?format=parquet", ""),
        ("?format=parquet", CSV),  # what stands in the address was meant
        ("", PARQUET),
        ("", f"{CSV};q=0.5, {PARQUET}"),
    ],
)
def test_parquet_is_had_by_name_or_by_accept(world: World, query: str, accept: str) -> None:
    response = ANYONE.get(PANEL + query, Accept=accept)

    assert response["Content-Type"] == PARQUET
    assert parquet_ids(response) == IDS


@pytest.mark.parametrize(
    "accept", ["", "*/*", "text/*", CSV, "text/html, */*;q=0.1", "no/sense, *"]
)
def test_csv_is_the_default(world: World, accept: str) -> None:
    response = ANYONE.get(PANEL, Accept=accept)

    if "no/sense" in accept:
        assert problem(response) == (406, "not_acceptable")
    else:
        assert response["Content-Type"] == CSV


@pytest.mark.parametrize(
    ("query", "accept"),
    [("?format=json", ""), ("?format=", ""), ("", "application/json")],
)
def test_other_forms_are_not_offered(world: World, query: str, accept: str) -> None:
    response = ANYONE.get(PANEL + query, Accept=accept)

    assert problem(response) == (406, "not_acceptable")
    assert response.json()["detail"] == "This comes as csv or parquet"


def test_unchanged_panel_is_not_sent_again(world: World) -> None:
    first = ANYONE.get(PANEL)
    etag = first["ETag"]

    for given in (etag, f'"other", {etag}', "*", f"W/{etag}"):
        again = ANYONE.get(PANEL, **{"If-None-Match": given})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
        assert again["Vary"] == first["Vary"] == "Accept, Authorization"


def test_another_version_than_is_asked_for_is_a_problem(world: World) -> None:
    """Django's own answer was an empty page of HTML."""
    etag = ANYONE.get(PANEL)["ETag"]

    assert ANYONE.get(PANEL, **{"If-Match": etag}).status_code == 200
    refused = ANYONE.get(PANEL, **{"If-Match": '"another"'})
    assert problem(refused) == (412, "precondition_failed")


def test_each_form_and_version_has_its_own_tag(world: World) -> None:
    first = ANYONE.get(PANEL)["ETag"]
    other_form = ANYONE.get(PANEL + "?format=parquet")["ETag"]
    Round.objects.update(panel=extended(world))
    response = ANYONE.get(PANEL, **{"If-None-Match": f"{first}, {other_form}"})

    assert not first.startswith("W/")
    assert len({first, other_form, response["ETag"]}) == 3
    assert response.status_code == 200


def test_round_keeps_the_panel_that_it_began_with(world: World) -> None:
    """New items come last, in a version of their own, for a later round."""
    extended(world)

    assert ANYONE.get(PANEL)["Panel-Version"] == "1"
    assert ANYONE.get(PANEL + "?round=1")["Panel-Version"] == "1"
    Round.objects.update(status="CLOSED")
    latest = ANYONE.get(PANEL)
    assert latest["Panel-Version"] == "2"
    assert latest.content.decode().splitlines() == ["id", *IDS, "new-0", "new-1"]
    assert ANYONE.get(PANEL + "?round=1")["Panel-Version"] == "1"


@pytest.mark.parametrize("query", ["?round=2", "?round=x", "?round=-1", f"?round={10**20}"])
def test_round_that_is_not_there_has_no_panel(world: World, query: str) -> None:
    assert problem(ANYONE.get(PANEL + query)) == (404, "not_found")


def test_benchmark_without_a_panel_has_none(world: World) -> None:
    Benchmark.objects.create(
        slug="empty", task="binary", prediction_form="label", primary_metric="accuracy"
    )

    assert problem(ANYONE.get("benchmarks/empty/panel/")) == (404, "not_found")


def test_head_tells_without_sending(world: World) -> None:
    response = ANYONE.ask("HEAD", f"/api/v1/{PANEL}")

    assert (response.status_code, response.content) == (200, b"")
    assert response["ETag"] == ANYONE.get(PANEL)["ETag"]
