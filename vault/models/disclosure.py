from django.db import models
from django.db.models import CheckConstraint, Q

from vault.models.holdout import Holdout


class DisclosureRequest(models.Model):
    """An organizer's act: the audit worker is to publish a retired holdout's labels. It is not taken back."""

    holdout = models.OneToOneField(
        Holdout, on_delete=models.PROTECT, primary_key=True, related_name="disclosure_request"
    )
    # Everybody reads it beside the file.
    reason = models.CharField(max_length=500)
    actor = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        constraints = [CheckConstraint(condition=~Q(reason=""), name="disclosurerequest_says_why")]

    def __str__(self) -> str:
        return f"request to disclose {self.holdout_id}"


class DisclosedFile(models.Model):
    """The published labels of a holdout that is DISCLOSED; the audit worker alone writes the row."""

    holdout = models.OneToOneField(
        Holdout, on_delete=models.PROTECT, primary_key=True, related_name="disclosed_file"
    )
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    file_key = models.CharField(max_length=200)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"disclosed file of {self.holdout_id}"
