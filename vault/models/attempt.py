from django.db import models


class OpeningAttempt(models.Model):
    """How often a process was ended while it opened one thing that was brought to the audit worker shut."""

    # An envelope's batch, a batch of awaited labels, or a correction.
    subject = models.UUIDField(primary_key=True)
    n = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.n} attempts at {self.subject}"
