"""Links of accounts: a reviewer says that accounts belong together, with a reason, and can take it back.

A link is one of the conditions under which an audit's statement on a group's files stands; researchers alone
see it. Nothing follows from it: no account is deactivated, unranked or merged. A team's appeal is recorded
beside it.
"""

import datetime as dt
from collections.abc import Collection

from django.db import transaction

from vault import journal, locks, merged_teams, sentences
from vault.errors import ActError
from vault.models import AccountAppeal, AccountLink, Round, Team

MIN_ACCOUNTS = 2


def linked(*, round: Round) -> dict[frozenset[int], AccountLink]:
    """Find the links that hold, by the accounts that they link."""
    acts = AccountLink.objects.filter(round=round).order_by("pk").prefetch_related("teams")
    last = {frozenset(team.pk for team in act.teams.all()): act for act in acts}
    return {teams: act for teams, act in last.items() if not act.is_reversal}


@transaction.atomic
def link(
    *, round: Round, teams: Collection[int], reason: str, actor: str, now: dt.datetime
) -> AccountLink:
    """Say that these accounts, which compete in the round, belong together."""
    locks.hold_round(round_id=round.pk)
    found = list(Team.objects.filter(pk__in=teams).order_by("name"))
    if len(found) < MIN_ACCOUNTS:
        raise ActError("at least two accounts are linked", field="accounts")
    for team in found:
        if not merged_teams.accounts(round=round, team=team).exists():
            raise ActError(f"the team {team} does not compete in {round}", field="accounts")
    if frozenset(each.pk for each in found) in linked(round=round):
        raise ActError("these accounts are linked already", field="accounts")
    return _act(round, found, reason, is_reversal=False, actor=actor, now=now)


@transaction.atomic
def take_back(
    *, round: Round, teams: Collection[int], reason: str, actor: str, now: dt.datetime
) -> AccountLink:
    """Take a link back: from then on no statement on these accounts stands."""
    locks.hold_round(round_id=round.pk)
    held = linked(round=round).get(frozenset(teams))
    if held is None:
        raise ActError("these accounts are not linked", field="accounts")
    own = list(held.teams.order_by("name"))
    return _act(round, own, reason, is_reversal=True, actor=actor, now=now)


@transaction.atomic
def record_appeal(
    *,
    link: AccountLink,
    team: Team,
    text: str,
    received_on: dt.date,
    actor: str,
    now: dt.datetime,
) -> AccountAppeal:
    """Record what a team of a link says against it; whoever decides on it takes the link back."""
    if not link.teams.filter(pk=team.pk).exists():
        raise ActError(f"the team {team} is not one of the linked accounts", field="team")
    if received_on > now.astimezone(dt.UTC).date():
        raise ActError("an appeal is received before it is recorded", field="received_on")
    if not text.strip():
        raise ActError("what the team says is needed", field="text")
    made = AccountAppeal.objects.create(
        link=link, team=team, text=text.strip(), received_on=received_on, actor=actor, at=now
    )
    journal.append_of_round(
        round=link.round,
        kind="appeal_recorded",
        actor=actor,
        now=now,
        team=team.name,
        received_on=received_on.isoformat(),
        text=made.text,
    )
    return made


def _act(
    round: Round, teams: list[Team], reason: str, *, is_reversal: bool, actor: str, now: dt.datetime
) -> AccountLink:
    made = AccountLink.objects.create(
        round=round,
        is_reversal=is_reversal,
        reason=sentences.checked_reason(reason=reason, error=ActError),
        actor=actor,
        at=now,
    )
    made.teams.set(teams)
    journal.append_of_round(
        round=round,
        kind="accounts_unlinked" if is_reversal else "accounts_linked",
        actor=actor,
        now=now,
        teams=[team.name for team in teams],
        reason=made.reason,
    )
    return made
