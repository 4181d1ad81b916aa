"""A run's report in all its forms, made of one set of facts: JSON, a page and Markdown.

Only the audit worker's code imports it: it draws.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from audits.models import AuditRun
from audits.report import markdown
from audits.report.drawing import as_svg
from audits.report.facts import Facts, canonical, facts
from audits.report.figures import DRAWINGS
from audits.report.page import page


@dataclass(frozen=True, kw_only=True)
class Documents:
    """Three forms of the same facts, and their figures by place, for light pages and for dark ones."""

    json: str
    html: str
    markdown: str
    drawings: dict[str, dict[str, str]]


def documents(*, audit: AuditRun) -> Documents:
    """Render a run's report; equal findings give equal bytes."""
    known = facts(audit=audit)
    drawings = {
        place: as_svg(DRAWINGS[figure["drawing"]](figure["data"]))
        for place, figure in placed(known)
    }
    return Documents(
        json=canonical(known),
        html=page(facts=known, drawings=drawings),
        markdown=markdown.text(facts=known),
        drawings=drawings,
    )


def placed(facts: Facts) -> Iterator[tuple[str, dict[str, Any]]]:
    """List all figures, each with the name of its place."""
    yield from ((f"figure-{at}", each) for at, each in enumerate(facts["figures"]))
    places = {f"team-{at}": row["sections"] for at, row in enumerate(facts["teams"])}
    for place, sections in {**facts["sections"], **places}.items():
        for at, section in enumerate(sections):
            if section["figure"] is not None:
                yield f"{place}-{at}", section["figure"]
