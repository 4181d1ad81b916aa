"""The finals of teams that declared none: filled in at the close, and again where labels were corrected."""

import datetime as dt

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
    """Find each team's last accepted improvement, else its latest file.

    Never by a raw score: which file that is would tell something about the scores.
    """
    declared = Final.objects.filter(round=round, is_declared=True).values("team")
    scored = Submission.objects.filter(
        round=round, status=SubmissionStatus.SCORED, team__is_reference=False
    ).exclude(team__in=declared)
    states = MechanismState.objects.filter(round=round, transcript=round.transcript)
    incumbents = set(states.values_list("incumbent_id", flat=True))
    best_last = sorted(scored, key=lambda each: (each.pk in incumbents, each.sequence))
    # Of each team the last one stays.
    return {submission.team_id: submission for submission in best_last}
