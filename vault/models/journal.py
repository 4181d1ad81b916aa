from django.db import models
from django.db.models import UniqueConstraint

from vault.models.benchmark import Benchmark


class JournalEntry(models.Model):
    """One link of a benchmark's hash chain, written only by the SQL function `journal_append`."""

    benchmark = models.ForeignKey(Benchmark, on_delete=models.PROTECT, related_name="journal")
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
            UniqueConstraint(fields=["benchmark", "sequence"], name="journalentry_sequence_unique")
        ]

    def __str__(self) -> str:
        return f"{self.benchmark} entry {self.sequence}: {self.kind}"


class JournalHead(models.Model):
    """The end of a benchmark's chain; its row lock orders the writers."""

    benchmark = models.OneToOneField(Benchmark, on_delete=models.PROTECT, primary_key=True)
    sequence = models.PositiveIntegerField()
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"head of {self.benchmark_id}"
