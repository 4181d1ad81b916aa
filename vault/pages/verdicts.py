"""Verdicts as people see them: a word and a shape, never a colour alone."""

from collections.abc import Iterable

from stats.verdict import Verdict

# As in the audit's report.
SHAPES = {Verdict.CONFIRMED: "◆", Verdict.INVALID: "✕", Verdict.NOT_TESTED: "○"}
OTHERWISE = "●"
# Of whom no test says anything; where the gate fired none would have been found.
NOT_JUDGED = (Verdict.NOT_TESTED, Verdict.INVALID, Verdict.SHIFT)


def shown(verdict: str | None) -> str:
    """Write it with its shape; nothing of a reference, which nobody judges."""
    return f"{SHAPES.get(Verdict(verdict), OTHERWISE)} {verdict}" if verdict else ""


def judged(verdicts: Iterable[str | None]) -> list[str]:
    """Leave those of whom something could have been found."""
    return [each for each in verdicts if each and each not in NOT_JUDGED]
