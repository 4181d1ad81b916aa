"""Database sessions of other processes, beside the one of the test."""

import time
from typing import Any

import psycopg
from django.db import connection


def of_another_process() -> psycopg.Connection[Any]:
    given = connection.get_connection_params()
    wanted = {name: given[name] for name in ("host", "port", "dbname", "user", "password")}
    return psycopg.connect(**wanted, autocommit=True)


def hold(session: psycopg.Connection[Any], *key: int) -> None:
    """The advisory lock, until the session ends."""
    session.execute(f"SELECT pg_advisory_lock({_places(key)})", key)


def wait_until_free(*key: int) -> None:
    """PostgreSQL ends a session, and lets go of its locks, a moment after it was closed."""
    with of_another_process() as session:
        session.execute("SET lock_timeout = '20s'")
        session.execute(f"SELECT pg_advisory_xact_lock({_places(key)})", key)


def wait_until_somebody_waits() -> None:
    """For a lock that this session holds."""
    for _ in range(600):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks "
                "WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("nobody waits")


def _places(key: tuple[int, ...]) -> str:
    return ", ".join(["%s"] * len(key))
