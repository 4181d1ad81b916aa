"""A round's audit in plain rows, for researchers and the demo: raw figures, never for teams."""

from typing import Any

from audits import runs
from audits.models import Finding
from audits.rounds import latest_run
from stats.metrics import oriented
from vault.models import Round


def summary(*, round: Round) -> list[dict[str, Any]]:
    """One row per team, references last; `fresh` is the final's score in the metric's units."""
    metric = round.benchmark.primary_metric
    findings = Finding.objects.filter(
        run=latest_run(round=round), check_name=runs.VERDICT
    ).select_related("team")
    rows = []
    for finding in findings:
        assert finding.team is not None  # verdicts are of teams
        evidence = finding.evidence
        fresh = evidence.get("fresh")
        rows.append(
            {
                "name": finding.team.title or finding.team.name,
                "is_reference": evidence.get("is_reference", False),
                "attempts": evidence.get("attempts"),
                "released": evidence.get("released"),
                "fresh": None if fresh is None else oriented(metric=metric, value=fresh),
                "inflation": finding.estimate,
                "interval": None if finding.low is None else [finding.low, finding.high],
                "p_value": finding.p_value,
                "verdict": finding.verdict or None,
            }
        )
    return sorted(rows, key=lambda each: (each["is_reference"], each["name"]))
