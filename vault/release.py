"""Release: the one place where a score becomes something that a team may read.

One short transaction writes all of it, and a query is spent if and only if this commits. Mechanisms are pure
and seeds are journaled, so each release can be computed again.
"""

import datetime as dt
import hashlib
import uuid
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Exists, OuterRef, Subquery

from stats.mechanisms import MECHANISMS, Answer, Outcome, Query, State
from stats.metrics import METRICS
from vault import budget, fit_to_score, journal, locks
from vault.errors import CorrectedMeanwhileError, IncumbentMovedError, StaleClaimError
from vault.models import (
    Admission,
    LabelVersion,
    MechanismState,
    RawScore,
    Release,
    ReleaseInput,
    Round,
    RoundReference,
    Submission,
    Transcript,
)
from vault.queue import leases
from vault.references import doubts as reference_doubts
from vault.references import scores as reference_scores
from vault.statuses import RoundStatus, SubmissionStatus

ACTOR = "worker-scoring"


@dataclass(frozen=True, kw_only=True)
class Score:
    """In the metric's own units."""

    metric: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """What scoring found; the first score is the primary metric's.

    `opening` is the number of the journal's entry about the opening of the labels that were used.
    """

    scorer_version: str
    # The number of the labels that were used.
    label_version: int
    scores: list[Score]
    incumbent_id: uuid.UUID | None
    paired_se: float
    opening: int
    # Of a reference: so good that it may be the label file.
    is_doubted: bool = False


def incumbent_of(*, submission: Submission, transcript: int) -> Submission | None:
    """Find the submission that this one must beat: the team's incumbent, at first the frozen baseline."""
    if submission.team.is_reference:
        return None
    states = MechanismState.objects.filter(
        round=submission.round_id, team=submission.team_id, transcript=transcript
    )
    state = states.select_related("incumbent").first()
    if state is not None:
        return state.incumbent
    if not MECHANISMS[submission.round.mechanism].needs_baseline:
        return None
    return _baseline(round=submission.round).submission


@transaction.atomic
def publish(
    *, submission: Submission, fence: int, evaluated: Evaluated, now: dt.datetime
) -> Release:
    _hold_labels(submission, evaluated)
    if submission.team.is_reference:
        _hold_round(submission)
    # First, while nothing is written: a lost claim leaves no trace, and a held one keeps its row locked.
    done = leases.held(submission_id=submission.pk, fence=fence).update(
        status=SubmissionStatus.SCORED, leased_until=None, finished_at=now
    )
    if not done:
        raise StaleClaimError(f"{submission.pk} is no longer this worker's")
    account = budget.account_charged(submission=submission)
    released = _release(
        submission=submission,
        transcript=submission.round.transcript,
        evaluated=evaluated,
        account=account,
        now=now,
    )
    if account is not None:
        budget.commit(account=account, submission=submission, now=now)
    if evaluated.is_doubted:
        reference_doubts.enter(submission=submission, actor=ACTOR, now=now)
    return released


@transaction.atomic
def publish_again(
    *, submission: Submission, transcript: Transcript, evaluated: Evaluated, now: dt.datetime
) -> Release | None:
    """Release it in a transcript that waits, once: nothing is charged. None: another worker has done so."""
    # Whoever makes it current, or releases the same, waits for this row.
    waiting = Transcript.objects.select_for_update(no_key=True).get(pk=transcript.pk)
    done = Release.objects.filter(submission=submission, transcript=waiting.number)
    if waiting.current_at is not None or done.exists():
        return None
    if evaluated.label_version != waiting.label_version:
        raise CorrectedMeanwhileError("the labels are not those of the transcript")
    return _release(
        submission=submission,
        transcript=waiting.number,
        evaluated=evaluated,
        account=budget.account_charged(submission=submission),
        now=now,
    )


def _release(
    *,
    submission: Submission,
    transcript: int,
    evaluated: Evaluated,
    account: Admission | None,
    now: dt.datetime,
) -> Release:
    """Answer, and write down the answer with all that it came from."""
    if submission.team.is_reference:
        shown = shown_reference(round=submission.round, score=_oriented(submission, evaluated))
        answer, seed = Answer(value=shown, outcome=Outcome.SCORED, accepted=False), None
    elif account is None:
        # What nobody was charged for is not answered.
        raise fit_to_score.UnfitError(fit_to_score.NOT_CHARGED)
    else:
        answer, seed = _answer(
            submission=submission,
            transcript=transcript,
            evaluated=evaluated,
            is_blind=account.is_blind,
        )
    _record(submission=submission, transcript=transcript, evaluated=evaluated, now=now)
    released = Release.objects.create(
        submission=submission,
        transcript=transcript,
        value=in_metric_units(round=submission.round, value=answer.value),
        outcome=answer.outcome.value,
        released_at=now,
    )
    _journal(submission=submission, released=released, evaluated=evaluated, seed=seed, now=now)
    return released


def seed_of(*, round: Round, team_id: int, sequence: int, transcript: int = 1) -> str:
    """Hexadecimal seed of one release: a function of the round's secret and the team's own history."""
    text = f"{round.secret.entropy}:{team_id}:{sequence}"
    if transcript > 1:
        # The same noise twice would show the exact difference that the corrected labels make.
        text = f"{text}:{transcript}"
    return hashlib.sha256(text.encode()).hexdigest()


def respond(
    *,
    round: Round,
    state: State,
    score: float,
    paired_se: float,
    reported: float | None,
    seed: str,
) -> tuple[State, Answer]:
    """Ask the round's mechanism, with oriented scores: the team's next state, and what it is told."""
    return MECHANISMS[round.mechanism].respond(
        state=state,
        query=Query(
            score=score,
            paired_se=paired_se,
            n=round.query_holdout.n_items,
            unit=budget.unit_of(benchmark=round.benchmark),
            reported=reported,
        ),
        parameters=round.parameters,
        rng=np.random.default_rng(int(seed, 16)),
    )


def shown_reference(*, round: Round, score: float) -> float | None:
    """Give what the mechanism shows of a reference's oriented score."""
    return MECHANISMS[round.mechanism].display_baseline(
        baseline=score,
        n=round.query_holdout.n_items,
        unit=budget.unit_of(benchmark=round.benchmark),
        parameters=round.parameters,
    )


def initial_state(*, round: Round, transcript: int = 1) -> tuple[dict[str, Any], Submission | None]:
    """Make a team's state before its first query, and find the incumbent it starts with."""
    mechanism = MECHANISMS[round.mechanism]
    baseline, incumbent = None, None
    if mechanism.needs_baseline:
        reference = _baseline(round=round)
        incumbent = reference.submission
        inputs = ReleaseInput.objects.filter(submission=incumbent, holdout=round.query_holdout)
        baseline = inputs.values_list("score", flat=True).get(transcript=transcript)
    state = mechanism.initial_state(
        baseline=baseline,
        n=round.query_holdout.n_items,
        unit=budget.unit_of(benchmark=round.benchmark),
        parameters=round.parameters,
    )
    return state, incumbent


def locked_state(*, submission: Submission, transcript: int) -> MechanismState:
    """Lock the state of the submission's team until the transaction ends; its first query makes it."""
    round = submission.round
    own = {"round": round, "team": submission.team, "transcript": transcript}
    states = MechanismState.objects.select_for_update().filter(**own)
    state = states.first()
    if state is None:
        first, incumbent = initial_state(round=round, transcript=transcript)
        defaults = {"state": first, "incumbent": incumbent}
        MechanismState.objects.get_or_create(**own, defaults=defaults)
        state = states.get()
    return state


def reported(*, submission: Submission) -> float | None:
    """Orient the team's own validation score."""
    return in_metric_units(round=submission.round, value=submission.validation_score)


def in_metric_units(*, round: Round, value: float | None) -> float | None:
    """Turn an oriented score into the metric's units, or back."""
    return None if value is None else METRICS[round.benchmark.primary_metric].orient(value)


def _hold_labels(submission: Submission, evaluated: Evaluated) -> None:
    """Keep the labels from being corrected until this commits; raise if they were since they were opened."""
    holdout_id = submission.round.query_holdout_id
    locks.hold_labels_as_they_are(holdout_id=holdout_id)
    newest = LabelVersion.objects.filter(holdout=holdout_id).order_by("-number")
    waiting = Transcript.objects.filter(round=OuterRef("pk"), current_at=None)
    now = Round.objects.annotate(
        newest=Subquery(newest.values("number")[:1]), waits=Exists(waiting)
    ).values_list("transcript", "newest", "waits")
    expected = (submission.round.transcript, evaluated.label_version, False)
    if now.get(pk=submission.round_id) != expected:
        raise CorrectedMeanwhileError("the labels were corrected")


def _hold_round(reference: Submission) -> None:
    """Keep the round from being cancelled, or refuse: cancelling counts what its references were told."""
    locks.hold_round_open(round_id=reference.round_id)
    status = Round.objects.values_list("status", flat=True).get(pk=reference.round_id)
    if status == RoundStatus.CANCELLED:
        raise StaleClaimError(f"the round of {reference.pk} was cancelled")


def _answer(
    *, submission: Submission, transcript: int, evaluated: Evaluated, is_blind: bool
) -> tuple[Answer, str | None]:
    """Ask the mechanism, and move the team's state with its answer. A blind team's state stands still."""
    round = submission.round
    state = locked_state(submission=submission, transcript=transcript)
    if state.incumbent_id != evaluated.incumbent_id:
        raise IncumbentMovedError("the incumbent changed")
    if is_blind:
        return Answer(value=None, outcome=Outcome.BLIND, accepted=False), None
    seed = seed_of(
        round=round,
        team_id=submission.team_id,
        sequence=submission.sequence,
        transcript=transcript,
    )
    state.state, answer = respond(
        round=round,
        state=state.state,
        score=_oriented(submission, evaluated),
        paired_se=evaluated.paired_se,
        reported=reported(submission=submission),
        seed=seed,
    )
    if answer.accepted:
        state.incumbent = submission
    state.save(update_fields=["state", "incumbent"])
    return answer, seed


def _record(
    *, submission: Submission, transcript: int, evaluated: Evaluated, now: dt.datetime
) -> None:
    round = submission.round
    RawScore.objects.bulk_create(
        RawScore(
            submission=submission,
            holdout=round.query_holdout,
            label_version=evaluated.label_version,
            scorer_version=evaluated.scorer_version,
            scored_at=now,
            **asdict(score),
        )
        for score in evaluated.scores
    )
    ReleaseInput.objects.create(
        submission=submission,
        holdout=round.query_holdout,
        transcript=transcript,
        label_version=evaluated.label_version,
        scorer_version=evaluated.scorer_version,
        incumbent_id=evaluated.incumbent_id,
        score=_oriented(submission, evaluated),
        paired_se=evaluated.paired_se,
        reported=reported(submission=submission),
    )


def _journal(
    *,
    submission: Submission,
    released: Release,
    evaluated: Evaluated,
    seed: str | None,
    now: dt.datetime,
) -> None:
    """Enter names, constants and what was released, as it was told: never a raw score."""
    round = submission.round
    told = reference_scores.told(value=released.value, round=round, team=submission.team)
    journal.append(
        benchmark_id=round.benchmark_id,
        kind="release",
        actor=ACTOR,
        payload={
            "submission": str(submission.pk),
            "holdout": str(round.query_holdout_id),
            "label_version": evaluated.label_version,
            "transcript": released.transcript,
            "opening": evaluated.opening,
            "mechanism": round.mechanism,
            "parameters": round.parameters,
            "seed": seed,
            "outcome": released.outcome,
            "value": told,
        },
        now=now,
    )


def _baseline(*, round: Round) -> RoundReference:
    return RoundReference.objects.select_related("submission").get(round=round, position=0)


def _oriented(submission: Submission, evaluated: Evaluated) -> float:
    metric = METRICS[submission.round.benchmark.primary_metric]
    return metric.orient(evaluated.scores[0].value)
