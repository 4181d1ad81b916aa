"""Which finals the fresh items can tell apart: intervals of all differences between them, at once.

Only the half-width of each pair leaves the worker: tiers are made of it from the figures that are shown.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.checks.check import Check, Context
from audits.collected import Collected
from audits.models import Finding
from stats import tiers

NAME = "ranking"


def check(collected: Collected, context: Context) -> list[Finding]:
    """Make one finding on the board: `half_widths` holds for each team those to the teams before it."""
    draw = collected.draw
    if draw is None or not collected.audited:
        return []
    finals = np.column_stack([each.columns.items[:, each.final] for each in collected.audited])
    # By what was drawn: items of one group vary together.
    _, shares = draw.shares(finals.astype(np.float64))
    widths = tiers.simultaneous_half_widths(item_scores=shares, rng=context.generator(NAME))
    before = [row[:position] for position, row in enumerate(widths)]
    evidence = {
        "teams": [each.history.team_id for each in collected.audited],
        "half_widths": [[float(f"{width:.6g}") for width in row] for row in before],
    }
    return [Finding(evidence=evidence)]


def tiers_of(
    *,
    finding: Finding | None,
    teams: Sequence[int],
    scores: NDArray[np.float64],
    # How far the difference of two scores may be from that of the exact ones.
    slack: float = 0.0,
) -> dict[int, int]:
    """Tell each of these teams' tier by score, higher better; of none where a pair has no half-width."""
    if not teams or not set(teams) <= measured(finding=finding):
        return {}
    assert finding is not None  # it measured these teams
    widths = half_widths(teams=teams, found=finding.evidence)
    numbers = tiers.tiers(scores=scores, half_widths=widths + slack)
    return dict(zip(teams, map(int, numbers), strict=True))


def measured(*, finding: Finding | None) -> frozenset[int]:
    """Ids of the teams whose half-widths are known."""
    return frozenset() if finding is None else frozenset(finding.evidence["teams"])


def half_widths(*, teams: Sequence[int], found: dict[str, Any]) -> NDArray[np.float64]:
    """Arrange the half-widths between these teams in a square matrix, in their order."""
    known = {team: place for place, team in enumerate(found["teams"])}
    rows = found["half_widths"]
    result = np.zeros((len(teams), len(teams)))
    for i, one in enumerate(teams):
        for j, other in enumerate(teams):
            low, high = sorted((known[one], known[other]))
            result[i, j] = rows[high][low] if low != high else 0.0
    return result


CHECK = Check(name=NAME, meaning="Which finals the new labels can tell apart.", check=check)
