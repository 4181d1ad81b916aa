"""Unranking in the admin: two acts on a round, and the table of those that were done."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from vault import unranking
from vault.admin.acts import Act, ActForm, Done, reason_field
from vault.admin.pages import Table, link, moment, offer, table
from vault.models import Round, Team, Unranking
from vault.statuses import NEVER_OPENED


class UnrankForm(ActForm):
    """A team of the round, and the reason that everybody will read."""

    team = forms.ModelChoiceField(queryset=Team.objects.none())
    reason = reason_field("Everybody reads it on the board.")

    def prepare(self, target: Round) -> None:
        offer(self, "team", self.choices(target).order_by("name"))

    def choices(self, round: Round) -> QuerySet[Team]:
        competing = Team.objects.filter(admissions__round=round)
        return competing.exclude(pk__in=unranking.unranked(round=round))


class RankAgainForm(UnrankForm):
    def choices(self, round: Round) -> QuerySet[Team]:
        return Team.objects.filter(pk__in=unranking.unranked(round=round))


def _unrank(request: HttpRequest, round: Round, values: dict[str, Any]) -> Done:
    unranking.unrank(round=round, actor=request.user.get_username(), now=timezone.now(), **values)
    return Done(message=f"The team {values['team']} is unranked in {round}.")


def _rank_again(request: HttpRequest, round: Round, values: dict[str, Any]) -> Done:
    actor = request.user.get_username()
    unranking.rank_again(round=round, actor=actor, now=timezone.now(), **values)
    return Done(message=f"The team {values['team']} is ranked again in {round}.")


UNRANKING_ACTS = (
    Act(
        name="unrank",
        label="Unrank a team",
        explanation="The team's row stays on the board, last and marked, with your reason for everybody to "
        "read; the teams behind it move up. Nothing else changes: it keeps its budget and its final, it is "
        "audited, and its verdict is published as any other's. The act is journaled in your name and can "
        "be reversed by another. Deactivating a team does not unrank it.",
        is_open=lambda round: round.status not in NEVER_OPENED,
        when="while a round is OPEN or later",
        run=_unrank,
        form=UnrankForm,
    ),
    Act(
        name="rank-again",
        label="Rank a team again",
        explanation="The team stands again where its scores place it, and the teams behind it move down. "
        "Both acts stay in the journal.",
        is_open=lambda round: bool(unranking.unranked(round=round)),
        when="while a round is one in which a team is unranked",
        run=_rank_again,
        form=RankAgainForm,
    ),
)


def unrankings(round: Round) -> list[Table]:
    """List the round's acts, if there are any, in their order."""
    acts = round.unrankings.select_related("team").order_by("pk")
    columns: dict[str, Callable[[Unranking], Any]] = {
        "At": lambda each: moment(each.at),
        "Team": lambda each: link(each.team),
        "Act": lambda each: "ranked again" if each.is_reversal else "unranked",
        "By": lambda each: each.actor,
        "Reason": lambda each: each.reason,  # last: as long as it is, it breaks into lines
    }
    return [table("Unrankings", acts, columns)] if acts else []
