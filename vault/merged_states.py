"""What the answers to two teams that are one come from: one memory, taken over at a place that is kept.

The absorbed team's waiting files are answered first, by its own memory and with its own seeds. Before the
kept team's next answer its memory takes over the other: accepts add up, the better released of the two
incumbents stays. The place is a row and an entry of the journal, so that a replay takes over there, too.
"""

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from stats.mechanisms import MECHANISMS, State
from vault import journal, release
from vault.models import MechanismState, MergedState, Round, Submission, TeamMerge
from vault.queue import leases
from vault.statuses import PENDING

# A team's memory in each transcript of a round.
MemoryKey = tuple[int, int]


@dataclass(kw_only=True)
class Memory:
    """A team's memory in a round, as rows and replays have it."""

    state: State
    incumbent_id: uuid.UUID | None


@transaction.atomic
def take_over(*, submission: Submission, fence: int, now: dt.datetime) -> None:
    """Take over what the submission's team has not yet, before it is answered; the claim is held."""
    transcript = submission.round.transcript
    state = release.locked_state(submission=submission, transcript=transcript)
    claimed = leases.held(submission_id=submission.pk, fence=fence)
    # Whoever has lost it would name a place that was passed already.
    if claimed.select_for_update(no_key=True).exists():
        _join_all(submission, state, _drained(submission), now=now)


@transaction.atomic
def take_over_again(*, submission: Submission, transcript: int, now: dt.datetime) -> None:
    """Take over in a later transcript, before the same file as in the one before it, or the next."""
    state = release.locked_state(submission=submission, transcript=transcript)
    earlier = MergedState.objects.filter(
        round=submission.round, transcript=transcript - 1, sequence__lte=submission.sequence
    )
    merges = _not_yet(submission, transcript).filter(pk__in=earlier.values("merge"))
    _join_all(submission, state, merges, now=now)


def _join_all(
    submission: Submission, state: MechanismState, merges: QuerySet[TeamMerge], *, now: dt.datetime
) -> None:
    """Join the memories of all these merges, and say where; the caller holds the lock of the state."""
    own = Memory(state=state.state, incumbent_id=state.incumbent_id)
    round, transcript = submission.round, state.transcript
    for merge in merges.select_related("absorbed").order_by("pk"):
        theirs = MechanismState.objects.filter(
            round=round, team=merge.absorbed, transcript=transcript
        ).first()
        is_better = theirs is not None and join(
            round=round,
            kept=own,
            absorbed=Memory(state=theirs.state, incumbent_id=theirs.incumbent_id),
        )
        MergedState.objects.create(
            merge=merge, round=round, transcript=transcript, sequence=submission.sequence, at=now
        )
        journal.append_of_round(
            round=round,
            kind="states_merged",
            actor=release.ACTOR,
            now=now,
            absorbed=merge.absorbed.name,
            kept=submission.team.name,
            transcript=transcript,
            # The first of the kept team's files that is answered with both.
            submission=str(submission.pk),
            takes_incumbent=is_better,
        )
    state.state, state.incumbent_id = own.state, own.incumbent_id
    state.save(update_fields=["state", "incumbent"])


def join(*, round: Round, kept: Memory, absorbed: Memory) -> bool:
    """Let the kept memory go on from both; tell whether the absorbed team's incumbent is the better."""
    mechanism = MECHANISMS[round.mechanism]
    kept.state, is_better = mechanism.join(kept=kept.state, absorbed=absorbed.state)
    if is_better:
        kept.incumbent_id = absorbed.incumbent_id
    return is_better


def places(*, round: Round) -> dict[MemoryKey, list[MergedState]]:
    """Find where each kept team's memory took over others, in the order in which it did."""
    found: dict[MemoryKey, list[MergedState]] = {}
    rows = MergedState.objects.filter(round=round).select_related("merge__kept", "merge__absorbed")
    for row in rows.order_by("sequence", "pk"):
        found.setdefault((row.merge.kept_id, row.transcript), []).append(row)
    return found


def _not_yet(submission: Submission, transcript: int) -> QuerySet[TeamMerge]:
    """Select the merges into the submission's team that its memory in the transcript has not taken over."""
    taken = MergedState.objects.filter(round=submission.round, transcript=transcript)
    merges = TeamMerge.objects.filter(kept=submission.team, rounds=submission.round)
    return merges.exclude(pk__in=taken.values("merge"))


def _drained(submission: Submission) -> QuerySet[TeamMerge]:
    """Select the merges to take over: those whose absorbed team has no file left to answer.

    One that has some was claimed before its team was merged: the next of the kept team waits for them.
    """
    round = submission.round
    pending = Submission.objects.filter(round=round, status__in=PENDING)
    return _not_yet(submission, round.transcript).exclude(absorbed__in=pending.values("team"))
