import uuid

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from vault.models.benchmark import Benchmark
from vault.models.holdout import Holdout
from vault.models.round import Round
from vault.models.submission import Submission
from vault.models.team import Team


class AwaitedLabels(models.Model):
    """What is fixed of a prospective holdout before it has a label: its items, and when scores are shown."""

    holdout = models.OneToOneField(
        Holdout, on_delete=models.PROTECT, primary_key=True, related_name="awaited"
    )
    # Its items are those that the panel grew by: they are published, so they are no secret.
    first_position = models.PositiveIntegerField()
    mature_share = models.FloatField(
        null=True, blank=True, help_text="Scores are shown once this share of items has a label."
    )
    mature_at = models.DateTimeField(
        null=True, blank=True, help_text="Scores are shown from then on, whatever is labelled."
    )

    class Meta:
        constraints = [
            CheckConstraint(
                condition=Q(mature_share__isnull=False) | Q(mature_at__isnull=False),
                name="awaitedlabels_mature_once",
            ),
            CheckConstraint(
                condition=Q(mature_share__isnull=True) | Q(mature_share__gt=0, mature_share__lte=1),
                name="awaitedlabels_share_of_all",
            ),
        ]

    def __str__(self) -> str:
        return f"awaited labels of {self.holdout_id}"


class LabelProvider(models.Model):
    """Who delivers a benchmark's awaited labels, by a bearer token of its own. Only its digest is kept."""

    benchmark = models.ForeignKey(
        Benchmark, on_delete=models.PROTECT, related_name="label_providers"
    )
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    made_by = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["benchmark", "name"], name="labelprovider_name_unique")
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.benchmark.slug}"


class LabelBatch(models.Model):
    """One delivery of labels: received by the web process, opened by the audit worker alone."""

    class Status(models.TextChoices):
        RECEIVED = "RECEIVED"
        ACCEPTED = "ACCEPTED"
        REFUSED = "REFUSED"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    holdout = models.ForeignKey(Holdout, on_delete=models.PROTECT, related_name="batches")
    provider = models.ForeignKey(LabelProvider, on_delete=models.PROTECT, related_name="batches")
    # The order of arrival.
    sequence = models.PositiveIntegerField()
    received_at = models.DateTimeField()
    # Of the ciphertext: one that is sent again is the same batch, however its envelope is written.
    sha256 = models.CharField(max_length=64)
    idempotency_key = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.RECEIVED)
    settled_at = models.DateTimeField(null=True, blank=True)
    n_rows = models.PositiveIntegerField(null=True, blank=True)
    # The number of the version that it made.
    version = models.PositiveIntegerField(null=True, blank=True)
    # Rows and columns, for the provider; never a label.
    problems = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["holdout", "sequence"], name="labelbatch_in_order"),
            UniqueConstraint(fields=["holdout", "sha256"], name="labelbatch_once"),
            UniqueConstraint(
                fields=["provider", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="labelbatch_one_per_key",
            ),
            CheckConstraint(
                condition=Q(status__in=("RECEIVED", "ACCEPTED", "REFUSED")),
                name="labelbatch_status_known",
            ),
        ]

    def __str__(self) -> str:
        return f"batch {self.sequence} of {self.holdout_id}"


class BatchEnvelope(models.Model):
    """The ciphertext of a batch, for the audit key. The web role inserts it and never reads it."""

    batch = models.OneToOneField(LabelBatch, on_delete=models.PROTECT, primary_key=True)
    kid = models.CharField(max_length=64)
    wrapped_key = models.BinaryField()
    ciphertext = models.BinaryField()

    def __str__(self) -> str:
        return f"envelope of {self.batch_id}"


class ProspectiveLook(models.Model):
    """One time that locked finals were scored on the labels so far. Append-only."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="prospective_looks")
    holdout = models.ForeignKey(Holdout, on_delete=models.PROTECT, related_name="looks")
    label_version = models.PositiveIntegerField()
    n_labelled = models.PositiveIntegerField()
    # Its rows are shown: enough new labels have come since the last that were.
    is_shown = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["round", "holdout", "label_version"], name="prospectivelook_once"
            )
        ]

    def __str__(self) -> str:
        return f"look at labels {self.label_version} of {self.holdout_id}"


class _Scored(models.Model):
    look = models.ForeignKey(ProspectiveLook, on_delete=models.PROTECT, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="+")
    # Null where there is no score; then a reason says why.
    value = models.FloatField(null=True)
    # Where labels come as if at random. Of a metric that is no mean of items there is none.
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    # Lateness depends on the prediction, so labels are weighted.
    is_weighted = models.BooleanField(default=False)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        abstract = True


class ProspectiveScore(_Scored):
    """A locked final on the labels of one version, exactly. Append-only; neither web nor admin reads it."""

    class Meta:
        constraints = [
            UniqueConstraint(fields=["look", "team"], name="prospectivescore_one_per_team")
        ]

    def __str__(self) -> str:
        return f"score of {self.team_id} at {self.look_id}"


class ProspectiveResult(_Scored):
    """The same as everybody may read it, on the grid of that many labels. Append-only."""

    # Whatever the delays are, without a score too; null where a missing label has no bounded share in it.
    bound_low = models.FloatField(null=True)
    bound_high = models.FloatField(null=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["look", "team"], name="prospectiveresult_one_per_team")
        ]

    def __str__(self) -> str:
        return f"result of {self.team_id} at {self.look_id}"
