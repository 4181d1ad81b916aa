"""The finals of teams that declared none: filled in at the close, and again where labels were corrected."""

import datetime as dt

from vault import merged_teams
from vault.models import Final, MechanismState, Round, Submission
from vault.statuses import SubmissionStatus


def fill_in(*, round: Round, now: dt.datetime) -> None:
    """Choose for each team that declared none, at the close."""
    Final.objects.bulk_create(
        Final(round=round, team_id=team_id, submission=submission, is_declared=False, chosen_at=now)
        for team_id, submission in _chosen(round).items()
    )


def choose_again(*, round: Round, now: dt.datetime) -> None:
    """Choose once more after the close, by the answers that count now. What was declared stays."""
    chosen = _chosen(round)
    for final in Final.objects.filter(round=round, is_declared=False):
        submission = chosen[final.team_id]
        if submission.pk != final.submission_id:
            final.submission, final.chosen_at = submission, now
            final.save(update_fields=["submission", "chosen_at"])


def _chosen(round: Round) -> dict[int, Submission]:
    """Find the last accepted improvement, else the latest file, of each team that declared none.

    Never by a raw score: which file that is would tell something about the scores.
    """
    declared = merged_teams.finals_of(round=round).filter(is_declared=True)
    scored = Submission.objects.filter(
        round=round, status=SubmissionStatus.SCORED, team__is_reference=False
    )
    states = MechanismState.objects.filter(round=round, transcript=round.transcript)
    chosen = merged_teams.undeclared_finals(
        round=round,
        scored=scored,
        incumbents=set(states.values_list("incumbent_id", flat=True)),
    )
    named = set(declared.values_list("team_id", flat=True))
    return {team_id: each for team_id, each in chosen.items() if team_id not in named}
