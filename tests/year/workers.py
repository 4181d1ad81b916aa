"""The workers of the year: what the broker was given is done at once, by the database role that does it."""

from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any

import pytest
from celery import Celery, Task
from celery import current_app as app
from django.conf import settings

from tests.vault.factories import acting_as
from vault.models import Submission
from vault.queue import broker
from vault.statuses import PENDING

SCORE = "vault.tasks.score_submission"
# In the order of a minute: what is due closes and opens, labels are put right, then audits go on.
SWEEPS = (
    "vault.tasks.sweep",
    "vault.tasks.sweep_envelopes",
    "vault.tasks.sweep_corrections",
    "vault.tasks.sweep_rescoring",
    "audits.tasks.sweep",
    "vault.tasks.sweep_disclosures",
)


def role_of(task: str) -> str:
    """The role of the worker whose queue the task goes to."""
    routes = settings.CELERY_TASK_ROUTES
    queues = [route["queue"] for pattern, route in routes.items() if fnmatch(task, pattern)]
    return queues[0] if queues else settings.CELERY_TASK_DEFAULT_QUEUE


@dataclass(kw_only=True)
class Workers:
    """Does what was sent; a minute of theirs is `sweep`."""

    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def listen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def apply_async(task: Task, *_: Any, kwargs: Any = None, **__: Any) -> None:  # type: ignore[type-arg]
            self.sent.append((task.name, kwargs or {}))

        def send_task(_: Celery, name: str, *, kwargs: Any = None, **__: Any) -> None:
            # A thread of an earlier test may still send what waited there; here the database is asked.
            if name != broker.SCORE_TASK:
                self.sent.append((name, kwargs or {}))

        app.loader.import_default_modules()  # as a worker does at its start
        monkeypatch.setattr(Task, "apply_async", apply_async)
        monkeypatch.setattr(Celery, "send_task", send_task)
        # Its own thread would write to the list when it pleases; what waits is found in the database.
        monkeypatch.setattr(broker, "notify", lambda *, submission_id: True)

    def work(self) -> None:
        """Do what was sent and score what waits, until nothing is left."""
        while self.sent or self._waiting():
            for submission_id in self._waiting():
                self.run(SCORE, submission_id=submission_id)
            while self.sent:
                name, arguments = self.sent.pop(0)
                self.run(name, **arguments)

    def sweep(self) -> None:
        for name in SWEEPS:
            self.run(name)
        self.work()

    def run(self, name: str, **arguments: Any) -> None:
        with acting_as(role_of(name)):
            app.tasks[name](**arguments)

    def _waiting(self) -> list[str]:
        waiting = Submission.objects.filter(status__in=PENDING).order_by(
            "round", "team", "sequence"
        )
        return [str(pk) for pk in waiting.values_list("pk", flat=True)]
