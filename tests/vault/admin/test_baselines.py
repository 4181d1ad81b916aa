"""An organizer hands in a reference's file from a planned round's page, or from the reference's own."""

import datetime as dt
import json
import re
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, ProgrammingError, connection, transaction
from django.utils import timezone

from tests.vault.admin.stage import client_of, url
from tests.vault.admin.test_rounds import act
from tests.vault.factories import World, acting_as, make_world
from tests.vault.prediction_files import parquet
from vault import journal, rounds
from vault.models import BudgetEntry, JournalEntry, Round, Submission, Team
from vault.people.groups import ORGANIZER, RESEARCHER

pytestmark = pytest.mark.usefixtures("installation")


@pytest.fixture
def world() -> World:
    """Its round is planned; one team competes, one is a reference."""
    end = timezone.now() + dt.timedelta(days=30)
    made = make_world("weather", n_query=30, n_fresh=40, closes_at=end)
    made.team("alpha")
    made.team("majority", is_reference=True)
    return made


def csv(n: int = 70, label: str = "1") -> bytes:
    return ("id,label\n" + "".join(f"item-{i:05d},{label}\n" for i in range(n))).encode()


def hand_in(
    world: World, body: bytes, *, name: str = "baseline.csv", team: str = "majority", **given: Any
) -> Any:
    file = SimpleUploadedFile(name, body)
    return act(world.round, "baseline", team=str(world.teams[team].pk), file=file, **given)


def page(address: str, person: str = ORGANIZER) -> str:
    with acting_as("researcher"):
        return client_of(person).get(address).content.decode()


def test_a_baseline_is_received_and_charged_nothing(world: World) -> None:
    before = page(url("vault_round_change", world.round.pk))
    answer = hand_in(world, csv(), model_name="majority class")

    submission = Submission.objects.get()
    assert answer.status_code == 302
    (said,) = get_messages(answer.wsgi_request)
    assert said.message.startswith("Received weather-majority, file 1 (majority class): submission")
    assert "Hand in a baseline file" in before
    form = page(url("vault_round_act", world.round.pk, "baseline"))
    assert "At most 5 files of it are taken for a round" in form
    assert (submission.team, submission.round) == (world.teams["majority"], world.round)
    assert (submission.status, submission.model_name) == ("QUEUED", "majority class")
    assert not BudgetEntry.objects.filter(submission=submission).exists()
    assert url("vault_submission_change", submission.pk) in page(
        url("vault_round_change", world.round.pk)
    )
    # A worker's part; labels are not opened within a test's transaction.
    Submission.objects.update(status="SCORED", finished_at=timezone.now())
    rounds.open_round(round=world.round, references=None, actor="test", now=timezone.now())
    assert world.round.references.get().submission == submission


def test_the_journal_says_which_organizer_handed_in_what(world: World) -> None:
    hand_in(world, csv())

    entry, submission = (
        JournalEntry.objects.get(kind="reference_received"),
        Submission.objects.get(),
    )
    told = json.loads(entry.payload)
    assert (entry.actor, told["by"]) == (ORGANIZER, "organizer")
    assert (told["submission"], told["sha256"]) == (str(submission.pk), submission.sha256)
    journal.verify(benchmark_id=world.benchmark.pk)


def test_the_sixth_file_of_a_reference_is_refused_in_a_sentence(world: World) -> None:
    """Each is answered before a team may ask: without a limit that tells every label."""
    for number in range(5):
        assert hand_in(world, csv().replace(b",1", b",0", number)).status_code == 302
    answer = hand_in(world, csv().replace(b",1", b",0", 6))

    said = answer.content.decode()
    assert answer.status_code == 200
    assert (
        "The team weather-majority can hand in no more: it has handed in 5 files to round 1" in said
    )
    assert "An organizer can open the round by hand with the references that are scored" in said
    assert Submission.objects.count() == 5
    # Another reference may still hand in; this one's own page offers nothing that is refused.
    assert "/act/baseline/" in page(url("vault_round_change", world.round.pk))
    assert "/act/baseline/" not in page(url("vault_team_change", world.teams["majority"].pk))


def test_nothing_is_offered_where_no_reference_is_taken(world: World) -> None:
    for place in range(20):
        if place % 5 == 0:
            team = world.team(f"reference-{place}", is_reference=True)
        world.submit(team, world.wrong_at([place]))

    answer = hand_in(world, csv())

    assert Submission.objects.count() == 20
    assert "/act/baseline/" not in page(url("vault_round_change", world.round.pk))
    (said,) = get_messages(answer.wsgi_request)
    assert "references have handed in fewer than 20 files about its query holdout" in said.message


def test_the_history_of_the_round_says_who_handed_in_what(world: World) -> None:
    hand_in(world, csv())

    submission = Submission.objects.get()
    assert str(submission.pk) in page(url("vault_round_history", world.round.pk))


def test_parquet_is_known_by_its_name(world: World) -> None:
    body = parquet({"id": [f"item-{i:05d}" for i in range(70)], "label": ["0"] * 70})

    assert hand_in(world, body, name="B.PARQUET").status_code == 302
    assert Submission.objects.count() == 1


@pytest.mark.parametrize("status", ["SCORED", "FAILED"])
def test_a_second_file_is_told_what_became_of_the_first(world: World, status: str) -> None:
    """A file that failed is frozen nowhere, so this one comes first."""
    hand_in(world, csv())
    Submission.objects.update(status=status, finished_at=timezone.now())
    (said,) = get_messages(hand_in(world, csv(label="0")).wsgi_request)

    assert ("its scored files are frozen" in said.message) is (status == "SCORED")
    assert ("If this one is scored, it is" in said.message) is (status == "FAILED")


def test_the_same_predictions_are_one_submission(world: World) -> None:
    hand_in(world, csv())
    again = hand_in(world, csv())

    assert Submission.objects.count() == 1
    (said,) = get_messages(again.wsgi_request)
    assert "has handed in these predictions already" in said.message


@pytest.mark.parametrize(
    ("body", "name", "said"),
    [
        (csv(69), "b.csv", "item-00069"),
        (csv(label="maybe"), "b.csv", "maybe"),
        (b"", "b.csv", "empty"),
        (csv(), "b.xlsx", "must end in .csv or .parquet"),
        (csv().replace(b",", b";"), "b.csv", "semicolon"),
        (
            csv().replace(b"\n", b",a\n").replace(b"label,a", b"label,group"),
            "b.csv",
            "a label file",
        ),
        (csv().replace(b"item-00041,1", b"item-00041,"), "b.csv", "row 43, column label: "),
    ],
)
def test_a_wrong_file_is_refused_with_its_rows(
    world: World, body: bytes, name: str, said: str
) -> None:
    answer = hand_in(world, body, name=name)

    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert not Submission.objects.exists()


def test_a_file_that_is_too_large_is_refused(world: World, settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = 100

    assert "The file is larger than" in hand_in(world, csv()).content.decode()
    assert not Submission.objects.exists()


def test_teams_that_compete_cannot_be_chosen(world: World) -> None:
    answer = hand_in(world, csv(), team="alpha")

    assert "Select a valid choice" in answer.content.decode()
    assert not Submission.objects.exists()


def test_a_reference_links_to_the_rounds_that_take_its_file(world: World) -> None:
    team = world.teams["majority"]
    shown = page(url("vault_team_change", team.pk))

    (address,) = re.findall(r'href="([^"]*/act/baseline/[^"]*)"', shown)
    assert f'<option value="{team.pk}" selected>' in page(address)
    assert "/act/baseline/" not in page(url("vault_team_change", world.teams["alpha"].pk))


def test_the_reference_that_the_plan_names_is_chosen_beforehand(world: World) -> None:
    named, other = world.teams["majority"], Team.objects.create(name="a-coin", is_reference=True)
    Round.objects.update(named_references=[named.pk, other.pk])

    shown = page(url("vault_round_act", world.round.pk, "baseline"))

    assert f'<option value="{named.pk}" selected>' in shown


@pytest.mark.parametrize("status", ["open", "past"])
def test_rounds_that_take_no_references_say_so(world: World, status: str) -> None:
    if status == "open":
        world.open()
    else:
        Round.objects.update(closes_at=timezone.now(), opens_at=timezone.now() - dt.timedelta(1))
        world.round.refresh_from_db()
    answer = hand_in(world, csv())

    assert not Submission.objects.exists()
    with acting_as("researcher"):
        shown = client_of(ORGANIZER).get(answer["Location"]).content.decode()
    assert "/act/baseline/" not in shown
    assert "/act/baseline/" not in page(url("vault_team_change", world.teams["majority"].pk))


def test_only_organizers_hand_in(world: World) -> None:
    address = url("vault_round_act", world.round.pk, "baseline")
    with acting_as("researcher"):
        answer = client_of(RESEARCHER).get(address)

    assert answer.status_code == 403


def row_of(team: Team, world: World) -> Submission:
    return Submission(
        team=team,
        round=world.round,
        panel=world.panel,
        sequence=9,
        sha256="ab" * 32,
        file_key="predictions/none",
        submitted_at=world.now,
    )


def test_the_admins_role_cannot_hand_in_for_a_team(world: World) -> None:
    """It could not charge the team: scores would be free for whoever controls the admin's process."""
    with acting_as("researcher"):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            row_of(world.teams["alpha"], world).save(force_insert=True)
        row_of(world.teams["majority"], world).save(force_insert=True)

    assert Submission.objects.get().team == world.teams["majority"]


FORGED = [
    "CREATE TEMPORARY TABLE vault_team (id bigint, is_reference boolean)",
    "CREATE TEMPORARY TABLE vault_budgetentry (id bigint)",
]


@pytest.mark.parametrize("statement", FORGED)
def test_no_table_of_its_own_is_taken_for_the_vaults(world: World, statement: str) -> None:
    """Temporary tables are found before others, and belong to whoever makes them."""
    team = world.teams["alpha"]
    with acting_as("researcher"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(statement)
            if "vault_team" in statement:
                cursor.execute("INSERT INTO pg_temp.vault_team VALUES (%s, true)", [team.pk])
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            insert(row_of(team, world))
        transaction.set_rollback(True)


def test_no_round_of_its_own_is_taken_for_the_vaults(world: World) -> None:
    """An open round, and beside it what it was before it opened."""
    before = "CREATE TEMPORARY TABLE vault_round AS SELECT * FROM public.vault_round"
    with connection.cursor() as cursor:
        cursor.execute(before)
        cursor.execute("GRANT SELECT ON pg_temp.vault_round TO researcher")
        cursor.execute("UPDATE public.vault_round SET status = 'OPEN', opened_at = now()")
    with (
        acting_as("researcher"),
        pytest.raises(ProgrammingError, match="permission denied: researcher may hand in"),
        transaction.atomic(),
    ):
        insert(row_of(world.teams["majority"], world))


def insert(row: Submission) -> None:
    """Into the vault's own table, whatever else has its name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO public.vault_submission (id, team_id, round_id, panel_id, sequence, sha256, "
            "file_key, status, submitted_at, fence, n_exceptions, n_faults, error_code, model_name, commit, "
            "ci_run_url, idempotency_key) VALUES (%s, %s, %s, %s, 9, %s, 'x', 'QUEUED', now(), 0, 0, 0, '', "
            "'', '', '', '')",
            [row.pk, row.team_id, row.round_id, row.panel_id, row.sha256],
        )


@pytest.mark.parametrize(
    "change", [{"status": "SCORED", "finished_at": timezone.now()}, {"fence": 1}]
)
def test_the_admins_role_hands_in_what_waits_to_be_scored(
    world: World, change: dict[str, Any]
) -> None:
    row = row_of(world.teams["majority"], world)
    for name, value in change.items():
        setattr(row, name, value)

    with (
        acting_as("researcher"),
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
    ):
        row.save(force_insert=True)


@pytest.mark.parametrize("status", ["open", "past"])
def test_the_admins_role_hands_in_before_a_round_opens_only(world: World, status: str) -> None:
    """What references tell of the labels is counted when their round opens."""
    if status == "open":
        world.open()
    else:
        Round.objects.update(closes_at=timezone.now(), opens_at=timezone.now() - dt.timedelta(1))
    with (
        acting_as("researcher"),
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
    ):
        row_of(world.teams["majority"], world).save(force_insert=True)


def test_no_team_takes_the_number_of_another(world: World) -> None:
    with pytest.raises(DatabaseError, match="so is its number"), transaction.atomic():
        Team.objects.filter(pk=world.teams["alpha"].pk).update(id=999_001)


def test_no_team_becomes_a_reference(world: World) -> None:
    """Nor the other way round, whatever the role."""
    with pytest.raises(DatabaseError, match="settled when it is added"), transaction.atomic():
        Team.objects.filter(pk=world.teams["alpha"].pk).update(is_reference=True)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE vault_team SET is_reference = is_reference, title = 'x'")

    assert Team.objects.filter(is_reference=True).get() == world.teams["majority"]


def test_the_first_planned_round_takes_the_references(world: World) -> None:
    """A second one says where they go, and takes none."""
    second = make_second(world)
    file = SimpleUploadedFile("b.csv", csv())
    answer = act(second, "baseline", team=str(world.teams["majority"].pk), file=file)

    assert "References go to round 1 now" in answer.content.decode()
    assert not Submission.objects.exists()


def make_second(world: World) -> Round:
    second = Round.objects.get(pk=world.round.pk)
    second.pk, second.number = None, 2
    second.query_holdout = world.fresh
    second.save(force_insert=True)
    return second


def scored_in_order(world: World) -> None:
    """Two files of one reference, one of another, and one that is refused as the label file."""
    other = world.team("coin", is_reference=True)
    Round.objects.update(named_references=[world.teams["majority"].pk])
    for team, first in ((world.teams["majority"], 0), (other, 20), (world.teams["majority"], 40)):
        world.submit(team, world.wrong_at(range(first, first + 9)))
    Submission.objects.update(status="SCORED", finished_at=world.now, model_name="m")
    refused = world.submit(other, world.labels).submission
    Submission.objects.filter(pk=refused.pk).update(
        status="FAILED", finished_at=world.now, error_code="matches_every_label"
    )


def test_the_pages_say_which_file_becomes_the_baseline(world: World) -> None:
    scored_in_order(world)
    said = (
        "The baseline is weather-majority, file 1 (m), and 1 more file of it follows. "
        "Then weather-coin, file 1 (m)."
    )

    assert said in page(url("vault_round_change", world.round.pk))
    assert said in page(url("vault_round_act", world.round.pk, "open"))


def test_the_panel_of_references_says_that_the_label_file_is_refused(world: World) -> None:
    scored_in_order(world)

    shown = page(url("vault_round_change", world.round.pk))

    assert "References (one that matches every label is refused" in shown
    assert "FAILED: matches every label: the label file itself, it seems" in shown
