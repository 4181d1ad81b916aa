from django.db import models
from django.db.models import CheckConstraint, Q

from vault.models.round import Round
from vault.models.team import Team


class AccountLink(models.Model):
    """A reviewer's act: these accounts belong together in a round, for a reason, or no longer do.

    It is for researchers and changes nothing of any account. Acts are added and never edited; of a round and
    a set of accounts the last one holds.
    """

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="account_links")
    teams = models.ManyToManyField(Team, related_name="+")
    # It takes the link back.
    is_reversal = models.BooleanField(default=False)
    reason = models.CharField(max_length=500)
    actor = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        constraints = [CheckConstraint(condition=~Q(reason=""), name="accountlink_says_why")]

    def __str__(self) -> str:
        return f"link {self.pk} of accounts in round {self.round_id}"


class AccountAppeal(models.Model):
    """What a team says against a link of its account, as an organizer recorded it. It decides nothing."""

    link = models.ForeignKey(AccountLink, on_delete=models.PROTECT, related_name="appeals")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    # The team's own words.
    text = models.CharField(max_length=5_000)
    received_on = models.DateField()
    actor = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        constraints = [CheckConstraint(condition=~Q(text=""), name="accountappeal_says_something")]

    def __str__(self) -> str:
        return f"appeal of team {self.team_id} against link {self.link_id}"
