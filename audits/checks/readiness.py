"""Readiness: each final beside what the benchmark declares that a model has to keep to.

A limit holds or fails where the whole interval is on one side of it; else it cannot be judged. It ranks
nobody and is no verdict. Latency and cost are as teams report them.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits import parts, sentences, standing
from audits.checks import scores, slices
from audits.checks.check import Cell, Check, Column, Context, Place, Section, Table
from audits.collected import Collected, Entrant
from audits.judged import Judged
from audits.models import Finding
from audits.parts import Items
from audits.reading import Reading
from stats.intervals import clopper_pearson
from stats.quality.latency import pareto_front
from vault.constraints import CONSTRAINTS, Constraint
from vault.holdout_kinds import HoldoutKind

NAME = "readiness"
HOLDS, FAILS, UNKNOWN = "holds", "fails", "cannot be judged"
# Resamples of the front: so many that teams times items times resamples stay below WORK.
MIN_DRAWS, MAX_DRAWS, WORK = 100, 1_000, 400_000_000
# A value with the ends of its interval, in the measure's own units; self-reported ones have none.
Measured = list[float]


def check(collected: Collected, context: Context) -> list[Finding]:
    """Measure what is declared and no other check measures; nothing where nothing is declared."""
    if not collected.constraints:
        return []
    later = [
        each for each in collected.others.values() if each.kind == HoldoutKind.TEMPORAL and each.n
    ]
    items = parts.items_of(scorer=collected.scorer, opened=later) if later else None
    fresh = (
        parts.items_of(scorer=collected.scorer, opened=[collected.fresh])
        if collected.fresh.n
        else None
    )
    findings = [
        Finding(
            team_id=entrant.history.team_id,
            evidence={"measured": _measured(entrant, fresh, items, collected.constraints)},
        )
        for entrant in collected.audited
    ]
    board = {"declared": dict(collected.constraints), "front": _front(collected, context)}
    return [Finding(evidence=board), *findings] if findings else []


def _measured(
    entrant: Entrant, fresh: Items | None, later: Items | None, declared: dict[str, float]
) -> dict[str, Measured]:
    answers, said = entrant.final_file(), entrant.chosen
    if answers is None or said is None:
        return {}
    found: dict[str, Measured] = {}
    if later is not None and "later_score" in declared:
        value, ends = later.score(answers=answers)
        turned = sorted(map(later.scorer.orient, (ends.low, ends.high)))
        found["later_score"] = [later.scorer.orient(value), *turned]
    if fresh is not None and "recall" in declared and (fresh.labels == 1).any():
        found["recall"] = recall(items=fresh, answers=answers)
    for name in declared:
        reported = getattr(said, name) if CONSTRAINTS[name].is_self_reported else None
        if reported is not None:
            found[name] = [reported]
    return found


def recall(*, items: Items, answers: NDArray[Any]) -> Measured:
    """Compute the share of class 1 that is decided to be, with an interval that covers at least 95 %.

    Items of one drawn group may all depend on each other: each group counts as one item.
    """
    is_positive = items.labels == 1
    given = items.scorer.evaluation(labels=items.labels, predictions=answers[items.positions])
    assert given.predicted is not None
    right = given.predicted[is_positive] == 1
    n, share = len(right), float(right.mean())
    if items.groups is not None:
        n = len(np.unique(items.groups[is_positive]))
    # Of fewer items than there are: rounded away from the limit at either end.
    low = clopper_pearson(successes=int(np.floor(share * n + 1e-9)), n=n).low
    high = clopper_pearson(successes=int(np.ceil(share * n - 1e-9)), n=n).high
    return [share, low, high]


def _front(collected: Collected, context: Context) -> list[list[float]]:
    """Find who is not beaten in score and self-reported latency at once: ids, with shares of resamples."""
    known = [
        (each, each.chosen.latency_p95_ms)
        for each in collected.audited
        if each.chosen is not None and each.chosen.latency_p95_ms is not None
    ]
    if len(known) < 2 or not collected.m:
        return []
    rows = np.column_stack([each.columns.fresh[:, each.final] for each, _ in known])
    rows = rows.astype(np.float64)
    # Influence values have the metric's spread; the scores themselves are exact.
    exact = np.array([each.columns.fresh_exact[each.final] for each, _ in known])
    rows += exact - rows.mean(axis=0)
    times = np.broadcast_to(np.array([time for _, time in known], np.float64), rows.shape)
    found = pareto_front(
        item_scores=rows,
        times=times,
        rng=context.generator(NAME),
        n_draws=int(np.clip(WORK // rows.size, MIN_DRAWS, MAX_DRAWS)),
    )
    return [
        [each.history.team_id, float(share)]
        for (each, _), on, share in zip(known, found.on_front, found.probability, strict=True)
        if on
    ]


def judged_by(*, measured: Measured | None, limit: float, is_at_least: bool) -> str:
    """Judge a measure against its limit: an interval that holds the limit on both sides cannot."""
    if measured is None:
        return UNKNOWN
    low, high = (measured[0], measured[0]) if len(measured) == 1 else measured[1:]
    if not is_at_least:
        low, high, limit = -high, -low, -limit
    if low >= limit:
        return HOLDS
    return FAILS if high < limit else UNKNOWN


def sections(reading: Reading) -> list[Section]:
    board = next((each for each in reading.by_check[NAME] if each.team_id is None), None)
    if board is None:
        return []
    given: dict[str, float] = board.evidence["declared"]
    declared = {name: given[name] for name in CONSTRAINTS if name in given}
    columns = [Column("Team"), Column("Rank on the board", is_number=True)]
    columns += [
        Column(_label(CONSTRAINTS[name]), note=_limit(reading, name, limit), is_number=True)
        for name, limit in declared.items()
    ]
    released = {team.team: team.finding.released for team in reading.found}
    places = standing.ranks(values=released, benchmark=reading.audit.round.benchmark)
    rows: list[list[Cell]] = []
    for team in reading.found:
        if not team.finding.is_reference and reading.of_team(NAME, team) is not None:
            place = places.get(team.team)
            cells = [_cell(reading, team, name, limit) for name, limit in declared.items()]
            rows.append([team.name, "–" if place is None else f"{place:,}", *cells])
    return [
        Section(
            place=Place.EXPLANATIONS,
            title="What a model has to keep to",
            text=_front_said(reading, board.evidence["front"]),
            table=Table(columns=columns, rows=rows, is_wide=True),
            caption="A limit holds or fails where the whole bracket is on one side of it, and cannot be "
            "judged where the bracket lies on both, or nothing is known. Brackets are of 95 %, each by "
            "itself; that of the worst slice holds the lowest score of any slice with enough items. What is "
            "self-reported has none: nobody but the team measured it. Nobody is ranked by any of it.",
        )
    ]


def _label(constraint: Constraint) -> str:
    return f"{constraint.label}, self-reported" if constraint.is_self_reported else constraint.label


def _is_at_least(reading: Reading, name: str) -> bool:
    declared = CONSTRAINTS[name].is_at_least
    return reading.metric.greater_is_better if declared is None else declared


def _limit(reading: Reading, name: str, limit: float) -> str:
    return (
        f"at {'least' if _is_at_least(reading, name) else 'most'} {_number(reading, name, limit)}"
    )


def _number(reading: Reading, name: str, value: float) -> str:
    return f"{value:g}" if CONSTRAINTS[name].is_self_reported else reading.number(value)


def _cell(reading: Reading, team: Judged, name: str, limit: float) -> Cell:
    found = _known(reading, team, name)
    state = judged_by(measured=found, limit=limit, is_at_least=_is_at_least(reading, name))
    if found is None:
        return ("not reported" if CONSTRAINTS[name].is_self_reported else "not measured", state)
    value = _number(reading, name, found[0])
    return (value if len(found) == 1 else f"{value} {reading.interval(*found[1:])}", state)


def _known(reading: Reading, team: Judged, name: str) -> Measured | None:
    """Read what another check has measured from it, in the metric's own units."""
    if name == "score":
        return scores.scored(reading=reading, team=team).get(reading.metric.name, {}).get("fresh")
    if name == "worst_slice_score":
        found = slices.worst(finding=reading.of_team(slices.NAME, team))
        if found is None:
            return None
        return [*reading.own_ends([found["score"]]), *reading.own_ends(found["least"])]
    finding = reading.of_team(NAME, team)
    return None if finding is None else finding.evidence["measured"].get(name)


def _front_said(reading: Reading, front: list[list[float]]) -> str:
    if not front:
        return ""
    said = [
        f"{reading.names[int(team)]} (in {sentences.number(100 * share, decimals=0)} of 100 resamples)"
        for team, share in front
    ]
    return (
        "Of the teams that report a latency nobody beats these in score on new labels and in latency at "
        f"once: {', '.join(said)}. Resamples are of the new labels; what is self-reported stays as it is."
    )


CHECK = Check(
    name=NAME,
    meaning="Whether each final keeps to what the benchmark declares beside the score.",
    check=check,
    sections=sections,
)
