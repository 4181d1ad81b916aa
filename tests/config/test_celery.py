"""A worker's database session: kept from one task to the next, and replaced when it has died."""

from typing import Any

import pytest
from celery.fixups import django as fixups
from django.db import connection

from config.celery import app
from vault import tasks  # noqa: F401 - registers the task

pytestmark = pytest.mark.django_db(transaction=True)

TASK = app.tasks["vault.tasks.notify"]


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def next_task() -> None:
    """What Celery does between two tasks, in a worker."""
    # Untyped, and not named in the stubs.
    worker: Any = getattr(fixups, "DjangoWorkerFixup")(app)  # noqa: B009
    worker.on_task_postrun(sender=TASK)
    worker.on_task_prerun(sender=TASK)
    TASK.before_start("id", (), {})


def test_the_session_is_kept_between_tasks() -> None:
    before = backend()

    next_task()

    assert backend() == before


def test_a_session_that_died_meanwhile_is_replaced() -> None:
    before, other = backend(), connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [before])
    finally:
        other.close()

    next_task()

    assert backend() != before
