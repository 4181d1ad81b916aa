"""Opening a planned round in the admin: by hand, and before its announced time only if that is confirmed."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone

from vault import opening, rounds
from vault.admin.acts import Act, ActForm, Done
from vault.models import Round, Submission
from vault.planning import prospects
from vault.references import doubts as reference_doubts
from vault.references import order as reference_order
from vault.statuses import RoundStatus


class OpenForm(ActForm):
    baseline = forms.ModelChoiceField(
        queryset=Submission.objects.none(),
        required=False,
        empty_label="the first of the plan, or else the first that was submitted",
        help_text="The reference that a Ladder starts from. All scored references are frozen.",
    )

    def __init__(self, *args: Any, target: Round, **kwargs: Any) -> None:
        super().__init__(*args, target=target, **kwargs)
        if timezone.now() < target.opens_at:
            self.fields["before_time"] = _before_time(target)
        field = self.fields["baseline"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = reference_order.scored(round=target)
        order = reference_order.said(files=reference_order.in_order(round=target))
        doubt = reference_doubts.warning(round=target)
        field.help_text = f"{field.help_text} By the plan's order: {order} {doubt}".rstrip()
        field.label_from_instance = lambda obj: reference_order.name_of(file=obj)  # type: ignore[method-assign]


def _before_time(round: Round) -> forms.BooleanField:
    """Asked of whoever opens a round before everybody was promised that it opens."""
    announced = f"{round.opens_at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
    return forms.BooleanField(
        label=f"Open it before {announced}, the announced time",
        help_text="Its references are frozen now and no other is taken. Teams still hand in from the "
        "announced time on, and not before.",
        error_messages={
            "required": f"Its announced time is {announced}: tick this to open it now."
        },
    )


def may_open(round: Round) -> bool:
    """Say whether the round is planned and its end ahead: after that it opens for nobody."""
    return round.status == RoundStatus.PLANNED and timezone.now() < round.closes_at


def _open(request: HttpRequest, round: Round, given: dict[str, Any]) -> Done:
    baseline = given["baseline"]
    references = None
    if baseline is not None:
        others = [each for each in reference_order.scored(round=round) if each != baseline]
        references = [baseline, *others]
    rounds.open_round(
        round=round,
        references=references,
        actor=request.user.get_username(),
        now=timezone.now(),
    )
    for sentence in prospects.warnings(round=round):
        messages.warning(request, sentence)
    waits = opening.waits_for_teams(round=round, now=timezone.now())
    return Done(message=f"Opened {round}{waits and f': {waits}'}.")


OPEN = Act(
    name="open",
    label="Open the round",
    explanation="The reference submissions are frozen. Teams may hand in: at once, or from the announced "
    "time on if that lies ahead. There is no way back to PLANNED.",
    is_open=may_open,
    when="while a round is PLANNED and its end has not passed",
    run=_open,
    form=OpenForm,
)
