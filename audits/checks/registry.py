"""All checks of an audit, in the order in which a report has their sections."""

from audits.checks import (
    account_groups,
    accusation,
    calibration,
    decay,
    decisions,
    deflation,
    discordance,
    elsewhere,
    evidence,
    gaps,
    gate,
    growth,
    improvements,
    integrity,
    label_health,
    ledger,
    mechanism_labels,
    ranking,
    ranks,
    readiness,
    scores,
    slices,
    trajectory,
    two_sets,
    verdict,
)
from audits.checks.check import Check

CHECKS: tuple[Check, ...] = (
    gate.CHECK,
    two_sets.CHECK,
    gaps.CHECK,
    ledger.CHECK,
    accusation.CHECK,
    discordance.CHECK,
    deflation.CHECK,
    growth.CHECK,
    mechanism_labels.CHECK,
    evidence.CHECK,
    elsewhere.CHECK,
    integrity.CHECK,
    account_groups.CHECK,
    ranking.CHECK,
    ranks.CHECK,
    trajectory.CHECK,
    improvements.CHECK,
    scores.CHECK,
    calibration.CHECK,
    decisions.CHECK,
    slices.CHECK,
    decay.CHECK,
    readiness.CHECK,
    label_health.CHECK,
    verdict.CHECK,
)


def meaning(*, name: str) -> str:
    """Say in a sentence what a check is; empty for one that is no longer made."""
    return next((each.meaning for each in CHECKS if each.name == name), "")


def estimates_a_score(*, name: str) -> bool:
    """Tell whether what a check estimates is a score: of one that is no longer made nobody knows."""
    return any(each.estimates_a_score for each in CHECKS if each.name == name)
