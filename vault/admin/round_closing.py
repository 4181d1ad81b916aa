"""Closing an open round in the admin: before its announced end only if that is confirmed."""

import datetime as dt
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone

from vault import rounds
from vault.admin.acts import Act, ActForm, Done
from vault.models import Round
from vault.statuses import RoundStatus


class CloseForm(ActForm):
    def __init__(self, *args: Any, target: Round, **kwargs: Any) -> None:
        super().__init__(*args, target=target, **kwargs)
        if timezone.now() < target.closes_at:
            self.fields["before_end"] = _before_end(target)


def _before_end(round: Round) -> forms.BooleanField:
    """Asked of whoever takes time from teams that were promised it."""
    announced = f"{round.closes_at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
    return forms.BooleanField(
        label=f"Close it before {announced}, the announced end",
        help_text="Teams count on the announced end. A closed round is not opened again.",
        error_messages={
            "required": f"Its announced end is {announced}: tick this to close it now."
        },
    )


def _close(request: HttpRequest, round: Round, given: dict[str, Any]) -> Done:
    rounds.request_close(round=round, actor=request.user.get_username(), now=timezone.now())
    return Done(message=f"Closing {round}: what waits is still scored, then finals lock.")


CLOSE = Act(
    name="close",
    label="Close the round",
    explanation="Nothing more is received, whatever the announced time. What waits is still scored; "
    "then finals lock, each team's row on the board becomes its final, and the audit may begin. Queries "
    "that teams have left are lost: the round's page lists them. A closed round is not opened again.",
    is_open=lambda round: round.status == RoundStatus.OPEN,
    when="while a round is OPEN",
    run=_close,
    form=CloseForm,
)
