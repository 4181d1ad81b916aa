"""The verdict: one pure function, in the order of the published method (STATISTICS G).

CONFIRMED is held to a family-wise error of .01 a round. SUSPECTED is for researchers and is never
published. No evidence always comes with what could have been seen, and what could not be tested says so.
"""

from dataclasses import dataclass, replace

from vault.statuses import Verdict


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the checks found about one team."""

    is_valid: bool
    # Whether 5a or 5b could run on iid shards.
    was_tested: bool
    # 5a or 5b rejects under Holm, exceeds luck by more than delta0, and a real shuffle agrees.
    accused: bool
    triaged: bool
    gate_fired: bool
    interval_low: float | None
    delta0: float


def verdict(evidence: Evidence) -> Verdict:
    if not evidence.is_valid:
        return Verdict.INVALID
    if not evidence.was_tested:
        return Verdict.NOT_TESTED
    if evidence.accused and not evidence.gate_fired:
        return Verdict.CONFIRMED
    if evidence.accused or evidence.triaged:
        return Verdict.SUSPECTED
    if evidence.gate_fired:
        return Verdict.SHIFT
    if evidence.interval_low is not None and evidence.interval_low > evidence.delta0:
        return Verdict.WITHIN_LUCK
    return Verdict.NO_EVIDENCE


def published(evidence: Evidence) -> Verdict:
    """What a team and the public read: the verdict that would stand if nobody had suspected anything.

    A suspicion is not a finding, so it is not told, and no other verdict may give it away.
    """
    given = verdict(evidence)
    if given == Verdict.SUSPECTED:
        return verdict(replace(evidence, accused=False, triaged=False))
    return given
