from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from vault.models.benchmark import Benchmark

# What the chain that is about no benchmark is called.
INSTALLATION = "installation"


class JournalEntry(models.Model):
    """One link of a hash chain, written only by the SQL function `journal_append`."""

    # None: of the installation's chain, which is about no benchmark.
    benchmark = models.ForeignKey(
        Benchmark, on_delete=models.PROTECT, related_name="journal", null=True, blank=True
    )
    sequence = models.PositiveIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=40)
    actor = models.CharField(max_length=150)  # as long as a username
    # Canonical JSON text: the hash covers these bytes, so they are kept as they were hashed.
    payload = models.TextField()
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "journal entries"
        constraints = [
            UniqueConstraint(fields=["benchmark", "sequence"], name="journalentry_sequence_unique"),
            UniqueConstraint(
                fields=["sequence"],
                condition=Q(benchmark=None),
                name="journalentry_sequence_of_installation",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.benchmark or INSTALLATION} entry {self.sequence}: {self.kind}"


class JournalHead(models.Model):
    """The end of a benchmark's chain; its row lock orders the writers."""

    benchmark = models.OneToOneField(Benchmark, on_delete=models.PROTECT, primary_key=True)
    sequence = models.PositiveIntegerField()
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"head of {self.benchmark_id}"


class InstallationHead(models.Model):
    """The end of the installation's chain, in one row that orders its writers."""

    id = models.PositiveIntegerField(primary_key=True, default=1)
    sequence = models.PositiveIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [CheckConstraint(condition=Q(id=1), name="installationhead_one")]

    def __str__(self) -> str:
        return f"head of the {INSTALLATION}"
