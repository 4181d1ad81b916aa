"""Database sessions of other processes, beside the one of the test."""

from typing import Any

import psycopg
from django.db import connection


def of_another_process() -> psycopg.Connection[Any]:
    given = connection.get_connection_params()
    wanted = {name: given[name] for name in ("host", "port", "dbname", "user", "password")}
    return psycopg.connect(**wanted, autocommit=True)


def wait_until_free(lock: int) -> None:
    """PostgreSQL ends a session, and lets go of its locks, a moment after it was closed."""
    with of_another_process() as session:
        session.execute("SET lock_timeout = '20s'")
        session.execute("SELECT pg_advisory_lock(%s)", [lock])
        session.execute("SELECT pg_advisory_unlock(%s)", [lock])
