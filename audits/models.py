from enum import StrEnum

from django.db import models

from stats.team_tests import BEST_SCORED, FINAL, ORGANIZER, OWN_FILES
from stats.verdict import ShiftGate, Verdict
from vault.models import Benchmark, Round, RoundNotice, Submission, Team

FILES = [(FINAL, "final"), (BEST_SCORED, "best-scored file")]
REFERENCES = [(OWN_FILES, "own first files"), (ORGANIZER, "the references")]


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
    # It repeats an audit, as this notice asked; null: it is the first of its round.
    notice = models.ForeignKey(
        RoundNotice, on_delete=models.PROTECT, null=True, blank=True, related_name="audit_runs"
    )
    status = models.CharField(max_length=8, choices=Status.choices)
    # Submission and holdout ids, scorer version and parameters: with the seed they fix every figure.
    snapshot = models.JSONField()
    seed_entropy = models.CharField(max_length=64)
    shift_gate = models.CharField(max_length=16, choices=choices_of(ShiftGate), blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True)

    @classmethod
    def last_done(cls, round: Round) -> "AuditRun | None":
        return cls.objects.filter(round=round, status=cls.Status.DONE).order_by("-pk").first()

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
    # In the metric's units, as are its interval and what would have been found.
    estimate = models.FloatField(null=True, blank=True)
    low = models.FloatField(null=True, blank=True)
    high = models.FloatField(null=True, blank=True)
    p_value = models.FloatField(null=True, blank=True)
    minimum_detectable_effect = models.FloatField(null=True, blank=True)
    verdict = models.CharField(max_length=16, choices=choices_of(Verdict), blank=True)
    # Of a verdict's finding, and of a reference's, which has scores and no verdict.
    published_verdict = models.CharField(max_length=16, choices=choices_of(Verdict), blank=True)
    is_reference = models.BooleanField(default=False)
    attempts = models.PositiveIntegerField(null=True, blank=True)
    n_files = models.PositiveIntegerField(null=True, blank=True)
    # What the board showed of the final, in the metric's units.
    released = models.FloatField(null=True, blank=True)
    # Exact scores of the final and of the best-scored file, stored so that higher is better.
    query = models.FloatField(null=True, blank=True)
    fresh = models.FloatField(null=True, blank=True)
    best_query = models.FloatField(null=True, blank=True)
    best_fresh = models.FloatField(null=True, blank=True)
    # The tested file that the verdict names, and whether that is the one on the board.
    file_named = models.CharField(max_length=16, choices=FILES, blank=True)
    named_submission = models.ForeignKey(
        Submission, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    is_ranked_file = models.BooleanField(default=True)
    # With which references the shown test compares, and how much better they look on the query labels.
    test = models.CharField(max_length=16, choices=REFERENCES, blank=True)
    reference_excess = models.FloatField(null=True, blank=True)
    luck = models.FloatField(null=True, blank=True)
    # The test stopped where the p-value was known to be above .05.
    is_screened = models.BooleanField(default=False)
    # Whatever else the check's own file reads, or researchers do.
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
    # What it says as canonical JSON, and as Markdown; of a report from before there are none.
    facts = models.TextField(blank=True, default="")
    markdown = models.TextField(blank=True, default="")
    # Of the page.
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"report of run {self.run_id}"


class RepeatedAudit(models.Model):
    """What the API may show of an audit that was made again, beside the publication, which stays."""

    run = models.OneToOneField(AuditRun, on_delete=models.PROTECT, primary_key=True)
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="repeated_audits")
    # Of its notice, which everybody reads.
    reason = models.CharField(max_length=500)
    made_at = models.DateTimeField()
    # Sentences on the labels and the code that are others than before.
    inputs = models.JSONField(default=list, blank=True)
    # By team, what the published document would say otherwise. Null: it was made before the publication,
    # which is of the last run before it.
    differences = models.JSONField(null=True, blank=True)

    def __str__(self) -> str:
        return f"repeat {self.run_id} of {self.round}"


class Publication(models.Model):
    """What the API may show of an audit: written when its round is published, read by the web role."""

    round = models.OneToOneField(Round, on_delete=models.PROTECT, related_name="published_audit")
    benchmark = models.ForeignKey(Benchmark, on_delete=models.PROTECT, related_name="publications")
    document = models.JSONField()
    published_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"publication of {self.round}"
