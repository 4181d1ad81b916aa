"""Privileged reads for audits: what was handed in and answered in a round. Arrays and plain values out,
no model instances. Raw scores are in it, so no web process may call this (its role cannot read them).
"""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from vault import leaderboard, merged_teams, transcripts, unranking
from vault.models import (
    ProspectiveLook,
    ProspectiveResult,
    PublishedResult,
    RawScore,
    Release,
    Round,
    RoundReference,
    Submission,
    Team,
)
from vault.statuses import SubmissionStatus

# What was scored: the menu of an audit. A withdrawn submission was charged and is audited.
SCORED = (SubmissionStatus.SCORED, SubmissionStatus.WITHDRAWN)


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A submission's stored predictions."""

    id: uuid.UUID
    file_key: str


@dataclass(frozen=True, kw_only=True)
class PublishedFinal(StoredFile):
    """A final about which a figure was published while the query holdout was still fresh."""

    # The published figure, in the metric's units.
    fresh: float
    # Whose it is, and of which round.
    team: str
    round_number: int


@dataclass(frozen=True, kw_only=True)
class PastSubmission(StoredFile):
    sequence: int
    submitted_at: dt.datetime
    released_at: dt.datetime
    status: str
    sha256: str
    panel_id: int
    outcome: str
    # In the metric's units: its own released value, None where the answer only repeated an earlier
    # one, and its exact score on the query holdout.
    released: float | None
    raw: float
    # As its team says; nobody measured it.
    latency_p95_ms: float | None = None
    cost_per_1000: float | None = None


@dataclass(frozen=True, kw_only=True)
class TeamHistory:
    team_id: int
    name: str
    is_reference: bool
    attempts: int
    # The value on the board: of a closed round, the final's own.
    released: float | None
    submissions: list[PastSubmission]
    final_id: uuid.UUID | None
    final_is_declared: bool


@dataclass(frozen=True, kw_only=True)
class RoundHistory:
    """Teams by name; references in their frozen order, the baseline first."""

    round_id: int
    teams: list[TeamHistory]
    references: list[PastSubmission]
    published_finals: list[PublishedFinal]
    first_release_at: dt.datetime | None
    # Figures of finals on labels that arrived afterwards, as everybody reads them, by holdout and team.
    awaited: dict[str, dict[int, float]]
    # Teams that organizers took out of the ranking.
    unranked: frozenset[int]


def round_history(*, round: Round) -> RoundHistory:
    rows = Submission.objects.filter(round=round, status__in=SCORED).select_related("team")
    menus = _menus(round, rows.order_by("team_id", "sequence"))
    submissions = {row.pk: row for _, own in menus for row in own}
    finals = {final.team_id: final for final in merged_teams.finals_of(round=round)}
    board = {row.team_id: row for row in leaderboard.board(round=round)}
    past = _past(round, submissions)
    teams = []
    for team, own in menus:
        final = finals.get(team.pk)
        teams.append(
            TeamHistory(
                team_id=team.pk,
                name=team.name,
                is_reference=team.is_reference,
                attempts=board[team.pk].attempts,
                released=board[team.pk].released,
                submissions=[past[each.pk] for each in own],
                final_id=None if final is None else final.submission_id,
                final_is_declared=final is not None and final.is_declared,
            )
        )
    order = RoundReference.objects.filter(round=round).order_by("position")
    competing = (history for history in teams if not history.is_reference)
    released = (each.released_at for history in competing for each in history.submissions)
    return RoundHistory(
        round_id=round.pk,
        teams=sorted(teams, key=lambda team: team.name),
        references=[past[pk] for pk in order.values_list("submission_id", flat=True)],
        published_finals=_published_finals(round),
        first_release_at=min(released, default=None),
        awaited=_awaited(round),
        unranked=frozenset(unranking.unranked(round=round)),
    )


def _menus(round: Round, submissions: Iterable[Submission]) -> list[tuple[Team, list[Submission]]]:
    """Give each team's submissions in its order; those of two that are one in the order of their time."""
    stands_for = merged_teams.kept_of(round=round)
    menus = {
        team.pk: (team, list(own)) for team, own in groupby(submissions, key=attrgetter("team"))
    }
    kept = Team.objects.in_bulk(stands_for.values()) if stands_for else {}
    for absorbed_id, kept_id in stands_for.items():
        if absorbed_id not in menus:
            continue
        team, own = menus.get(kept_id, (kept[kept_id], []))
        _, theirs = menus.pop(absorbed_id)
        both = sorted([*own, *theirs], key=attrgetter("submitted_at", "pk"))
        menus[kept_id] = (team, both)
    return list(menus.values())


def _published_finals(round: Round) -> list[PublishedFinal]:
    """List what earlier rounds published about the query holdout: anybody may have built on it."""
    published = PublishedResult.objects.filter(
        round__fresh_holdouts=round.query_holdout_id
    ).exclude(round=round)
    in_order = published.order_by("round__number", "team_id")
    return [
        PublishedFinal(id=pk, file_key=file_key, fresh=fresh, team=team, round_number=number)
        for pk, file_key, fresh, team, number in in_order.values_list(
            "submission_id", "submission__file_key", "fresh_value", "team__name", "round__number"
        )
        if fresh is not None
    ]


def _awaited(round: Round) -> dict[str, dict[int, float]]:
    """Give the newest rows that are shown; a team of which there is no score is left out."""
    shown = ProspectiveLook.objects.filter(round=round, is_shown=True).order_by("label_version")
    newest = {str(each.holdout_id): each for each in shown}
    return {
        holdout: {
            team_id: value
            for team_id, value in ProspectiveResult.objects.filter(look=look).values_list(
                "team_id", "value"
            )
            if value is not None
        }
        for holdout, look in newest.items()
    }


def _past(
    round: Round, submissions: dict[uuid.UUID, Submission]
) -> dict[uuid.UUID, PastSubmission]:
    scored = RawScore.objects.filter(
        submission__in=submissions,
        holdout=round.query_holdout,
        metric=round.benchmark.primary_metric,
    )
    # Re-scoring adds rows; the first of a submission, which is written last here, is the released one.
    in_order = scored.order_by("-pk")
    raw = dict(in_order.values_list("submission_id", "value"))
    version = transcripts.label_version(round=round)
    if version is not None:
        corrected = in_order.filter(label_version=version)
        raw |= dict(corrected.values_list("submission_id", "value"))
    answers = Release.objects.filter(
        submission__in=submissions, transcript__lte=round.transcript
    ).order_by("transcript")
    # The last one: of a file that was lost before its labels were corrected that is an earlier one.
    releases = {each.submission_id: each for each in answers}
    # When the team first learned something of it: a corrected answer comes later.
    first: dict[uuid.UUID, dt.datetime] = {}
    for each in answers:
        first.setdefault(each.submission_id, each.released_at)
    return {
        pk: PastSubmission(
            id=pk,
            sequence=row.sequence,
            submitted_at=row.submitted_at,
            released_at=first[pk],
            status=row.status,
            sha256=row.sha256,
            file_key=row.file_key,
            panel_id=row.panel_id,
            outcome=releases[pk].outcome,
            released=releases[pk].released,
            raw=raw[pk],
            latency_p95_ms=row.latency_p95_ms,
            cost_per_1000=row.cost_per_1000,
        )
        for pk, row in submissions.items()
    }
