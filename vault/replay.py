"""Replay: compute every release of a round again from its inputs and the journaled seeds.

Mechanisms are pure, so a release that differs from its replay was changed after the fact, or its inputs
were. Run by a worker or the owner: the inputs are raw scores.
"""

import json
from dataclasses import dataclass
from typing import Any

from stats.mechanisms import MECHANISMS, Query
from stats.metrics import oriented
from vault import release
from vault.errors import JournalError
from vault.models import Admission, JournalEntry, Release, ReleaseInput, Round


@dataclass(frozen=True, kw_only=True)
class Replayed:
    n_releases: int


def replay(*, round: Round) -> Replayed:
    """Raise `JournalError` at the first release that its inputs do not give."""
    journaled = _journaled(round)
    inputs = (
        ReleaseInput.objects.filter(submission__round=round, submission__team__is_reference=False)
        .select_related("submission__release", "submission__team")
        .order_by("submission__team_id", "submission__sequence")
    )
    blind = set(
        Admission.objects.filter(round=round, is_blind=True).values_list("team_id", flat=True)
    )
    states: dict[int, dict[str, Any]] = {}
    n_releases = 0
    for given in inputs:
        team_id = given.submission.team_id
        if team_id not in states:
            states[team_id] = release.initial_state(round=round)[0]
        recorded = journaled.get(str(given.submission_id))
        if recorded is None:
            raise JournalError(f"the release of {given.submission_id} is not in the journal")
        expected: tuple[float | None, str] = (None, Release.Outcome.BLIND.value)
        if team_id not in blind:
            states[team_id], expected = _again(round, given, recorded, states[team_id])
        actual = given.submission.release
        if {expected, (actual.value, actual.outcome)} != {(recorded["value"], recorded["outcome"])}:
            raise JournalError(f"the release of {given.submission_id} is not what its inputs give")
        n_releases += 1
    return Replayed(n_releases=n_releases)


def _again(
    round: Round, given: ReleaseInput, recorded: dict[str, Any], state: dict[str, Any]
) -> tuple[dict[str, Any], tuple[float | None, str]]:
    after, answer = MECHANISMS[recorded["mechanism"]].respond(
        state=state,
        query=Query(score=given.score, paired_se=given.paired_se, n=round.query_holdout.n_items),
        parameters=recorded["parameters"],
        rng=release.generator(seed=recorded["seed"]),
    )
    value = answer.value
    if value is not None:
        value = oriented(metric=round.benchmark.primary_metric, value=value)
    return after, (value, answer.outcome.value)


def _journaled(round: Round) -> dict[str, dict[str, Any]]:
    entries = JournalEntry.objects.filter(benchmark_id=round.benchmark_id, kind="release")
    payloads = (json.loads(text) for text in entries.values_list("payload", flat=True))
    return {payload["submission"]: payload for payload in payloads}
