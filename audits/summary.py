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
    """One row per team, references last.

    `released`, `query` and `fresh` are the final's, in the metric's units; overstatement, interval, luck and
    the Holm-adjusted p-value are those of `file`: the final, or the best-scored file where that is accused.
    """
    return [
        {
            "name": each.name,
            "is_reference": each.is_reference,
            "attempts": each.attempts,
            "released": each.released,
            "query": each.query,
            "fresh": each.fresh,
            "file": None if each.overstatement is None else each.file,
            "overstatement": each.overstatement,
            "interval": None if each.low is None else [each.low, each.high],
            "luck": each.luck,
            "p_value": each.p_value,
            "verdict": each.verdict or None,
        }
        for each in sorted(
            judged.of_run(audit=latest_run(round=round)),
            key=lambda each: (each.is_reference, each.name),
        )
    ]
