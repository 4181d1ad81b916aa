import uuid

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from vault.models.benchmark import Benchmark
from vault.models.sealed import Ciphertext, DataKey


class CorrectionRequest(models.Model):
    """An organizer's act: items of a batch do not count any more, or have other labels than were sealed.

    The audit worker carries it out. Which items it is about is sealed, and in no journal.
    """

    class What(models.TextChoices):
        VOID = "void", "leave items out of scoring"
        REPLACE = "replace", "replace labels"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    benchmark = models.ForeignKey(Benchmark, on_delete=models.PROTECT, related_name="corrections")
    batch = models.UUIDField()
    what = models.CharField(max_length=8, choices=What.choices)
    n_items = models.PositiveIntegerField()
    # Everybody reads it beside every holdout of the batch.
    reason = models.CharField(max_length=500)
    # Salted SHA-256 of what is sealed.
    commitment = models.CharField(max_length=64)
    actor = models.CharField(max_length=150)
    at = models.DateTimeField()
    # By the audit worker, one of the two.
    done_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)
    refusal = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            # Each is made of the labels that the one before it left.
            UniqueConstraint(
                fields=["batch"],
                condition=Q(done_at=None, refused_at=None),
                name="correctionrequest_one_waits",
            ),
            CheckConstraint(condition=~Q(reason=""), name="correctionrequest_says_why"),
            CheckConstraint(
                condition=Q(done_at=None) | Q(refused_at=None), name="correctionrequest_ends_once"
            ),
            CheckConstraint(
                condition=Q(what__in=["void", "replace"]), name="correctionrequest_what_known"
            ),
        ]

    def __str__(self) -> str:
        return f"correction of batch {str(self.batch)[:8]}"


class SealedCorrection(Ciphertext, DataKey):
    """Ids and labels of a correction, for the audit key alone. The admin's role never reads them again."""

    request = models.OneToOneField(
        CorrectionRequest, on_delete=models.PROTECT, primary_key=True, related_name="sealed"
    )

    def __str__(self) -> str:
        return f"sealed correction {self.request_id}"
