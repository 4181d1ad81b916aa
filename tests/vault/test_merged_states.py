"""Merged teams are answered from one memory, in an order that a replay finds again (invariants 3 and 7)."""

from typing import Any

import pytest
from django.db.models import F

from stats.mechanisms import MECHANISMS as REGISTERED
from tests.vault.factories import World, acting_as, make_world
from tests.vault.tampering import tamper
from tests.vault.teams.test_merging import asked, left, merge, opened
from tests.vault.test_replay import MECHANISMS
from vault import merged_states, replay
from vault.errors import JournalError
from vault.models import JournalEntry, MechanismState, MergedState, RawScore, Release, Submission
from vault.queue import leases

pytestmark = [pytest.mark.usefixtures("vault_keys")]


@pytest.fixture
def world(vault_keys: None) -> World:
    return opened()


def state(world: World, name: str) -> MechanismState:
    return MechanismState.objects.get(round=world.round, team=world.teams[name])


def outcome(submission: Submission) -> str:
    return Release.objects.get(submission=submission).outcome


def replayed(world: World) -> int:
    with acting_as("scoring"):
        return replay.replay(round=world.round)


@pytest.mark.parametrize("mechanism", sorted(MECHANISMS))
def test_a_merge_in_the_middle_of_a_round_replays(mechanism: str) -> None:
    world = make_world(f"joined-{mechanism}", mechanism=mechanism, parameters=MECHANISMS[mechanism])
    world.open(baseline=world.wrong_at(range(150)))
    for name in ("a", "b", "c"):
        world.team(name)
    asked(world, "a", 120, 100)
    asked(world, "b", 90, 60)
    waiting = [world.submit(world.teams["b"], world.wrong_at(range(n))).submission for n in (40, 7)]
    merge(world)
    asked(world, "c", 20)
    world.score(waiting[0])
    asked(world, "a", 50, 5)

    assert set(MECHANISMS) == set(REGISTERED)
    assert replayed(world) == Release.objects.count() == 10
    place = MergedState.objects.get()
    assert (place.sequence, place.merge.absorbed) == (3, world.teams["b"])


def test_the_better_released_incumbent_goes_on_and_accepts_add_up(world: World) -> None:
    asked(world, "a", 120, 100)
    (best,) = asked(world, "b", 40)
    merge(world)

    (next_one,) = asked(world, "a", 90)

    # It improves on the kept team's own best, and not on the better one of both.
    assert outcome(next_one) == "no_improvement"
    assert state(world, "a").incumbent_id == best.pk
    assert state(world, "a").state["accepted"] == 3
    asked(world, "a", 5)
    assert outcome(asked(world, "a", 0)[0]) == "cap_used"  # b is 4, of both together
    assert left(world).accepted_used == 4
    assert state(world, "b").incumbent_id == best.pk  # nothing was moved
    assert replayed(world) == Release.objects.count()


def test_caps_that_both_have_used_stay_used(world: World) -> None:
    asked(world, "a", 120, 90, 60)
    asked(world, "b", 119, 89, 59)
    merge(world)

    assert outcome(asked(world, "a", 0)[0]) == "cap_used"
    assert state(world, "a").state["accepted"] == 6
    assert replayed(world) == Release.objects.count()


def test_equal_displays_leave_the_kept_teams_incumbent_whatever_the_raw_scores(
    vault_keys: None,
) -> None:
    """By what was released, never by the raw scores, which no query has paid for."""
    world = opened("ties", c=2.0)
    (own,) = asked(world, "a", 50)
    (theirs,) = asked(world, "b", 46)
    released = Release.objects.in_bulk([own.pk, theirs.pk])
    assert released[own.pk].value == released[theirs.pk].value
    raw = [RawScore.objects.get(submission=each).value for each in (own, theirs)]
    assert raw[0] < raw[1]
    merge(world)
    asked(world, "a", 140)

    assert state(world, "a").incumbent_id == own.pk


def test_the_old_queue_is_answered_first_by_its_own_memory(world: World) -> None:
    asked(world, "a", 100)
    old = [world.submit(world.teams["b"], world.wrong_at(range(n))).submission for n in (110, 80)]
    new = world.submit(world.teams["a"], world.wrong_at(range(30))).submission
    merge(world)

    world.score(new)
    assert new.status == "QUEUED"
    world.score(old[0])
    assert [outcome(each) for each in old] == ["improved", "improved"]
    world.score(new)

    assert (new.status, outcome(new)) == ("SCORED", "improved")
    assert state(world, "a").state["accepted"] == 4
    assert replayed(world) == Release.objects.count()


def test_what_was_claimed_before_the_merge_is_answered_as_before(world: World) -> None:
    asked(world, "a", 100)
    world.submit(world.teams["b"], world.wrong_at(range(10)))
    inflight = world.submit(world.teams["a"], world.wrong_at(range(60))).submission
    claim = leases.claim(round_id=world.round.pk, team_id=world.teams["a"].pk)
    assert claim is not None
    merge(world)
    submission = Submission.objects.select_related("round__benchmark", "team").get(pk=inflight.pk)

    merged_states.take_over(submission=submission, fence=claim.fence, now=world.now)
    assert not MergedState.objects.exists()  # the old queue is not drained
    Submission.objects.filter(team=world.teams["b"]).update(
        status="CANCELLED", finished_at=world.now
    )
    merged_states.take_over(submission=submission, fence=claim.fence + 1, now=world.now)
    assert not MergedState.objects.exists()  # who has lost the claim writes nothing
    for _ in range(2):
        merged_states.take_over(submission=submission, fence=claim.fence, now=world.now)
    assert MergedState.objects.count() == 1
    assert JournalEntry.objects.filter(kind="states_merged").count() == 1


def test_a_failed_file_at_the_place_replays(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked(world, "b", 40)
    merge(world)
    failed = world.submit(world.teams["a"], world.wrong_at(range(30))).submission
    claim = leases.claim(round_id=world.round.pk, team_id=world.teams["a"].pk)
    assert claim is not None
    known = Submission.objects.select_related("round__benchmark", "team").get(pk=failed.pk)
    merged_states.take_over(submission=known, fence=claim.fence, now=world.now)
    Submission.objects.filter(pk=failed.pk).update(
        status="FAILED", leased_until=None, finished_at=world.now
    )

    assert replayed(world) == Release.objects.count()
    asked(world, "a", 5)
    assert replayed(world) == Release.objects.count()


def moved() -> None:
    tamper("vault_mergedstate", "UPDATE vault_mergedstate SET sequence = sequence + 1")


def gone() -> None:
    tamper("vault_mergedstate", "DELETE FROM vault_mergedstate")


@pytest.mark.parametrize("change", [moved, gone])
def test_another_place_is_named(world: World, change: Any) -> None:
    asked(world, "b", 40)
    merge(world)
    asked(world, "a", 30, 20)
    change()

    with pytest.raises(JournalError, match="joined is not in the journal"):
        replay.replay(round=world.round)


def test_another_memory_is_named(world: World) -> None:
    asked(world, "b", 40)
    merge(world)
    asked(world, "a", 30)
    joined = state(world, "a")
    joined.state["accepted"] -= 1
    joined.save()

    with pytest.raises(JournalError, match="the state of"):
        replay.replay(round=world.round)


def test_a_merge_changes_no_answer_of_others() -> None:
    """Invariant 6: the third team's answers are those that it had without the merge."""
    told = []
    for is_merged in (False, True):
        world = opened(f"others-{is_merged}".lower())
        asked(world, "a", 100)
        asked(world, "b", 50)
        if is_merged:
            merge(world)
        asked(world, "c", 90, 40, 45)
        values = Release.objects.filter(submission__team=world.teams["c"])
        told.append(list(values.order_by("submission__sequence").values_list("value", "outcome")))
        assert MergedState.objects.filter(sequence__gt=F("sequence")).count() == 0
    assert told[0] == told[1]
