"""The report of one run: a plain page for researchers, rendered from the findings and nothing else."""

from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string

from audits import figures
from audits.checks import deflation, discordance, elsewhere, gate, integrity, ledger, sadd
from audits.models import AuditRun, Finding
from stats.metrics import METRICS
from vault.statuses import Verdict

VERDICT = "verdict"

SENTENCES = {
    Verdict.INVALID: "A stored file is not what was received, so nothing can be said.",
    Verdict.CONFIRMED: "The score on the query holdout is inflated: {inflation} of it does not show on "
    "fresh labels (95 % interval {low} to {high}).",
    Verdict.SUSPECTED: "Worth a look and no finding: {inflation} (95 % interval {low} to {high}) could be "
    "chance at the level this audit holds.",
    Verdict.SHIFT: "The holdouts differ for untuned models as well, so nothing is said of this team.",
    Verdict.WITHIN_LUCK: "The best of many submissions looks better than it is; read the deflated "
    "score instead.",
    Verdict.NO_EVIDENCE: "No inflation was found.",
    Verdict.NOT_TESTED: "Not tested: no fresh holdout of the same draw, or nothing to compare with.",
}


@dataclass(frozen=True, kw_only=True)
class TeamRow:
    name: str
    is_reference: bool
    verdict: str
    sentence: str
    limit: str | None
    query: float
    # None where no fresh holdout of the same draw was opened.
    fresh: float | None
    finding: Finding
    evidence: dict[str, Any]


def render(*, audit: AuditRun) -> str:
    findings = list(
        Finding.objects.filter(run=audit)
        .select_related("team")
        .order_by("check_name", "team__name")
    )
    by_check: dict[str, list[Finding]] = {}
    for finding in findings:
        by_check.setdefault(finding.check_name, []).append(finding)
    rows = [
        _row(finding, audit) for finding in by_check.get(VERDICT, []) if "query" in finding.evidence
    ]
    return render_to_string(
        "audits/report.html",
        {
            "audit": audit,
            "round": audit.round,
            "snapshot": audit.snapshot,
            "teams": [row for row in rows if not row.is_reference],
            "references": [row for row in rows if row.is_reference],
            "invalid": [
                finding for finding in by_check.get(VERDICT, []) if "query" not in finding.evidence
            ],
            "figure": figures.query_against_fresh(
                [
                    (row.name, row.query, row.fresh, row.verdict)
                    for row in rows
                    if row.fresh is not None
                ]
            ),
            "gate": _first(by_check, gate.NAME),
            "ledger": _first(by_check, ledger.NAME),
            "integrity": by_check.get(integrity.NAME, []),
            "sadd": by_check.get(sadd.NAME, []),
            "pairs": by_check.get(discordance.NAME, []),
            "deflation": by_check.get(deflation.NAME, []),
            "elsewhere": by_check.get(elsewhere.NAME, []),
            "metric": METRICS[audit.snapshot["metric"]].label,
        },
    )


def _first(by_check: dict[str, list[Finding]], name: str) -> Finding | None:
    found = by_check.get(name)
    return found[0] if found else None


def _row(finding: Finding, audit: AuditRun) -> TeamRow:
    assert finding.team is not None  # verdicts are of teams
    effect = finding.minimum_detectable_effect
    sentence = ""
    if finding.verdict:
        sentence = SENTENCES[Verdict(finding.verdict)].format(
            inflation=_number(finding.estimate),
            low=_number(finding.low),
            high=_number(finding.high),
        )
    limit = None
    if effect is not None and finding.verdict != Verdict.CONFIRMED:
        limit = f"An inflation of {effect:.4f} would have been found with a chance of 80 %."
    return TeamRow(
        name=finding.team.name,
        is_reference=bool(finding.evidence.get("is_reference")),
        verdict=finding.verdict,
        sentence=sentence,
        limit=limit,
        query=finding.evidence["query"],
        fresh=finding.evidence["fresh"],
        finding=finding,
        evidence=finding.evidence,
    )


def _number(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.4f}"
