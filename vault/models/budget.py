from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from vault.models.holdout import Holdout
from vault.models.round import Round
from vault.models.submission import Submission
from vault.models.team import Team


class Admission(models.Model):
    """A team's account in a round: k queries and the nats reserved for their answers.

    Its row is the lock under which the budget is counted and changed.
    """

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="admissions")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="admissions")
    k = models.PositiveIntegerField()
    reserved_nats = models.FloatField()
    # A blind team is audited and shown no score, so it can learn nothing.
    is_blind = models.BooleanField(default=False)
    admitted_at = models.DateTimeField()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["round", "team"], name="admission_once"),
            CheckConstraint(condition=Q(reserved_nats__gte=0), name="admission_nats_not_negative"),
            # Nor NaN, which PostgreSQL holds to be greater than all.
            CheckConstraint(
                condition=Q(reserved_nats__lt=float("inf")), name="admission_nats_finite"
            ),
            CheckConstraint(condition=Q(k__gt=0), name="admission_k_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.team} in {self.round}"


class BudgetEntry(models.Model):
    """One line of the ledger; a trigger refuses to change or delete it."""

    class Kind(models.TextChoices):
        RESERVE = "RESERVE"
        COMMIT = "COMMIT"
        REFUND = "REFUND"

    admission = models.ForeignKey(Admission, on_delete=models.PROTECT, related_name="entries")
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    reason = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "budget entries"
        constraints = [
            UniqueConstraint(fields=["submission", "kind"], name="budgetentry_once_per_kind"),
            UniqueConstraint(
                fields=["submission"],
                condition=Q(kind__in=["COMMIT", "REFUND"]),
                name="budgetentry_settled_once",
            ),
            CheckConstraint(
                condition=Q(kind__in=["RESERVE", "COMMIT", "REFUND"]), name="budgetentry_kind_known"
            ),
        ]
        indexes = [models.Index(fields=["admission", "at"], name="budgetentry_by_account")]

    def __str__(self) -> str:
        return f"{self.kind} {self.submission_id}"


class HoldoutTold(models.Model):
    """What a holdout told apart from what was reserved for teams' answers: a publication, references on a
    board, answers that a correction of labels has superseded.

    With the admissions of all its rounds it is the holdout's ledger; a trigger refuses to change a row.
    """

    holdout = models.ForeignKey(Holdout, on_delete=models.PROTECT, related_name="told")
    # The round whose opening or publication told it.
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="+")
    # Whom it told; null: everybody.
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, related_name="+")
    what = models.CharField(max_length=20)
    nats = models.FloatField()
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "holdouts told"
        constraints = [
            UniqueConstraint(
                fields=["holdout", "round", "team", "what"],
                nulls_distinct=False,
                name="holdouttold_once",
            ),
            CheckConstraint(condition=Q(nats__gte=0), name="holdouttold_nats_not_negative"),
            CheckConstraint(condition=Q(nats__lt=float("inf")), name="holdouttold_nats_finite"),
        ]

    def __str__(self) -> str:
        return f"{self.what} of {self.round_id} about {self.holdout_id}"
