"""Counting the attempts that ended the audit worker, so that what ends it each time is refused at last.

Whoever brings something to the audit worker shut decides what is inside: it may be made so that looking at it
takes all memory. An attempt is counted, and that is committed, before it begins; it is taken back when it
comes back, whatever it found.
"""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.models import F

from vault.models import OpeningAttempt

MAX_ATTEMPTS = 3
ENDED = "the audit worker was ended or out of memory three times while it looked inside"


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
        row.update(n=F("n") - 1)
        raise
    row.update(n=F("n") - 1)
