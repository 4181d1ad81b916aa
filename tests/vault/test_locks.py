"""Advisory locks: no two that mean different things are the same lock."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from tests.vault import sessions
from vault import locks

pytestmark = pytest.mark.usefixtures("transactional_db")

NUMBER = 7
OF_TRANSACTION: list[Callable[[], None]] = [
    lambda: locks.hold_round(round_id=NUMBER),
    lambda: locks.hold_reference_team(team_id=NUMBER),
    lambda: locks.hold_references(holdout_id=uuid.UUID(int=NUMBER)),
    lambda: locks.hold_team_tokens(team_id=NUMBER),
    lambda: locks.hold_team_webhooks(team_id=NUMBER),
]
OF_SESSION: list[Callable[[], Any]] = [
    lambda: locks.one_audit(round_id=NUMBER),
    locks.one_dispatcher,
    lambda: locks.of_session(key=(NUMBER,)),
]


def held() -> set[tuple[int, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT classid, objid, objsubid FROM pg_locks "
            "WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        )
        return set(cursor.fetchall())


def test_locks_of_different_things_with_one_number_are_different() -> None:
    found: list[tuple[int, int, int]] = []
    for hold in OF_TRANSACTION:
        with transaction.atomic():
            hold()
            found += held()
    for of_session in OF_SESSION:
        with of_session() as is_held:
            assert is_held
            found += held()

    assert len(set(found)) == len(found) == len(OF_TRANSACTION) + len(OF_SESSION)
    assert held() == set()


def test_lock_of_a_session_is_told_to_be_taken_and_freed_by_its_death() -> None:
    key = (NUMBER, NUMBER)
    with sessions.of_another_process() as other:
        sessions.hold(other, *key)
        with locks.of_session(key=key) as is_held:
            assert not is_held

    sessions.wait_until_free(*key)
    with locks.of_session(key=key) as is_held:
        assert is_held


def test_lock_of_a_session_survives_a_commit() -> None:
    with locks.one_audit(round_id=NUMBER):
        with transaction.atomic():
            pass
        assert len(held()) == 1
    assert held() == set()


def test_lock_of_a_session_is_let_go_after_an_error() -> None:
    def fail() -> None:
        with locks.one_audit(round_id=NUMBER):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert held() == set()
