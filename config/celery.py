"""The Celery application. The broker only wakes workers: what must not be lost stands in PostgreSQL."""

import os
import sys
from typing import Any

from celery import Celery, Task
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class TaskWithSession(Task):  # type: ignore[type-arg]
    """A task that takes over its process's database session from the task before it."""

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:
        """Close sessions that are old or broken; others are checked before their first statement."""
        close_old_connections()


app = Celery("holdout_vault", task_cls=TaskWithSession)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Celery would close the database's session before and after each task, and many a task would wait longer for
# a new one than for its statements.
app.conf.update(CELERY_DB_REUSE_MAX=sys.maxsize)
