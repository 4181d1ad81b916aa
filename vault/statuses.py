"""The lives of a holdout, a submission and a round.

TRANSITIONS is the only place that says what may follow what; whoever changes a status asks `before`.
"""

from django.db import models


class HoldoutStatus(models.TextChoices):
    SEALED = "SEALED"
    FRESH = "FRESH"
    QUERY = "QUERY"
    RETIRED = "RETIRED"
    DISCLOSED = "DISCLOSED"


class RoundStatus(models.TextChoices):
    PLANNED = "PLANNED"  # references are submitted and scored before any team may ask
    OPEN = "OPEN"
    CLOSING = "CLOSING"  # nothing new; waits until nothing is queued or scoring
    CLOSED = "CLOSED"  # finals are locked
    AUDITED = "AUDITED"
    PUBLISHED = "PUBLISHED"
    CANCELLED = "CANCELLED"  # planned, and never opened


class PublicationKind(models.TextChoices):
    """How much a round's publication tells of the fresh holdout, chosen when the round is planned."""

    COARSE = "coarse", "rounded figures; the fresh holdout answers the next round"
    FULL = "full", "exact figures and all metrics; the fresh holdout retires at once"


class SubmissionStatus(models.TextChoices):
    QUEUED = "QUEUED"
    SCORING = "SCORING"
    SCORED = "SCORED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    WITHDRAWN = "WITHDRAWN"


PENDING = (SubmissionStatus.QUEUED, SubmissionStatus.SCORING)
# Rounds that are not over: teams are admitted to them.
COMING = (RoundStatus.PLANNED, RoundStatus.OPEN)
# Rounds in which nothing is answered any more. Every team that has a scored submission has its final, and no
# declaration changes it; while a round is closing finals can still be missing.
FINALS_LOCKED = (RoundStatus.CLOSED, RoundStatus.AUDITED, RoundStatus.PUBLISHED)
# Rounds without a board: nobody but references was answered in them.
NEVER_OPENED = (RoundStatus.PLANNED, RoundStatus.CANCELLED)

Status = HoldoutStatus | RoundStatus | SubmissionStatus

# By life: a word such as CANCELLED stands in more than one.
TRANSITIONS: dict[type[Status], dict[Status, tuple[Status, ...]]] = {
    HoldoutStatus: {
        HoldoutStatus.SEALED: (HoldoutStatus.FRESH, HoldoutStatus.QUERY),
        HoldoutStatus.FRESH: (HoldoutStatus.QUERY, HoldoutStatus.RETIRED),
        HoldoutStatus.QUERY: (HoldoutStatus.RETIRED,),
        HoldoutStatus.RETIRED: (HoldoutStatus.DISCLOSED,),
        HoldoutStatus.DISCLOSED: (),
    },
    RoundStatus: {
        RoundStatus.PLANNED: (RoundStatus.OPEN, RoundStatus.CANCELLED),
        RoundStatus.OPEN: (RoundStatus.CLOSING,),
        RoundStatus.CLOSING: (RoundStatus.CLOSED,),
        RoundStatus.CLOSED: (RoundStatus.AUDITED,),
        RoundStatus.AUDITED: (RoundStatus.PUBLISHED,),
        RoundStatus.PUBLISHED: (),
        RoundStatus.CANCELLED: (),
    },
    SubmissionStatus: {
        SubmissionStatus.QUEUED: (SubmissionStatus.SCORING, SubmissionStatus.CANCELLED),
        SubmissionStatus.SCORING: (
            SubmissionStatus.SCORING,  # another worker takes over what a lost one left
            SubmissionStatus.SCORED,
            SubmissionStatus.QUEUED,
            SubmissionStatus.FAILED,
            SubmissionStatus.CANCELLED,  # a reference whose planned round is cancelled
        ),
        SubmissionStatus.SCORED: (SubmissionStatus.WITHDRAWN,),
        SubmissionStatus.FAILED: (),
        SubmissionStatus.CANCELLED: (),
        SubmissionStatus.WITHDRAWN: (),
    },
}


def before(status: Status) -> list[Status]:
    """List what a thing may be before it becomes `status`."""
    life = TRANSITIONS[type(status)]
    return [earlier for earlier, following in life.items() if status in following]
