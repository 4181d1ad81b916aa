"""Scoring: claim a team's next submission, open the labels, compute, and hand over to `release`.

A team's submissions are scored in order, so that its answers depend on nothing but its own submissions.
Nothing is revealed before the release is committed, so a lost attempt is simply made again. One that the
installation spoiled (storage, database, keys) is not counted; other exceptions and lost time are.
"""

import datetime as dt
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction

from vault import (
    budget,
    evaluation,
    fit_to_score,
    journal,
    merged_states,
    merged_teams,
    predictions,
    release,
)
from vault.errors import (
    CorrectedMeanwhileError,
    IncumbentMovedError,
    StaleClaimError,
    TimeLimitError,
)
from vault.models import Submission
from vault.queue import broker, leases, time_limit
from vault.queue.leases import Claim
from vault.sealing import kept_open
from vault.statuses import SubmissionStatus

logger = logging.getLogger(__name__)

# All that a competing team learns of a failure that its file met: more could depend on a label.
SCORING_FAILED = "scoring_failed"
MAX_PER_TURN = 20  # then other teams have their turn

Clock = Callable[[], dt.datetime]


def score_team(*, submission_id: uuid.UUID, clock: Clock) -> int:
    """Score what the team of this submission has waiting, in order; count those that were scored.

    A turn is over after `MAX_PER_TURN` attempts, or one that took too long; then a worker is notified of the
    rest. If another worker holds the team's earliest submission, this one returns: the other looks for more
    after its commit, and a submission is committed before its notification, so none is overlooked.
    """
    row = Submission.objects.values("round_id", "team_id").get(pk=submission_id)
    n_scored = 0
    for _ in range(MAX_PER_TURN):
        try:
            with time_limit.limited(seconds=settings.SCORING_SECONDS):
                claim = leases.claim(**row)
            if claim is None:
                return n_scored
            n_scored += _attempt(claim=claim, clock=clock)
        except TimeLimitError:
            # Interrupted perhaps in the middle of a transaction: the next attempt gets another session.
            connection.close()
            break
    broker.notify(submission_id=submission_id)
    return n_scored


@dataclass(kw_only=True)
class Used:
    """What one attempt has used: the number of the journal's entry about the opening of its labels."""

    opening: int | None = None


def _attempt(*, claim: Claim, clock: Clock) -> bool:
    """Tell whether it was scored; raises `TimeLimitError` when it took too long, which is noted before."""
    used = Used()
    if claim.is_hopeless:
        _fail(claim=claim, used=used, now=clock())
        return False
    try:
        with time_limit.limited(seconds=settings.SCORING_SECONDS), leases.kept(claim):
            return _score(claim=claim, used=used, clock=clock)
    except TimeLimitError:
        logger.error("scoring %s failed: it took too long", claim.submission_id)
        connection.close()  # whatever it was in the middle of
        _give_back(claim=claim, used=used, now=clock())
        raise
    except fit_to_score.UnfitError as error:
        logger.warning("%s is not scored: %s", claim.submission_id, error.code)
        _fail(claim=claim, used=used, now=clock(), code=error.code)
        return False
    except leases.FAULTS as error:
        logger.error("scoring %s is put off: %s", claim.submission_id, type(error).__name__)
        leases.put_off(claim)
        return False
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the submission must not be stuck
        # Never the message or the traceback: they could hold a label or a score.
        logger.error("scoring %s failed: %s", claim.submission_id, type(error).__name__)
        _give_back(claim=claim, used=used, now=clock())
        return False


def _score(*, claim: Claim, used: Used, clock: Clock) -> bool:
    known = Submission.objects.select_related(
        "team", "round__benchmark", "round__query_holdout", "round__secret"
    )
    submission = known.annotate(is_joined=merged_teams.is_joined()).get(pk=claim.submission_id)
    fit_to_score.check_reserved(submission=submission)
    # Before the labels: if the storage is away, none was opened for nothing.
    whole = predictions.load(file_key=submission.file_key)
    round = submission.round
    opened = kept_open.query_labels(holdout=round.query_holdout, actor=release.ACTOR, now=clock())
    used.opening = opened.entry
    own = whole[opened.positions]
    fit_to_score.check_no_label_file(submission=submission, labels=opened.labels, answers=own)
    is_doubted = fit_to_score.is_doubtful(submission=submission, labels=opened.labels, answers=own)
    scores = evaluation.scores_of(benchmark=round.benchmark, opened=opened, answers=own)
    if submission.is_joined:
        merged_states.take_over(submission=submission, fence=claim.fence, now=clock())
    while True:
        evaluated = evaluation.evaluated(
            benchmark=round.benchmark,
            opened=opened,
            answers=own,
            incumbent=release.incumbent_of(submission=submission, transcript=round.transcript),
            scores=scores,
            is_doubted=is_doubted,
        )
        try:
            release.publish(
                submission=submission, fence=claim.fence, evaluated=evaluated, now=clock()
            )
        except IncumbentMovedError:
            continue
        except StaleClaimError:
            return False
        except CorrectedMeanwhileError:
            # Its turn comes once all that was answered before it is scored on the new labels.
            leases.put_off(claim)
            return False
        return True


def _give_back(*, claim: Claim, used: Used, now: dt.datetime) -> None:
    """Put it back into the queue after an exception, or fail it when there were too many."""
    if leases.count_exception(claim) >= settings.MAX_EXCEPTIONS:
        _fail(claim=claim, used=used, now=now)
    else:
        leases.give_back(claim)


@transaction.atomic
def _fail(*, claim: Claim, used: Used, now: dt.datetime, code: str = SCORING_FAILED) -> None:
    """Fail it, and refund the query, since nothing was released: up to the refunds that a team may have.

    The journal's entry names an opening only if this attempt used its labels.
    """
    failed = leases.held(submission_id=claim.submission_id, fence=claim.fence).update(
        status=SubmissionStatus.FAILED,
        leased_until=None,
        finished_at=now,
        error_code=code,
    )
    if not failed:
        return
    submission = Submission.objects.select_related("round").get(pk=claim.submission_id)
    refunded = budget.refund(
        submission=submission,
        reason=budget.FAILED,
        actor=release.ACTOR,
        now=now,
        most=settings.MAX_REFUNDED_FAILURES,
    )
    journal.append(
        benchmark_id=submission.round.benchmark_id,
        kind="scoring_failed",
        actor=release.ACTOR,
        payload={
            "submission": str(submission.pk),
            "refunded": refunded,
            "code": code,
            "opening": used.opening,
        },
        now=now,
    )
