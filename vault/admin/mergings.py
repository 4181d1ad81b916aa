"""Merging in the admin: an act on the team that ends, and the table of merges on both teams' pages."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from vault import merged_teams
from vault.admin.acts import Act, ActForm, Done, reason_field
from vault.admin.pages import Table, link, moment, offer, table
from vault.models import Admission, Team, TeamMerge
from vault.teams import merging


class MergeForm(ActForm):
    kept = forms.ModelChoiceField(
        queryset=Team.objects.none(),
        label="Merge it into",
        help_text="This team goes on, with its tokens and its account.",
    )
    reason = reason_field("It is journaled in your name.")
    is_final = forms.BooleanField(
        label="Merge them for good",
        error_messages={"required": "This cannot be undone: tick this to merge them."},
    )

    def prepare(self, target: Team) -> None:
        others = Team.objects.filter(is_active=True, is_reference=False, merge=None)
        offer(self, "kept", others.exclude(pk=target.pk).order_by("name"))


def _explain(team: Team) -> str:
    rounds = list(merging.concerned(team=team).select_related("benchmark"))
    named = (
        ", ".join(map(str, rounds)) or "none, as this team is in no round that is planned or open"
    )
    accounts = Admission.objects.filter(round__in=rounds, team=team).count()
    return (
        f"{team} ends, and the team that you name stands for it. Its tokens, one-time links and webhooks end "
        "at once. What it has waiting is still scored, in its own order, and before any later file of the "
        "kept team. From then on both count as one in every round that is planned or open with an account of "
        f"{team}: {named}. There the used queries, accepted improvements and nats of both are used, out of "
        "the kept team's limits; of their best files the better released one goes on; the board has one row, "
        "with the attempts of both; the final is the one that the kept team declares, or else chosen from "
        "both; and the audit judges the files of both as the choice of one. Where only "
        f"{team} is admitted, admit the kept team, too, if it shall go on there "
        f"({accounts:,} {'account' if accounts == 1 else 'accounts'} of {team}). Rounds that are published "
        "stay as they are. This cannot be undone: no act separates the two again."
    )


def _merge(request: HttpRequest, team: Team, values: dict[str, Any]) -> Done:
    merging.merge(
        absorbed=team,
        kept=values["kept"],
        reason=values["reason"],
        actor=request.user.get_username(),
        now=timezone.now(),
    )
    return Done(message=f"The team {team} is merged into {values['kept']}.")


def _may_merge(team: Team) -> bool:
    return not (team.is_reference or team.merges.exists() or merged_teams.into(team))


MERGE = Act(
    name="merge",
    label="Merge into another team",
    explain=_explain,
    is_open=_may_merge,
    when="of a team that is no reference, was not merged, and has not absorbed another",
    run=_merge,
    form=MergeForm,
)


def merges(team: Team) -> list[Table]:
    """List the merges that a team is in, if there are any."""
    found = TeamMerge.objects.filter(Q(absorbed=team) | Q(kept=team)).order_by("pk")
    columns: dict[str, Callable[[TeamMerge], Any]] = {
        "At": lambda each: moment(each.at),
        "Team": lambda each: link(each.absorbed),
        "Merged into": lambda each: link(each.kept),
        "By": lambda each: each.actor,
        "Reason": lambda each: each.reason,
    }
    return [table("Merges", found.select_related("absorbed", "kept"), columns)] if found else []
