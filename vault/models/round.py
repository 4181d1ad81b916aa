from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from vault.models.benchmark import Benchmark
from vault.models.holdout import Holdout
from vault.models.panel import Panel
from vault.statuses import PublicationKind, RoundStatus


class Round(models.Model):
    benchmark = models.ForeignKey(Benchmark, on_delete=models.PROTECT, related_name="rounds")
    number = models.PositiveIntegerField()
    status = models.CharField(
        max_length=16, choices=RoundStatus.choices, default=RoundStatus.PLANNED
    )
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    panel = models.ForeignKey(Panel, on_delete=models.PROTECT)
    query_holdout = models.ForeignKey(Holdout, on_delete=models.PROTECT, related_name="rounds")
    fresh_holdouts = models.ManyToManyField(Holdout, related_name="audited_rounds")

    mechanism = models.CharField(max_length=40)
    parameters = models.JSONField(default=dict, blank=True)

    publication = models.CharField(
        max_length=8, choices=PublicationKind.choices, default=PublicationKind.COARSE
    )

    # The answers that count: 1, or the last `Transcript` that became current.
    transcript = models.PositiveIntegerField(default=1, editable=False)

    # Said when it was planned: no audit tests anybody, for want of a holdout that nobody was told of.
    unaudited = models.BooleanField(
        default=False,
        help_text="Where ticked, no fresh holdout of the query holdout's draw is opened: no team is tested.",
    )

    # Ids of reference teams, the baseline's first: with their files the round opens by itself.
    named_references = models.JSONField(default=list, blank=True)

    # The budget policy. The total is each admission's k.
    window_seconds = models.PositiveIntegerField(default=86400)
    window_limit = models.PositiveIntegerField(default=5)
    total_limit = models.PositiveIntegerField(default=100)
    concurrent_limit = models.PositiveIntegerField(default=2)
    max_teams = models.PositiveIntegerField(default=50)

    # What the query holdout may tell by the end, and all that it told before. Null: not kept at its planning.
    planned_nats = models.FloatField(
        "planned for (nats)",
        null=True,
        blank=True,
        help_text="All that the query holdout told before, and as many teams with as many queries as "
        "planned.",
    )

    opened_at = models.DateTimeField(null=True, blank=True)
    # From when on it received nothing: its announced end, or when an organizer closed it before. What waited
    # then is still scored, and `closed_at` is when finals were locked.
    stopped_at = models.DateTimeField(
        "stopped receiving at",
        null=True,
        blank=True,
        help_text="Its announced end, or when an organizer closed it before.",
    )
    closed_at = models.DateTimeField(
        "finals locked at", null=True, blank=True, help_text="Once all that waited was scored."
    )
    audited_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    # For everybody to read.
    cancelled_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["benchmark", "number"], name="round_number_unique"),
            UniqueConstraint(
                fields=["benchmark"],
                condition=Q(status=RoundStatus.OPEN),
                name="round_one_open_per_benchmark",
            ),
            CheckConstraint(condition=Q(status__in=RoundStatus.values), name="round_status_known"),
            CheckConstraint(
                condition=Q(
                    status=RoundStatus.CANCELLED, cancelled_at__isnull=False, opened_at__isnull=True
                )
                & ~Q(cancelled_reason="")
                | ~Q(status=RoundStatus.CANCELLED)
                & Q(cancelled_at__isnull=True, cancelled_reason=""),
                name="round_cancelled_says_why",
            ),
            CheckConstraint(
                condition=Q(publication__in=PublicationKind.values), name="round_publication_known"
            ),
            CheckConstraint(condition=Q(closes_at__gt=F("opens_at")), name="round_closes_later"),
            CheckConstraint(
                condition=Q(
                    window_seconds__gt=0,
                    window_limit__gt=0,
                    total_limit__gt=0,
                    concurrent_limit__gt=0,
                    max_teams__gt=0,
                ),
                name="round_limits_positive",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.benchmark.slug} round {self.number}"


class RoundSecret(models.Model):
    """Entropy from which seeds are derived. Only workers may read it, the audit worker its own part alone."""

    round = models.OneToOneField(
        Round, on_delete=models.PROTECT, primary_key=True, related_name="secret"
    )
    # Of the releases.
    entropy = models.CharField(max_length=64)
    # Of the round's audits: fixed before the first submission.
    audit_seed = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"secret of round {self.round_id}"
