"""Teams, their admissions and one-time links from one CSV: a form, a preview that changes nothing, the links.

What the preview shows is what the next request makes: the rows travel in a signed field, for the person who
sent them and for an hour, with a number that lets the list be made once. The links are on the answering
page, and nowhere else.
"""

import base64
import datetime as dt
import uuid
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from vault import sentences
from vault.admin.pages import NOTHING, Page, Table, add_error, sent, table
from vault.errors import RosterError
from vault.teams import rosters, token_links
from vault.teams.rosters import Invitation, Problem, Roster

SALT = "vault.admin.rosters"
PREVIEW_SECONDS = 3600
TITLE = "Teams from a CSV"


class LinkForm(forms.Form):
    """What is asked before a link is made, however many are."""

    link_days = forms.IntegerField(
        label="Links hold for",
        min_value=1,
        max_value=90,
        initial=7,
        help_text="Days, in which each link can be used once.",
    )
    token_expires_at = forms.SplitDateTimeField(
        label="Tokens end",
        required=False,
        widget=AdminSplitDateTime,
        help_text="UTC. Left empty, they do not expire.",
    )
    api_url = forms.URLField(
        label="Address of the API",
        assume_scheme="https",
        widget=forms.URLInput(attrs={"class": "vURLField"}),
        initial=lambda: settings.API_URL,
        help_text="Where teams reach the API, such as https://vault.example: the links begin with it.",
    )

    def clean_api_url(self) -> str:
        address: str = self.cleaned_data["api_url"]
        parts = urlsplit(address)
        if parts.scheme not in ("https", "http"):
            raise forms.ValidationError("It begins with https:// (or http://).")
        if parts.query or parts.fragment:
            raise forms.ValidationError("It has nothing behind its path, no ? and no #.")
        return address

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        ends, days = values.get("token_expires_at"), values.get("link_days")
        if ends and days and ends <= timezone.now() + dt.timedelta(days=days):
            self.add_error("token_expires_at", "A token ends later than the link that shows it.")
        return values


class RosterForm(LinkForm):
    field_order = ("file",)

    file = forms.FileField(
        label="CSV file",
        help_text="One row for each team, and a header that names the columns. team: its name, as boards "
        "show it. If wanted, title: shown beside the name; benchmarks: slugs, separated by spaces, whose "
        "planned or open round the team is admitted to (slug/2 for the second round); queries: for each of "
        "these rounds, the round's total if left empty; contact: an e-mail address, which stands beside the "
        "link in the download and is kept nowhere. A team that exists already is admitted, and gets a link, "
        "too; where it is admitted already, leave benchmarks empty, and it gets the link alone.",
    )


class MakeForm(forms.Form):
    signed = forms.CharField(widget=forms.HiddenInput)


def roster_view(page: Page, request: HttpRequest) -> HttpResponse:
    may_admit = request.user.has_perm("vault.change_round")
    if not (page.has_add_permission(request) and may_admit):
        raise PermissionDenied
    if request.method == "POST" and "signed" in request.POST:
        return _make(page, request)
    form = RosterForm(*sent(request))
    problems: list[Table] = []
    if form.is_bound and form.is_valid():
        try:
            body = form.cleaned_data["file"].read()
            roster = rosters.check(lines=rosters.read(body=body), now=timezone.now())
        except RosterError as error:
            add_error(form, error, field="file")
        else:
            if not roster.problems:
                return _preview(page, request, form, body, roster)
            form.add_error("file", "Mend the rows that are named above and send the file again.")
            problems = [_problems(roster.problems)]
    return _form_page(page, request, form, problems)


def _form_page(
    page: Page, request: HttpRequest, form: RosterForm, tables: list[Table]
) -> HttpResponse:
    return page.form_page(
        request,
        form,
        title=TITLE,
        explanation="Teams, their admissions, and for each a link that shows its token once. The next page "
        "shows what would be made; nothing is changed before you say so there.",
        submit="Preview",
        back=reverse("admin:vault_team_changelist"),
        tables=tables,
    )


def _preview(
    page: Page, request: HttpRequest, form: RosterForm, body: bytes, roster: Roster
) -> HttpResponse:
    values = form.cleaned_data
    ends = values["token_expires_at"]
    to_make = {
        "user": request.user.pk,
        "batch": str(uuid.uuid4()),
        "body": base64.b64encode(body).decode(),
        "link_days": values["link_days"],
        "token_expires_at": ends and ends.isoformat(),
        "api_url": values["api_url"],
    }
    n_new, n_all = len(roster.new), len(roster.entries)
    counts = {"new team": n_new, "admission": roster.n_admissions, "link": n_all}
    made = ", ".join(sentences.counted(n=n, noun=noun) for noun, n in counts.items())
    entries = table(
        f"{n_all} teams",
        roster.entries,
        {
            "Row": lambda each: each.row,
            "Team": lambda each: each.name,
            "": lambda each: "new" if each.team is None else "exists already",
            "Contact": lambda each: each.contact or NOTHING,
            "Admitted to": lambda each: ", ".join(map(str, each.rounds)) or NOTHING,
            "Queries": lambda each: (each.k or "the round's total") if each.rounds else NOTHING,
        },
    )
    return page.form_page(
        request,
        MakeForm(initial={"signed": signing.dumps(to_make, salt=SALT, compress=True)}),
        title=f"{TITLE}: preview",
        explanation=f"This would be made, all of it or nothing: {made}. An admission is journaled and is not "
        "taken back. Nothing has been changed yet.",
        submit="Make them",
        back=reverse("admin:vault_team_roster"),
        tables=[entries],
    )


def _make(page: Page, request: HttpRequest) -> HttpResponse:
    try:
        to_make = signing.loads(request.POST["signed"], salt=SALT, max_age=PREVIEW_SECONDS)
        is_own = to_make["user"] == request.user.pk
    except signing.BadSignature:
        is_own = False
    if not is_own:
        return _again(
            page, request, "the preview is older than an hour, or not yours: send the file again"
        )
    now = timezone.now()
    expires_at = now + dt.timedelta(days=to_make["link_days"])
    ends = to_make["token_expires_at"]
    try:
        invitations = rosters.make(
            lines=rosters.read(body=base64.b64decode(to_make["body"])),
            batch=uuid.UUID(to_make["batch"]),
            links_expire_at=expires_at,
            token_expires_at=ends and parse_datetime(ends),
            actor=request.user.get_username(),
            now=now,
        )
    except RosterError as error:
        return _again(page, request, error.message, error.data.get("problems", ()))
    for each in invitations:
        page.log_addition(request, each.team, "Made from a CSV, or got a one-time link by it.")
    return _links(page, request, invitations, api_url=to_make["api_url"], expires_at=expires_at)


def _again(
    page: Page, request: HttpRequest, message: str, problems: tuple[Problem, ...] = ()
) -> HttpResponse:
    """Show the empty form again, and why nothing was made."""
    messages.error(request, sentences.whole(message))
    return _form_page(page, request, RosterForm(), [_problems(problems)] if problems else [])


def _links(
    page: Page,
    request: HttpRequest,
    invitations: list[Invitation],
    *,
    api_url: str,
    expires_at: dt.datetime,
) -> HttpResponse:
    content = rosters.as_csv(invitations=invitations, api_url=api_url, expires_at=expires_at)
    links = table(
        f"{len(invitations)} links",
        invitations,
        {
            "Team": lambda each: each.team.name,
            "Contact": lambda each: each.entry.contact or NOTHING,
            "Link": lambda each: token_links.address(api_url=api_url, secret=each.secret),
        },
    )
    return page.own_page(
        request,
        "vault/admin/links.html",
        title="One-time links",
        table=links,
        download=f"data:text/csv;charset=utf-8;base64,{base64.b64encode(content).decode()}",
        expires_at=expires_at,
    )


def _problems(problems: tuple[Problem, ...]) -> Table:
    return Table(
        heading=f"Problems of the file ({len(problems)})",
        header=("Row", "Column", "Problem"),
        rows=[(each.row, each.column, each.problem) for each in problems],
    )
