from django.db import models
from django.db.models import CheckConstraint, Q

from vault.models.round import Round
from vault.models.team import Team


class Unranking(models.Model):
    """An organizer's act: from then on a team has no rank in a round, or has one again.

    Acts are added and never edited; the last one of a round and a team holds.
    """

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="unrankings")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="unrankings")
    # It ranks again.
    is_reversal = models.BooleanField(default=False)
    # Everybody reads it on the board.
    reason = models.CharField(max_length=500)
    actor = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        constraints = [CheckConstraint(condition=~Q(reason=""), name="unranking_says_why")]

    def __str__(self) -> str:
        return f"{'ranking' if self.is_reversal else 'unranking'} of {self.team_id} in round {self.round_id}"
