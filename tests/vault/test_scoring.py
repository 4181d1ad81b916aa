"""From a receipt to a release, in the roles of the processes that do it."""

import datetime as dt
import json
from typing import Any

import numpy as np
import pytest
from django.db import ProgrammingError, connection, transaction
from django.db.models.functions import Now

from tests.vault.factories import NOW, World, acting_as, crash, make_world
from vault import budget, evaluation, release, rounds, submissions
from vault.errors import NoOpenRoundError, StaleClaimError, TransitionError
from vault.models import (
    BudgetEntry,
    JournalEntry,
    RawScore,
    Release,
    Submission,
)
from vault.queue import leases
from vault.sealing import holdouts

pytestmark = [pytest.mark.usefixtures("vault_keys")]


@pytest.fixture
def world(vault_keys: None) -> World:
    made = make_world("scoring")
    made.open()
    return made


def in_query(world: World) -> np.ndarray:
    """The panel positions of the query holdout, found as an organizer who kept the labels would not."""

    opened = holdouts.open_labels(
        holdout=world.query, purpose="scoring", reason={"test": True}, actor="test", now=NOW
    )
    return opened.positions


def test_a_submission_is_scored_in_the_roles_of_web_and_scoring(world: World) -> None:
    team = world.team("a")
    with acting_as("web"):
        receipt = world.submit(team, world.wrong_at(range(30)))
    with acting_as("scoring"):
        scored = world.score(receipt.submission)

    released = Release.objects.get(submission=scored)
    raw = RawScore.objects.get(submission=scored)
    wrong = np.isin(np.arange(30), in_query(world)).sum()
    assert scored.status == "SCORED"
    assert released.value == raw.value == pytest.approx(1 - wrong / 100)
    assert raw.low < raw.value < raw.high
    kinds = BudgetEntry.objects.filter(submission=scored).values_list("kind", flat=True)
    assert sorted(kinds) == ["COMMIT", "RESERVE"]


@pytest.mark.parametrize("table", ["vault_rawscore", "vault_releaseinput", "vault_roundsecret"])
def test_the_web_role_cannot_read_what_is_not_released(world: World, table: str) -> None:
    with acting_as("web"), transaction.atomic(), connection.cursor() as cursor:
        with pytest.raises(ProgrammingError, match="permission denied"):
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608
        transaction.set_rollback(True)


def test_invariant_3_a_worker_that_lost_its_lease_publishes_nothing(world: World) -> None:
    submission = world.submit(world.team("a"), world.labels).submission
    evaluated = release.Evaluated(
        scorer_version="1",
        label_version=1,
        scores=[release.Score(metric="accuracy", value=0.5, low=0.4, high=0.6)],
        incumbent_id=None,
        paired_se=0.0,
        opening=1,
    )
    stale = leases.claim(round_id=world.round.pk, team_id=submission.team_id)
    assert stale is not None
    Submission.objects.filter(pk=submission.pk).update(leased_until=NOW - dt.timedelta(days=9999))
    world.score(submission)
    late = Submission.objects.select_related(
        "team", "round__benchmark", "round__query_holdout", "round__secret"
    ).get(pk=submission.pk)

    with pytest.raises(StaleClaimError):
        release.publish(submission=late, fence=stale.fence, evaluated=evaluated, now=NOW)

    assert RawScore.objects.filter(submission=submission).count() == 1
    assert Release.objects.get(submission=submission).value == 1.0
    assert BudgetEntry.objects.filter(submission=submission, kind="COMMIT").count() == 1


def test_a_submission_under_lease_is_left_to_its_worker(world: World) -> None:
    team = world.team("a")
    first = world.submit(team, world.labels).submission
    second = world.submit(team, world.wrong_at([0])).submission
    claim = leases.claim(round_id=world.round.pk, team_id=team.pk)

    world.score(second)

    assert claim is not None
    assert claim.submission_id == first.pk
    assert second.status == "QUEUED"


def test_three_exceptions_fail_and_refund(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    team = world.team("a")
    submission = world.submit(team, world.labels).submission
    monkeypatch.setattr(evaluation, "scorer_of", crash)

    world.score(submission)

    assert (submission.status, submission.error_code) == ("FAILED", "scoring_failed")
    assert BudgetEntry.objects.get(submission=submission, kind="REFUND").reason == "failed"
    assert not Release.objects.filter(submission=submission).exists()


def test_at_most_three_failures_are_refunded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    team = world.team("a")
    monkeypatch.setattr(evaluation, "scorer_of", crash)
    for wrong in range(5):
        world.answered(team, world.wrong_at([wrong]))

    kinds = BudgetEntry.objects.exclude(kind="RESERVE").values_list("kind", flat=True)
    assert sorted(kinds) == ["COMMIT"] * 2 + ["REFUND"] * 3


@pytest.mark.parametrize(("minutes", "status"), [(11, "FAILED"), (9, "SCORED")])
def test_ten_lost_leases_fail_when_they_took_ten_minutes(
    world: World, settings: Any, minutes: int, status: str
) -> None:
    submission = world.submit(world.team("a"), world.labels).submission
    settings.LEASE_SECONDS = -1
    for _ in range(settings.MAX_LOST_LEASES):
        leases.claim(round_id=world.round.pk, team_id=submission.team_id)
    settings.LEASE_SECONDS = 60
    Submission.objects.filter(pk=submission.pk).update(
        claimed_at=Now() - dt.timedelta(minutes=minutes)
    )

    world.score(submission)

    assert submission.status == status


def test_invariant_4_the_opening_is_journaled_before_the_release_that_names_it(
    world: World,
) -> None:
    team = world.team("a")
    submissions_made = [world.answered(team, world.wrong_at([wrong])) for wrong in (1, 2)]

    entries = JournalEntry.objects.filter(benchmark=world.benchmark).order_by("sequence")
    opened = entries.get(kind="open_labels")
    released = entries.filter(kind="release")
    assert [json.loads(each.payload)["opening"] for each in released] == [opened.sequence] * 2
    assert [json.loads(each.payload)["submission"] for each in released] == [
        str(each.pk) for each in submissions_made
    ]
    assert opened.sequence < min(each.sequence for each in released)


def test_no_raw_score_is_journaled_under_the_ladder() -> None:
    world = make_world("ladder", mechanism="guarded_ladder")
    world.open(baseline=world.wrong_at(range(0, 300, 3)))
    submission = world.answered(world.team("a"), world.wrong_at(range(0, 300, 13)))
    raw = RawScore.objects.get(submission=submission).value

    for entry in JournalEntry.objects.filter(benchmark=world.benchmark, kind="release"):
        assert str(raw) not in entry.payload


def test_a_blind_team_is_scored_and_told_nothing() -> None:
    world = make_world("blind", mechanism="guarded_ladder")
    world.open(baseline=world.wrong_at(range(0, 300, 3)))
    submission = world.answered(world.team("a", is_blind=True), world.labels)

    released = Release.objects.get(submission=submission)
    assert (released.value, released.outcome) == (None, "blind")
    assert RawScore.objects.filter(submission=submission).exists()


def test_references_cost_nothing_and_freeze_when_the_round_opens() -> None:
    world = make_world("references", mechanism="guarded_ladder")
    world.open(baseline=world.wrong_at(range(0, 300, 3)))
    reference = world.teams["reference"]

    with pytest.raises(NoOpenRoundError):
        world.submit(reference, world.labels)
    assert not BudgetEntry.objects.filter(submission__team=reference).exists()


def test_the_ladder_needs_a_scored_reference() -> None:

    world = make_world("no-baseline", mechanism="guarded_ladder")

    with pytest.raises(TransitionError, match="baseline"):
        rounds.open_round(round=world.round, references=None, actor="test", now=NOW)


def test_cancelling_is_possible_only_before_scoring_begins(world: World) -> None:

    team = world.team("a")
    waiting = world.submit(team, world.labels).submission
    submissions.cancel(submission=waiting, now=NOW)
    begun = world.submit(team, world.labels).submission
    leases.claim(round_id=world.round.pk, team_id=team.pk)

    with pytest.raises(TransitionError):
        submissions.cancel(submission=begun, now=NOW)
    assert budget.remaining(round=world.round, team=team, now=NOW).total_used == 1
