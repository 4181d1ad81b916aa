"""Tells a worker, through the broker, that a team has something to score.

A message that is lost or doubled changes nothing: a worker claims the submission in PostgreSQL, and the
sweeper notifies again of whatever was not claimed. So a request never waits for the broker: a thread of the
process publishes, and when the broker hangs until the thread's list is full, further messages are dropped.
"""

import logging
import os
import queue
import threading
import uuid

import kombu.exceptions
import redis.exceptions
from celery import current_app

logger = logging.getLogger(__name__)

SCORE_TASK = "vault.tasks.score_submission"
QUEUE = "scoring"
DISCLOSE_TASK = "vault.tasks.disclose_holdout"
VERIFY_TASK = "vault.tasks.verify_envelope"
CORRECT_TASK = "vault.tasks.correct_labels"
AUDIT_QUEUE = "audit"
# Far more than come at once: a longer list would only grow while the broker hangs.
MAX_WAITING = 1000


class _Publisher:
    """One thread per process; a forked child starts its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: int | None = None
        self._waiting: queue.Queue[uuid.UUID] = queue.Queue(MAX_WAITING)

    def put(self, submission_id: uuid.UUID) -> bool:
        with self._lock:
            if self._process != os.getpid():
                self._process = os.getpid()
                # What is listed when a process forks is the parent's to publish.
                self._waiting = queue.Queue(MAX_WAITING)
                threading.Thread(target=self._run, args=(self._waiting,), daemon=True).start()
        try:
            self._waiting.put_nowait(submission_id)
        except queue.Full:
            return False
        return True

    def _run(self, waiting: "queue.Queue[uuid.UUID]") -> None:
        while True:
            _publish(SCORE_TASK, queue=QUEUE, submission_id=waiting.get())


def _publish(task: str, *, queue: str, **named: uuid.UUID) -> None:
    named_by_text = {name: str(value) for name, value in named.items()}
    try:
        # A retry would keep those behind it waiting; the sweeper notifies again.
        current_app.send_task(
            task, kwargs=named_by_text, queue=queue, retry=False, ignore_result=True
        )
    except (kombu.exceptions.OperationalError, redis.exceptions.RedisError, OSError) as error:
        logger.warning("the broker did not take %s: %s", named_by_text, type(error).__name__)


_publisher = _Publisher()


def notify(*, submission_id: uuid.UUID) -> bool:
    """Tell whether the message was listed for publishing; return at once whatever the broker does."""
    return _publisher.put(submission_id)


def ask_to_disclose(*, holdout_id: uuid.UUID) -> None:
    """Wake the audit worker for a request that is committed; its sweeper finds what the broker lost."""
    _publish(DISCLOSE_TASK, queue=AUDIT_QUEUE, holdout_id=holdout_id)


def ask_to_verify(*, batch: uuid.UUID) -> None:
    """Wake the audit worker for an envelope that is stored; its sweeper finds what the broker lost."""
    _publish(VERIFY_TASK, queue=AUDIT_QUEUE, batch=batch)


def ask_to_correct(*, request_id: uuid.UUID) -> None:
    """Wake the audit worker for a correction that is asked for, as for a disclosure."""
    _publish(CORRECT_TASK, queue=AUDIT_QUEUE, request_id=request_id)
