"""The form that seals a label file: what it leaves behind, and what a wrong file leaves behind."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from psycopg import sql

from tests.vault.admin.stage import SUPERUSER, client_of, url
from tests.vault.factories import acting_as
from vault import journal
from vault.admin import sealing
from vault.models import Benchmark, Holdout, JournalEntry, Panel, SealedBlob, WrappedKey
from vault.people.groups import ORGANIZER

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


def send(
    benchmark: Benchmark,
    body: str | bytes,
    name: str = "labels.csv",
    person: str = ORGANIZER,
    **given: Any,
) -> Any:
    """One POST of the form."""
    client = client_of(person)
    content = body.encode() if isinstance(body, str) else body
    sizes = {"query": "20", "fresh": "25", "sealed": "rest", "kind": "iid", **given}
    with acting_as("researcher"):
        return client.post(
            url("vault_holdout_add"),
            {"benchmark": benchmark.pk, "file": SimpleUploadedFile(name, content), **sizes},
        )


def ticks(answer: Any) -> dict[str, Any]:
    """What whoever accepts all warnings of the report sends back with the file."""
    page = answer.content.decode()
    proof = re.search(r'name="proof" value="([^"]+)"', page)
    codes = re.findall(r'name="confirm" value="(\w+)"', page)
    return {"proof": proof.group(1), "confirm": codes} if proof else {}


def seal(benchmark: Benchmark, body: str | bytes, **given: Any) -> Any:
    """Send, and again with every warning accepted that the report has."""
    answer = send(benchmark, body, **given)
    accepted = ticks(answer) if answer.status_code == 200 else {}
    return send(benchmark, body, **given, **accepted) if accepted else answer


def follow(response: HttpResponse) -> str:
    with acting_as("researcher"):
        return client_of(ORGANIZER).get(response["Location"]).content.decode()


def test_a_file_is_sealed_and_the_organizer_journaled(benchmark: Benchmark) -> None:
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
    assert (entry.kind, entry.actor) == ("seal", ORGANIZER)
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


def test_a_later_period_is_sealed_with_what_it_is_later_than(benchmark: Benchmark) -> None:
    header, *rows = GOOD.splitlines()
    timed = "\n".join([f"{header},time", *(f"{row},2026-03-01" for row in rows)]) + "\n"
    given = {"kind": "temporal", "query": "", "fresh": "rest", "sealed": ""}

    refused = seal(benchmark, timed, **given).content.decode()
    assert "give both" in refused
    late = seal(benchmark, timed, **given, trained_until="2026-02-28", label_delay_days="7")
    assert "begins on 2026-03-07 at the earliest" in late.content.decode()
    assert not Holdout.objects.exists()

    days = {"trained_until": "2026-02-20", "label_delay_days": "7"}
    assert seal(benchmark, timed, **given, **days).status_code == 302
    assert Holdout.objects.get().label_delay_days == 7


def test_a_report_holds_for_the_days_that_it_was_made_of(benchmark: Benchmark) -> None:
    header, *rows = GOOD.splitlines()
    timed = "\n".join([f"{header},time", *(f"{row},2026-03-01" for row in rows)]) + "\n"
    given = {"kind": "temporal", "query": "", "fresh": "rest", "sealed": ""}
    first = {"trained_until": "2026-02-20", "label_delay_days": "7"}

    accepted = ticks(send(benchmark, timed, **given, **first))
    other = {**first, "trained_until": "2026-02-19"}

    assert accepted
    assert send(benchmark, timed, **given, **other, **accepted).status_code == 200
    assert not Holdout.objects.exists()


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
    (GOOD, {"name": "labels.parquet"}, "The file is not valid"),
    (GOOD, {"query": "50", "fresh": "50", "sealed": ""}, "every item belongs to one shard"),
    (GOOD, {"query": "80"}, "The shards hold 105 items and the file 60"),
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
    # Random tokens of the form may hold any three letters.
    words = re.sub(r'value="[^"]{40,}"', "", page)
    assert "wet" not in words.replace("classes dry, wet", "")
    assert [table.__name__ for table in TABLES if table.objects.exists()] == []
    assert set(tmp_path.rglob("*")) == before


def test_a_file_that_is_too_large_is_not_read(benchmark: Benchmark, settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = 100

    assert "larger than" in seal(benchmark, GOOD).content.decode()
    assert not Holdout.objects.exists()


def test_a_benchmark_that_is_sealed_keeps_its_classes(benchmark: Benchmark) -> None:
    seal(benchmark, GOOD)
    client = client_of(ORGANIZER)
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
    client, at = client_of(ORGANIZER), url("vault_holdout_act", holdout.pk, "freshen")

    with acting_as("researcher"):
        answers = [client.post(at), *(client.post(at, {"for_good": "on"}) for _ in range(2))]

    assert "This cannot be undone: tick this to do it." in answers[0].content.decode()
    assert [answer.status_code for answer in answers] == [200, 302, 302]
    holdout.refresh_from_db()
    assert holdout.status == "FRESH"
    assert JournalEntry.objects.filter(kind="holdout_status", actor=ORGANIZER).count() == 1


# 400 items whose order is their label, and enough of everything else.
SORTED = "id,label\n" + "".join(f"{i:03},{'wet' if i > 236 else 'dry'}\n" for i in range(1, 401))
HALVES = {"query": "200", "fresh": "rest", "sealed": ""}
# Such labels, enough of them, in an order that tells nothing; ids of eight digits of a fixed hash.
MIXED = "id,label\n" + "".join(
    f"{hashlib.sha256(str(i).encode()).hexdigest()[:8]},{'wet' if i > 826 else 'dry'}\n"
    for i in range(1, 1401)
)


def test_a_file_without_a_warning_is_sealed_at_once(benchmark: Benchmark) -> None:
    answer = send(benchmark, MIXED, **{**HALVES, "query": "700"})

    assert answer.status_code == 302
    with acting_as("researcher"):
        page = answer.client.get(answer["Location"]).content.decode()
    assert "The report on the file warned of nothing." in page


def test_what_was_accepted_is_named_once_it_is_sealed(benchmark: Benchmark) -> None:
    accepted = ticks(send(benchmark, SORTED, **HALVES))

    answer = send(benchmark, SORTED, **HALVES, **accepted)

    with acting_as("researcher"):
        page = answer.client.get(answer["Location"]).content.decode()
    assert "Accepted: id_order, neighbor_labels, nothing_found." in page
    assert "warned of nothing" not in page


def test_a_warning_is_shown_and_nothing_sealed_before_it_is_accepted(
    benchmark: Benchmark, tmp_path: Path
) -> None:
    before = set(tmp_path.rglob("*"))

    answer = send(benchmark, SORTED, **HALVES)

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "has ROC AUC 1.000 for class wet" in page
    assert "What to do: give the items new ids in random order" in page
    assert "no-store" in answer["Cache-Control"]
    assert ticks(answer)["confirm"] == ["id_order", "neighbor_labels", "nothing_found"]
    assert "checked" not in page
    assert not any(table.objects.exists() for table in TABLES)
    assert set(tmp_path.rglob("*")) == before

    assert send(benchmark, SORTED, **HALVES, **ticks(answer)).status_code == 302
    assert Holdout.objects.count() == 2


def test_a_file_that_is_missing_after_its_report_has_to_be_chosen_again(
    benchmark: Benchmark,
) -> None:
    """A browser does not send the file of the page before; the ticks are nothing without it."""
    given = {"benchmark": benchmark.pk, "kind": "iid", **HALVES}
    again = (
        "Choose the file again: a browser does not keep it. The report and its ticks are made anew"
    )
    first = send(benchmark, SORTED, **HALVES)
    with acting_as("researcher"):
        client = client_of(ORGANIZER)
        new = client.post(url("vault_holdout_add"), given).content.decode()
        after = client.post(url("vault_holdout_add"), {**given, **ticks(first)}).content.decode()

    assert first.content.decode().count("Nothing was") == 1
    assert "This field is required." in new
    assert again not in new
    assert again in after
    assert "This field is required." not in after
    assert not Holdout.objects.exists()


def test_each_warning_needs_its_own_tick(benchmark: Benchmark) -> None:
    accepted = ticks(send(benchmark, SORTED, **HALVES))
    some = [
        {**accepted, "confirm": ["id_order"]},
        {**accepted, "confirm": []},
        {**accepted, "confirm": [*accepted["confirm"], "class_few"]},
        {"confirm": accepted["confirm"]},
    ]

    answers = [send(benchmark, SORTED, **HALVES, **each) for each in some]

    assert [answer.status_code for answer in answers] == [200] * 4
    assert not Holdout.objects.exists()


def test_ticks_hold_for_one_file_one_draw_and_one_person(benchmark: Benchmark) -> None:
    other = Benchmark.objects.create(
        slug="sun",
        title="Sun",
        task="binary",
        classes=["dry", "wet"],
        prediction_form="label",
        primary_metric="accuracy",
    )
    accepted = ticks(send(benchmark, SORTED, **HALVES))
    changed = SORTED.replace("001,dry", "001,wet")

    answers = [
        send(benchmark, changed, **HALVES, **accepted),
        send(benchmark, SORTED, **{**HALVES, "query": "190"}, **accepted),
        send(benchmark, SORTED, **HALVES, stratify="on", **accepted),
        send(other, SORTED, **HALVES, **accepted),
        send(benchmark, SORTED, person=SUPERUSER, **HALVES, **accepted),
        send(benchmark, SORTED, **HALVES, **{**accepted, "proof": accepted["proof"] + "x"}),
    ]

    assert [answer.status_code for answer in answers] == [200] * 6
    assert not Holdout.objects.exists()
    # Each got a report of its own, which can be accepted in turn.
    assert send(benchmark, changed, **HALVES, **ticks(answers[0])).status_code == 302


def test_ticks_hold_for_an_hour(benchmark: Benchmark, monkeypatch: pytest.MonkeyPatch) -> None:
    accepted = ticks(send(benchmark, SORTED, **HALVES))
    monkeypatch.setattr(sealing, "REPORT_SECONDS", -1)

    assert send(benchmark, SORTED, **HALVES, **accepted).status_code == 200
    assert not Holdout.objects.exists()


def test_a_report_alone_seals_nothing(benchmark: Benchmark) -> None:
    answers = [
        send(benchmark, MIXED, **{**HALVES, "query": "700"}, only_report="on"),
        seal(benchmark, SORTED, **HALVES, only_report="on"),
    ]

    pages = [answer.content.decode() for answer in answers]
    assert "It warns of nothing" in pages[0]
    # What was asked for is no mistake.
    assert not any("errornote" in page for page in pages)
    assert "<td>82.0</td>" in pages[1]
    assert not Holdout.objects.exists()


def test_what_cannot_be_sealed_is_refused_before_a_report(benchmark: Benchmark) -> None:
    seal(benchmark, SORTED, **HALVES)

    again = send(benchmark, SORTED, **HALVES).content.decode()

    assert "An item is sealed already." in again
    assert "ROC AUC" not in again


def test_the_report_is_kept_nowhere(benchmark: Benchmark) -> None:
    """It tells of labels: no table, no journal and no message holds any of it."""
    seal(benchmark, SORTED, **HALVES)

    with connection.cursor() as cursor:
        found = []
        for model in apps.get_models(include_auto_created=True):
            table = sql.Identifier(model._meta.db_table)
            cursor.execute(sql.SQL("SELECT row_to_json(t)::text FROM {} AS t").format(table))
            found += [text for (text,) in cursor.fetchall()]
    assert found
    assert not any("id_order" in text or "neighbor" in text or "AUC" in text for text in found)
