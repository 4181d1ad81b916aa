"""Counting the attempts that ended the audit worker, so that what ends it each time is refused at last.

Whoever brings something to the audit worker shut decides what is inside: it may be made so that looking at it
takes all memory. An attempt is counted, and that is committed, before it begins; it is taken back when it
comes back, whatever it found, also if the database's connection was lost meanwhile.
"""

import logging
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F

from vault.models import OpeningAttempt

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
ENDED = "the audit worker was ended, or lost memory or database, three times while it looked inside"


def ended(*, subjects: Iterable[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Count by subject the attempts that did not come back; what was never begun is not in it."""
    found = OpeningAttempt.objects.filter(subject__in=list(subjects))
    return dict(found.values_list("subject", "n"))


def is_given_up(*, subject: uuid.UUID) -> bool:
    """Tell whether so many attempts ended their process that no further one is made."""
    return ended(subjects=[subject]).get(subject, 0) >= MAX_ATTEMPTS


@contextmanager
def counted(*, subject: uuid.UUID) -> Iterator[None]:
    """Count the block as an attempt that ended its process, until it comes back. Not inside a transaction."""
    row = OpeningAttempt.objects.filter(subject=subject)
    with transaction.atomic(durable=True):
        OpeningAttempt.objects.get_or_create(subject=subject)
        row.update(n=F("n") + 1)
    try:
        yield
    except MemoryError:
        raise
    except Exception:
        _take_back(subject)
        raise
    _take_back(subject)


def _take_back(subject: uuid.UUID) -> None:
    """Count one attempt less, on a new connection if this one is lost."""
    row = OpeningAttempt.objects.filter(subject=subject)
    try:
        try:
            row.update(n=F("n") - 1)
        except (InterfaceError, OperationalError):
            connection.close()
            row.update(n=F("n") - 1)
    except (InterfaceError, OperationalError) as error:
        # Without a database it stays counted. Not raised: the caller has to know what the attempt came to.
        logger.error("an attempt at %s stays counted: %s", subject, type(error).__name__)
