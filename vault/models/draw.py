import uuid

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from vault.models.benchmark import Benchmark
from vault.models.sealed import Ciphertext, DataKey


class Draw(models.Model):
    """How a batch came into shards: what was committed to of it when it was sealed, and what is public."""

    # The holdouts of the draw carry it.
    batch = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    benchmark = models.ForeignKey(Benchmark, on_delete=models.PROTECT, related_name="draws")
    # SHA-256 of the seed's 32 bytes: whoever drew cannot say later that it was another one.
    seed_sha256 = models.CharField(max_length=64)
    # In the order in which the draw served them.
    holdout_ids = models.JSONField()

    def __str__(self) -> str:
        return f"draw {str(self.batch)[:8]}"


class DrawRecord(Ciphertext):
    """Ciphertext of the seed and of the report on the draw, for the audit key alone.

    The seed tells which items are in which shard. It is opened when all shards are disclosed.
    """

    draw = models.OneToOneField(
        Draw, on_delete=models.PROTECT, primary_key=True, related_name="record"
    )

    def __str__(self) -> str:
        return f"record of {self.draw_id}"


class DrawKey(DataKey):
    """A record's data key, wrapped by HPKE for one sealing key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    draw = models.ForeignKey(Draw, on_delete=models.PROTECT, related_name="wrapped_keys")

    class Meta:
        constraints = [
            UniqueConstraint(fields=["draw", "sealing_key"], name="drawkey_once_per_key")
        ]

    def __str__(self) -> str:
        return f"key of {self.draw_id} for {self.sealing_key_id[:12]}"


class DisclosedDraw(models.Model):
    """The published seed and report of a draw whose shards are all disclosed; the audit worker's alone."""

    draw = models.OneToOneField(
        Draw, on_delete=models.PROTECT, primary_key=True, related_name="disclosed"
    )
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    file_key = models.CharField(max_length=200)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"disclosed {self.draw_id}"


class SealedEnvelope(models.Model):
    """A batch that was sealed where its labels live. Its shards serve nothing before it is verified."""

    class Status(models.TextChoices):
        RECEIVED = "RECEIVED"  # the audit worker has not looked inside yet
        VERIFIED = "VERIFIED"
        REFUSED = "REFUSED"

    draw = models.OneToOneField(
        Draw, on_delete=models.PROTECT, primary_key=True, related_name="envelope"
    )
    # Of the file.
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    actor = models.CharField(max_length=150)
    at = models.DateTimeField()
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.RECEIVED)
    # What was wrong inside, where it was refused; it says nothing of a label.
    problem = models.CharField(max_length=300, blank=True)
    judged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            CheckConstraint(
                condition=Q(status__in=["RECEIVED", "VERIFIED", "REFUSED"]),
                name="sealedenvelope_status_known",
            )
        ]

    def __str__(self) -> str:
        return f"envelope of {self.draw_id} ({self.status})"
