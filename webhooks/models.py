"""A team's webhooks and what each is sent."""

import uuid

import uuid_utils.compat
from django.db import models

from vault.models import Team


def new_id() -> uuid.UUID:
    return uuid_utils.compat.uuid7()


class Webhook(models.Model):
    """An address of a team that is notified of events. Its secret is derived, and stands nowhere."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="webhooks")
    url = models.URLField(max_length=500)
    events = models.JSONField(default=list)
    # Ended by its receiver, which answered 410.
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    # Counts rotations: a part of what the secret is derived from. The one before signs for a while, too.
    secret_version = models.PositiveIntegerField(default=1)
    old_secret_until = models.DateTimeField(null=True, blank=True)
    # Events before this time have their deliveries; those shortly before it are looked for again.
    noted_until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.url} of {self.team}"


class WebhookDelivery(models.Model):
    """One event for one webhook, and how telling it went."""

    class Status(models.TextChoices):
        WAITING = "WAITING"
        DELIVERED = "DELIVERED"
        FAILED = "FAILED"

    # The message's id, equal in each attempt.
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=40)
    # What happened to: a submission's id, a round's, or a test's.
    subject = models.CharField(max_length=36)
    occurred_at = models.DateTimeField()
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.WAITING)
    n_attempts = models.PositiveSmallIntegerField(default=0)
    # Written before each attempt, so that one that is cut off is made again.
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    last_result = models.CharField(max_length=100, blank=True)

    class Meta:
        verbose_name_plural = "webhook deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["webhook", "event", "subject"], name="webhookdelivery_once"
            ),
            models.CheckConstraint(
                condition=models.Q(status="WAITING") ^ models.Q(next_attempt_at__isnull=True),
                name="webhookdelivery_due_while_waiting",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(status="WAITING"),
                name="webhookdelivery_due",
            ),
            models.Index(fields=["occurred_at"], name="webhookdelivery_age"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.webhook_id}"
