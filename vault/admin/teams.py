"""Teams and their tokens. A token is shown on the page that issues it, once, and kept by nobody."""

import datetime as dt
import uuid
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminSplitDateTime
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils import timezone

from vault import journal, merged_teams, team_names
from vault.admin import baselines, rosters
from vault.admin.acts import Act, ActForm, ActingPage, Done
from vault.admin.budgets import counted, left_of
from vault.admin.mergings import MERGE, merges
from vault.admin.pages import (
    NOTHING,
    ReadOnlyPage,
    Table,
    code,
    column,
    link,
    listed,
    minute,
    moment,
    table,
)
from vault.admin.site import site
from vault.models import Submission, Team, TeamToken
from vault.teams import token_links, tokens

REFERENCES_ARE_NOT = (
    "A reference team is not admitted to rounds: "
    "an organizer hands its files in for a planned one, at no cost."
)


class IssueForm(ActForm):
    label = forms.CharField(
        max_length=100, required=False, help_text="Where it is used, such as the name of a CI job."
    )
    scopes = forms.MultipleChoiceField(
        choices=[(tokens.READ, "read"), (tokens.SUBMIT, "submit")],
        initial=list(tokens.SCOPES),
        widget=forms.CheckboxSelectMultiple,
        help_text="What it allows.",
    )
    expires_at = forms.SplitDateTimeField(
        required=False, widget=AdminSplitDateTime, help_text="UTC. Left empty, it does not expire."
    )

    def clean_expires_at(self) -> dt.datetime | None:
        expires_at: dt.datetime | None = self.cleaned_data["expires_at"]
        if expires_at is not None and expires_at <= timezone.now():
            raise forms.ValidationError("This lies in the past.")
        return expires_at


class OneLinkForm(rosters.LinkForm, ActForm):
    """Asks what a list of teams asks about its links."""


class TeamForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Team
        fields = ("name", "title", "is_reference", "is_active")
        help_texts = {
            "name": "Printable text in any script. It is unique without regard to case, and it stays.",
            "title": "Shown beside the name, and in audits in its place. It need not be unique, but no other "
            "team has it as a name; an audit shows names beside equal titles.",
            "is_reference": "An organizer's baselines: shown on boards and never ranked.",
            "is_active": "A team that is not active submits nothing and gets no tokens. Its row stays on "
            "the board with its rank: unrank it in the round for that.",
        }

    def clean_is_active(self) -> bool:
        is_active = bool(self.cleaned_data["is_active"])
        if is_active and self.instance.pk and (end := merged_teams.into(self.instance)) is not None:
            raise forms.ValidationError(f"It was merged into {end}, and that cannot be undone.")
        return is_active

    def clean_name(self) -> str:
        name = team_names.normalized(self.cleaned_data["name"])
        if len(name) > team_names.MAX_LENGTH:  # some letters are several in normal form
            raise forms.ValidationError(f"A name has at most {team_names.MAX_LENGTH} characters.")
        same = Team.objects.filter(folded=team_names.folded(name)).exclude(pk=self.instance.pk)
        if (other := same.first()) is not None:
            raise forms.ValidationError(
                f"There is a team {other.name!r}: names are compared without regard to case."
            )
        return name


def _issue(request: HttpRequest, team: Team, values: dict[str, Any]) -> Done:
    token, plain = tokens.issue(
        team=team, actor=request.user.get_username(), now=timezone.now(), **values
    )
    scopes = ", ".join(token.scopes)
    return Done(message=f"Issued token {_begun(token)} ({scopes}) to {team}", shown_once=plain)


def _make_link(request: HttpRequest, team: Team, values: dict[str, Any]) -> Done:
    now = timezone.now()
    ends = now + dt.timedelta(days=values["link_days"])
    secret = token_links.make(
        team=team,
        batch=uuid.uuid4(),
        row=1,
        expires_at=ends,
        token_expires_at=values["token_expires_at"],
        actor=request.user.get_username(),
        now=now,
    )
    return Done(
        message=f"Made a one-time link for {team}, which ends {minute(ends)}",
        shown_once=token_links.address(api_url=values["api_url"], secret=secret),
        shown_once_template="vault/admin/token_link.html",
    )


def _cancel_links(request: HttpRequest, team: Team, values: dict[str, Any]) -> Done:
    n_ended = token_links.cancel(team=team, actor=request.user.get_username(), now=timezone.now())
    return Done(message=f"Links of {team} that show no token any more: {n_ended}.")


def _revoke(request: HttpRequest, token: TeamToken, values: dict[str, Any]) -> Done:
    n_ended = tokens.revoke(token=token, actor=request.user.get_username(), now=timezone.now())
    others = f", and {n_ended - 1} that it made" if n_ended > 1 else ""
    return Done(message=f"Token {_begun(token)} is revoked{others}.")


def _begun(token: TeamToken) -> str:
    """Name a token by how it begins."""
    return f"{token.prefix}…"


def status_of(token: TeamToken, *, now: dt.datetime) -> str:
    if token.revoked_at is not None:
        return "revoked"
    if token.expires_at is not None and token.expires_at <= now:
        return "expired"
    return "valid"


class TeamAdmin(ActingPage):
    list_display = ("name", "title", "is_reference", "is_active", "created_at")
    list_filter = ("is_reference", "is_active")
    search_fields = ("name", "title")
    ordering = ("name",)
    form = TeamForm
    fields = TeamForm.Meta.fields
    acts = (
        Act(
            name="issue",
            label="Issue a token",
            explanation="The token is shown once, on the next page, and only its digest is kept.",
            is_open=lambda team: team.is_active,
            when="while a team is active",
            run=_issue,
            form=IssueForm,
        ),
        Act(
            name="make-link",
            label="Make a one-time link",
            explanation="The link shows the team a new token, once. It is shown on the next page alone, and "
            "only its digest is kept; nothing else changes for the team.",
            is_open=lambda team: team.is_active,
            when="while a team is active",
            run=_make_link,
            form=OneLinkForm,
        ),
        Act(
            name="cancel-links",
            label="Cancel one-time links",
            explanation="Links of this team that nobody used show no token any more. A token that a link has "
            "shown stays: revoke it, if it went to somebody else.",
            is_open=lambda team: team.token_links.filter(
                used_at=None, expires_at__gt=timezone.now()
            ).exists(),
            when="while a link waits",
            run=_cancel_links,
        ),
        MERGE,
    )
    change_list_template = "vault/admin/teams.html"

    def get_urls(self) -> list[URLPattern]:
        wrapped = self.admin_site.admin_view(partial(rosters.roster_view, self))
        return [path("from-csv/", wrapped, name="vault_team_roster"), *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: Team, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        told = {name: form.cleaned_data[name] for name in form.changed_data}
        journal.append_of_installation(
            kind="team_changed" if change else "team_created",
            actor=request.user.get_username(),
            now=timezone.now(),
            **{**told, "team": obj.name},
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # The journal and the board know a team by its name, and budgets by what it is.
        return () if obj is None else ("name", "is_reference")

    def links(self, obj: Team) -> list[tuple[str, str]]:
        return [("Submissions", listed(Submission, team__id=obj.pk))]

    def elsewhere(self, obj: Team) -> list[tuple[str, str]]:
        return baselines.acts(obj)

    def tables(self, obj: Team) -> list[Table]:
        now = timezone.now()
        issued = table(
            "Tokens",
            obj.tokens.select_related("made_by").order_by("-created_at"),
            {
                "Token": lambda each: link(each, _begun(each)),
                "Label": lambda each: each.label or NOTHING,
                "Scopes": lambda each: ", ".join(each.scopes),
                "Made by": lambda each: _begun(each.made_by) if each.made_by else "an organizer",
                "Status": lambda each: status_of(each, now=now),
                "Expires": lambda each: moment(each.expires_at),
                "Last used": lambda each: moment(each.last_used_at),
            },
            empty="This team has no token.",
        )
        links = table(
            "One-time links",
            obj.token_links.select_related("token").order_by("-made_at", "-pk"),
            {
                "Made": lambda each: moment(each.made_at),
                "By": lambda each: each.made_by,
                "Status": lambda each: token_links.status_of(each, now=now),
                "Ends": lambda each: moment(each.expires_at),
                "Used": lambda each: moment(each.used_at),
                "Token": lambda each: link(each.token, each.token and _begun(each.token)),
            },
            empty="This team got no link.",
        )
        accounts = obj.admissions.select_related("round__benchmark").order_by("-admitted_at")
        admissions = Table(
            heading="Admissions",
            header=("Round", "Account", "Queries left"),
            rows=[
                (link(each.round), link(each, "account"), left_of(each))
                for each in counted(accounts)
            ],
            empty=REFERENCES_ARE_NOT if obj.is_reference else "Not admitted to any round.",
        )
        return [issued, links, admissions, *merges(obj)]


@admin.register(TeamToken, site=site)
class TeamTokenAdmin(ReadOnlyPage, ActingPage):
    list_display = ("shown", "team", "label", "status", "expires_at", "last_used_at", "created_at")
    list_filter = ("team__is_reference",)
    search_fields = ("prefix", "label", "team__name")
    list_select_related = ("team",)
    ordering = ("-created_at",)
    # The digest is left out: whoever can read it needs it for nothing.
    fields = (
        *("team", "shown", "label", "scopes", "made_by"),
        *("status", "expires_at", "revoked_at", "last_used_at", "created_at"),
    )
    acts = (
        Act(
            name="revoke",
            label="Revoke",
            explanation="From now on the API refuses this token and all that its team made with it. None of "
            "them can be made valid again.",
            is_open=lambda token: token.revoked_at is None,
            when="while a token is not revoked",
            run=_revoke,
        ),
    )

    shown = column("token", lambda obj: code(_begun(obj)), ordering="prefix")
    status = column("status", lambda obj: status_of(obj, now=timezone.now()))
