"""What the database refuses of every role but its owner, whatever the code would have asked before."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from tests.vault.corrected import ask_to_replace, ask_to_void, current, flip, reseal, score_again
from tests.vault.factories import NOW, World, acting_as
from tests.vault.teams.test_merging import asked, merge, opened
from vault import label_providers, rounds, submissions
from vault.models import (
    Admission,
    CorrectionRequest,
    Draw,
    Final,
    HoldoutTold,
    LabelBatch,
    LabelProvider,
    Round,
    SealedEnvelope,
    Submission,
    TeamMerge,
    Transcript,
)

pytestmark = [pytest.mark.usefixtures("vault_keys")]

LOCKED = ("CLOSED", "AUDITED", "PUBLISHED")


@pytest.fixture
def world(vault_keys: None) -> World:
    """Two teams have answers, and one of them declared its final."""
    made = opened("guards")
    asked(made, "a", 120, 60)
    asked(made, "b", 110, 40)
    submissions.declare_final(submission=sent(made, "b", 1), now=made.now)
    return made


def sent(world: World, name: str, sequence: int) -> Submission:
    return Submission.objects.get(team=world.teams[name], sequence=sequence)


def close(world: World, role: str = "scoring") -> None:
    with acting_as(role):
        rounds.request_close(round=world.round, actor=role, now=world.now)
        assert rounds.close(round=world.round, actor=role, now=world.now)


def chosen(world: World) -> dict[str, uuid.UUID]:
    return {name: Final.objects.get(team=world.teams[name]).submission_id for name in ("a", "b")}


def refused(role: str, act: Callable[[], Any], match: str) -> None:
    with acting_as(role), pytest.raises(ProgrammingError, match=match), transaction.atomic():
        act()


def final_of(world: World, name: str, sequence: int, **given: Any) -> Final:
    return Final(
        **{
            "round": world.round,
            "team": world.teams[name],
            "submission": sent(world, name, sequence),
            "is_declared": False,
            "chosen_at": NOW,
            **given,
        }
    )


@pytest.mark.parametrize("status", LOCKED)
@pytest.mark.parametrize("role", ["web", "scoring"])
def test_no_role_changes_a_final_of_a_closed_round(world: World, role: str, status: str) -> None:
    close(world)
    Round.objects.update(status=status)

    for name in ("a", "b"):
        final = Final.objects.filter(team=world.teams[name])
        for sequence in (1, 2):
            other = sent(world, name, sequence)
            refused(role, partial(final.update, submission=other), f"{status} are locked")
        refused(role, partial(final.update, chosen_at=NOW), f"{status} are locked")


def test_the_web_role_neither_declares_nor_removes_one_of_a_closed_round(world: World) -> None:
    close(world)

    refused("web", lambda: Final.objects.update(is_declared=True), "CLOSED are locked")
    refused("web", Final.objects.all().delete, "CLOSED are locked")
    assert Final.objects.count() == 2


@pytest.mark.parametrize("status", LOCKED)
@pytest.mark.parametrize("role", ["web", "scoring", "audit"])
@pytest.mark.parametrize("is_declared", [True, False])
def test_no_role_adds_a_final_to_a_closed_round(
    world: World, role: str, status: str, is_declared: bool
) -> None:
    close(world)
    Final.objects.all().delete()
    Round.objects.update(status=status)

    row = final_of(world, "a", 1, is_declared=is_declared)
    refused(role, row.save, f"{status} are locked")


@pytest.mark.parametrize("role", ["researcher", "scoring", "audit"])
def test_who_closes_a_round_fills_finals_in(world: World, role: str) -> None:
    if role == "researcher":
        with acting_as(role):
            rounds.request_close(round=world.round, actor=role, now=world.now)
        role = "audit"
    else:
        with acting_as("scoring"):
            rounds.request_close(round=world.round, actor=role, now=world.now)
    with acting_as(role):
        assert rounds.close(round=world.round, actor=role, now=world.now)
        assert rounds.close(round=world.round, actor=role, now=world.now)

    declared = dict(Final.objects.values_list("team", "is_declared"))
    assert declared == {world.teams["a"].pk: False, world.teams["b"].pk: True}


@pytest.mark.parametrize("role", ["web", "scoring", "audit"])
def test_a_final_is_a_file_of_its_team_and_round(world: World, role: str) -> None:
    """Before the close as well: of another team it would be refused by nobody else."""
    other = final_of(world, "a", 1, submission=sent(world, "b", 2))

    refused(role, other.save, "a file of its team")
    other.pk = None
    with acting_as(role):
        final_of(world, "a", 2, is_declared=role == "web").save()


@pytest.mark.parametrize("role", ["web", "scoring"])
def test_a_final_does_not_become_another_teams_file(world: World, role: str) -> None:
    final = Final.objects.filter(team=world.teams["b"])
    final.update(is_declared=role == "web")

    refused(role, lambda: final.update(submission=sent(world, "a", 2)), "a file of its team")
    with acting_as(role):
        final.update(submission=sent(world, "b", 2))


def test_a_final_of_two_that_are_one_is_a_file_of_either(world: World) -> None:
    merge(world, "b", "a")
    final = final_of(world, "a", 1, submission=sent(world, "b", 2))

    with acting_as("scoring"):
        final.save()
    back = final_of(world, "b", 1, submission=sent(world, "a", 2))
    Final.objects.filter(team=world.teams["b"]).delete()
    refused("scoring", back.save, "a file of its team")


def test_undeclared_finals_follow_corrected_labels_and_then_stay(world: World) -> None:
    close(world)
    before = chosen(world)

    # Now the first file of team a is better than the baseline, and its second is worse.
    flip(world, range(60, 120))

    after = chosen(world)
    assert current(world).transcript == 2
    assert after["b"] == before["b"]
    assert after["a"] != before["a"]
    final = Final.objects.filter(team=world.teams["a"])
    refused("scoring", partial(final.update, submission=before["a"]), "CLOSED are locked")


def test_a_declared_final_does_not_follow_corrected_labels(world: World) -> None:
    close(world)
    assert reseal(ask_to_replace(world, {0: 1 - int(world.labels[0])}))
    final = Final.objects.filter(team=world.teams["b"])

    with acting_as("scoring"), transaction.atomic():
        Round.objects.update(transcript=2)
        refused("scoring", lambda: final.update(chosen_at=NOW), "CLOSED are locked")


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("number", [0, 1, 2, 3, 9])
def test_a_round_goes_on_to_the_transcript_that_waits_alone(
    world: World, number: int, waits: bool
) -> None:
    flip(world, range(30))
    if waits:
        assert reseal(ask_to_void(world, [0]))
    round = Round.objects.filter(pk=world.round.pk)

    if number == 2 or (number == 3 and waits):
        with acting_as("scoring"):
            assert round.update(transcript=number) == 1
    else:
        refused("scoring", lambda: round.update(transcript=number), "goes on to transcript")


@pytest.mark.parametrize(
    ("status", "may"),
    [("PLANNED", True), ("OPEN", True), ("CLOSING", True), ("CLOSED", True), ("AUDITED", False),
     ("PUBLISHED", False)],
)  # fmt: skip
def test_a_round_that_was_judged_goes_on_to_no_transcript(
    world: World, status: str, may: bool
) -> None:
    assert reseal(ask_to_void(world, [0]))
    Round.objects.update(status=status)

    if may:
        with acting_as("scoring"):
            assert Round.objects.update(transcript=2) == 1
    else:
        refused("scoring", lambda: Round.objects.update(transcript=2), "goes on to transcript 2")


def test_a_round_is_planned_with_its_first_transcript(world: World) -> None:
    row = Round.objects.get()
    row.pk, row.number, row.status, row.transcript = None, 2, "PLANNED", 2
    row.opened_at = None

    refused("researcher", row.save, "goes on to transcript")


def test_a_transcript_becomes_current_once_and_with_its_round(world: World) -> None:
    assert reseal(ask_to_void(world, [0]))
    rows = Transcript.objects.all()
    refused("scoring", lambda: rows.update(current_at=NOW), "becomes current once")

    score_again()

    assert Transcript.objects.get().current_at == NOW
    for at in (None, NOW.replace(year=2001)):
        refused("scoring", partial(rows.update, current_at=at), "becomes current once")


def test_the_audit_role_adds_transcripts_that_wait(world: World) -> None:
    row = Transcript(round=world.round, number=2, label_version=2, begun_at=NOW, current_at=NOW)

    refused("audit", row.save, "becomes current once")


@pytest.mark.parametrize(
    ("status", "may"),
    [("PLANNED", True), ("OPEN", True), ("CLOSING", False), ("CLOSED", False), ("AUDITED", False),
     ("PUBLISHED", False)],
)  # fmt: skip
def test_a_merge_reaches_rounds_to_come_alone(world: World, status: str, may: bool) -> None:
    Round.objects.update(status=status)
    with acting_as("researcher"):
        made = TeamMerge.objects.create(
            absorbed=world.teams["c"], kept=world.teams["a"], reason="x", actor="y", at=NOW
        )

    if may:
        with acting_as("researcher"):
            made.rounds.add(world.round)
    else:
        refused("researcher", lambda: made.rounds.add(world.round), "planned or open")
    assert made.rounds.exists() == may


def test_a_provider_is_revoked_once(world: World) -> None:
    with acting_as("researcher"):
        label_providers.add(
            benchmark=world.benchmark, name="one", expires_at=None, actor="ada", now=NOW
        )
    rows = LabelProvider.objects.all()
    with acting_as("researcher"):
        assert rows.update(revoked_at=NOW) == 1
    for at in (None, NOW.replace(year=2099)):
        refused("researcher", partial(rows.update, revoked_at=at), "revoked once")


@pytest.mark.parametrize(
    "given",
    [{"status": "VERIFIED"}, {"status": "REFUSED"}, {"judged_at": NOW}, {"problem": "none"}],
    ids=lambda given: " ".join(given),
)
def test_an_envelope_arrives_unjudged(world: World, given: dict[str, Any]) -> None:
    draw = Draw.objects.get(pk=world.query.batch)
    row = SealedEnvelope(draw=draw, sha256="0" * 64, size=1, actor="ada", at=NOW, **given)

    refused("researcher", lambda: row.save(force_insert=True), "judges an envelope")


@pytest.mark.parametrize(
    "given",
    [{"done_at": NOW}, {"refused_at": NOW}, {"refusal": "x"}],
    ids=lambda given: " ".join(given),
)
def test_a_correction_is_asked_for_unfinished(world: World, given: dict[str, Any]) -> None:
    row = CorrectionRequest(
        benchmark=world.benchmark, batch=uuid.uuid4(), what="void", n_items=1, reason="x",
        commitment="0" * 64, actor="ada", at=NOW, **given,
    )  # fmt: skip

    refused("researcher", lambda: row.save(force_insert=True), "ends a correction")


@pytest.mark.parametrize(
    "given",
    [{"status": "ACCEPTED"}, {"status": "REFUSED"}, {"settled_at": NOW}, {"n_rows": 5},
     {"version": 3}, {"problems": ["x"]}],
    ids=lambda given: " ".join(given),
)  # fmt: skip
def test_a_batch_arrives_unsettled(world: World, given: dict[str, Any]) -> None:
    provider, _ = label_providers.add(
        benchmark=world.benchmark, name="one", expires_at=None, actor="ada", now=NOW
    )
    row = LabelBatch(
        holdout=world.query,
        provider=provider,
        sequence=1,
        received_at=NOW,
        sha256="0" * 64,
        **given,
    )

    refused("web", lambda: row.save(force_insert=True), "settles a batch")


@pytest.mark.parametrize("role", ["researcher", "scoring", "audit"])
@pytest.mark.parametrize("nats", ["NaN", "Infinity", "-Infinity", "-1"])
def test_what_a_holdout_told_is_a_number(world: World, role: str, nats: str) -> None:
    with (
        acting_as(role),
        pytest.raises(IntegrityError, match="holdouttold_nats"),
        transaction.atomic(),
    ):
        HoldoutTold.objects.create(
            holdout=world.query, round=world.round, what="x", nats=float(nats), at=NOW
        )


@pytest.mark.parametrize("nats", ["NaN", "Infinity"])
def test_what_is_reserved_is_a_number(world: World, nats: str) -> None:
    row = Admission.objects.first()
    assert row is not None
    with pytest.raises(IntegrityError, match="admission_nats_finite"), transaction.atomic():
        Admission.objects.filter(pk=row.pk).update(reserved_nats=float(nats))
    team = world.team("d")
    Admission.objects.filter(team=team).delete()
    row.pk, row.team, row.reserved_nats = None, team, float(nats)
    with (
        acting_as("researcher"),
        pytest.raises(IntegrityError, match="admission_nats_finite"),
        transaction.atomic(),
    ):
        row.save()


def test_the_guards_ask_for_roles_and_not_for_the_owner(world: World) -> None:
    """Who owns the tables repairs them, by hand, as with the other triggers."""
    close(world)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE vault_final SET chosen_at = now()")
        assert cursor.rowcount == 2
