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


@dataclass(kw_only=True)
class _Memory(merged_states.Memory):
    """What one team's replay has come to."""

    is_blind: bool
    # Where it takes over what a merged team's replay has come to, and has not yet.
    ahead: list[MergedState]


def replay(*, round: Round) -> int:
    """Count the releases, or raise `JournalError` at the first that its inputs do not give."""
    journaled = _journaled(round)
    of_round = ReleaseInput.objects.filter(submission__round=round, holdout=round.query_holdout)
    inputs = {each.submission_id: each for each in of_round}
    raw = _raw_scores(round)
    known = {*journaled, *map(str, inputs)}
    for gone in sorted(known - {str(pk) for pk in Release.objects.in_bulk(list(known))}):
        raise JournalError(f"the release of {gone} is gone")
    memories: dict[int, _Memory] = {}
    releases = Release.objects.filter(submission__round=round).select_related(
        "submission__team", "submission__round__benchmark"
    )
    places = merged_states.places(round=round)
    _check_places(round, places)
    by_team = releases.order_by("submission__team_id", "submission__sequence")
    # What a team takes over is complete before.
    in_order = sorted(by_team, key=lambda each: each.submission.team_id in places)
    for actual in in_order:
        submission = actual.submission
        recorded = journaled.get(str(submission.pk))
        release_input = inputs.get(submission.pk)
        if recorded is None:
            raise JournalError(f"the release of {submission.pk} is not in the journal")
        if release_input is None:
            raise JournalError(f"the release of {submission.pk} has no input")
        _check_input(
            submission, release_input, raw.get((submission.pk, release_input.scorer_version))
        )
        if not submission.team.is_reference:
            _remember(round, submission.team_id, memories, places, until=submission.sequence)
        expected = _told(round, submission, release_input, recorded, memories)
        if not _agree(round, submission, expected=expected, actual=actual, recorded=recorded):
            raise JournalError(f"the release of {submission.pk} is not what its inputs give")
    for team_id in places:
        _remember(round, team_id, memories, places)
    _check_states(round, memories)
    return len(in_order)


def _check_input(submission: Submission, release_input: ReleaseInput, score: float | None) -> None:
    if release.in_metric_units(round=submission.round, value=score) != release_input.score:
        raise JournalError(f"the raw score of {submission.pk} is not its release's input")
    if release.reported(submission=submission) != release_input.reported:
        raise JournalError(f"the validation score of {submission.pk} is not its release's input")


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
    memories: dict[int, _Memory],
) -> Told:
    """Work out what the team is told of this submission; its memory moves on."""
    constants = (recorded["mechanism"], recorded["parameters"])
    if constants != (round.mechanism, round.parameters):
        raise JournalError(f"the release of {submission.pk} had other constants than the round")
    if submission.team.is_reference:
        value = release.shown_reference(round=round, score=release_input.score)
        return release.in_metric_units(round=round, value=value), Release.Outcome.SCORED.value
    memory = memories[submission.team_id]
    if release_input.incumbent_id != memory.incumbent_id:
        raise JournalError(f"{submission.pk} was compared with another than its incumbent")
    seed = release.seed_of(round=round, team_id=submission.team_id, sequence=submission.sequence)
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
    team_id: int,
    memories: dict[int, _Memory],
    places: dict[int, list[MergedState]],
    *,
    until: int | None = None,
) -> None:
    """Begin a team's memory, and take over others' where it did, up to a submission or to the end."""
    if team_id not in memories:
        state, incumbent = release.initial_state(round=round)
        memories[team_id] = _Memory(
            state=state,
            incumbent_id=None if incumbent is None else incumbent.pk,
            is_blind=Admission.objects.get(round=round, team=team_id).is_blind,
            ahead=list(places.get(team_id, [])),
        )
    memory = memories[team_id]
    while memory.ahead and (until is None or memory.ahead[0].sequence <= until):
        absorbed = memories.get(memory.ahead.pop(0).merge.absorbed_id)
        if absorbed is not None:
            merged_states.join(round=round, kept=memory, absorbed=absorbed)


def _check_places(round: Round, places: dict[int, list[MergedState]]) -> None:
    """Hold the rows that say where memories were joined to the journal's entries about it."""
    entries = JournalEntry.objects.filter(benchmark_id=round.benchmark_id, kind="states_merged")
    told = [json.loads(text) for text in entries.values_list("payload", flat=True)]
    entered = {
        (each["kept"], each["absorbed"], each["submission"])
        for each in told
        if each["round"] == round.number
    }
    found = set()
    for row in (row for rows in places.values() for row in rows):
        kept, absorbed = row.merge.kept, row.merge.absorbed
        at = Submission.objects.get(round=round, team=kept, sequence=row.sequence)
        found.add((kept.name, absorbed.name, str(at.pk)))
    if found != entered:
        raise JournalError("where the memories of merged teams were joined is not in the journal")


def _check_states(round: Round, memories: dict[int, _Memory]) -> None:
    for stored in MechanismState.objects.filter(round=round).select_related("team"):
        memory = memories.get(stored.team_id)
        replayed = None if memory is None else (memory.state, memory.incumbent_id)
        if replayed != (stored.state, stored.incumbent_id):
            raise JournalError(f"the state of {stored.team} is not what its releases give")


def _raw_scores(round: Round) -> dict[tuple[uuid.UUID, str], float]:
    """Map submission and scorer version to a score: re-scoring adds rows beside the one released."""
    rows = RawScore.objects.filter(
        submission__round=round,
        holdout=round.query_holdout,
        metric=round.benchmark.primary_metric,
    )
    return {(row.submission_id, row.scorer_version): row.value for row in rows}


def _journaled(round: Round) -> dict[str, dict[str, Any]]:
    entries = JournalEntry.objects.filter(benchmark_id=round.benchmark_id, kind="release")
    found: dict[str, dict[str, Any]] = {}
    for text in entries.values_list("payload", flat=True):
        payload = json.loads(text)
        if payload["submission"] in found:
            raise JournalError(f"the release of {payload['submission']} is twice in the journal")
        found[payload["submission"]] = payload
    return found
