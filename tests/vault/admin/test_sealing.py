"""The form that seals a label file: what it leaves behind, and what a wrong file leaves behind."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse

from tests.vault.admin.stage import client_of, url
from tests.vault.factories import acting_as
from vault import journal
from vault.groups import ORGANISER
from vault.models import Benchmark, Holdout, JournalEntry, Panel, SealedBlob, WrappedKey

pytestmark = pytest.mark.usefixtures("installation")

GOOD = "id,label\n" + "".join(f"day-{i},{'wet' if i % 3 else 'dry'}\n" for i in range(60))
TABLES = (Holdout, Panel, SealedBlob, WrappedKey, JournalEntry)


@pytest.fixture
def benchmark() -> Benchmark:
    return Benchmark.objects.create(
        slug="rain",
        title="Rain",
        task="binary",
        classes=["dry", "wet"],
        prediction_form="label",
        primary_metric="accuracy",
    )


def seal(benchmark: Benchmark, body: str | bytes, name: str = "labels.csv", **given: str) -> Any:
    client = client_of(ORGANISER)
    content = body.encode() if isinstance(body, str) else body
    sizes = {"query": "20", "fresh": "25", "sealed": "rest", "kind": "iid", **given}
    with acting_as("researcher"):
        return client.post(
            url("vault_holdout_add"),
            {"benchmark": benchmark.pk, "file": SimpleUploadedFile(name, content), **sizes},
        )


def follow(response: HttpResponse) -> str:
    with acting_as("researcher"):
        return client_of(ORGANISER).get(response["Location"]).content.decode()


def test_a_file_is_sealed_and_the_organiser_journaled(benchmark: Benchmark) -> None:
    """Invariant 4: sealing needs public keys alone, and the process may not read what it sealed."""
    answer = seal(benchmark, GOOD)

    assert answer.status_code == 302
    sealed = Holdout.objects.order_by("n_items")
    assert [(each.status, each.n_items) for each in sealed] == [
        ("SEALED", 15),
        ("QUERY", 20),
        ("FRESH", 25),
    ]
    assert SealedBlob.objects.count() == 3
    entry = JournalEntry.objects.get()
    assert (entry.kind, entry.actor) == ("seal", ORGANISER)
    journal.verify(benchmark_id=benchmark.pk)
    page = follow(answer)
    assert all(each.commitment[:16] in page for each in sealed)


def test_groups_and_classes_are_told_of(benchmark: Benchmark) -> None:
    header, *rows = GOOD.splitlines()
    grouped = "\n".join(
        [f"{header},group", *(f"{row},farm-{i // 3}" for i, row in enumerate(rows))]
    )

    answer = seal(benchmark, grouped + "\n", stratify="on")

    assert answer.status_code == 302
    with acting_as("researcher"):
        page = answer.client.get(answer["Location"]).content.decode()
    assert "Whole groups were drawn" in page
    assert "Each class was drawn from separately" in page
    assert "in groups, by class" in page
    assert "farm-" not in page
    # A third of 60 items are 6.7 of 20 groups of three.
    query = Holdout.objects.get(status="QUERY")
    assert query.n_items == 21
    assert "Sealed 21 items as QUERY (20 were asked for)." in page


def test_labels_touch_no_disk(benchmark: Benchmark, tmp_path: Path) -> None:
    seal(benchmark, GOOD)

    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written  # the panel, at least
    assert not any(b"dry" in path.read_bytes() for path in written)


WRONG: list[tuple[str, dict[str, str], str]] = [
    ("id,label\nday-1,dry\nday-1,wet\n", {}, "<td>3</td><td>id</td><td>the id occurs in an"),
    (GOOD.replace("day-7,wet", "day-7,foggy"), {}, "<td>9</td><td>label</td><td>the label is not"),
    ("id,label\nday-1,\n", {}, "<td>2</td><td>label</td>"),
    ("id,truth\nday-1,dry\n", {}, "the column label is missing"),
    (GOOD, {"name": "labels.xlsx"}, "must end in .csv or .parquet"),
    (GOOD, {"name": "labels.parquet"}, "the file is not valid"),
    (GOOD, {"query": "50", "fresh": "50", "sealed": ""}, "every item belongs to one shard"),
    (GOOD, {"query": "80"}, "the shards hold 105 items and the file 60"),
    (GOOD, {"query": "many"}, "neither a number of items"),
    (GOOD, {"query": "", "fresh": "", "sealed": ""}, "how many items go into which shard"),
    (GOOD, {"query": "", "fresh": "60", "sealed": ""}, "at least two shards"),
    (GOOD, {"kind": "temporal"}, "cannot be sealed as QUERY"),
    (GOOD, {"kind": "secret"}, "Select a valid choice"),
]


@pytest.mark.parametrize(("body", "given", "reason"), WRONG)
def test_a_wrong_file_is_told_by_row_and_leaves_nothing(
    benchmark: Benchmark, tmp_path: Path, body: str, given: dict[str, str], reason: str
) -> None:
    """Invariant 2: nothing of it is stored; and the page quotes no label."""
    before = set(tmp_path.rglob("*"))

    answer = seal(benchmark, body, **given)

    page = answer.content.decode().replace("\n", "")
    assert answer.status_code == 200
    assert reason in page
    assert "foggy" not in page
    # The classes are public, and all are named alike: nothing tells which the file holds.
    assert "wet" not in page.replace("classes dry, wet", "")
    assert [table.__name__ for table in TABLES if table.objects.exists()] == []
    assert set(tmp_path.rglob("*")) == before


def test_a_file_that_is_too_large_is_not_read(benchmark: Benchmark, settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = 100

    assert "larger than" in seal(benchmark, GOOD).content.decode()
    assert not Holdout.objects.exists()


def test_a_benchmark_that_is_sealed_keeps_its_classes(benchmark: Benchmark) -> None:
    seal(benchmark, GOOD)
    client = client_of(ORGANISER)
    given = {
        "title": "Rain",
        "visibility": "public",
        "prediction_form": "label",
        "primary_metric": "accuracy",
        "probability_clip": "0.01",
        "delta0": "0.01",
        "classes": "wet\ndry",
        "slug": "sun",
    }

    with acting_as("researcher"):
        answer = client.post(url("vault_benchmark_change", benchmark.pk), given)

    assert answer.status_code == 302
    benchmark.refresh_from_db()
    assert (benchmark.classes, benchmark.slug, benchmark.delta0) == (["dry", "wet"], "rain", 0.01)


def test_a_sealed_holdout_is_made_fresh_once(benchmark: Benchmark) -> None:
    seal(benchmark, GOOD)
    holdout = Holdout.objects.get(status="SEALED")
    client, at = client_of(ORGANISER), url("vault_holdout_act", holdout.pk, "freshen")

    with acting_as("researcher"):
        answers = [client.post(at), client.post(at)]

    assert [answer.status_code for answer in answers] == [302, 302]
    holdout.refresh_from_db()
    assert holdout.status == "FRESH"
    assert JournalEntry.objects.filter(kind="holdout_status", actor=ORGANISER).count() == 1
