from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from vault.models.benchmark import Benchmark


class SigningKey(models.Model):
    """The public half of a key that signs journal heads. The newest generation signs, all verify."""

    # SHA-256 of the public key as SubjectPublicKeyInfo in DER.
    kid = models.CharField(max_length=64, primary_key=True)
    generation = models.PositiveIntegerField(unique=True)
    # PEM, as it is handed to strangers.
    public_key = models.TextField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"signing key {self.kid[:12]} of generation {self.generation}"


class SignedHead(models.Model):
    """What the audit worker signed of a journal's chain: how long it was, and its last hash."""

    # None: of the installation's chain, which has a name that no benchmark has.
    benchmark = models.ForeignKey(
        Benchmark, on_delete=models.PROTECT, related_name="signed_heads", null=True
    )
    # The benchmark's name as it was signed: an organizer may change it until labels are sealed.
    slug = models.CharField(max_length=50)
    number = models.PositiveIntegerField()
    hash = models.CharField(max_length=64)
    # In whole seconds, so that it has one spelling.
    signed_at = models.DateTimeField()
    key = models.ForeignKey(SigningKey, on_delete=models.PROTECT, related_name="+")
    # Ed25519, in base64.
    signature = models.CharField(max_length=88)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["benchmark", "number"], name="signedhead_number_unique"),
            # A stranger knows the benchmark by its name.
            UniqueConstraint(fields=["slug", "number"], name="signedhead_said_once"),
            CheckConstraint(condition=Q(number__gt=0), name="signedhead_not_of_nothing"),
        ]

    def __str__(self) -> str:
        return f"signed head {self.number} of {self.slug}"
