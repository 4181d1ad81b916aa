from enum import StrEnum

from django.db import models

from stats.verdict import ShiftGate, Verdict
from vault.models import Benchmark, Round, Submission, Team


def choices_of(words: type[StrEnum]) -> list[tuple[str, str]]:
    """Words of the judge as a field's choices; a verdict is written in one way everywhere."""
    return [
        (each.value, each.value if each.isupper() else each.replace("_", " ")) for each in words
    ]


class AuditRun(models.Model):
    """One execution of the audit on a snapshot of a round. Researchers and the audit worker only."""

    class Status(models.TextChoices):
        RUNNING = "RUNNING"
        DONE = "DONE"
        FAILED = "FAILED"

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="audit_runs")
    status = models.CharField(max_length=8, choices=Status.choices)
    # Submission and holdout ids, scorer version and parameters: with the seed they fix every figure.
    snapshot = models.JSONField()
    seed_entropy = models.CharField(max_length=64)
    shift_gate = models.CharField(max_length=16, choices=choices_of(ShiftGate), blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"audit {self.pk} of {self.round}"


class Finding(models.Model):
    """One check's result, on one team or (team null) on the board."""

    run = models.ForeignKey(AuditRun, on_delete=models.PROTECT, related_name="findings")
    team = models.ForeignKey(
        Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    submission = models.ForeignKey(
        Submission, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    check_name = models.CharField(max_length=40)
    estimate = models.FloatField(null=True, blank=True)
    low = models.FloatField(null=True, blank=True)
    high = models.FloatField(null=True, blank=True)
    p_value = models.FloatField(null=True, blank=True)
    minimum_detectable_effect = models.FloatField(null=True, blank=True)
    verdict = models.CharField(max_length=16, choices=choices_of(Verdict), blank=True)
    evidence = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "team", "check_name"],
                nulls_distinct=False,
                name="finding_once_per_check",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.check_name} of {self.team or 'the board'} in run {self.run_id}"


class Report(models.Model):
    """The document of one run, for researchers."""

    run = models.OneToOneField(AuditRun, on_delete=models.PROTECT, related_name="report")
    html = models.TextField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"report of run {self.run_id}"


class Publication(models.Model):
    """What the API may show of an audit: written when its round is published, read by the web role."""

    round = models.OneToOneField(Round, on_delete=models.PROTECT, related_name="published_audit")
    benchmark = models.ForeignKey(Benchmark, on_delete=models.PROTECT, related_name="publications")
    document = models.JSONField()
    published_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"publication of {self.round}"
