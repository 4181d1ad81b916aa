from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from vault.models.team import Team, TeamToken


class TokenLink(models.Model):
    """Shows a team a new token, once. Only the digest of its secret is kept."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="token_links")
    digest = models.CharField(max_length=64, unique=True)
    # The list that it was made from, and its row there: one list makes its links once.
    batch = models.UUIDField()
    row = models.PositiveIntegerField()
    scopes = models.JSONField(default=list)
    token_expires_at = models.DateTimeField(null=True, blank=True)
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()
    # An organizer who cancels a link lets it expire.
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    token = models.OneToOneField(
        TeamToken, on_delete=models.PROTECT, null=True, blank=True, related_name="shown_by"
    )

    class Meta:
        constraints = [
            UniqueConstraint(fields=["batch", "row"], name="tokenlink_once_per_row"),
            CheckConstraint(
                condition=Q(used_at__isnull=True, token__isnull=True)
                | Q(used_at__isnull=False, token__isnull=False),
                name="tokenlink_used_with_its_token",
            ),
        ]

    def __str__(self) -> str:
        return f"link {self.pk} of {self.team}"
