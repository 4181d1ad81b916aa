from django.db import models
from django.db.models import CheckConstraint, Q

from vault.models.round import Round
from vault.models.team import Team


class RoundNotice(models.Model):
    """What an organizer changed about a round after it was planned, for everybody to read.

    Notices are added and never edited; a trigger refuses it.
    """

    class Kind(models.TextChoices):
        DEADLINE_MOVED = "deadline_moved", "end moved"
        QUERIES_ADDED = "queries_added", "more queries"
        LATE_ALLOWED = "late_allowed", "may hand in late"
        LATE_WITHDRAWN = "late_withdrawn", "late queries withdrawn"
        AUDIT_REPEATED = "audit_repeated", "audit repeated"

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="notices")
    # Null: it is about the round as a whole.
    team = models.ForeignKey(
        Team, on_delete=models.PROTECT, null=True, blank=True, related_name="notices"
    )
    kind = models.CharField(max_length=20, choices=Kind.choices)
    reason = models.CharField(max_length=500)
    actor = models.CharField(max_length=150)
    at = models.DateTimeField()
    # What it was and what it became, in the words of the API; null where there is nothing to say.
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)

    class Meta:
        constraints = [CheckConstraint(condition=~Q(reason=""), name="roundnotice_says_why")]

    def __str__(self) -> str:
        return f"{self.kind} in round {self.round_id}"


class LateAllowance(models.Model):
    """Queries that one team may use after a round stopped receiving. The last one of a team holds.

    One that is withdrawn is followed by one of no queries.
    """

    # Says why, who and when.
    notice = models.OneToOneField(RoundNotice, on_delete=models.PROTECT, primary_key=True)
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="late_allowances")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="late_allowances")
    n_queries = models.PositiveIntegerField()
    # Late queries that the team had used before: those of earlier allowances are not counted again.
    used_before = models.PositiveIntegerField()
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"late allowance of {self.team_id} in round {self.round_id}"

    @property
    def limit(self) -> int:
        """Count the late queries that the team may have used when all of it is used."""
        return self.used_before + self.n_queries
