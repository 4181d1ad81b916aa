from django.db import models
from django.db.models import UniqueConstraint

from vault.models.team import Team


class IdempotentAnswer(models.Model):
    """What a team's request with an `Idempotency-Key` was answered, for when it is sent again."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=255)
    # Of the request: another request under the same key is refused, not answered.
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [UniqueConstraint(fields=["team", "key"], name="idempotentanswer_once")]
        indexes = [models.Index(fields=["expires_at"], name="idempotentanswer_expiry")]

    def __str__(self) -> str:
        return f"{self.status} to {self.key}"
