"""Unranking: an organizer takes a team out of a round's ranking, for a reason that everybody reads, or back.

The team's row stays on the board, last and marked, and the teams behind it move up. Its budget, submissions,
final and part in the audit are those of a ranked team. Every act is a row of its own and is journaled.
"""

import datetime as dt

from django.db import transaction

from vault import journal, locks, merged_teams, sentences
from vault.errors import UnrankingError
from vault.models import Round, Team, Unranking
from vault.statuses import RoundStatus


def unranked(*, round: Round) -> dict[int, Unranking]:
    """Find the unrankings that hold, by team."""
    last = {act.team_id: act for act in Unranking.objects.filter(round=round).order_by("pk")}
    return {team_id: act for team_id, act in last.items() if not act.is_reversal}


@transaction.atomic
def unrank(*, round: Round, team: Team, reason: str, actor: str, now: dt.datetime) -> Unranking:
    """Take the team out of the ranking of a round that has opened."""
    _hold(round)
    if not merged_teams.accounts(round=round, team=team).exists():
        raise UnrankingError(f"the team {team} does not compete in {round}", field="team")
    if team.pk in merged_teams.kept_of(round=round):
        raise UnrankingError(
            f"the team {team} was merged into {merged_teams.into(team)}: name that one",
            field="team",
        )
    if team.pk in unranked(round=round):
        raise UnrankingError(f"the team {team} is unranked already", field="team")
    return _act(round, team, reason, is_reversal=False, actor=actor, now=now)


@transaction.atomic
def rank_again(*, round: Round, team: Team, reason: str, actor: str, now: dt.datetime) -> Unranking:
    """Put the team back where its scores place it."""
    _hold(round)
    if team.pk not in unranked(round=round):
        raise UnrankingError(f"the team {team} is not unranked", field="team")
    return _act(round, team, reason, is_reversal=True, actor=actor, now=now)


def _hold(round: Round) -> None:
    """Hold the round: acts on it come one after another, and its status stays as it is meanwhile."""
    locks.hold_round(round_id=round.pk)
    round.refresh_from_db(fields=["status"])
    if round.status == RoundStatus.CANCELLED:
        raise UnrankingError(f"the round {round} was cancelled: nobody is ranked in it")
    if round.status == RoundStatus.PLANNED:
        raise UnrankingError(f"the round {round} has not opened: nobody is ranked in it")


def _act(
    round: Round, team: Team, reason: str, *, is_reversal: bool, actor: str, now: dt.datetime
) -> Unranking:
    made = Unranking.objects.create(
        round=round,
        team=team,
        is_reversal=is_reversal,
        reason=sentences.checked_reason(reason=reason, error=UnrankingError),
        actor=actor,
        at=now,
    )
    journal.append_of_round(
        round=round,
        kind="team_reranked" if is_reversal else "team_unranked",
        actor=actor,
        now=now,
        team=team.name,
        reason=made.reason,
    )
    return made
