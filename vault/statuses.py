"""The lives of a holdout, a submission and a round.

TRANSITIONS is the only place that says what may follow what.
"""

from django.db import models


class HoldoutKind(models.TextChoices):
    IID = "iid", "random shard of the query pool"
    TEMPORAL = "temporal", "later period"
    STRESS = "stress", "rare, adversarial or perturbed cases"
    PROSPECTIVE = "prospective", "published before its labels exist"


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
# Rounds without a board: nobody but references was answered in them.
NEVER_OPENED = (RoundStatus.PLANNED, RoundStatus.CANCELLED)

TRANSITIONS: dict[str, tuple[str, ...]] = {
    HoldoutStatus.SEALED: (HoldoutStatus.FRESH, HoldoutStatus.QUERY),
    HoldoutStatus.FRESH: (HoldoutStatus.QUERY, HoldoutStatus.RETIRED),
    HoldoutStatus.QUERY: (HoldoutStatus.RETIRED,),
    HoldoutStatus.RETIRED: (HoldoutStatus.DISCLOSED,),
    HoldoutStatus.DISCLOSED: (),
    RoundStatus.PLANNED: (RoundStatus.OPEN, RoundStatus.CANCELLED),
    RoundStatus.OPEN: (RoundStatus.CLOSING,),
    RoundStatus.CLOSING: (RoundStatus.CLOSED,),
    RoundStatus.CLOSED: (RoundStatus.AUDITED,),
    RoundStatus.AUDITED: (RoundStatus.PUBLISHED,),
    RoundStatus.PUBLISHED: (),
    RoundStatus.CANCELLED: (),
    SubmissionStatus.QUEUED: (SubmissionStatus.SCORING, SubmissionStatus.CANCELLED),
    SubmissionStatus.SCORING: (
        SubmissionStatus.SCORED,
        SubmissionStatus.QUEUED,
        SubmissionStatus.FAILED,
        SubmissionStatus.CANCELLED,  # a reference whose planned round is cancelled
    ),
    SubmissionStatus.SCORED: (SubmissionStatus.WITHDRAWN,),
    SubmissionStatus.FAILED: (),
    SubmissionStatus.CANCELLED: (),
    SubmissionStatus.WITHDRAWN: (),
}
