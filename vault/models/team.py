from django.db import models


class Team(models.Model):
    """The unit that holds budgets and tokens."""

    name = models.SlugField(unique=True)
    title = models.CharField(max_length=200, blank=True)
    # Organiser baselines: shown on the board, ranked nowhere, charged nothing.
    is_reference = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class TeamToken(models.Model):
    """A bearer token. Only its digest is kept; the prefix lets people tell tokens apart."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="tokens")
    label = models.CharField(max_length=100, blank=True)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    # Empty if an organizer issued it. It ends with the token that made it.
    made_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="made"
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.prefix}… of {self.team}"
