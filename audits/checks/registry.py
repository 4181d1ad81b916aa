"""All checks of an audit, in the order in which a report has their sections."""

from audits.checks import (
    account_groups,
    accusation,
    deflation,
    discordance,
    elsewhere,
    gate,
    growth,
    improvements,
    integrity,
    ledger,
    mechanism_labels,
    ranking,
    ranks,
    scores,
    verdict,
)
from audits.checks.check import Check

CHECKS: tuple[Check, ...] = (
    gate.CHECK,
    ledger.CHECK,
    accusation.CHECK,
    discordance.CHECK,
    deflation.CHECK,
    growth.CHECK,
    mechanism_labels.CHECK,
    elsewhere.CHECK,
    integrity.CHECK,
    account_groups.CHECK,
    ranking.CHECK,
    ranks.CHECK,
    improvements.CHECK,
    scores.CHECK,
    verdict.CHECK,
)


def meaning(*, name: str) -> str:
    """Say in a sentence what a check is; empty for one that is no longer made."""
    return next((each.meaning for each in CHECKS if each.name == name), "")


def estimates_a_score(*, name: str) -> bool:
    """Tell whether what a check estimates is a score: of one that is no longer made nobody knows."""
    return any(each.estimates_a_score for each in CHECKS if each.name == name)
