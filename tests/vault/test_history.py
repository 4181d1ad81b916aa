"""The history that audits read is what was handed in and answered, in its order, and nothing else."""

import datetime as dt

import numpy as np
import pytest
from django.db import ProgrammingError, transaction

from tests.vault.factories import World, acting_as, make_world
from vault import history, predictions, rounds, submissions
from vault.history import PastSubmission, RoundHistory, TeamHistory
from vault.models import RawScore, Release, Submission, Team

pytestmark = [pytest.mark.usefixtures("vault_keys")]

MINUTE = dt.timedelta(minutes=1)


class Play:
    """Hands in one file a minute; each is answered half a minute later."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.files: dict[Submission, np.ndarray] = {}

    def __call__(self, team: Team, wrong: int, *, is_scored: bool = True) -> Submission:
        self.world.now += MINUTE / 2
        answers = self.world.wrong_at(range(wrong))
        submission = self.world.submit(team, answers).submission
        self.world.now += MINUTE / 2
        if is_scored:
            self.world.score(submission)
        self.files[submission] = answers
        return submission


@pytest.fixture
def world(vault_keys: None) -> World:
    return make_world("history", mechanism="guarded_ladder")


@pytest.fixture
def play(world: World) -> Play:
    return Play(world)


def read(world: World) -> RoundHistory:
    with acting_as("audit"):
        return history.round_history(round=world.round)


def of(read: RoundHistory, team: Team) -> TeamHistory:
    (found,) = [each for each in read.teams if each.team_id == team.pk]
    return found


def open_with_references(world: World, play: Play) -> list[Submission]:
    """Of two reference teams, the one whose name comes last hands in first."""
    later = world.team("z-reference", is_reference=True)
    first = play(later, 150)
    second = play(world.team("a-reference", is_reference=True), 100)
    third = play(later, 120)
    world.open()
    return [first, second, third]


def test_every_scored_submission_is_there_as_it_was_handed_in(world: World, play: Play) -> None:
    open_with_references(world, play)
    a, b = world.team("a"), world.team("b")
    order = [(b, 90), (a, 80), (b, 20), (a, 85), (a, 10)]
    received = [play(team, wrong) for team, wrong in order]

    found = read(world)

    assert [team.name for team in found.teams] == sorted(team.name for team in found.teams)
    for team in (a, b):
        own = [each for each in received if each.team_id == team.pk]
        assert [past.id for past in of(found, team).submissions] == [each.pk for each in own]
        assert [past.sequence for past in of(found, team).submissions] == list(
            range(1, len(own) + 1)
        )
        assert of(found, team).attempts == len(own)
        for past, submission in zip(of(found, team).submissions, own, strict=True):
            as_handed_in(past, submission, play)


def as_handed_in(past: PastSubmission, submission: Submission, play: Play) -> None:
    released = Release.objects.get(submission=submission)
    assert np.array_equal(predictions.load(file_key=past.file_key), play.files[submission])
    assert past.sha256 == submission.sha256
    assert past.panel_id == play.world.panel.pk
    assert past.released_at - past.submitted_at == MINUTE / 2
    own = None if released.outcome == "no_improvement" else released.value
    assert (past.released, past.outcome) == (own, released.outcome)
    assert past.raw == RawScore.objects.get(submission=submission).value


def test_references_stand_in_their_frozen_order_the_baseline_first(
    world: World, play: Play
) -> None:
    references = open_with_references(world, play)

    found = read(world)

    assert [past.id for past in found.references] == [each.pk for each in references]
    assert all(of(found, world.teams[name]).is_reference for name in ("a-reference", "z-reference"))


def test_first_release_is_the_first_to_any_team_and_no_reference(world: World, play: Play) -> None:
    open_with_references(world, play)
    assert read(world).first_release_at is None
    waiting = play(world.team("a"), 90, is_scored=False)
    first = play(world.team("b"), 80)
    world.now += MINUTE
    world.score(waiting)

    released = Release.objects.get(submission=first).released_at
    assert read(world).first_release_at == released < world.now


def test_only_what_was_scored_is_history(world: World, play: Play) -> None:
    """A withdrawn submission is, a cancelled or waiting one is not; attempts count what was charged."""
    open_with_references(world, play)
    team = world.team("a")
    kept, withdrawn = play(team, 90), play(team, 20)
    submissions.withdraw(submission=withdrawn, now=world.now)
    cancelled = play(team, 30, is_scored=False)
    submissions.cancel(submission=cancelled, now=world.now)
    play(team, 40, is_scored=False)

    found = of(read(world), team)

    assert [past.id for past in found.submissions] == [kept.pk, withdrawn.pk]
    assert [past.status for past in found.submissions] == ["SCORED", "WITHDRAWN"]
    assert found.attempts == 3


def test_finals_are_the_declared_ones_and_else_the_last_improvement(
    world: World, play: Play
) -> None:
    open_with_references(world, play)
    declaring, silent, idle = world.team("declaring"), world.team("silent"), world.team("idle")
    chosen = play(declaring, 90)
    play(declaring, 5)
    improved = play(silent, 20)
    play(silent, 60)
    play(idle, 149)
    latest = play(idle, 148)
    submissions.declare_final(submission=chosen, now=world.now)
    assert of(read(world), silent).final_id is None
    rounds.request_close(round=world.round, actor="test", now=world.now)
    assert rounds.close(round=world.round, actor="test", now=world.now)

    found = read(world)

    finals = {
        team.name: (of(found, team).final_id, of(found, team).final_is_declared)
        for team in (declaring, silent, idle)
    }
    assert finals == {
        declaring.name: (chosen.pk, True),
        silent.name: (improved.pk, False),
        idle.name: (latest.pk, False),
    }
    assert Release.objects.get(submission=latest).outcome == "no_improvement"


def test_a_blind_team_has_raw_scores_and_no_released_ones(world: World, play: Play) -> None:
    open_with_references(world, play)
    blind = world.team("blind", is_blind=True)
    submission = play(blind, 10)

    found = of(read(world), blind)

    (past,) = found.submissions
    assert (past.released, past.outcome) == (None, "blind")
    assert past.raw == RawScore.objects.get(submission=submission).value
    assert (found.released, found.attempts) == (None, 1)


def test_other_rounds_are_not_in_it(world: World, play: Play) -> None:
    open_with_references(world, play)
    other = make_world("other")
    other.open()
    other.answered(other.team("a"), other.labels)

    found = read(world)

    assert {team.name.split("-")[0] for team in found.teams} == {"history"}
    assert found.first_release_at is None


def test_the_process_that_teams_talk_to_may_not_read_it(world: World, play: Play) -> None:
    """Invariant 5: raw scores are in it. Researchers read these on the page of a submission."""
    open_with_references(world, play)
    with (
        acting_as("web"),
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
    ):
        history.round_history(round=world.round)
