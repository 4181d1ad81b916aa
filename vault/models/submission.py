import uuid
from typing import Any

import uuid_utils.compat
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from vault.models.panel import Panel
from vault.models.round import Round
from vault.models.team import Team
from vault.statuses import PENDING, SubmissionStatus


def new_submission_id() -> uuid.UUID:
    return uuid_utils.compat.uuid7()


class Submission(models.Model):
    """One immutable set of predictions for the whole panel."""

    id = models.UUIDField(primary_key=True, default=new_submission_id, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="submissions")
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="submissions")
    panel = models.ForeignKey(Panel, on_delete=models.PROTECT)
    # Position among the team's submissions of the round: a team's answers come in this order.
    sequence = models.PositiveIntegerField()
    # Of the canonical predictions in panel order: two files with equal content have equal hashes.
    sha256 = models.CharField(max_length=64)
    file_key = models.CharField(max_length=200)
    status = models.CharField(
        max_length=16, choices=SubmissionStatus.choices, default=SubmissionStatus.QUEUED
    )
    submitted_at = models.DateTimeField()
    # Handed in after the round stopped receiving, as an organizer allowed.
    is_late = models.BooleanField(default=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    # A worker that claims the row may write its result only while it holds this fencing number.
    fence = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(null=True, blank=True)
    # The first time: leases that are lost soon after it do not count.
    claimed_at = models.DateTimeField(null=True, blank=True)
    n_exceptions = models.PositiveIntegerField(default=0)
    # Attempts that storage, database or keys spoiled; the next one is not made before `retry_at`.
    n_faults = models.PositiveIntegerField(default=0)
    retry_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=40, blank=True)

    model_name = models.CharField(max_length=200, blank=True)
    commit = models.CharField(max_length=64, blank=True)
    ci_run_url = models.URLField(max_length=500, blank=True)
    # The team's own, in the metric's units. Thresholdout compares with it; nothing else reads it.
    validation_score = models.FloatField(null=True, blank=True)
    # Self-reported: milliseconds of the slowest twentieth of answers, and what a thousand of them cost.
    latency_p95_ms = models.FloatField(null=True, blank=True)
    cost_per_1000 = models.FloatField(null=True, blank=True)
    # By which a bot that lost its network finds what it handed in.
    idempotency_key = models.CharField(max_length=255, blank=True)

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["round", "team", "sequence"], name="submission_sequence_unique"
            ),
            # The memo: identical predictions of one team in one round are one submission.
            UniqueConstraint(
                fields=["round", "team", "panel", "sha256"],
                condition=~Q(status__in=[SubmissionStatus.FAILED, SubmissionStatus.CANCELLED]),
                name="submission_content_unique",
            ),
            CheckConstraint(
                condition=Q(status__in=SubmissionStatus.values), name="submission_status_known"
            ),
            CheckConstraint(
                condition=Q(status=SubmissionStatus.SCORING) ^ Q(leased_until__isnull=True),
                name="submission_leased_while_scoring",
            ),
            CheckConstraint(
                condition=Q(status__in=PENDING) ^ Q(finished_at__isnull=False),
                name="submission_finished_when_final",
            ),
        ]
        indexes = [
            models.Index(
                fields=["round", "team", "sequence"],
                condition=Q(status__in=PENDING),
                name="submission_pending",
            ),
            # The queue's pace is read from the last few; a team's list is walked newest first.
            models.Index(fields=["-finished_at"], name="submission_last_finished"),
            models.Index(fields=["team", "-id"], name="submission_newest_of_team"),
        ]

    @property
    def release(self) -> Any:
        """Give the answer that counts: that of the round's current transcript. None where there is none."""
        # All of them, so that a list of submissions may bring its answers with it.
        number = self.round.transcript
        return next((each for each in self.releases.all() if each.transcript == number), None)

    def __str__(self) -> str:
        return str(self.id)


class Final(models.Model):
    """The one submission that a team is judged by: declared by the team, or filled in at the close."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="finals")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="finals")
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="+")
    is_declared = models.BooleanField()
    chosen_at = models.DateTimeField()

    class Meta:
        constraints = [UniqueConstraint(fields=["round", "team"], name="final_one_per_team")]

    def __str__(self) -> str:
        return f"final of {self.team_id} in round {self.round_id}"
