"""What the answers to two teams that are one come from: one memory, taken over at a place that is kept.

The absorbed team's waiting files are answered first, by its own memory and with its own seeds. Before the
kept team's next answer its memory takes over the other: accepts add up, the better released of the two
incumbents stays. The place is a row and an entry of the journal, so that a replay takes over there, too.
"""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from stats.mechanisms import MECHANISMS, State
from vault import journal, release
from vault.models import MechanismState, MergedState, Round, Submission, TeamMerge
from vault.queue import leases
from vault.statuses import PENDING

ACTOR = "worker-scoring"


@dataclass(kw_only=True)
class Memory:
    """A team's memory in a round, as rows and replays have it."""

    state: State
    incumbent_id: uuid.UUID | None


@transaction.atomic
def take_over(*, submission: Submission, fence: int, now: dt.datetime) -> None:
    """Take over what the submission's team has not yet, before it is answered; the claim is held."""
    state = release.locked_state(submission=submission)
    claimed = leases.held(submission_id=submission.pk, fence=fence)
    # Whoever has lost it would name a place that was passed already.
    if not claimed.select_for_update(no_key=True).exists():
        return
    own = Memory(state=state.state, incumbent_id=state.incumbent_id)
    round = submission.round
    for merge in _waiting(submission):
        theirs = MechanismState.objects.filter(round=round, team=merge.absorbed).first()
        is_better = theirs is not None and join(
            round=round,
            kept=own,
            absorbed=Memory(state=theirs.state, incumbent_id=theirs.incumbent_id),
        )
        MergedState.objects.create(merge=merge, round=round, sequence=submission.sequence, at=now)
        journal.append_of_round(
            round=round,
            kind="states_merged",
            actor=ACTOR,
            now=now,
            absorbed=merge.absorbed.name,
            kept=submission.team.name,
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


def places(*, round: Round) -> dict[int, list[MergedState]]:
    """Find where each kept team's memory took over others, in the order in which it did."""
    found: dict[int, list[MergedState]] = {}
    rows: Iterable[Any] = MergedState.objects.filter(round=round).select_related("merge")
    for row in sorted(rows, key=lambda each: (each.sequence, each.pk)):
        found.setdefault(row.merge.kept_id, []).append(row)
    return found


def _waiting(submission: Submission) -> list[TeamMerge]:
    """Find the merges to take over: those whose absorbed team has no file left to answer.

    One that has some was claimed before its team was merged: the next of the kept team waits for them.
    """
    round = submission.round
    merges = TeamMerge.objects.filter(kept=submission.team, rounds=round).exclude(
        pk__in=MergedState.objects.filter(round=round).values("merge")
    )
    pending = Submission.objects.filter(round=round, status__in=PENDING)
    drained = merges.exclude(absorbed__in=pending.values("team"))
    return list(drained.select_related("absorbed").order_by("pk"))
