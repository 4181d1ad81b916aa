"""Receiving submissions, and what a team may do with its own: cancel, withdraw, declare its final.

A round takes files, finals and withdrawals until `closes_at`, whether or not a sweeper has closed it by
then; of an upload, that is when its file was read to the end and checked. Whatever is refused leaves no row
and no charge. The file is stored under its content's hash, so one without a row harms nobody.
"""

import datetime as dt
from dataclasses import asdict, dataclass

from django.db import transaction
from django.db.models import Exists, Max, Min, OuterRef, Q

from stats.mechanisms import MECHANISMS
from vault import budget, closed_rounds, journal, late_allowances, locks
from vault import predictions as prediction_files
from vault.budget_left import Late, Queries
from vault.errors import (
    NoOpenRoundError,
    NotAdmittedError,
    RoundClosedError,
    TransitionError,
    ValidationScoreNeededError,
)
from vault.files.canonical import Predictions
from vault.models import Admission, Benchmark, Final, Panel, Round, Submission, Team
from vault.queue import broker
from vault.references import files as reference_files
from vault.statuses import NEVER_OPENED, RoundStatus, SubmissionStatus, before

# What a model may be called: no control characters.
MODEL_NAME = r"[^\x00-\x1f\x7f]*"
# A result that never was: the same predictions may be handed in again.
WITHOUT_RESULT = (SubmissionStatus.FAILED, SubmissionStatus.CANCELLED)


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where a submission comes from and what it promises, as its team says; nothing here is checked."""

    model_name: str = ""
    commit: str = ""
    ci_run_url: str = ""
    # In the metric's units; Thresholdout compares with it.
    validation_score: float | None = None
    latency_p95_ms: float | None = None
    cost_per_1000: float | None = None


@dataclass(frozen=True, kw_only=True)
class Receipt:
    submission: Submission
    is_new: bool
    # Of the account, counted under its lock; None where nothing was charged.
    left: Queries | None = None


def current_round(*, benchmark: Benchmark, team: Team, now: dt.datetime) -> Round:
    """Find the round that this team may submit to now."""
    if not team.is_active:
        raise NotAdmittedError(budget.not_active(team=team))
    if team.is_reference:
        return _planned_round(benchmark=benchmark, now=now)
    admitted = Admission.objects.filter(round=OuterRef("pk"), team=team)
    rounds = Round.objects.filter(benchmark=benchmark).exclude(status__in=NEVER_OPENED)
    known = rounds.select_related("panel").annotate(is_admitted=Exists(admitted))
    latest = known.order_by("-number").first()
    is_open = latest is not None and latest.status == RoundStatus.OPEN
    if latest is None or not (is_open and latest.opens_at <= now < latest.closes_at):
        late = late_allowances.round_for(benchmark=benchmark, team=team, now=now)
        if late is not None:
            return late
        raise closed_rounds.no_round(benchmark=benchmark, now=now)
    if not latest.is_admitted:
        raise NotAdmittedError(f"the team {team.name} is not admitted to this round")
    latest.benchmark = benchmark
    return latest


def _planned_round(*, benchmark: Benchmark, now: dt.datetime) -> Round:
    """Find the planned round: references are frozen when a round opens, so are received only before."""
    waiting = Round.objects.filter(benchmark=benchmark, status=RoundStatus.PLANNED)
    in_order = waiting.select_related("query_holdout", "benchmark", "panel").order_by("number")
    # What would be scored for a round that cannot open any more tells of its labels for nothing.
    planned = in_order.filter(closes_at__gt=now).first()
    if planned is not None:
        return planned
    over = in_order.first()
    if over is not None:
        raise RoundClosedError(
            f"round {over.number} has not opened, and its end has passed: it receives no reference, and "
            "the organizer must cancel it and plan another",
            closes_at=over.closes_at,
        )
    others = Round.objects.filter(benchmark=benchmark).exclude(status=RoundStatus.CANCELLED)
    latest = others.order_by("-number").first()
    cancelled = closed_rounds.cancelled_after(benchmark=benchmark, round=latest)
    raise NoOpenRoundError(f"no round waits for references{cancelled}", opens_at=None)


def check_validation_score(*, round: Round, team: Team, validation_score: float | None) -> None:
    """Refuse what the round's mechanism could not answer: before the body is read, and before any charge."""
    is_needed = MECHANISMS[round.mechanism].needs_reported and not team.is_reference
    if is_needed and validation_score is None:
        raise ValidationScoreNeededError(
            f"the mechanism {round.mechanism} compares with your own validation score: give validation_score",
            field="validation_score",
        )


def receive(
    *,
    team: Team,
    round: Round,
    panel: Panel,
    predictions: Predictions,
    provenance: Provenance,
    now: dt.datetime,
    idempotency_key: str = "",
    organizer: str = "",
) -> Receipt:
    """Take in a file for a round that `current_round` found, or find the same one in it.

    Under the locks only that is read again which may have changed since: whether the round still takes
    files, the account, and what the team handed in.
    """
    check_validation_score(round=round, team=team, validation_score=provenance.validation_score)
    sha256 = predictions.sha256  # before the locks: the whole file is read for it
    with transaction.atomic():
        locks.hold_round_open(round_id=round.pk)
        admission = None
        if team.is_reference:
            round.refresh_from_db(fields=["status", "closes_at"])
            locks.hold_reference_team(team_id=team.pk)
        else:
            admission = budget.lock_account(round=round, team=team)
        late = _late_or_open(round=round, team=team, now=now)
        latest, same = _sequences(round=round, team=team, panel=panel, sha256=sha256)
        if same is not None:
            earlier = Submission.objects.select_related("round", "team")
            return Receipt(
                submission=earlier.get(round=round, team=team, sequence=same), is_new=False
            )
        used = None
        if admission is not None:
            used = budget.check(admission=admission, round=round, now=now, late=late)
        # Until the commit: whoever cancels the same predictions must see this row, or not this file.
        locks.hold_file(sha256=sha256)
        if team.is_reference:
            reference_files.check_room(round=round, team=team)
        # Not before: what is refused must not fill the disk.
        file_key = prediction_files.store(predictions=predictions)
        submission = Submission.objects.create(
            team=team,
            round=round,
            panel=panel,
            sequence=latest + 1,
            sha256=sha256,
            file_key=file_key,
            submitted_at=now,
            is_late=late is not None,
            idempotency_key=idempotency_key,
            **asdict(provenance),
        )
        left = None
        if admission is not None and used is not None:
            left = budget.reserve(admission=admission, submission=submission, used=used, now=now)
        if team.is_reference:
            reference_files.enter(submission=submission, organizer=organizer, now=now)
        transaction.on_commit(lambda: broker.notify(submission_id=submission.pk))
    return Receipt(submission=submission, is_new=True, left=left)


def _late_or_open(*, round: Round, team: Team, now: dt.datetime) -> Late | None:
    """Refuse if the round has ceased to take files while this one was on its way; None if it is not late."""
    expected = RoundStatus.PLANNED if team.is_reference else RoundStatus.OPEN
    if round.status == expected and now < round.closes_at:
        return None
    late = None if team.is_reference else late_allowances.in_effect(round=round, team=team, now=now)
    if late is not None:
        return late
    # It says what there is instead; a round that has come since is not what this file was made for.
    current_round(benchmark=round.benchmark, team=team, now=now)
    round.refresh_from_db(fields=["stopped_at"])
    raise closed_rounds.refusal(round=round, now=now)


def _sequences(*, round: Round, team: Team, panel: Panel, sha256: str) -> tuple[int, int | None]:
    """Find the team's latest number in the round, and that of the same predictions if they are there."""
    is_same = Q(panel=panel, sha256=sha256) & ~Q(status__in=WITHOUT_RESULT)
    found = Submission.objects.filter(round=round, team=team).aggregate(
        latest=Max("sequence"), same=Min("sequence", filter=is_same)
    )
    return found["latest"] or 0, found["same"]


@transaction.atomic
def cancel(*, submission: Submission, now: dt.datetime) -> None:
    """Cancel only what is queued: once scoring has begun, a cancellation could be a free look.

    The file is removed unless another submission, of whomever, has the same predictions.
    """
    done = Submission.objects.filter(
        pk=submission.pk, status=SubmissionStatus.QUEUED, fence=0
    ).update(status=SubmissionStatus.CANCELLED, finished_at=now)
    if not done:
        raise TransitionError("only a submission that waits in the queue can be cancelled")
    budget.check_cancellation(submission=submission, now=now)
    actor = submission.team.name
    reason = budget.CANCELLED
    budget.refund(submission=submission, reason=reason, actor=actor, now=now, most=None)
    journal.append_of_round(
        round=submission.round,
        kind="submission_cancelled",
        actor=actor,
        now=now,
        submission=str(submission.pk),
    )
    # The cancellation stands, even if the storage is away just then.
    transaction.on_commit(lambda: _remove_file(submission), robust=True)


def cancel_with_their_rounds(*, now: dt.datetime) -> None:
    """End what waits in cancelled rounds: references, which are charged nothing, and whose few files stay."""
    # Rounds by a query of their own: a join would put the condition on the status into one as well, and what
    # a worker ends meanwhile would be looked at as it was, and cancelled over its end.
    cancelled = Round.objects.filter(status=RoundStatus.CANCELLED)
    Submission.objects.filter(
        round__in=cancelled, status__in=before(SubmissionStatus.CANCELLED)
    ).update(status=SubmissionStatus.CANCELLED, leased_until=None, finished_at=now)


@transaction.atomic
def _remove_file(cancelled: Submission) -> None:
    locks.hold_file(sha256=cancelled.sha256)
    same = Submission.objects.filter(file_key=cancelled.file_key)
    if not same.exclude(status=SubmissionStatus.CANCELLED).exists():
        prediction_files.remove(file_key=cancelled.file_key)


@transaction.atomic
def withdraw(*, submission: Submission, now: dt.datetime) -> None:
    """Withdraw it from the ranking; it stays charged and audited."""
    _hold_open(submission, now=now)
    done = Submission.objects.filter(
        pk=submission.pk, status__in=before(SubmissionStatus.WITHDRAWN)
    ).update(status=SubmissionStatus.WITHDRAWN)
    if not done:
        raise TransitionError("only a scored submission can be withdrawn")
    Final.objects.filter(submission=submission).delete()


@transaction.atomic
def declare_final(*, submission: Submission, now: dt.datetime) -> Final:
    """Declare the submission that its team wants to be judged by; the last declaration counts."""
    _hold_open(submission, now=now)
    # Under its lock: a file that is withdrawn meanwhile would stay the final.
    current = Submission.objects.select_for_update(no_key=True).get(pk=submission.pk)
    if current.status != SubmissionStatus.SCORED:
        raise TransitionError("only a scored submission can be declared final")
    final, _ = Final.objects.update_or_create(
        round_id=current.round_id,
        team_id=current.team_id,
        defaults={"submission": current, "is_declared": True, "chosen_at": now},
    )
    return final


def _hold_open(submission: Submission, *, now: dt.datetime) -> None:
    """Hold the round open until the announced deadline: sweepers close it some seconds later.

    A team that may hand in late decides about its files as long.
    """
    locks.hold_round_open(round_id=submission.round_id)
    round = Round.objects.get(pk=submission.round_id)
    if round.status == RoundStatus.OPEN and now < round.closes_at:
        return
    if late_allowances.in_effect(round=round, team=submission.team, now=now) is None:
        raise closed_rounds.refusal(round=round, now=now)
