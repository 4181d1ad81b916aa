"""Scoring a round again while files come, workers die, work at once, and files are lost."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.vault.api.test_at_once import all_at_once
from tests.vault.corrected import (
    answers,
    ask_to_replace,
    current,
    flip,
    reseal,
    score_again,
)
from tests.vault.factories import NOW, World, acting_as, die
from tests.vault.test_replay import played
from vault import (
    holdout_ledger,
    journal,
    predictions,
    release,
    replay,
    rescoring,
    tasks,
    transcripts,
)
from vault.models import (
    BudgetEntry,
    JournalEntry,
    MechanismState,
    RawScore,
    Release,
    ReleaseInput,
    Submission,
    Transcript,
)

pytestmark = [pytest.mark.usefixtures("vault_keys")]


@pytest.fixture
def world(vault_keys: None) -> World:
    return played("guarded_ladder")


def beginning(world: World, positions: Any = range(60)) -> Transcript:
    """Corrected and resealed; nothing is scored again yet."""
    labels = {each: 1 - int(world.labels[each]) for each in positions}
    assert reseal(ask_to_replace(world, labels))
    return current(world).transcripts.get(current_at=None)


def test_new_files_wait_until_all_is_scored_again(world: World) -> None:
    """Then they are answered in the new transcript alone, and spend a query as ever."""
    waiting = beginning(world)
    late = world.submit(world.teams["a"], world.wrong_at(range(2))).submission
    world.score(late)
    late.refresh_from_db()
    assert late.status == "QUEUED"
    assert not late.releases.exists()

    score_again()
    world.score(late)

    late = Submission.objects.get(pk=late.pk)
    assert late.status == "SCORED"
    assert [each.transcript for each in late.releases.all()] == [waiting.number]
    assert BudgetEntry.objects.filter(submission=late, kind="COMMIT").count() == 1
    with acting_as("scoring"):
        assert replay.replay(round=current(world)) == 19


@pytest.mark.parametrize(("module", "step"), [(release, "publish"), (predictions, "load")])
def test_a_file_that_was_being_scored_is_not_released_before_the_others(
    module: Any, step: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its labels were opened before the correction or after it; its turn to be released comes after."""
    late = world.submit(world.teams["a"], world.wrong_at(range(2))).submission
    done = getattr(module, step)

    def correct_first(**given: Any) -> Any:
        monkeypatch.setattr(module, step, done)
        beginning(world)
        return done(**given)

    monkeypatch.setattr(module, step, correct_first)
    world.score(late)
    late.refresh_from_db()

    assert (late.status, late.n_faults, late.n_exceptions) == ("QUEUED", 1, 0)
    assert not late.releases.exists()
    score_again()
    Submission.objects.filter(pk=late.pk).update(retry_at=None)
    world.score(late)
    assert [each.transcript for each in late.releases.all()] == [2]


def test_a_file_that_was_being_scored_when_all_was_done_is_scored_on_new_labels(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = world.submit(world.teams["b"], world.wrong_at(range(2))).submission
    publish = release.publish

    def rescore_first(**given: Any) -> Any:
        monkeypatch.setattr(release, "publish", publish)
        flip(world, range(60))
        return publish(**given)

    monkeypatch.setattr(release, "publish", rescore_first)
    world.score(late)
    assert not late.releases.exists()

    Submission.objects.filter(pk=late.pk).update(retry_at=None)
    world.score(late)
    assert [each.transcript for each in late.releases.all()] == [2]
    assert RawScore.objects.get(submission=late, metric="accuracy").label_version == 2
    assert replay.replay(round=current(world)) == 19


@pytest.mark.parametrize(
    ("module", "step"),
    [
        (release, "publish_again"),
        (holdout_ledger, "count_superseded"),
        (journal, "append_of_round"),
    ],
)
def test_killed_between_any_two_steps_it_does_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch, module: Any, step: str
) -> None:
    """Invariant 3: and the answers are those that it would have given at once."""
    waiting = beginning(world)
    kept, n_calls = getattr(module, step), []

    def die_at_the_third(**given: Any) -> Any:
        n_calls.append(step)
        if step != "publish_again" or len(n_calls) == 3:
            die()
        return kept(**given)

    with monkeypatch.context() as patched:
        patched.setattr(module, step, die_at_the_third)
        with pytest.raises(KeyboardInterrupt):
            score_again()
    assert current(world).transcript == 1
    assert Release.objects.filter(transcript=2).count() == (2 if step == "publish_again" else 9)

    assert score_again() == [True]

    assert current(world).transcript == waiting.number == 2
    assert Release.objects.filter(transcript=2).count() == 9
    assert replay.replay(round=current(world)) == 18
    assert transcripts.due() == []


def test_workers_at_once_release_each_answer_once(world: World) -> None:
    waiting = beginning(world)

    all_at_once(4, lambda _: rescoring.carry_out(transcript_id=waiting.pk, clock=lambda: NOW))
    score_again()

    assert current(world).transcript == 2
    assert ReleaseInput.objects.filter(transcript=2).count() == 9
    assert JournalEntry.objects.filter(kind="round_rescored").count() == 1
    assert replay.replay(round=current(world)) == 18


def test_the_sweeper_takes_it_up(world: World) -> None:
    beginning(world)

    with acting_as("scoring"):
        tasks.sweep_rescoring()

    assert current(world).transcript == 2


def test_a_lost_file_holds_up_its_own_team_and_the_others_for_an_hour_at_most(
    world: World,
) -> None:
    """Invariant 6: then it has no answer that counts, and its team's later files have theirs."""
    gone = Submission.objects.get(team=world.teams["a"], sequence=2)
    (Path(settings.MEDIA_ROOT) / gone.file_key).unlink()
    waiting = beginning(world)

    assert score_again() == [False]
    assert current(world).transcript == 1
    done = Release.objects.filter(transcript=2)
    # The reference, the other two teams, and what came before the lost file.
    assert done.count() == 5
    late = waiting.begun_at + rescoring.PATIENCE
    with acting_as("scoring"):
        assert rescoring.carry_out(transcript_id=waiting.pk, clock=lambda: late)

    assert current(world).transcript == 2
    assert done.count() == 8
    gone = Submission.objects.get(pk=gone.pk)
    assert gone.release is None
    assert [each.transcript for each in transcripts.superseded(submission=gone)] == [1]
    entry = json.loads(JournalEntry.objects.get(kind="round_rescored").payload)
    assert entry["lost"] == [str(gone.pk)]
    assert replay.replay(round=current(world)) == 17


@pytest.mark.parametrize("is_restored", [False, True])
def test_what_a_killed_attempt_gave_up_is_told_by_the_one_that_ends_it(
    world: World, monkeypatch: pytest.MonkeyPatch, is_restored: bool
) -> None:
    """A later file of its team was answered, so no attempt looks at it again, also if it is back by then."""
    gone = Submission.objects.get(team=world.teams["a"], sequence=2)
    stored = Path(settings.MEDIA_ROOT) / gone.file_key
    content = stored.read_bytes()
    stored.unlink()
    waiting = beginning(world)
    late = waiting.begun_at + rescoring.PATIENCE
    with monkeypatch.context() as patched, acting_as("scoring"):
        patched.setattr(rescoring, "_make_current", die)
        with pytest.raises(KeyboardInterrupt):
            rescoring.carry_out(transcript_id=waiting.pk, clock=lambda: late)
    if is_restored:
        stored.write_bytes(content)

    with acting_as("scoring"):
        assert rescoring.carry_out(transcript_id=waiting.pk, clock=lambda: late)

    entry = json.loads(JournalEntry.objects.get(kind="round_rescored").payload)
    assert entry["lost"] == [str(gone.pk)]
    assert entry["n_releases"] == 8
    # Of the next transcript it is not lost again: it had no answer in this one.
    flip(world, range(10))
    entry = json.loads(
        JournalEntry.objects.filter(kind="round_rescored").latest("sequence").payload
    )
    assert (entry["transcript"], entry["lost"]) == (3, [])


def test_without_storage_nothing_is_given_up(world: World, settings: Any, tmp_path: Path) -> None:
    waiting = beginning(world)
    settings.MEDIA_ROOT = str(tmp_path / "elsewhere")
    late = waiting.begun_at + 2 * rescoring.PATIENCE
    with acting_as("scoring"), pytest.raises(FileNotFoundError):
        rescoring.carry_out(transcript_id=waiting.pk, clock=lambda: late)

    assert current(world).transcript == 1
    assert not Release.objects.filter(transcript=2).exists()


def test_going_back_keeps_the_first_transcript(world: World) -> None:
    before = answers(world, 1)
    flip(world, range(60))
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    try:
        MigrationExecutor(connection).migrate([("vault", "0032_signed_heads")])
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM vault_release")
            assert cursor.fetchone() == (9,)
    finally:
        MigrationExecutor(connection).migrate(newest)
        call_command("grant_roles", verbosity=0)

    assert current(world).transcript == 1
    assert (answers(world, 1), answers(world, 2)) == (before, [])
    assert MechanismState.objects.filter(transcript=1).count() == 3
    given = world.answered(world.teams["b"], world.wrong_at(range(2)))
    assert given.status == "SCORED"


def test_files_that_come_while_labels_are_corrected_are_all_answered_in_order(
    world: World,
) -> None:
    """Scored by several workers at once with a correction: each is in both transcripts, or in the new one."""
    late = [
        world.submit(world.teams[name], world.wrong_at(range(first, first + 40))).submission
        for first in (100, 150, 200)
        for name in ("a", "b")
    ]
    asked = ask_to_replace(world, {each: 1 - int(world.labels[each]) for each in range(80)})

    def act(number: int) -> None:
        if number == 0:
            reseal(asked)
            score_again()
        else:
            world.score(late[2 * (number - 1)])
            world.score(late[2 * number - 1])

    all_at_once(4, act)
    score_again()
    for _ in range(len(late)):
        Submission.objects.filter(status="QUEUED").update(retry_at=None)
        for each in late:
            world.score(each)

    round = current(world)
    assert round.transcript == 2
    assert {each.status for each in Submission.objects.filter(round=round)} == {"SCORED"}
    numbers = [
        sorted(each.releases.values_list("transcript", flat=True))
        for each in Submission.objects.filter(round=round)
    ]
    assert all(each in ([1, 2], [2]) for each in numbers)
    assert BudgetEntry.objects.filter(kind="COMMIT").count() == 8 + len(late)
    assert replay.replay(round=round) == sum(map(len, numbers))
    journal.verify(benchmark_id=world.benchmark.pk)
