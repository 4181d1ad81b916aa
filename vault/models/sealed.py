"""What every sealed thing has: a key that it is sealed for, a ciphertext, and its wrapped data key."""

from django.db import models
from django.db.models import Q, UniqueConstraint


class SealingKey(models.Model):
    """A public key of a worker. The private half is a file that only that worker can read."""

    class Purpose(models.TextChoices):
        SCORING = "scoring"
        AUDIT = "audit"

    kid = models.CharField(max_length=64, primary_key=True)
    purpose = models.CharField(max_length=8, choices=Purpose.choices)
    public_key = models.BinaryField()
    # Of its purpose, from 1 on: what is sealed for an older one can be wrapped anew for the newest.
    generation = models.PositiveIntegerField()
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["purpose"],
                condition=Q(is_active=True),
                name="sealingkey_one_active_per_purpose",
            ),
            UniqueConstraint(fields=["purpose", "generation"], name="sealingkey_generation_once"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} key {self.kid[:12]}"


class Ciphertext(models.Model):
    """What is encrypted under a data key of its own."""

    cipher = models.CharField(max_length=40)
    ciphertext = models.BinaryField()
    # Of the ciphertext: the data key's envelope is bound to it.
    sha256 = models.CharField(max_length=64)

    class Meta:
        abstract = True


class DataKey(models.Model):
    """A data key, wrapped by HPKE for one sealing key."""

    sealing_key = models.ForeignKey(SealingKey, on_delete=models.PROTECT)
    suite = models.CharField(max_length=60)
    envelope = models.BinaryField()

    class Meta:
        abstract = True
