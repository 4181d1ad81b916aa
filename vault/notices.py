"""What organizers changed about a round after it was planned: written down once, for everybody to read.

Each act posts one notice in its own transaction, with one entry in the journal. A team is named to others
only where the board names it: who was admitted and has asked nothing is nobody else's business.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vault import budget_left, journal, merged_teams, sentences
from vault.errors import ActError
from vault.models import BudgetEntry, LabelVersion, Release, Round, RoundNotice, Team, TeamMerge
from vault.statuses import RoundStatus

# These have rows of their own, and are told as the other acts are.
UNRANKED, RERANKED = "team_unranked", "team_reranked"
MERGED, CORRECTED = "teams_merged", "labels_corrected"
KINDS = (*RoundNotice.Kind.values, UNRANKED, RERANKED, MERGED, CORRECTED)


@dataclass(frozen=True, kw_only=True)
class Change:
    """One act, as everybody may read it; `team` is None where it is about all, or not to be named."""

    kind: str
    at: dt.datetime
    reason: str
    team: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def post(
    *,
    round: Round,
    kind: RoundNotice.Kind,
    reason: str,
    actor: str,
    now: dt.datetime,
    team: Team | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    **journaled: Any,
) -> RoundNotice:
    """Write an act down and enter it into the journal, where `journaled` stands as well."""
    notice = RoundNotice.objects.create(
        round=round,
        team=team,
        kind=kind,
        reason=sentences.checked_reason(reason=reason, error=ActError),
        actor=actor,
        at=now,
        before=before,
        after=after,
    )
    told = {"reason": notice.reason, "before": before, "after": after, **journaled}
    if team is not None:
        told["team"] = team.name
    journal.append_of_round(round=round, kind=str(kind), actor=actor, now=now, **told)
    return notice


def written(at: dt.datetime) -> str:
    """Write a time as the API does."""
    return at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def changes(*, round: Round) -> list[Change]:
    """List what was changed, in the order of the acts."""
    posted, unranked = list(round.notices.all()), list(round.unrankings.all())
    merges = list(round.merges.all())
    concerned = {each.team_id for each in posted} | {each.team_id for each in unranked}
    concerned |= {each.kept_id for each in merges}
    names = _named(round, {team_id for team_id in concerned if team_id is not None})
    told = [
        Change(
            kind=each.kind,
            at=each.at,
            reason=each.reason,
            team=None if each.team_id is None else names.get(each.team_id),
            before=each.before,
            after=each.after,
        )
        for each in sorted(posted, key=lambda each: each.pk)
    ]
    told += [
        Change(
            kind=RERANKED if each.is_reversal else UNRANKED,
            at=each.at,
            reason=each.reason,
            team=names.get(each.team_id),
            before=None,
            after=None,
        )
        for each in sorted(unranked, key=lambda each: each.pk)
    ]
    told += _merged(merges, names) + _corrected(round)
    return sorted(told, key=lambda each: each.at)


def _merged(merges: Iterable[TeamMerge], names: Mapping[int, str]) -> list[Change]:
    return [
        Change(
            kind=MERGED,
            at=each.at,
            reason=each.reason,
            team=names.get(each.kept_id),
            before=None,
            # The board names it in the row of the team that stands for it, where there is one.
            after={"absorbed": each.absorbed.name} if each.kept_id in names else None,
        )
        for each in sorted(merges, key=lambda each: each.pk)
    ]


def _corrected(round: Round) -> list[Change]:
    told = []
    for each in corrections(round=round):
        before, after = before_and_after(round=round, version=each)
        told.append(
            Change(
                kind=CORRECTED,
                at=each.arrived_at,
                reason=each.reason,
                team=None,
                before=before,
                after=after,
            )
        )
    return told


def corrections(*, round: Round) -> list[LabelVersion]:
    """List the corrections of the query holdout's labels since the round opened or had answers.

    Every holdout of the draw has a version of the same number, for the same reason.
    """
    since = min(round.opens_at, round.opened_at or round.opens_at)
    scored_again = {each.label_version for each in round.transcripts.all()}
    versions = sorted(round.query_holdout.versions.all(), key=lambda each: each.number)
    return [
        each
        for each in versions
        if each.number > 1 and (each.arrived_at >= since or each.number in scored_again)
    ]


def before_and_after(
    *, round: Round, version: LabelVersion
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Name the versions, and the transcripts if all of the round was, or is, scored again on the new one.

    Until the new transcript is current, `counts_since` is None. A cancelled round gets it no more.
    """
    before: dict[str, Any] = {"label_version": version.number - 1}
    after: dict[str, Any] = {"label_version": version.number}
    for each in round.transcripts.all():
        is_given_up = each.current_at is None and round.status == RoundStatus.CANCELLED
        if each.label_version == version.number and not is_given_up:
            before["transcript"] = each.number - 1
            after["transcript"] = each.number
            after["counts_since"] = None if each.current_at is None else written(each.current_at)
    return before, after


def _named(round: Round, concerned: Collection[int]) -> dict[int, str]:
    """Name those of the teams that have a row on the board, if only with what another handed in."""
    if not concerned:
        return {}
    stands_for = merged_teams.kept_of(round=round)
    both = {*concerned, *(pk for pk, kept_id in stands_for.items() if kept_id in concerned)}
    entries = BudgetEntry.objects.filter(admission__round=round, admission__team__in=both)
    charged = set(budget_left.charged(entries=entries).values_list("admission__team", flat=True))
    answered = Release.objects.filter(submission__round=round, submission__team__in=both)
    listed = charged.union(answered.values_list("submission__team", flat=True))
    listed |= {stands_for[pk] for pk in listed & stands_for.keys()}
    named = Team.objects.filter(pk__in=listed.intersection(concerned))
    return dict(named.values_list("pk", "name"))
