"""Replay: compute every release of a round again from its inputs and the journaled seeds.

Mechanisms are pure, so a release that differs from its replay was changed after the fact, or its inputs
were. Only the scoring worker and the owner can run it: the inputs are raw scores, and seeds come from the
round's secret.
"""

import json
import uuid
from dataclasses import dataclass
from typing import Any

from vault import merged_states, release
from vault.errors import JournalError
from vault.merged_states import MemoryKey
from vault.models import (
    Admission,
    JournalEntry,
    MechanismState,
    MergedState,
    RawScore,
    Release,
    ReleaseInput,
    Round,
    Submission,
)
from vault.references import scores as reference_scores
from vault.scorers import scorer_of

Told = tuple[float | None, str]
# A submission and a transcript: one release each.
Place = tuple[str, int]
# A team's memory in each transcript.
Memories = dict[MemoryKey, "_Memory"]


@dataclass(kw_only=True)
class _Memory(merged_states.Memory):
    """What one team's replay of a transcript has come to."""

    is_blind: bool
    # Where it takes over what a merged team's replay has come to, and has not yet.
    ahead: list[MergedState]


def replay(*, round: Round) -> int:
    """Count the releases of all transcripts, or raise `JournalError` at the first that is not as it was."""
    journaled = _journaled(round)
    of_round = ReleaseInput.objects.filter(submission__round=round, holdout=round.query_holdout)
    inputs = {(str(each.submission_id), each.transcript): each for each in of_round}
    raw = _raw_scores(round)
    releases = Release.objects.filter(submission__round=round).select_related(
        "submission__team", "submission__round__benchmark"
    )
    places = merged_states.places(round=round)
    _check_places(round, places)
    by_team = releases.order_by("transcript", "submission__team_id", "submission__sequence")
    # What a team takes over is complete before.
    in_order = sorted(
        by_team,
        key=lambda each: (each.transcript, (each.submission.team_id, each.transcript) in places),
    )
    _check_none_is_gone(round, journaled, inputs)
    memories: Memories = {}
    for actual in in_order:
        submission = actual.submission
        recorded = journaled.get((str(submission.pk), actual.transcript))
        release_input = inputs.get((str(submission.pk), actual.transcript))
        if recorded is None:
            raise JournalError(f"the release of {submission.pk} is not in the journal")
        if release_input is None:
            raise JournalError(f"the release of {submission.pk} has no input")
        versions = (release_input.label_version, release_input.scorer_version)
        _check_input(submission, release_input, raw.get((submission.pk, *versions)))
        if not submission.team.is_reference:
            own = (submission.team_id, actual.transcript)
            _remember(round, own, memories, places, until=submission.sequence)
        expected = _told(round, submission, release_input, recorded, memories)
        if not _agree(round, submission, expected=expected, actual=actual, recorded=recorded):
            raise JournalError(f"the release of {submission.pk} is not what its inputs give")
    for own in places:
        _remember(round, own, memories, places)
    _check_states(round, memories)
    return len(in_order)


def _check_input(submission: Submission, release_input: ReleaseInput, score: float | None) -> None:
    if release.in_metric_units(round=submission.round, value=score) != release_input.score:
        raise JournalError(f"the raw score of {submission.pk} is not its release's input")
    if release.reported(submission=submission) != release_input.reported:
        raise JournalError(f"the validation score of {submission.pk} is not its release's input")


def _check_none_is_gone(
    round: Round, journaled: dict[Place, dict[str, Any]], inputs: dict[Place, ReleaseInput]
) -> None:
    """Refuse what the journal or an input names and no release answers."""
    released = Release.objects.filter(submission__round__benchmark=round.benchmark_id)
    there = {(str(pk), number) for pk, number in released.values_list("submission", "transcript")}
    for gone, _ in sorted({*journaled, *inputs} - there):
        raise JournalError(f"the release of {gone} is gone")


def _agree(
    round: Round,
    submission: Submission,
    *,
    expected: Told,
    actual: Release,
    recorded: dict[str, Any],
) -> bool:
    """Tell whether release and journal say what the inputs give, the journal what was told of references."""
    value, outcome = expected
    entered = {value}
    if submission.team.is_reference and value is not None:
        # Entries from before they were rounded are exact.
        entered.add(
            reference_scores.coarse(value=value, scorer=scorer_of(benchmark=round.benchmark))
        )
    is_released = (actual.value, actual.outcome) == expected
    return is_released and recorded["outcome"] == outcome and recorded["value"] in entered


def _told(
    round: Round,
    submission: Submission,
    release_input: ReleaseInput,
    recorded: dict[str, Any],
    memories: Memories,
) -> Told:
    """Work out what the team is told of this submission; its memory moves on."""
    constants = (recorded["mechanism"], recorded["parameters"])
    if constants != (round.mechanism, round.parameters):
        raise JournalError(f"the release of {submission.pk} had other constants than the round")
    if submission.team.is_reference:
        value = release.shown_reference(round=round, score=release_input.score)
        return release.in_metric_units(round=round, value=value), Release.Outcome.SCORED.value
    transcript = release_input.transcript
    memory = memories[submission.team_id, transcript]
    if release_input.incumbent_id != memory.incumbent_id:
        raise JournalError(f"{submission.pk} was compared with another than its incumbent")
    seed = release.seed_of(
        round=round,
        team_id=submission.team_id,
        sequence=submission.sequence,
        transcript=transcript,
    )
    if recorded["seed"] != (None if memory.is_blind else seed):
        raise JournalError(f"the seed of {submission.pk} does not come from the round's secret")
    if memory.is_blind:
        return None, Release.Outcome.BLIND.value
    memory.state, answer = release.respond(
        round=round,
        state=memory.state,
        score=release_input.score,
        paired_se=release_input.paired_se,
        reported=release_input.reported,
        seed=seed,
    )
    if answer.accepted:
        memory.incumbent_id = submission.pk
    return release.in_metric_units(round=round, value=answer.value), answer.outcome.value


def _remember(
    round: Round,
    own: MemoryKey,
    memories: Memories,
    places: dict[MemoryKey, list[MergedState]],
    *,
    until: int | None = None,
) -> None:
    """Begin a team's memory, and take over others' where it did, up to a submission or to the end."""
    team_id, transcript = own
    if own not in memories:
        state, incumbent = release.initial_state(round=round, transcript=transcript)
        memories[own] = _Memory(
            state=state,
            incumbent_id=None if incumbent is None else incumbent.pk,
            is_blind=Admission.objects.get(round=round, team=team_id).is_blind,
            ahead=list(places.get(own, [])),
        )
    memory = memories[own]
    while memory.ahead and (until is None or memory.ahead[0].sequence <= until):
        absorbed = memories.get((memory.ahead.pop(0).merge.absorbed_id, transcript))
        if absorbed is not None:
            merged_states.join(round=round, kept=memory, absorbed=absorbed)


def _check_places(round: Round, places: dict[MemoryKey, list[MergedState]]) -> None:
    """Hold the rows that say where memories were joined to the journal's entries about it."""
    entries = JournalEntry.objects.filter(benchmark_id=round.benchmark_id, kind="states_merged")
    told = [json.loads(text) for text in entries.values_list("payload", flat=True)]
    entered = {
        (each["kept"], each["absorbed"], each["submission"], each["transcript"])
        for each in told
        if each["round"] == round.number
    }
    found = set()
    for row in (row for rows in places.values() for row in rows):
        kept, absorbed = row.merge.kept, row.merge.absorbed
        at = Submission.objects.get(round=round, team=kept, sequence=row.sequence)
        found.add((kept.name, absorbed.name, str(at.pk), row.transcript))
    if found != entered:
        raise JournalError("where the memories of merged teams were joined is not in the journal")


def _check_states(round: Round, memories: Memories) -> None:
    for stored in MechanismState.objects.filter(round=round).select_related("team"):
        memory = memories.get((stored.team_id, stored.transcript))
        replayed = None if memory is None else (memory.state, memory.incumbent_id)
        if replayed != (stored.state, stored.incumbent_id):
            raise JournalError(f"the state of {stored.team} is not what its releases give")


def _raw_scores(round: Round) -> dict[tuple[uuid.UUID, int, str], float]:
    """Map submission, labels and scorer to a score: re-scoring adds rows beside the one released."""
    rows = RawScore.objects.filter(
        submission__round=round,
        holdout=round.query_holdout,
        metric=round.benchmark.primary_metric,
    )
    return {(row.submission_id, row.label_version, row.scorer_version): row.value for row in rows}


def _journaled(round: Round) -> dict[Place, dict[str, Any]]:
    entries = JournalEntry.objects.filter(benchmark_id=round.benchmark_id, kind="release")
    found: dict[Place, dict[str, Any]] = {}
    for text in entries.values_list("payload", flat=True):
        payload = json.loads(text)
        # Entries from before there were transcripts are all of the first.
        place = (payload["submission"], payload.get("transcript", 1))
        if place in found:
            raise JournalError(f"the release of {payload['submission']} is twice in the journal")
        found[place] = payload
    return found
