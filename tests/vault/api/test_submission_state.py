"""The quick look at a submission agrees with the whole row, and a lost session is noticed."""

import datetime as dt
import threading
import time
import uuid
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from tests.vault import sessions
from tests.vault.api.stage import Caller, handed_in, problem, scored
from tests.vault.factories import World
from vault.api import selectors, submission_state
from vault.api.submission_state import of_row, polled
from vault.models import Final, Release, Submission, Team

pytestmark = [pytest.mark.usefixtures("vault_keys", "api_site")]


@pytest.fixture
def team(world: World) -> Team:
    return world.team("bots")


def whole(made: Submission) -> Submission:
    request: Any = type("Request", (), {"user": made.team})()
    return selectors.own_submission(request, made.pk)


@pytest.mark.parametrize("value", [0.75, 0.1 + 0.2, 1e-17, -3.0, 1e300, None])
def test_quick_look_and_whole_row_agree(world: World, team: Team, value: float | None) -> None:
    made = scored(world, team, value=value, outcome=Release.Outcome.BLIND)

    assert polled(submission_id=made.pk, team_id=team.pk) == of_row(whole(made))


@pytest.mark.parametrize("microsecond", [0, 1, 500_000, 999_999])
@pytest.mark.parametrize("status", ["QUEUED", "FAILED"])
def test_times_and_codes_agree(world: World, team: Team, microsecond: int, status: str) -> None:
    at = dt.datetime(2026, 3, 1, 12, 0, 7, microsecond, tzinfo=dt.UTC)
    ended = None if status == "QUEUED" else at
    made = handed_in(
        world, team, status=status, submitted_at=at, finished_at=ended, error_code="x" * 40
    )

    assert polled(submission_id=made.pk, team_id=team.pk) == of_row(whole(made))


def test_final_is_seen(world: World, team: Team) -> None:
    made, now = scored(world, team), timezone.now()
    before = polled(submission_id=made.pk, team_id=team.pk)
    Final.objects.create(
        round=world.round, team=team, submission=made, is_declared=True, chosen_at=now
    )

    after = polled(submission_id=made.pk, team_id=team.pk)

    assert before is not None
    assert after == of_row(whole(made))
    assert after is not None
    assert (before.is_final, after.is_final) == (False, True)


def test_of_others_nothing_is_seen(world: World, team: Team) -> None:
    made = handed_in(world, team)

    assert polled(submission_id=made.pk, team_id=world.team("rival").pk) is None
    assert polled(submission_id=uuid.uuid4(), team_id=team.pk) is None


@pytest.mark.django_db(transaction=True)
def test_session_that_died_while_idle_is_replaced(world: World, team: Team) -> None:
    made = handed_in(world, team)
    before = polled(submission_id=made.pk, team_id=team.pk)
    _end_session()

    assert polled(submission_id=made.pk, team_id=team.pk) == before


@pytest.mark.django_db(transaction=True)
def test_poll_while_postgresql_is_away_is_a_503(
    world: World, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Short way and long way: an error of the database, and never one of the service."""
    bot, made = Caller(team), handed_in(world, team)
    path = f"submissions/{made.pk}/"
    etag = bot.get(path)["ETag"]

    def away(parameters: list[bytes]) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(submission_state, "_asked", away)
    for headers in ({}, {"If-None-Match": etag}, {"Prefer": "wait=1"}):
        assert problem(bot.get(path, **headers)) == (503, "unavailable")


@pytest.mark.django_db(transaction=True)
def test_statement_that_fails_is_an_error_of_the_database(world: World, team: Team) -> None:
    """Inside a transaction nothing is tried again: it could not succeed."""
    made = handed_in(world, team)
    with pytest.raises(OperationalError):
        _look_in_an_ended_transaction(made)
    connection.close()

    assert polled(submission_id=made.pk, team_id=team.pk) is not None


def _look_in_an_ended_transaction(made: Submission) -> None:
    with transaction.atomic():
        _end_session()
        polled(submission_id=made.pk, team_id=made.team_id)


def _end_session() -> None:
    with sessions.of_another_process() as other:
        other.execute(
            "SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid]
        )


def test_other_threads_run_while_postgresql_is_waited_for(world: World, team: Team) -> None:
    """A database that hangs must not stop the process: the interpreter is given up meanwhile."""
    connection.ensure_connection()
    session, ticks = connection.connection, []
    sleeping = threading.Thread(
        target=lambda: session.pgconn.exec_params(b"SELECT pg_sleep(0.5)", None)
    )
    sleeping.start()
    while sleeping.is_alive():
        ticks.append(time.monotonic())
        time.sleep(0.01)

    assert len(ticks) > 10
