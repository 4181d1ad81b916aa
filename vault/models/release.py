from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from vault.models.holdout import Holdout
from vault.models.round import Round
from vault.models.submission import Submission
from vault.models.team import Team


class RawScore(models.Model):
    """An exact score, in the metric's own units. Workers write it, audits read it, nobody edits it."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="raw_scores")
    holdout = models.ForeignKey(Holdout, on_delete=models.PROTECT, related_name="+")
    # The number of the holdout's `LabelVersion`; the database holds the pair to one that exists.
    label_version = models.PositiveIntegerField(default=1)
    scorer_version = models.CharField(max_length=20)
    metric = models.CharField(max_length=32)
    value = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    scored_at = models.DateTimeField()

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["submission", "holdout", "label_version", "scorer_version", "metric"],
                name="rawscore_once",
            )
        ]

    def __str__(self) -> str:
        return f"raw {self.metric} of {self.submission_id}"


class ReleaseInput(models.Model):
    """What the mechanism was told about a submission, kept so that a worker can replay its release."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="+")
    holdout = models.ForeignKey(Holdout, on_delete=models.PROTECT, related_name="+")
    transcript = models.PositiveIntegerField(default=1)
    label_version = models.PositiveIntegerField(default=1)
    scorer_version = models.CharField(max_length=20)
    incumbent = models.ForeignKey(Submission, on_delete=models.PROTECT, null=True, related_name="+")
    # Oriented: higher is better.
    score = models.FloatField()
    paired_se = models.FloatField()
    # The team's own validation score, oriented.
    reported = models.FloatField(null=True)

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["submission", "holdout", "transcript"], name="releaseinput_once"
            )
        ]

    def __str__(self) -> str:
        return f"release input of {self.submission_id}"


class MechanismState(models.Model):
    """One team's mechanism memory in one transcript. It names the incumbent, and never holds its vector."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    transcript = models.PositiveIntegerField(default=1)
    state = models.JSONField()
    incumbent = models.ForeignKey(Submission, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["round", "team", "transcript"], name="mechanismstate_one_per_team"
            )
        ]

    def __str__(self) -> str:
        return f"state of {self.team_id} in round {self.round_id}"


class Transcript(models.Model):
    """All answers of a round once more, on corrected labels: from number 2 on, the first has no row.

    It becomes current for all teams at once; until then nothing else is scored in the round.
    """

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="transcripts")
    number = models.PositiveIntegerField()
    # Of the query holdout.
    label_version = models.PositiveIntegerField()
    begun_at = models.DateTimeField()
    current_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["round", "number"], name="transcript_number_unique"),
            UniqueConstraint(
                fields=["round"], condition=Q(current_at=None), name="transcript_one_waits"
            ),
            CheckConstraint(condition=Q(number__gt=1), name="transcript_not_the_first"),
        ]

    def __str__(self) -> str:
        return f"transcript {self.number} of round {self.round_id}"


class Release(models.Model):
    """The answer to one query: all that a team ever learns from it before publication.

    Where labels were corrected there is one for each transcript; the round says which is current.
    """

    class Outcome(models.TextChoices):
        SCORED = "scored"
        IMPROVED = "improved"
        NO_IMPROVEMENT = "no_improvement"
        CAP_USED = "cap_used"
        BLIND = "blind"

    # Answers that carry the submission's own value; others only repeat what is on display.
    OWN_VALUE = (Outcome.SCORED, Outcome.IMPROVED)

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="releases")
    transcript = models.PositiveIntegerField(default=1)
    # What the answer displays, in the metric's own units; null until something may be shown.
    value = models.FloatField(null=True)
    outcome = models.CharField(max_length=16, choices=Outcome.choices)
    released_at = models.DateTimeField()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["submission", "transcript"], name="release_once"),
            CheckConstraint(
                condition=Q(
                    outcome__in=["scored", "improved", "no_improvement", "cap_used", "blind"]
                ),
                name="release_outcome_known",
            ),
        ]

    def __str__(self) -> str:
        return f"release of {self.submission_id}"

    @property
    def released(self) -> float | None:
        """Give the submission's own value; None where the answer only repeats an earlier one."""
        return self.value if self.outcome in self.OWN_VALUE else None


class RoundReference(models.Model):
    """A frozen organizer baseline of a round; position 0 is the one the Ladder starts from."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="references")
    submission = models.OneToOneField(Submission, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["round", "position"], name="roundreference_position_unique")
        ]

    def __str__(self) -> str:
        return f"reference {self.position} of round {self.round_id}"


class PublishedResult(models.Model):
    """What publishing a round says of one team: its final's figures on fresh labels, and the verdict.

    All numbers are in the metric's own units and as coarse as they are published.
    """

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="published_results")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="+")
    # Null: this final's fresh figure is not told. It stands on the grid of `fresh_resolution`.
    fresh_value = models.FloatField(null=True)
    fresh_low = models.FloatField(null=True)
    fresh_high = models.FloatField(null=True)
    fresh_resolution = models.FloatField(null=True)
    # 1 is the best; teams of one tier are not told apart by their simultaneous paired intervals.
    tier = models.PositiveIntegerField(null=True)
    # How much better the file looks on query labels than on fresh ones: positive whatever the metric's
    # direction. `luck` is what of it the best of an honest team's draws would show.
    overstatement = models.FloatField(null=True)
    overstatement_low = models.FloatField(null=True)
    overstatement_high = models.FloatField(null=True)
    luck = models.FloatField(null=True)
    verdict = models.CharField(max_length=16, blank=True)
    # Which file the verdict, the overstatement and luck are of: the final, or the best-scored one.
    file_named = models.CharField(max_length=16, blank=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["round", "team"], name="publishedresult_one_per_team"),
            CheckConstraint(
                condition=Q(tier__isnull=True) | Q(tier__gt=0),
                name="publishedresult_tiers_from_one",
            ),
        ]

    def __str__(self) -> str:
        return f"result of {self.team_id} in round {self.round_id}"
