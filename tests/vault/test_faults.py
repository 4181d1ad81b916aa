"""Faults of the installation cost no query: what they spoil is put off, and scored when they are over."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now

from tests.vault.factories import World, acting_as, make_world
from vault import release, scoring
from vault.models import BudgetEntry, JournalEntry, Release, Submission
from vault.queue import leases

pytestmark = [pytest.mark.usefixtures("vault_keys")]

N_WAITING = 16


@pytest.fixture
def world(vault_keys: None) -> World:
    made = make_world("faults")
    made.open()
    return made


def wait(submission: Submission) -> None:
    """Until its pause is over."""
    Submission.objects.filter(pk=submission.pk).update(retry_at=Now() - dt.timedelta(seconds=1))


def kinds() -> list[str]:
    return sorted(BudgetEntry.objects.values_list("kind", flat=True))


def is_put_off(submission: Submission, *, n_faults: int) -> bool:
    submission.refresh_from_db()
    shown = (submission.status, submission.n_exceptions, submission.n_faults)
    return shown == ("QUEUED", 0, n_faults) and submission.retry_at is not None


def test_storage_that_is_away_for_a_moment_costs_nobody_a_query(
    world: World, settings: Any
) -> None:
    team = world.team("a")
    waiting = [world.submit(team, world.wrong_at(range(n))).submission for n in range(N_WAITING)]
    stored = settings.MEDIA_ROOT
    n_opened = JournalEntry.objects.filter(kind="open_labels").count()

    settings.MEDIA_ROOT = "/nonexistent"
    with acting_as("scoring"):
        for each in waiting:
            world.score(each)

    assert is_put_off(waiting[0], n_faults=1)
    assert kinds() == ["RESERVE"] * N_WAITING
    assert JournalEntry.objects.filter(kind="open_labels").count() == n_opened

    settings.MEDIA_ROOT = stored
    wait(waiting[0])
    world.score(waiting[0])

    assert set(Submission.objects.values_list("status", flat=True)) == {"SCORED"}
    assert kinds() == ["COMMIT"] * N_WAITING + ["RESERVE"] * N_WAITING
    assert Release.objects.count() == N_WAITING


@pytest.mark.parametrize("kept", [None, b"half of it"])
def test_file_that_is_lost_or_cut_is_scored_when_it_is_restored(
    world: World, settings: Any, kept: bytes | None
) -> None:
    submission = world.submit(world.team("a"), world.labels).submission
    path = Path(settings.MEDIA_ROOT) / submission.file_key
    whole = path.read_bytes()
    path.unlink() if kept is None else path.write_bytes(kept)

    for n_faults in range(1, 2 * settings.MAX_EXCEPTIONS):
        world.score(submission)
        assert is_put_off(submission, n_faults=n_faults)
        wait(submission)
    path.write_bytes(whole)

    assert world.score(submission).status == "SCORED"


def test_key_that_is_not_there_costs_nobody_a_query(world: World, settings: Any) -> None:
    submission = world.submit(world.team("a"), world.labels).submission
    settings.SCORING_PRIVATE_KEY_FILE = "/nonexistent"

    world.score(submission)

    assert is_put_off(submission, n_faults=1)


def test_session_that_the_database_ends_is_begun_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attempt is over, the connection broken, and the next statement must not meet it."""
    submission = world.submit(world.team("a"), world.labels).submission

    def ended(**_: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with monkeypatch.context() as patched:
        patched.setattr(release, "publish", ended)
        scoring.score_team(submission_id=submission.pk, clock=lambda: world.now)

    assert is_put_off(submission, n_faults=1)
    wait(submission)
    assert world.score(submission).status == "SCORED"


def test_next_attempt_waits_longer_each_time_and_never_long(world: World) -> None:
    submission = world.submit(world.team("a"), world.labels).submission
    pauses = []
    for _ in range(9):
        claim = leases.claim(round_id=submission.round_id, team_id=submission.team_id)
        assert claim is not None
        assert claim.n_lost_leases == 0
        leases.put_off(claim)
        assert leases.claim(round_id=submission.round_id, team_id=submission.team_id) is None
        left = Submission.objects.values_list("retry_at", flat=True).annotate(at=Now())
        retry_at, now = left.values_list("retry_at", "at").get(pk=submission.pk)
        assert retry_at is not None
        pauses.append(round((retry_at - now).total_seconds()))
        wait(submission)

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_late_worker_puts_nothing_off(world: World) -> None:
    submission = world.submit(world.team("a"), world.labels).submission
    late = leases.claim(round_id=submission.round_id, team_id=submission.team_id)
    assert late is not None
    Submission.objects.filter(pk=submission.pk).update(leased_until=Now() - dt.timedelta(seconds=1))
    world.score(submission)

    leases.put_off(late)

    submission.refresh_from_db()
    assert (submission.status, submission.n_faults) == ("SCORED", 0)
