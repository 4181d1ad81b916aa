"""What hangs is ended: by an exception where that helps, else with its process."""

import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from django.db import connection

from tests.vault.factories import World, make_world
from vault import evaluation, release, scoring
from vault.errors import TimeLimitError
from vault.models import BudgetEntry, Submission
from vault.queue import broker, time_limit

# A lock of the C library, taken twice: signals do not interrupt it, and no thread of Python runs meanwhile.
STUCK = """
import ctypes
from vault.queue import time_limit
time_limit.GRACE = 0.2
lock, library = ctypes.create_string_buffer(64), ctypes.PyDLL(None)
with time_limit.limited(seconds=0.1):
    library.pthread_mutex_lock(lock), library.pthread_mutex_lock(lock)
"""


def hang(*_: Any, **__: Any) -> Any:
    while True:
        time.sleep(0.01)


def hang_in_a_statement(*_: Any, **__: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(600)")


def test_work_that_hangs_is_told_so() -> None:
    before = signal.getsignal(signal.SIGALRM)

    with (
        pytest.raises(TimeLimitError, match=r"longer than 0\.1 s"),
        time_limit.limited(seconds=0.1),
    ):
        hang()

    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_work_that_catches_errors_is_ended_too() -> None:
    def hang_on() -> None:
        while True:
            with suppress(Exception):
                hang()

    with pytest.raises(TimeLimitError), time_limit.limited(seconds=0.1):
        hang_on()


def test_error_that_the_limit_brings_about_is_the_limit() -> None:
    def hang_and_stumble() -> None:
        try:
            hang()
        finally:
            raise ZeroDivisionError

    with pytest.raises(TimeLimitError), time_limit.limited(seconds=0.1):
        hang_and_stumble()


def test_work_that_is_done_in_time_is_left_alone() -> None:
    with time_limit.limited(seconds=0.05):
        pass

    time.sleep(0.1)


def test_process_that_does_not_come_back_to_python_is_ended() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STUCK], capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 1
    assert "Timeout" in done.stderr
    assert "line 7 in <module>" in done.stderr


def test_other_threads_have_no_limit() -> None:
    def work() -> None:
        with time_limit.limited(seconds=0.01):
            time.sleep(0.05)
        done.set()

    done = threading.Event()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert done.is_set()


@pytest.fixture
def world(vault_keys: None, settings: Any) -> World:
    made = make_world("hanging")
    made.open()
    settings.SCORING_SECONDS = 1.0
    return made


@pytest.fixture
def notified(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    submission_ids: list[Any] = []
    monkeypatch.setattr(
        broker, "notify", lambda *, submission_id: submission_ids.append(submission_id)
    )
    return submission_ids


@pytest.mark.parametrize(
    ("module", "name", "stuck"),
    [(evaluation, "scorer_of", hang), (release, "publish", hang_in_a_statement)],
)
def test_scoring_that_hangs_three_times_fails_and_is_refunded(
    world: World,
    notified: list[Any],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    name: str,
    stuck: Any,
) -> None:
    team = world.team("a")
    submission = world.submit(team, world.labels).submission
    later = world.submit(team, world.wrong_at([0])).submission
    notified.clear()
    with monkeypatch.context() as patched:
        patched.setattr(module, name, stuck)
        shown = []
        for _ in range(3):
            world.score(submission)
            shown.append((submission.status, submission.n_exceptions, submission.error_code))

    assert shown[:2] == [("QUEUED", 1, ""), ("QUEUED", 2, "")]
    assert (shown[2][0], shown[2][2]) == ("FAILED", "scoring_failed")
    assert BudgetEntry.objects.get(submission=submission, kind="REFUND").reason == "failed"
    # Each attempt ends the turn: other teams wait no longer than one.
    assert notified == [submission.pk] * 3
    settings.SCORING_SECONDS = 300
    assert world.score(later).status == "SCORED"


def test_lock_that_nobody_gives_back_ends_the_turn_and_is_not_waited_for_again(
    world: World, notified: list[Any]
) -> None:
    """The row is held by another session, as by one whose process was killed."""
    submission = world.submit(world.team("a"), world.labels).submission
    notified.clear()
    parameters = connection.get_connection_params()
    with psycopg.connect(**parameters | {"cursor_factory": psycopg.Cursor}) as holder:
        holder.execute("SELECT 1 FROM vault_submission FOR UPDATE")
        n_scored = scoring.score_team(submission_id=submission.pk, clock=lambda: world.now)
        holder.rollback()

    assert (n_scored, notified) == (0, [submission.pk])
    assert world.score(submission).n_exceptions == 0
    assert submission.status == "SCORED"


@pytest.mark.django_db
def test_session_of_a_process_that_is_gone_ends() -> None:
    """Otherwise it would wait on for its lock, and keep those that it has."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW client_connection_check_interval")
        assert cursor.fetchone() == ("5s",)


def test_turn_ends_after_so_many_and_rings_for_the_rest(
    world: World, notified: list[Any], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SCORING_SECONDS = 300
    team = world.team("a")
    waiting = [world.submit(team, world.wrong_at(range(n))).submission for n in range(5)]
    notified.clear()
    monkeypatch.setattr(scoring, "MAX_PER_TURN", 3)

    world.score(waiting[-1])
    n_scored = [Submission.objects.filter(status="SCORED").count()]
    so_far = list(notified)
    world.score(waiting[-1])
    n_scored.append(Submission.objects.filter(status="SCORED").count())

    assert n_scored == [3, 5]
    assert so_far == notified == [waiting[-1].pk]


def test_twenty_submissions_are_a_turn() -> None:
    assert scoring.MAX_PER_TURN == 20
