"""Cancelling a planned round in the admin: an act with a reason."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone

from vault import rounds, sentences
from vault.admin.acts import Act, ActForm, Done
from vault.models import Round
from vault.statuses import RoundStatus


class CancelForm(ActForm):
    reason = forms.CharField(
        max_length=sentences.MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 60}),
        help_text="Everybody reads it in the list of rounds.",
    )


def _cancel(request: HttpRequest, round: Round, given: dict[str, Any]) -> Done:
    rounds.cancel(round=round, actor=request.user.get_username(), now=timezone.now(), **given)
    return Done(message=f"The round {round} is cancelled. Its holdouts are free for another plan.")


CANCEL = Act(
    name="cancel",
    label="Cancel this round",
    explanation="The round never opens, and its number is not given again. Its query and fresh holdouts are "
    "free for another plan. References that still wait for a score are cancelled; scored ones stay, and what "
    "they revealed stays in the query holdout's ledger. Admissions to it reserve nothing any more, so the "
    "teams have to be admitted to the next round. Everybody reads your reason. This cannot be taken back.",
    is_open=lambda round: round.status == RoundStatus.PLANNED,
    when="while a round is PLANNED",
    run=_cancel,
    form=CancelForm,
)
