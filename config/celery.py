"""The Celery application. The broker is a bell: what must not be lost stands in PostgreSQL."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("holdout_vault")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
