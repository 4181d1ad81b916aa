"""The Celery application. The broker is a bell: what must not be lost stands in PostgreSQL."""

import os
import sys
from typing import Any

from celery import Celery
from celery.signals import task_prerun
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("holdout_vault")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Celery would close the database's session before and after each task, and many a task would wait longer for
# a new one than for its statements.
app.conf.update(CELERY_DB_REUSE_MAX=sys.maxsize)


@task_prerun.connect
def look_after_sessions(**_: Any) -> None:
    """Close sessions that are old or broken, and have the others checked before their first statement."""
    close_old_connections()
