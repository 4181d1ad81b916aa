"""Scoring again a round with merged teams: the kept team waits for all that the absorbed one was answered."""

from pathlib import Path

import pytest
from django.conf import settings

from tests.vault.corrected import ask_to_replace, current, reseal, score_again
from tests.vault.factories import World, acting_as
from tests.vault.teams.test_merging import asked, merge, opened
from vault import replay, rescoring
from vault.models import MechanismState, MergedState, Release, Submission, Transcript

pytestmark = [pytest.mark.usefixtures("vault_keys")]

# As many as the mechanism accepts of a merged team in all, which a memory that is not complete would raise.
ACCEPTED = 4


@pytest.fixture
def waiting(vault_keys: None) -> tuple[World, Transcript]:
    """Three files of an absorbed team and two of the one that stands for it, corrected, not scored again."""
    world = opened()
    asked(world, "b", 120, 60, 30)
    asked(world, "a", 110)
    merge(world)
    asked(world, "a", 20)
    assert reseal(ask_to_replace(world, {p: 1 - int(world.labels[p]) for p in range(200, 230)}))
    return world, Transcript.objects.get(current_at=None)


def file_of(world: World, name: str, sequence: int) -> Path:
    submission = Submission.objects.get(team=world.teams[name], sequence=sequence)
    return Path(settings.MEDIA_ROOT) / submission.file_key


def answered(world: World, name: str) -> list[int]:
    found = Release.objects.filter(transcript=2, submission__team=world.teams[name])
    return list(found.order_by("pk").values_list("submission__sequence", flat=True))


def after_an_hour(waiting: Transcript) -> bool:
    late = waiting.begun_at + rescoring.PATIENCE
    with acting_as("scoring"):
        return rescoring.carry_out(transcript_id=waiting.pk, clock=lambda: late)


def replayed(world: World) -> int:
    with acting_as("scoring"):
        return replay.replay(round=current(world))


@pytest.mark.parametrize("sequence", [1, 2, 3])
def test_a_file_that_is_away_holds_up_the_team_that_stands_for_its_own(
    waiting: tuple[World, Transcript], sequence: int
) -> None:
    world, _ = waiting
    path = file_of(world, "b", sequence)
    away = path.rename(path.with_suffix(".away"))

    assert score_again() == [False]
    assert (answered(world, "b"), answered(world, "a")) == (list(range(1, sequence)), [])
    assert not MergedState.objects.filter(transcript=2).exists()
    away.rename(path)

    assert score_again() == [True]
    state = MechanismState.objects.get(transcript=2, team=world.teams["a"]).state
    assert state["accepted"] == ACCEPTED
    assert replayed(world) == 12


@pytest.mark.parametrize("sequence", [1, 2, 3])
def test_what_is_given_up_holds_up_nobody(waiting: tuple[World, Transcript], sequence: int) -> None:
    world, transcript = waiting
    file_of(world, "b", sequence).unlink()

    assert after_an_hour(transcript)
    assert answered(world, "b") == [each for each in (1, 2, 3) if each != sequence]
    assert answered(world, "a") == [1, 2]
    assert replayed(world) == 11


def test_what_was_given_up_is_not_answered_behind_the_team_that_has_taken_over(
    waiting: tuple[World, Transcript], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last file of the absorbed team comes back, between two attempts of which the first was killed."""
    world, transcript = waiting
    path = file_of(world, "b", 3)
    away = path.rename(path.with_suffix(".away"))
    with monkeypatch.context() as patched:
        patched.setattr(rescoring, "_make_current", lambda *given, **named: False)
        assert not after_an_hour(transcript)
    assert (answered(world, "b"), answered(world, "a")) == ([1, 2], [1, 2])
    away.rename(path)

    assert after_an_hour(transcript)
    assert answered(world, "b") == [1, 2]
    assert replayed(world) == 11
