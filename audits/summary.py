"""A round's audit in plain rows, for researchers and the demo: raw figures, never for teams."""

from typing import Any

from audits import judged
from audits.models import Finding
from audits.rounds import latest_run
from vault.models import Round


def headline(*, round: Round) -> str:
    """Sum up what is published of the round's verdicts in one line."""
    findings = Finding.objects.filter(run=latest_run(round=round), check_name=judged.VERDICT)
    return judged.headline(findings=findings)


def summary(*, round: Round) -> list[dict[str, Any]]:
    """Make one row per team, references last, scores in the metric's units.

    `released`, `query` and `fresh` are the final's; what follows `file` is of the one that it names.
    """
    return [
        {
            "name": each.name,
            "is_reference": each.finding.is_reference,
            "attempts": each.finding.attempts,
            "released": each.finding.released,
            "query": each.query,
            "fresh": each.fresh,
            "file": None if each.overstatement is None else each.file,
            "overstatement": each.overstatement,
            "interval": None if each.finding.low is None else [each.finding.low, each.finding.high],
            "luck": each.finding.luck,
            "p_value": each.finding.p_value,
            "verdict": each.verdict or None,
        }
        for each in sorted(
            judged.of_run(audit=latest_run(round=round)),
            key=lambda each: (each.finding.is_reference, each.name),
        )
    ]
