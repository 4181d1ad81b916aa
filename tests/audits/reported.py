"""Findings as an audit stores them, and what a report says of them."""

import base64
import re
from typing import Any

from audits.models import AuditRun, Finding
from audits.report.documents import documents
from stats.verdict import Verdict
from tests.vault.factories import NOW, World
from vault.models import Team

SNAPSHOT = {
    "version": "1",
    "metric": "accuracy",
    "delta0": 0.005,
    "n_query": 100,
    "n_fresh": 200,
    "query_holdout": "q",
    "fresh_holdouts": ["f"],
    "alpha": 0.01,
    "triage_alpha": 0.1,
    "n_shuffles": 20_000,
}


def run_with(world: World, *, gate: str = "quiet", **snapshot: Any) -> AuditRun:
    return AuditRun.objects.create(
        round=world.round,
        status=AuditRun.Status.DONE,
        snapshot={**SNAPSHOT, **snapshot},
        seed_entropy="f00d",
        shift_gate=gate,
        started_at=NOW,
    )


def judged(run: AuditRun, verdict: str, *, name: str = "somebody", **given: Any) -> Finding:
    """A verdict's finding, with figures where there was a test."""
    team = Team.objects.create(name=name, is_reference=verdict == "")
    columns: dict[str, Any] = {"verdict": verdict, "published_verdict": verdict}
    if verdict != Verdict.INVALID:
        columns |= {
            "is_reference": verdict == "",
            "attempts": 17,
            "n_files": 17,
            "released": 0.8125,
            "query": 0.8125,
            "fresh": 0.6789,
            "luck": 0.0222,
        }
    if verdict not in ("", Verdict.INVALID, Verdict.NOT_TESTED):
        columns |= {
            "estimate": 0.1234,
            "low": 0.0567,
            "high": 0.1901,
            "p_value": 0.00042,
            "minimum_detectable_effect": 0.0789,
        }
    return Finding.objects.create(run=run, team=team, check_name="verdict", **{**columns, **given})


def text_of(html: str) -> str:
    without_style = re.sub("<style>.*?</style>", "", html, flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", without_style).split())


def drawn_in(html: str) -> list[str]:
    """Every figure of a page, as light pages show it."""
    found = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    return [base64.b64decode(each).decode() for each in found]


def cells_of(html: str, name: str) -> list[str]:
    """A team's row without its name."""
    rows = re.findall(r"<tr>(.*?)</tr>", html)
    row = next(row for row in rows if f">{name}<" in row)
    return [text_of(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]


def page_of(run: AuditRun) -> str:
    return documents(audit=run).html


def reports_html(run: AuditRun) -> str:
    """The page without its style and without line ends."""
    return re.sub("<style>.*?</style>", "", page_of(run), flags=re.S).replace("\n", "")
