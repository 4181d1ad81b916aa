"""Which of a round's answers count: its transcripts, and the one that waits to become current.

Corrected labels bring all answers of a round once more, as the next transcript, which becomes current for
all teams in one commit. While it waits nothing else is scored in the round.
"""

import datetime as dt

from vault.models import Release, Round, Submission, Transcript
from vault.statuses import RoundStatus

# Rounds whose answers are given once more: their audit has not begun, so nothing was judged by the old ones.
RESCORED = (RoundStatus.PLANNED, RoundStatus.OPEN, RoundStatus.CLOSING, RoundStatus.CLOSED)


def is_waiting(*, round: Round) -> bool:
    """Tell whether all that was answered in the round is being scored again."""
    return Transcript.objects.filter(round=round, current_at=None).exists()


def waiting(*, round: Round) -> Transcript | None:
    """Find the transcript that all answers of the round are being given in once more."""
    return Transcript.objects.filter(round=round, current_at=None).first()


def n_left(*, transcript: Transcript) -> int:
    """Count the files that were answered in the transcript before, and are not yet in this one."""
    answered = Release.objects.filter(submission__round=transcript.round_id)
    again = answered.filter(transcript=transcript.number).values("submission")
    before = answered.filter(transcript=transcript.number - 1)
    return before.exclude(submission__in=again).count()


def begin(*, round: Round, label_version: int, now: dt.datetime) -> Transcript:
    """Let the next transcript wait; the caller holds the labels, so that nothing is released meanwhile."""
    return Transcript.objects.create(
        round=round, number=round.transcript + 1, label_version=label_version, begun_at=now
    )


def due() -> list[int]:
    """List the transcripts that wait to be scored."""
    waiting = Transcript.objects.filter(current_at=None)
    going_on = waiting.exclude(round__status=RoundStatus.CANCELLED)
    return list(going_on.order_by("begun_at").values_list("pk", flat=True))


def label_version(*, round: Round) -> int | None:
    """Give the labels that the current transcript is of; None for the first, which has but one."""
    if round.transcript == 1:
        return None
    return Transcript.objects.values_list("label_version", flat=True).get(
        round=round, number=round.transcript
    )


def know_answers(*, submission: Submission, answers: list[Release]) -> None:
    """Let a row bring its answers with it, where they are known without asking the database."""
    cache = submission.__dict__.setdefault("_prefetched_objects_cache", {})
    cache["releases"] = answers


def superseded(*, submission: Submission) -> list[Release]:
    """List the answers to a submission that do not count any more, the oldest first."""
    current = submission.round.transcript
    earlier = [each for each in submission.releases.all() if each.transcript < current]
    return sorted(earlier, key=lambda each: each.transcript)
