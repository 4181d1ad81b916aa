"""When rounds close, or closed: a round that was closed before its announced end shows no time ahead."""

from django.contrib import admin

from vault import closed_rounds
from vault.admin.pages import moment
from vault.models import Round


@admin.display(description="closes at", ordering="closes_at")
def closes(round: Round) -> str:
    """Say the announced end, or that it was closed before, and when."""
    if closed_rounds.is_early(round=round):
        return f"{moment(round.stopped_at)}, earlier than announced"
    return moment(round.closes_at)
