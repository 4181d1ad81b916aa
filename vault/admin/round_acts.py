"""What organizers do to a round: admit teams, open it, close it, cancel it.

Whoever opens or closes a round before its announced time confirms that: teams count on it.
"""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from vault import budget, late_allowances, opening, rounds, sentences
from vault.admin.acts import Act, ActForm, Done, reason_field
from vault.admin.baselines import HAND_IN, may_open
from vault.admin.corrections_of_rounds import CORRECTING_ACTS
from vault.admin.pages import NAT, minute, offer
from vault.admin.references import order_of
from vault.admin.unrankings import UNRANKING_ACTS
from vault.models import Admission, Round, Submission, Team
from vault.planning import prospects
from vault.references import order as reference_order
from vault.statuses import RoundStatus


class AdmitForm(ActForm):
    teams = forms.ModelMultipleChoiceField(
        queryset=Team.objects.none(), widget=forms.CheckboxSelectMultiple
    )
    k = forms.IntegerField(required=False, min_value=1, label="Queries")
    is_blind = forms.BooleanField(
        required=False,
        label="Blind",
        help_text="They are audited and shown no score, so the round's limit of teams leaves them out.",
    )

    def prepare(self, target: Round) -> None:
        admitted = Admission.objects.filter(round=target).values("team")
        active = Team.objects.filter(is_active=True, is_reference=False)
        teams = offer(self, "teams", active.exclude(pk__in=admitted).order_by("name"))
        n_left = max(0, target.max_teams - admitted.filter(is_blind=False).count())
        most = sentences.counted(n=target.max_teams, noun="team")
        teams.help_text = f"{n_left:,} of {most} that see scores can still be admitted."
        total = f"the round's total, {target.total_limit:,}"
        self.fields["k"].help_text = f"For each of these teams; {total}, if left empty."


@transaction.atomic
def _admit(request: HttpRequest, round: Round, values: dict[str, Any]) -> Done:
    """Admit all of the chosen teams or none."""
    for team in values["teams"]:
        budget.admit(
            round=round,
            team=team,
            k=values["k"],
            is_blind=values["is_blind"],
            actor=request.user.get_username(),
            now=timezone.now(),
        )
    return Done(message=f"Admitted: {', '.join(team.name for team in values['teams'])}.")


class OpenForm(ActForm):
    baseline = forms.ModelChoiceField(
        queryset=Submission.objects.none(),
        required=False,
        empty_label="the first of the plan, or else the first that was submitted",
        help_text="The reference that a Ladder starts from. All scored references are frozen.",
    )

    def prepare(self, target: Round) -> None:
        if timezone.now() < target.opens_at:
            self.fields["before_time"] = _confirmed(
                "open",
                "time",
                target.opens_at,
                help_text="Its references are frozen now and no other is taken. Teams still hand in from the "
                "announced time on, and not before.",
            )
        scored = reference_order.scored(round=target)
        field = offer(self, "baseline", scored, label=lambda obj: reference_order.name_of(file=obj))
        field.help_text = f"{field.help_text} By the plan's order: {order_of(target)}"


class CloseForm(ActForm):
    def prepare(self, target: Round) -> None:
        if timezone.now() < target.closes_at:
            self.fields["before_end"] = _confirmed(
                "close",
                "end",
                target.closes_at,
                help_text="Teams count on the announced end. A closed round is not opened again.",
            )


class CancelForm(ActForm):
    reason = reason_field("Everybody reads it in the list of rounds.")


def _confirmed(act: str, noun: str, time: dt.datetime, *, help_text: str) -> forms.BooleanField:
    """Ask it of whoever acts before the time, or the end, that everybody was promised."""
    announced = minute(time)
    return forms.BooleanField(
        label=f"{act.capitalize()} it before {announced}, the announced {noun}",
        help_text=help_text,
        error_messages={
            "required": f"Its announced {noun} is {announced}: tick this to {act} it now."
        },
    )


def _open(request: HttpRequest, round: Round, values: dict[str, Any]) -> Done:
    references = None
    if (baseline := values["baseline"]) is not None:
        others = [each for each in reference_order.scored(round=round) if each != baseline]
        references = [baseline, *others]
    now, actor = timezone.now(), request.user.get_username()
    rounds.open_round(round=round, references=references, actor=actor, now=now)
    for sentence in prospects.warnings(round=round):
        messages.warning(request, sentence)
    waits = opening.waits_for_teams(round=round, now=now)
    return Done(message=f"Opened {round}{waits and f': {waits}'}.")


def _close(request: HttpRequest, round: Round, values: dict[str, Any]) -> Done:
    rounds.request_close(round=round, actor=request.user.get_username(), now=timezone.now())
    return Done(message=f"Closing {round}: what waits is still scored, then finals lock.")


def _explained_close(round: Round) -> str:
    awaited = late_allowances.holding(round=round, now=timezone.now())
    late = ""
    if awaited:
        teams = sentences.counted(n=len(awaited), noun="team")
        last = minute(max(each.until for each in awaited))
        late = (
            f" But {teams} may hand in late, until {last}: so long the round stays CLOSING, unless you "
            "withdraw that."
        )
    return (
        "Nothing more is received, whatever the announced time, but from a team that is let in late."
        f"{late} What waits is still scored; then finals lock, each team's row on the board becomes its "
        "final, and the audit may begin. Queries that teams have left are lost: the round's page lists them. "
        "A closed round is not opened again."
    )


def _cancel(request: HttpRequest, round: Round, values: dict[str, Any]) -> Done:
    rounds.cancel(round=round, actor=request.user.get_username(), now=timezone.now(), **values)
    return Done(message=f"The round {round} is cancelled. Its holdouts are free for another plan.")


VAULT_ACTS = (
    Act(
        name="admit",
        label="Admit teams",
        explanation="Each team gets an account of queries, and what their answers can tell of the labels "
        f"at most is reserved, in nats ({NAT}). An admission is journaled and is not taken back.",
        is_open=lambda round: round.status == RoundStatus.OPEN or may_open(round),
        when="while a round is OPEN, or PLANNED and its end has not passed",
        run=_admit,
        form=AdmitForm,
    ),
    HAND_IN,
    Act(
        name="open",
        label="Open the round",
        explanation="The reference submissions are frozen. Teams may hand in: at once, or from the announced "
        "time on if that lies ahead. There is no way back to PLANNED.",
        is_open=may_open,
        when="while a round is PLANNED and its end has not passed",
        run=_open,
        form=OpenForm,
    ),
    Act(
        name="close",
        label="Close the round",
        explain=_explained_close,
        is_open=lambda round: round.status == RoundStatus.OPEN,
        when="while a round is OPEN",
        run=_close,
        form=CloseForm,
    ),
    Act(
        name="cancel",
        label="Cancel this round",
        explanation="The round never opens, and its number is not given again. Its query and fresh holdouts "
        "are free for another plan. References that still wait for a score are cancelled; scored ones stay, "
        "and what they revealed stays in the query holdout's ledger. Admissions to it reserve nothing any "
        "more, so the teams have to be admitted to the next round. Everybody reads your reason. This cannot "
        "be taken back.",
        is_open=lambda round: round.status == RoundStatus.PLANNED,
        when="while a round is PLANNED",
        run=_cancel,
        form=CancelForm,
        for_good="Cancel the round for good",
    ),
    *CORRECTING_ACTS,
    *UNRANKING_ACTS,
)
