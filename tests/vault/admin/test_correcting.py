"""An organizer has the labels of a draw corrected: what follows is said, and the worker is asked."""

import datetime as dt
import json
from typing import Any

import celery
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from tests.vault.admin.stage import client_of, url
from tests.vault.admin.test_rounds import kinds, post
from tests.vault.corrected import REASON
from tests.vault.factories import World, acting_as, make_world
from vault.admin.pages import moment
from vault.models import (
    CorrectionRequest,
    JournalEntry,
    Release,
    Round,
    SealedCorrection,
    Submission,
)
from vault.people.groups import ORGANIZER, RESEARCHER

pytestmark = pytest.mark.usefixtures("installation")

CONFIRMED: dict[str, Any] = {"reason": REASON, "for_good": "on"}


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any, str]]:
    """What the broker was given."""
    found: list[tuple[str, Any, str]] = []

    def send(self: Any, name: str, *, kwargs: Any, queue: str, **_: Any) -> None:
        found.append((name, kwargs, queue))

    monkeypatch.setattr(celery.Celery, "send_task", send)
    return found


@pytest.fixture
def world(installation: None) -> World:
    end = timezone.now() + dt.timedelta(days=30)
    made = make_world("weather", n_query=30, n_fresh=40, closes_at=end)
    made.open()
    return made


def address(world: World) -> str:
    return url("vault_holdout_act", world.query.pk, "correct")


def file(rows: str, name: str = "items.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, rows.encode())


def refused(world: World, **given: Any) -> str:
    answer = post(address(world), **{**CONFIRMED, **given})
    assert answer.status_code == 200
    assert not CorrectionRequest.objects.exists()
    return " ".join(answer.content.decode().split())


def page(world: World) -> str:
    with acting_as("researcher"):
        answer = client_of(ORGANIZER).get(url("vault_holdout_change", world.query.pk))
    return str(answer.content.decode())


def test_the_page_says_what_follows(world: World) -> None:
    with acting_as("researcher"):
        answer = client_of(ORGANIZER).get(address(world))
    text = " ".join(answer.content.decode().split())

    assert "The correction is of the whole draw" in text
    assert "Nobody can take it back" in text
    assert "all that was answered is scored again" in text
    assert "It must not name items" in text
    for each in (world.query, world.fresh):
        assert str(each.pk)[:8] in text


def test_items_are_pasted_and_the_worker_is_asked(
    world: World, sent: list[tuple[str, Any, str]]
) -> None:
    answer = post(address(world), what="void", ids="item-00003\r\n\r\n item-00007 ", **CONFIRMED)
    assert answer.status_code == 302

    row = CorrectionRequest.objects.get()
    assert (row.batch, row.what, row.n_items) == (world.query.batch, "void", 2)
    assert (row.reason, row.actor) == (REASON, ORGANIZER)
    assert kinds() == ["correction_requested"]
    assert sent == [("vault.tasks.correct_labels", {"request_id": str(row.pk)}, "audit")]
    # This process opens nothing, and keeps what was pasted nowhere in the clear.
    assert SealedCorrection.objects.filter(request=row).exists()
    assert not JournalEntry.objects.filter(kind="open_labels").exists()
    assert "item-00003" not in "".join(JournalEntry.objects.values_list("payload", flat=True))
    text = page(world)
    assert REASON in text
    assert "waits for the audit worker" in text


def test_items_come_in_a_file(world: World) -> None:
    given = {"what": "void", "file": file("id\nitem-00003\nitem-00004\n")}
    assert post(address(world), **given, **CONFIRMED).status_code == 302

    assert CorrectionRequest.objects.get().n_items == 2


def test_labels_come_in_a_file(world: World) -> None:
    given = {"what": "replace", "file": file("id,label\nitem-00003,1\nitem-00004,0\n")}
    assert post(address(world), **given, **CONFIRMED).status_code == 302

    row = CorrectionRequest.objects.get()
    assert (row.what, row.n_items) == ("replace", 2)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "This field is required"),
        ({"what": "void"}, "Name the items either here or in a file."),
        ({"what": "replace"}, "New labels come in a file"),
        ({"what": "replace", "ids": "item-00001"}, "New labels come in a file"),
        ({"what": "void", "ids": "item-00001", "reason": " "}, "This field is required"),
        ({"what": "void", "ids": "item-00001", "for_good": ""}, "Tick this to correct the labels"),
        ({"what": "void", "ids": "item-00001\nother"}, "the item is not of this batch"),
        (
            {"what": "void", "ids": "\n".join(f"item-{i:05d}" for i in range(40))},
            "more than half of it",
        ),
    ],
)
def test_what_is_refused_changes_nothing(world: World, given: dict[str, str], said: str) -> None:
    assert said in refused(world, **given)


def test_pasted_ids_are_refused_by_their_own_rows(world: World) -> None:
    """There is no file, and no heading in front."""
    text = refused(world, what="void", ids="item-00001\n\nother\nitem-00001")

    assert (
        "The ids are not valid: row 2: the item is not of this batch (2 problems in all)." in text
    )
    assert "Problems of the ids (2)" in text
    assert "the file is not valid" not in text.lower()


def test_a_wrong_file_is_refused_with_its_rows(world: World) -> None:
    rows = "id,label\nitem-00001,1\nitem-99999,0\nitem-00002,7\n"
    text = refused(world, what="replace", file=file(rows))

    assert "Problems of the file (2)" in text
    assert "the item is not of this batch" in text


def test_a_second_one_waits_for_the_first(world: World) -> None:
    assert post(address(world), what="void", ids="item-00001", **CONFIRMED).status_code == 302

    answer = post(address(world), what="void", ids="item-00002", **CONFIRMED)
    assert "Another correction of this batch is being carried out" in answer.content.decode()
    assert CorrectionRequest.objects.count() == 1


def test_researchers_see_it_and_cannot_do_it(world: World) -> None:
    post(address(world), what="void", ids="item-00001", **CONFIRMED)
    client = client_of(RESEARCHER)
    with acting_as("researcher"):
        seen = client.get(url("vault_holdout_change", world.query.pk)).content.decode()
        answers = [client.get(address(world)), client.post(address(world), CONFIRMED)]

    assert REASON in seen
    assert "/act/correct/" not in seen
    assert [each.status_code for each in answers] == [403, 403]
    assert json.loads(JournalEntry.objects.get(kind="correction_requested").payload)["reason"] == (
        REASON
    )


def test_pages_say_what_counts_and_what_was_superseded(world: World) -> None:
    given = world.submit(world.team("alpha"), world.labels).submission
    for transcript, value in ((1, 0.25), (2, 0.75)):
        Release.objects.create(
            submission=given,
            transcript=transcript,
            value=value,
            outcome="scored",
            released_at=world.now,
        )
    Submission.objects.filter(pk=given.pk).update(status="SCORED", finished_at=world.now)
    Round.objects.filter(pk=world.round.pk).update(transcript=2)
    transcripts = world.round.transcripts
    transcripts.create(number=2, label_version=1, begun_at=world.now, current_at=world.now)
    round_page, page = (
        url("vault_round_change", world.round.pk), url("vault_submission_change", given.pk)
    )  # fmt: skip
    client = client_of(RESEARCHER)
    with acting_as("researcher"):
        assert "transcript 2, on corrected labels" in client.get(round_page).content.decode()
        text = client.get(page).content.decode()
    assert "Answers that corrected labels have superseded" in text
    assert "0.25" in text
    assert "0.75" in text

    transcripts.create(number=3, label_version=1, begun_at=world.now)
    with acting_as("researcher"):
        scored_again = client.get(round_page).content.decode()
    CorrectionRequest.objects.create(
        benchmark=world.benchmark,
        batch=world.query.batch,
        what="void",
        n_items=1,
        reason=REASON,
        actor="grace",
        at=world.now,
        commitment="ab" * 32,
        done_at=world.now,
    )
    holdout_page = url("vault_holdout_change", world.query.pk)
    with acting_as("researcher"):
        done = client.get(holdout_page).content.decode()
    assert f"done at {moment(world.now)}; being scored again: <a href=" in done
    said = (
        "eather round 1 is being scored again as transcript 3, on version 1 of the labels, since "
        f"{world.now:%Y-%m-%d %H:%M} UTC (the scoring worker begins within a minute of that): 1 file is "
        "left. Until all are done the earlier answers count, and new files wait."
    )
    assert scored_again.count(said) == 1
    assert f'<li class="warning">W{said}' in scored_again
    assert "transcript 2, on corrected labels; transcript 3 is being made<" in scored_again

    Release.objects.create(
        submission=given, transcript=3, value=0.5, outcome="scored", released_at=world.now
    )
    with acting_as("researcher"):
        assert ": no file is left." in client.get(round_page).content.decode()
    transcripts.filter(number=3).update(current_at=world.now)
    with acting_as("researcher"):
        assert "being scored again" not in client.get(round_page).content.decode()
        done = client.get(holdout_page).content.decode()
    assert f"done at {moment(world.now)}<" in done
