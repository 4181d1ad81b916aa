"""The verdict: one pure function, for audits, for simulated leagues and for rehearsals alike.

CONFIRMED is held to a family-wise error of .01 a round. SUSPECTED is for researchers and is never
published. Whatever could not be tested says so.
"""

from dataclasses import dataclass, replace
from enum import StrEnum


class Verdict(StrEnum):
    """What is said of a team's number; it says nothing of why."""

    INVALID = "INVALID"
    CONFIRMED = "CONFIRMED"
    SUSPECTED = "SUSPECTED"
    WITHIN_LUCK = "WITHIN_LUCK"
    SHIFT = "SHIFT"
    NO_EVIDENCE = "NO_EVIDENCE"
    NOT_TESTED = "NOT_TESTED"


class ShiftGate(StrEnum):
    """Whether models that cannot have adapted score alike on query and fresh items."""

    QUIET = "quiet"
    FIRED = "fired"
    NOT_TESTED = "not_tested"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """
    What the checks found about one team.

    Parameters
    ----------
    is_valid : bool
        Whether its stored files are what was received.
    was_tested : bool
        Whether one of its files could be tested on fresh shards of the query holdout's own draw.
    accused : bool
        Whether a test rejects under Holm and exceeds luck by more than delta0.
    triaged : bool
        Whether Benjamini-Hochberg would have a researcher look.
    gate : ShiftGate
    interval_low : float or None
        Low end of the interval of the overstatement that is shown.
    exceeds_luck : bool
        Whether that overstatement is more than an honest team shows in 19 of 20 draws.
    delta0 : float
        Overstatement that is of no interest.
    """

    is_valid: bool = True
    was_tested: bool
    accused: bool
    triaged: bool
    gate: ShiftGate
    interval_low: float | None
    exceeds_luck: bool
    delta0: float


def verdict(evidence: Evidence) -> Verdict:
    """
    Compose the verdict on one team.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Verdict

    Notes
    -----
    Where the gate fired nobody is CONFIRMED: the holdouts do not look like one draw. What exceeds luck and is
    no finding is not WITHIN_LUCK. Cost: O(1).
    Source: docs/method.md, "The verdict".
    """
    if not evidence.is_valid:
        return Verdict.INVALID
    if not evidence.was_tested:
        return Verdict.NOT_TESTED
    gate_fired = evidence.gate == ShiftGate.FIRED
    if evidence.accused and not gate_fired:
        return Verdict.CONFIRMED
    if evidence.accused or evidence.triaged:
        return Verdict.SUSPECTED
    if gate_fired:
        return Verdict.SHIFT
    is_lower = evidence.interval_low is not None and evidence.interval_low > evidence.delta0
    if is_lower and not evidence.exceeds_luck:
        return Verdict.WITHIN_LUCK
    return Verdict.NO_EVIDENCE


def published(evidence: Evidence) -> Verdict:
    """
    Give what a team and the public read: the verdict that would stand had nobody suspected anything.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Verdict
        Never SUSPECTED.

    Notes
    -----
    A suspicion is no finding, so it is not told, and no other verdict may give it away. Cost: O(1).
    Source: docs/method.md, "The verdict".
    """
    given = verdict(evidence)
    if given == Verdict.SUSPECTED:
        return verdict(replace(evidence, accused=False, triaged=False))
    return given
