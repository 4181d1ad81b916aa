"""Scoring a round again on corrected labels: every answer once more, then all of them current in one commit.

References come first, since mechanisms start from the baseline's score; then each team's submissions in
their order. Nothing is charged, and nothing is shown before the last one is done. Each answer is a
transaction of its own: killed between any two, the next attempt does the rest. A team's file that cannot be
scored again, such as one that was lost, holds up everybody for an hour at most: then it has no answer in the
new transcript. A reference's is not given up: mechanisms start from it.
"""

import datetime as dt
import logging
import uuid
from collections.abc import Callable

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from vault import (
    evaluation,
    finals,
    holdout_ledger,
    journal,
    locks,
    merged_states,
    merged_teams,
    predictions,
    release,
    transcripts,
)
from vault.errors import IncumbentMovedError
from vault.models import MergedState, Release, Round, Submission, Transcript
from vault.queue import leases
from vault.sealing import kept_open
from vault.statuses import RoundStatus

# So long a file that cannot be scored is tried again before the others go on without it.
PATIENCE = dt.timedelta(hours=1)

Clock = Callable[[], dt.datetime]

logger = logging.getLogger(__name__)


def carry_out(*, transcript_id: int, clock: Clock) -> bool:
    """Score all that waits and make it current; False while another worker is at it. Not in a transaction."""
    transcript = Transcript.objects.select_related("round").get(pk=transcript_id)
    with locks.one_rescoring(round_id=transcript.round_id) as is_alone:
        if not is_alone:
            return False
        lost = _score_all(transcript, clock)
        return _make_current(transcript, lost=lost, now=clock())


def _score_all(transcript: Transcript, clock: Clock) -> list[uuid.UUID]:
    """Score what waits, in order; list what is given up, in which order plays no part."""
    lost: list[uuid.UUID] = []
    held_up: set[int] = set()
    stands_for = merged_teams.kept_of(round=transcript.round)
    for submission in _waiting(transcript).iterator(chunk_size=100):
        if submission.team_id in held_up:
            continue
        try:
            _score(transcript, submission, clock)
        except leases.DATABASE_FAULTS:
            raise
        except Exception as error:
            # The kind of error only: its message could hold a label.
            logger.error("%s is not scored again: %s", submission.pk, type(error).__name__)
            if submission.team.is_reference:
                raise
            if clock() - transcript.begun_at < PATIENCE:
                # Whoever stands for it takes over its memory, once it is complete.
                team_id = submission.team_id
                held_up |= {team_id, stands_for.get(team_id, team_id)}
            else:
                lost.append(submission.pk)
    return lost


def _answered_before(transcript: Transcript) -> QuerySet[Submission]:
    return Submission.objects.filter(
        round=transcript.round_id,
        releases__transcript=transcript.number - 1,
    )


def _waiting(transcript: Transcript) -> QuerySet[Submission]:
    """Select what was answered in the transcript that counts, and not in this one, in order.

    What a later file of its team has overtaken was given up, and so was what is left of an absorbed team
    whose memory was taken over.
    """
    answered = _answered_before(transcript)
    later = Release.objects.filter(
        transcript=transcript.number,
        submission__round=transcript.round_id,
        submission__team=OuterRef("team"),
        submission__sequence__gte=OuterRef("sequence"),
    )
    taken_over = MergedState.objects.filter(
        round=transcript.round_id, transcript=transcript.number, merge__absorbed=OuterRef("team")
    )
    # What a team takes over from another is answered before.
    in_order = answered.annotate(is_joined=merged_teams.is_joined()).order_by(
        "-team__is_reference", "is_joined", "team", "sequence"
    )
    return in_order.exclude(Exists(later) | Exists(taken_over)).select_related(
        "team", "round__benchmark", "round__query_holdout", "round__secret"
    )


def _score(transcript: Transcript, submission: Submission, clock: Clock) -> None:
    benchmark = submission.round.benchmark
    whole = predictions.load(file_key=submission.file_key)
    opened = kept_open.query_labels(
        holdout=submission.round.query_holdout, actor=release.ACTOR, now=clock()
    )
    own = whole[opened.positions]
    scores = evaluation.scores_of(benchmark=benchmark, opened=opened, answers=own)
    if submission.is_joined:  # type: ignore[attr-defined]
        merged_states.take_over_again(
            submission=submission, transcript=transcript.number, now=clock()
        )
    while True:
        evaluated = evaluation.evaluated(
            benchmark=benchmark,
            opened=opened,
            answers=own,
            incumbent=release.incumbent_of(submission=submission, transcript=transcript.number),
            scores=scores,
        )
        try:
            release.publish_again(
                submission=submission, transcript=transcript, evaluated=evaluated, now=clock()
            )
        except IncumbentMovedError:
            continue
        return


@transaction.atomic
def _make_current(transcript: Transcript, *, lost: list[uuid.UUID], now: dt.datetime) -> bool:
    """Let all of it count from now on, for all teams; False while something waits, or if it does already."""
    locks.hold_round(round_id=transcript.round_id)
    waiting = Transcript.objects.select_for_update(no_key=True).get(pk=transcript.pk)
    round = Round.objects.select_related("benchmark", "query_holdout").get(pk=waiting.round_id)
    if waiting.current_at is not None or round.status not in transcripts.RESCORED:
        return False
    if _waiting(waiting).exclude(pk__in=lost).exists():
        return False
    answered = Release.objects.filter(submission__round=round, transcript=waiting.number)
    if lost and not answered.exists():
        # Not a file: the storage is away, or the labels do not open.
        return False
    holdout_ledger.count_superseded(round=round, transcript=round.transcript, now=now)
    Round.objects.filter(pk=round.pk).update(transcript=waiting.number)
    round.transcript = waiting.number
    if round.status == RoundStatus.CLOSED:
        finals.choose_again(round=round, now=now)
    Transcript.objects.filter(pk=waiting.pk).update(current_at=now)
    without = _answered_before(waiting).exclude(pk__in=answered.values("submission"))
    journal.append_of_round(
        round=round,
        kind="round_rescored",
        actor=release.ACTOR,
        now=now,
        transcript=waiting.number,
        label_version=waiting.label_version,
        n_releases=answered.count(),
        # Of all attempts, not of this one alone: one that was killed has told nobody what it gave up.
        lost=sorted(str(each) for each in without.values_list("pk", flat=True)),
    )
    return True
