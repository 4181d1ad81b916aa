"""Verdicts as people see them: a word and a shape, never a colour alone."""

from stats.verdict import Verdict

# As in the audit's report.
SHAPES = {Verdict.CONFIRMED: "◆", Verdict.INVALID: "✕", Verdict.NOT_TESTED: "○"}
OTHERWISE = "●"


def shown(verdict: str | None) -> str:
    """Write it with its shape; nothing of a reference, which nobody judges."""
    return f"{SHAPES.get(Verdict(verdict), OTHERWISE)} {verdict}" if verdict else ""
