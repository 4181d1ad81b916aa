"""The tick that beat sends reaches the webhooks' worker, and wakes the dispatcher."""

import datetime as dt
from typing import Any

import pytest
from django.conf import settings

from config.celery import app
from webhooks import dispatch, tasks


def test_beat_sends_the_task_to_the_worker_of_webhooks() -> None:
    tick: Any = settings.CELERY_BEAT_SCHEDULE["send-webhooks"]
    route: Any = app.amqp.router.route({}, tasks.send.name)

    assert tick["task"] == tasks.send.name
    assert route["queue"].name == "webhooks"
    # Nothing is lost with a tick, so none outlives the next.
    assert tick["options"]["expires"] == tick["schedule"]


def test_task_runs_the_dispatcher_by_the_real_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dt.datetime] = []

    def run(*, clock: Any) -> int:
        seen.append(clock())
        return 0

    monkeypatch.setattr(dispatch, "run", run)

    tasks.send()

    assert seen[0].tzinfo is not None
