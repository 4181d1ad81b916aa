from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from vault.models.round import Round
from vault.models.team import Team


class TeamMerge(models.Model):
    """An organizer's act: from then on one team stands for two. It is added, never edited, never undone.

    A team is absorbed once, by one that was not absorbed itself, and one that has absorbed others is not
    absorbed (a trigger holds this): who stands for whom is read in one step.
    """

    absorbed = models.OneToOneField(Team, on_delete=models.PROTECT, related_name="merge")
    kept = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="merges")
    # Those in which both count as one: planned or open at the time of the act. Earlier ones stay as they are.
    rounds = models.ManyToManyField(Round, related_name="merges")
    reason = models.CharField(max_length=500)
    actor = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            CheckConstraint(condition=~Q(absorbed=F("kept")), name="teammerge_of_two"),
            CheckConstraint(condition=~Q(reason=""), name="teammerge_says_why"),
        ]

    def __str__(self) -> str:
        return f"merge of {self.absorbed_id} into {self.kept_id}"


class MergedState(models.Model):
    """Where in a round the kept team's memory took over the absorbed team's: what a replay needs."""

    merge = models.ForeignKey(TeamMerge, on_delete=models.PROTECT, related_name="states")
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="+")
    transcript = models.PositiveIntegerField()
    # Of the kept team: the first submission that was answered with the joined memory, if it was answered.
    sequence = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["merge", "round", "transcript"], name="mergedstate_once")
        ]

    def __str__(self) -> str:
        return f"state of merge {self.merge_id} in round {self.round_id}"
