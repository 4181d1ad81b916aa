"""A planned round is cancelled: it never opens, its holdouts are free, and what was told stays told."""

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from tests.vault import sessions
from tests.vault.api.test_at_once import all_at_once
from tests.vault.factories import NOW, World, acting_as, make_world
from vault import budget, opening, release, replay, rounds, submissions, tasks, unranking
from vault.errors import (
    AdmissionError,
    NoOpenRoundError,
    RoundClosedError,
    StaleClaimError,
    TransitionError,
    UnrankingError,
)
from vault.models import Admission, HoldoutTold, JournalEntry, Release, Round, Submission
from vault.queue import leases
from vault.sealing import holdouts

pytestmark = [pytest.mark.usefixtures("vault_keys")]

REASON = "the labels of May are wrong"
LATER = NOW + dt.timedelta(days=1)


@pytest.fixture
def world(vault_keys: None) -> World:
    return make_world("cancelled", mechanism="guarded_ladder")


def cancel(world: World, reason: str = REASON) -> None:
    """As the admin does it, with the rights of its process."""
    with acting_as("researcher"):
        rounds.cancel(round=world.round, reason=reason, actor="ada", now=NOW)
    world.round.refresh_from_db()


def sweep() -> None:
    with acting_as("scoring"):
        tasks.sweep()


def planned_again(world: World) -> Round:
    return rounds.plan(
        benchmark=world.benchmark,
        query_holdout=world.query,
        fresh_holdouts=[world.fresh],
        mechanism="exact",
        parameters={},
        opens_at=NOW,
        closes_at=LATER,
        window_seconds=60,
        window_limit=5,
        total_limit=5,
        concurrent_limit=5,
        max_teams=5,
        actor="ada",
        now=NOW,
    )


def test_holdouts_are_free_for_another_plan_and_the_number_is_not_given_again(world: World) -> None:
    cancel(world, f"  {REASON}\n")

    assert (world.round.status, world.round.cancelled_at) == ("CANCELLED", NOW)
    assert world.round.cancelled_reason == REASON
    entry = JournalEntry.objects.order_by("-sequence")[0]
    assert (entry.kind, entry.actor) == ("round_cancelled", "ada")
    assert json.loads(entry.payload) == {"round": 1, "reason": REASON}
    again = planned_again(world)
    assert (again.number, again.query_holdout, again.status) == (2, world.query, "PLANNED")


def test_what_waits_is_cancelled_and_what_is_scored_stays(world: World) -> None:
    team, other = (world.team(name, is_reference=True) for name in ("r", "s"))
    scored = world.answered(team, world.wrong_at(range(40)))
    elsewhere = make_world("elsewhere", seed=2)
    other_round = elsewhere.submit(
        elsewhere.team("t", is_reference=True), elsewhere.labels
    ).submission
    waiting = [
        world.submit(each, world.wrong_at(range(n, 40))).submission
        for n, each in ((1, team), (2, other))
    ]
    claim = leases.claim(round_id=world.round.pk, team_id=team.pk)
    assert claim is not None

    cancel(world)
    # Nothing of it is claimed any more, so that no label is opened for it.
    assert leases.claim(round_id=world.round.pk, team_id=other.pk) is None
    sweep()

    for each in (scored, *waiting):
        each.refresh_from_db()
    assert (scored.status, scored.release.outcome) == ("SCORED", "scored")
    assert [each.status for each in waiting] == ["CANCELLED"] * 2
    assert [each.leased_until for each in waiting] == [None] * 2
    other_round.refresh_from_db()
    assert other_round.status == "QUEUED"


def test_what_ends_while_it_is_looked_at_stays_as_it_ended(world: World) -> None:
    """A worker has failed a file, and not committed yet: the sweeper waits for it, and looks again."""
    team = world.team("r", is_reference=True)
    submission = world.submit(team, world.labels).submission
    claim = leases.claim(round_id=world.round.pk, team_id=team.pk)
    assert claim is not None
    cancel(world)

    def cancel_what_waits() -> None:
        try:
            submissions.cancel_with_their_rounds(now=LATER)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            held = leases.held(submission_id=submission.pk, fence=claim.fence)
            held.update(status="FAILED", leased_until=None, finished_at=NOW)
            sweeping = pool.submit(cancel_what_waits)
            sessions.wait_until_somebody_waits()
        sweeping.result(30)

    submission.refresh_from_db()
    assert (submission.status, submission.finished_at) == ("FAILED", NOW)


def test_worker_that_held_a_reference_releases_nothing(world: World) -> None:
    team = world.team("r", is_reference=True)
    submission = world.submit(team, world.labels).submission
    claim = leases.claim(round_id=world.round.pk, team_id=team.pk)
    assert claim is not None

    cancel(world)

    score = release.Score(metric="accuracy", value=1.0, low=1.0, high=1.0)
    evaluated = release.Evaluated(
        scorer_version="2", label_version=1, scores=[score], incumbent_id=None, paired_se=0.0, opening=1
    )  # fmt: skip
    with pytest.raises(StaleClaimError, match="was cancelled"):
        release.publish(submission=submission, fence=claim.fence, evaluated=evaluated, now=NOW)
    sweep()
    leases.give_back(claim)
    assert leases.claim(round_id=world.round.pk, team_id=team.pk) is None
    assert world.score(submission).status == "CANCELLED"
    assert not Release.objects.exists()


def test_what_references_told_stays_in_the_ledger_and_admissions_reserve_nothing(
    world: World,
) -> None:
    """An organizer has read the score of a reference: no plan may ask it for free again and again."""
    world.answered(world.team("r", is_reference=True), world.wrong_at(range(40)))
    a = world.team("a")
    one = budget.account_of(round=world.round).nats(k=1)
    assert budget.holdout_nats(holdout=world.query) > 10 * one > 0

    cancel(world)

    told = HoldoutTold.objects.get(holdout=world.query)
    assert (told.round, told.what, told.nats) == (world.round, budget.REFERENCES, one)
    assert budget.holdout_nats(holdout=world.query) == one
    assert budget.team_nats(round=planned_again(world), team=a) == one
    assert replay.replay(round=world.round) == 1


def test_a_round_that_told_nothing_leaves_nothing_in_the_ledger(world: World) -> None:
    world.team("a")
    cancel(world)

    assert budget.holdout_nats(holdout=world.query) == 0


@pytest.mark.parametrize("status", ["OPEN", "CLOSING", "CLOSED", "AUDITED", "PUBLISHED"])
def test_a_round_that_has_opened_is_not_cancelled(world: World, status: str) -> None:
    submission = world.submit(
        world.team("r", is_reference=True), world.wrong_at(range(40))
    ).submission
    Round.objects.update(status=status)

    with pytest.raises(TransitionError, match=f"is {status}: only a planned round"):
        cancel(world)

    world.round.refresh_from_db()
    submission.refresh_from_db()
    assert (world.round.status, submission.status) == (status, "QUEUED")


def test_a_second_cancellation_is_refused_and_changes_nothing(world: World) -> None:
    cancel(world)

    with pytest.raises(TransitionError, match="cancelled round 1 is cancelled already"):
        cancel(world, "another reason")

    world.round.refresh_from_db()
    assert world.round.cancelled_reason == REASON
    assert JournalEntry.objects.filter(kind="round_cancelled").count() == 1


@pytest.mark.parametrize("reason", ["", " \n", "x" * 501, "a\x1bb"])
def test_a_reason_is_a_line_that_can_be_shown(world: World, reason: str) -> None:
    with pytest.raises(TransitionError, match="reason") as refused:
        cancel(world, reason)

    assert refused.value.data == {"field": "reason"}
    assert Round.objects.get().status == "PLANNED"


def test_nobody_opens_a_cancelled_round(world: World) -> None:
    team = world.team("r", is_reference=True)
    world.answered(team, world.labels)
    Round.objects.update(named_references=[team.pk])
    cancel(world)

    with acting_as("scoring"):
        opening.open_what_is_due(now=world.round.opens_at + dt.timedelta(days=2))
    with pytest.raises(TransitionError, match="is CANCELLED; only PLANNED becomes OPEN"):
        rounds.open_round(round=world.round, references=None, actor="ada", now=NOW)

    assert Round.objects.get().status == "CANCELLED"


def test_files_for_it_are_refused_by_its_name_and_reason(world: World) -> None:
    team, reference = world.team("a"), world.team("r", is_reference=True)
    scored = world.answered(reference, world.wrong_at(range(40)))
    cancel(world)

    for who, said in ((team, "no round is open"), (reference, "no round waits for references")):
        with pytest.raises(NoOpenRoundError) as refused:
            world.submit(who, world.labels)
        assert refused.value.message == f"{said}: round 1 was cancelled ({REASON})"
    with pytest.raises(RoundClosedError, match="the round was cancelled"):
        submissions.withdraw(submission=scored, now=NOW)
    assert Submission.objects.count() == 1


def test_a_file_that_came_in_when_the_round_was_cancelled_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = world.team("r", is_reference=True)
    found = submissions.current_round(benchmark=world.benchmark, team=reference, now=NOW)
    cancel(world)
    monkeypatch.setattr(submissions, "current_round", lambda **_: found)

    with pytest.raises(RoundClosedError, match="the round was cancelled"):
        world.submit(reference, world.labels)


def test_a_cancelled_round_hides_neither_an_open_one_nor_the_next(world: World) -> None:
    team = world.team("a")
    Round.objects.update(status="PUBLISHED")
    second = planned_again(world)
    rounds.cancel(round=second, reason=REASON, actor="ada", now=NOW)
    Round.objects.filter(number=1).update(status="OPEN")

    found = submissions.current_round(benchmark=world.benchmark, team=team, now=NOW)
    assert found == world.round

    Round.objects.filter(number=1).update(status="PUBLISHED")
    with pytest.raises(NoOpenRoundError, match=r"round 2 was cancelled \(the labels"):
        submissions.current_round(benchmark=world.benchmark, team=team, now=NOW)
    third = planned_again(world)
    with pytest.raises(NoOpenRoundError) as refused:
        submissions.current_round(benchmark=world.benchmark, team=team, now=NOW)
    assert (refused.value.message, refused.value.data) == (
        "round 1 is closed; round 3 is planned, and is not open yet",
        {"opens_at": third.opens_at},
    )


def test_nobody_is_admitted_to_it_or_ranked_in_it(world: World) -> None:
    """Whoever read the round before it was cancelled is told so, too."""
    team, reference = world.team("a"), world.team("r", is_reference=True)
    before = Round.objects.get()
    cancel(world)

    assert before.status == "PLANNED"
    given: dict[str, Any] = {"k": None, "is_blind": False, "actor": "ada", "now": NOW}
    other = type(team).objects.create(name="late")
    with pytest.raises(
        AdmissionError, match="teams are admitted until a round closes, and this one is CANCELLED"
    ):
        budget.admit(round=before, team=other, **given)
    with pytest.raises(UnrankingError, match="was cancelled: nobody is ranked"):
        unranking.unrank(round=before, team=team, reason="x", actor="ada", now=NOW)
    assert Admission.objects.count() == 1
    assert not reference.admissions.exists()


def test_the_audit_opens_a_query_holdout_that_a_cancelled_round_had_too(world: World) -> None:
    """A round that never asked it kept the audit of the round that did from opening it, for ever."""
    cancel(world)
    second = planned_again(world)
    Round.objects.filter(pk=second.pk).update(status="CLOSED")

    opened = holdouts.open_labels(
        holdout=world.query, purpose="audit", reason={}, actor="worker-audit", now=NOW
    )

    assert len(opened.labels) == 100


def test_a_cancelled_round_has_a_time_and_a_reason_in_the_database(world: World) -> None:
    for wrong in (
        {"status": "CANCELLED"},
        {"status": "CANCELLED", "cancelled_at": NOW},
        {"cancelled_at": NOW, "cancelled_reason": REASON},
        {"status": "CANCELLED", "cancelled_at": NOW, "cancelled_reason": REASON, "opened_at": NOW},
    ):
        with (
            pytest.raises(IntegrityError, match="round_cancelled_says_why"),
            transaction.atomic(),
        ):
            Round.objects.update(**wrong)


def test_of_an_opening_and_a_cancellation_at_once_one_wins() -> None:
    world = make_world("race")
    refused: list[TransitionError] = []

    def act(number: int) -> None:
        round = Round.objects.get()
        try:
            if number % 2:
                rounds.open_round(round=round, references=None, actor="ada", now=NOW)
            else:
                rounds.cancel(round=round, reason=REASON, actor="olivia", now=NOW)
        except TransitionError as error:
            refused.append(error)

    all_at_once(4, act)

    world.round.refresh_from_db()
    assert len(refused) == 3
    won = JournalEntry.objects.filter(kind__in=("round_open", "round_cancelled"))
    assert [each.kind for each in won] == [f"round_{world.round.status.lower()}"]


def test_a_file_and_a_cancellation_at_once_leave_nothing_that_waits() -> None:
    """Whichever comes first: the file is refused, or it is cancelled with the round."""
    world = make_world("files")
    team = world.team("r", is_reference=True)
    refused: list[Exception] = []

    def act(number: int) -> None:
        try:
            if number:
                world.submit(team, world.wrong_at([number]))
            else:
                rounds.cancel(round=Round.objects.get(), reason=REASON, actor="ada", now=NOW)
        except (RoundClosedError, NoOpenRoundError) as error:
            refused.append(error)

    all_at_once(6, act)
    sweep()

    assert set(Submission.objects.values_list("status", flat=True)) <= {"CANCELLED"}
    assert Submission.objects.count() + len(refused) == 5


def test_what_is_released_when_the_round_is_cancelled_is_counted() -> None:
    """A release and a cancellation at once: a released reference is in the ledger, another is cancelled."""
    world = make_world("counted")
    waiting = [
        world.submit(
            world.team(f"r{number}", is_reference=True), world.wrong_at(range(40))
        ).submission
        for number in range(4)
    ]

    def act(number: int) -> None:
        if number < len(waiting):
            world.score(waiting[number])
        else:
            given: dict[str, Any] = {
                "round": Round.objects.get(),
                "reason": REASON,
                "actor": "ada",
                "now": NOW,
            }
            rounds.cancel(**given)

    all_at_once(5, act)
    sweep()

    released = Release.objects.count()
    one = budget.account_of(round=world.round).nats(k=1)
    assert budget.told_nats(holdout=world.query) == pytest.approx(released * one)
    ended = Submission.objects.values_list("status", flat=True)
    assert sorted(ended) == sorted(["SCORED"] * released + ["CANCELLED"] * (4 - released))
