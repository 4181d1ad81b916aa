"""Groups of alike accounts on a round's page: what their files show, and the acts of a reviewer."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone

from audits import judged, sentences
from audits.checks import account_groups
from audits.checks.account_groups import Group
from audits.models import AuditRun, Finding
from stats.verdict import ShiftGate
from vault import account_links
from vault.admin.acts import Act, ActForm, Done, reason_field
from vault.admin.pages import NOTHING, Table, link, moment
from vault.models import AccountLink, Round, Team
from vault.scorers import scorer_of

WITHIN = "Only researchers and organizers read it."


def _finding(round: Round) -> Finding | None:
    run = AuditRun.last_done(round)
    return None if run is None else run.findings.filter(check_name=account_groups.NAME).first()


def _key(teams: Sequence[int]) -> str:
    return ",".join(map(str, sorted(teams)))


def _teams(key: str) -> list[int]:
    return [int(each) for each in key.split(",")]


def _unlinked(finding: Finding | None, round: Round) -> list[Group]:
    """List the groups that the last audit found and nobody linked."""
    groups = account_groups.groups_of(finding=finding)
    held = account_links.linked(round=round) if groups else {}
    return [each for each in groups if frozenset(each.teams) not in held]


def _has_link(round: Round) -> bool:
    return bool(account_links.linked(round=round))


def _names(groups: Sequence[Group], audit: AuditRun) -> Mapping[int, str]:
    """Name the groups' accounts, of which no other check need have found anything."""
    teams = {each for group in groups for each in group.teams}
    return dict(Team.objects.filter(pk__in=teams).values_list("pk", "name")) | judged.names_of(
        audit=audit
    )


def _together(act: AccountLink) -> str:
    return ", ".join(sorted(team.name for team in act.teams.all()))


class _ChoosingForm(ActForm):
    def offer(self, name: str, choices: Mapping[str, str]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(choices.items())


class LinkForm(_ChoosingForm):
    """A group that the audit found, and why its accounts belong together."""

    accounts = forms.ChoiceField()
    reason = reason_field(WITHIN)

    def prepare(self, target: Round) -> None:
        finding = _finding(target)
        groups = _unlinked(finding, target)
        names = _names(groups, finding.run) if finding else {}
        found = {_key(each.teams): account_groups.named(group=each, names=names) for each in groups}
        self.offer("accounts", found)


class TakeBackForm(LinkForm):
    def prepare(self, target: Round) -> None:
        held = account_links.linked(round=target)
        self.offer("accounts", {_key(list(teams)): _together(act) for teams, act in held.items()})


class AppealForm(_ChoosingForm):
    """Whose appeal it is, when it came, and what it says."""

    team = forms.ChoiceField()
    received_on = forms.DateField(help_text="The day on which the team sent it, as 2026-03-01.")
    text = forms.CharField(
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 8, "cols": 80}),
        help_text=f"The team's own words. {WITHIN}",
    )

    def prepare(self, target: Round) -> None:
        found = {
            f"{act.pk}:{team.pk}": f"{team.name}, linked on {act.at:%Y-%m-%d}"
            for act in account_links.linked(round=target).values()
            for team in act.teams.all()
        }
        self.offer("team", found)


def _link(request: HttpRequest, round: Round, values: dict[str, Any]) -> Done:
    account_links.link(
        round=round,
        teams=_teams(values["accounts"]),
        reason=values["reason"],
        actor=request.user.get_username(),
        now=timezone.now(),
    )
    return Done(message=f"The accounts are linked in {round}.")


def _take_back(request: HttpRequest, round: Round, values: dict[str, Any]) -> Done:
    account_links.take_back(
        round=round,
        teams=_teams(values["accounts"]),
        reason=values["reason"],
        actor=request.user.get_username(),
        now=timezone.now(),
    )
    return Done(message=f"The accounts are no longer linked in {round}.")


def _appeal(request: HttpRequest, round: Round, values: dict[str, Any]) -> Done:
    act, team = map(int, values["team"].split(":"))
    account_links.record_appeal(
        link=AccountLink.objects.get(pk=act, round=round),
        team=Team.objects.get(pk=team),
        text=values["text"],
        received_on=values["received_on"],
        actor=request.user.get_username(),
        now=timezone.now(),
    )
    return Done(message="The appeal is recorded.")


LINK_ACTS = (
    Act(
        name="link-accounts",
        label="Link accounts",
        explanation="Alike files are no proof of one owner: link accounts only by what you know beside them, "
        "and say what. From then on the audit's statement on these accounts' files stands, if it also holds "
        "with each account left out. Nothing else follows: no verdict, rank, budget or account changes, and "
        "nobody outside reads it. The act is journaled in your name and can be taken back by another.",
        is_open=lambda round: bool(_unlinked(_finding(round), round)),
        when="while a round's audit has found a group of alike accounts that are not linked",
        run=_link,
        form=LinkForm,
    ),
    Act(
        name="unlink-accounts",
        label="Take a link back",
        explanation="From then on no statement on these accounts stands. Both acts stay in the journal.",
        is_open=_has_link,
        when="while a round is one in which accounts are linked",
        run=_take_back,
        form=TakeBackForm,
    ),
    Act(
        name="record-appeal",
        label="Record an appeal",
        explanation="What a team says against a link is kept beside it, word for word, and journaled. It "
        "decides nothing: if it convinces you, take the link back.",
        is_open=_has_link,
        when="while a round is one in which accounts are linked",
        run=_appeal,
        form=AppealForm,
    ),
)


def tables(round: Round) -> list[Table]:
    """List the groups of the last audit, the acts on links, and the appeals; nothing where there is none."""
    finding = _finding(round)
    groups = account_groups.groups_of(finding=finding)
    made = [] if finding is None or not groups else [_groups(round, finding, groups)]
    acts = list(round.account_links.prefetch_related("teams", "appeals__team").order_by("pk"))
    if acts:
        made.append(_acts(acts))
    appeals = [each for act in acts for each in act.appeals.all()]
    if appeals:
        rows = [
            (each.received_on, link(each.team), each.actor, moment(each.at), each.text)
            for each in sorted(appeals, key=lambda each: each.pk)
        ]
        header = ("Received", "Team", "Recorded by", "At", "What the team says")
        made.append(Table(heading="Appeals against links", header=header, rows=rows))
    return made


def _groups(round: Round, finding: Finding, groups: list[Group]) -> Table:
    held, names = account_links.linked(round=round), _names(groups, finding.run)
    unit = scorer_of(benchmark=round.benchmark).unit
    number = partial(sentences.number, decimals=sentences.decimals_of(unit=unit))
    is_read = finding.run.shift_gate != ShiftGate.FIRED
    return Table(
        heading="Groups of alike accounts",
        header=("Accounts", "Their files together", "Linked", "Stands"),
        rows=[
            (
                account_groups.named(group=each, names=names),
                account_groups.statement(group=each, number=number, is_read=is_read),
                held[frozenset(each.teams)].reason if frozenset(each.teams) in held else "no",
                "yes" if each.stands(is_linked=frozenset(each.teams) in held) else "no",
            )
            for each in groups
        ],
        note=f"{account_groups.MEANING} A statement stands where a reviewer linked the accounts and it holds "
        "with each of them left out.",
    )


def _acts(acts: list[AccountLink]) -> Table:
    return Table(
        heading="Links of accounts",
        header=("At", "Accounts", "Act", "By", "Reason"),
        rows=[
            (
                moment(each.at),
                _together(each) or NOTHING,
                "taken back" if each.is_reversal else "linked",
                each.actor,
                each.reason,
            )
            for each in acts
        ],
    )
