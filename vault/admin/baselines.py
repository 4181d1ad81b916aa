"""An organizer hands in a reference's file: an act of a planned round, for whoever has no shell.

It is the same receipt as over the API, by the same parser; nothing is charged. The process may insert
submissions of reference teams alone, which the database enforces.
"""

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from vault import locks, parser_pool, predictions, submissions
from vault.admin import data_files
from vault.admin.acts import Act, ActForm, Done
from vault.admin.data_files import DataFileField
from vault.errors import TransitionError
from vault.models import Round, Submission, Team
from vault.references import files as reference_files
from vault.references import order as reference_order
from vault.statuses import RoundStatus
from vault.submissions import MODEL_NAME, Provenance

NAME = "baseline"
LABEL = "Hand in a baseline file"
IS_ANOTHER = (
    " This team has handed in before, and what is handed in is not taken back: all its scored files are "
    "frozen, and the first comes first. Open the round by hand to choose another one as the baseline, or "
    "cancel it."
)
ONLY_FAILED_BEFORE = (
    " What this team handed in before failed or was taken back: it stays visible and counts towards the "
    f"limit of {reference_files.MAX_OF_TEAM} files. If this one is scored, it is the team's first: the "
    "baseline, unless a file of another team comes before it."
)


class BaselineForm(ActForm):
    team = forms.ModelChoiceField(
        queryset=Team.objects.filter(is_reference=True, is_active=True).order_by("name"),
        label="Reference team",
        help_text="Whose file it is. A reference is a team that was added with the tick “is reference”. At "
        f"most {reference_files.MAX_OF_TEAM} files of it are taken for a round, failed ones too, and none is "
        "taken back.",
    )
    file = DataFileField()
    model_name = forms.CharField(
        max_length=200,
        required=False,
        label="Model",
        validators=[RegexValidator(rf"\A{MODEL_NAME}\Z", "No control characters.")],
        help_text="What made the file, such as “majority class”; shown beside it.",
    )

    def prepare(self, target: Round) -> None:
        # Whom the plan waits for, unless the address names another.
        self.initial.setdefault("team", next(iter(target.named_references), None))
        columns = ", ".join(("id", *predictions.spec(target.benchmark).value_columns))
        self.fields["file"].help_text = (
            f"CSV or Parquet with the columns {columns}: a row for each of the {target.panel.n_items:,} "
            "items of the panel, in any order. Its ids are those of all label files together."
        )


def _hand_in(request: HttpRequest, round: Round, values: dict[str, Any]) -> Done:
    team: Team = values["team"]
    pool = parser_pool.pool()
    with pool.slot():
        parsed = pool.parse(
            body=values["file"].read(),
            content_type=data_files.content_type(values["file"]),
            spec=predictions.spec(round.benchmark),
            panel=round.panel,
        )
    with transaction.atomic():
        locks.hold_round_open(round_id=round.pk)
        now = timezone.now()
        taking = submissions.current_round(benchmark=round.benchmark, team=team, now=now)
        # Into this round or none: the first planned round of a benchmark takes references.
        if taking != round:
            raise TransitionError(
                f"references go to round {taking.number} now, the first that is planned: hand them in "
                f"here when that round is open, or cancelled"
            )
        receipt = submissions.receive(
            team=team,
            round=taking,
            panel=round.panel,
            predictions=parsed,
            provenance=Provenance(model_name=values["model_name"]),
            now=now,
            organizer=request.user.get_username(),
        )
    if not receipt.is_new:
        return Done(
            message=f"The team {team} has handed in these predictions already: nothing was added."
        )
    submission = receipt.submission
    return Done(
        message=f"Received {reference_order.name_of(file=submission)}: submission {submission.pk}. It is "
        f"scored within a moment; below, under References, stands how far it is.{_of_earlier(submission)}"
    )


def _of_earlier(submission: Submission) -> str:
    """Say what follows from the files that the team handed in before, if there are any."""
    own = Submission.objects.filter(round=submission.round_id, team=submission.team_id)
    statuses = set(own.exclude(pk=submission.pk).values_list("status", flat=True))
    if statuses.intersection(reference_files.USABLE):
        return IS_ANOTHER
    return ONLY_FAILED_BEFORE if statuses else ""


def acts(team: Team) -> list[tuple[str, str]]:
    """List where this team's files can be handed in now."""
    if not (team.is_reference and team.is_active):
        return []
    planned = Round.objects.filter(status=RoundStatus.PLANNED).select_related("benchmark")
    return [
        (
            f"{LABEL}: {round}",
            reverse("admin:vault_round_act", args=[round.pk, NAME], query={"team": team.pk}),
        )
        for round in planned.order_by("benchmark__slug", "number")
        if _takes_references(round)
        and reference_files.reached(round=round, team_id=team.pk) is None
    ]


def may_open(round: Round) -> bool:
    """Say whether the round is planned and its end ahead: after that it opens for nobody."""
    return round.status == RoundStatus.PLANNED and timezone.now() < round.closes_at


def _takes_references(round: Round) -> bool:
    return may_open(round) and reference_files.n_left(holdout_id=round.query_holdout_id) > 0


HAND_IN = Act(
    name=NAME,
    label=LABEL,
    explanation="A reference is scored on the round's query labels like a team's file, costs nothing, and is "
    "shown on the board without a rank. Teams are compared with it; the first, the baseline, is where a "
    "Ladder starts. References are frozen when the round opens.",
    is_open=_takes_references,
    when="while a round is PLANNED, its end lies ahead and references have handed in fewer than "
    f"{reference_files.MAX_OF_HOLDOUT} files about its query holdout",
    run=_hand_in,
    form=BaselineForm,
)
