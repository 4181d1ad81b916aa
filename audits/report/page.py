"""The report as a page that needs nothing else: its style is in it, and its figures are images in it.

A strict content policy shows it by the hash of the style; it can be saved, sent and printed.
"""

import base64
import hashlib
import re
from typing import Any

from django.template.loader import render_to_string

from audits.report import shown
from audits.report.facts import Facts

STYLE = re.compile(r"<style>(.*?)</style>", re.S)


def page(*, facts: Facts, drawings: dict[str, dict[str, str]]) -> str:
    """Render the page; `drawings` has each figure's SVG for light and for dark pages by its place."""
    images = {
        place: {mode: _data_address(svg) for mode, svg in modes.items()}
        for place, modes in drawings.items()
    }
    teams = [
        {**row, "sections": _sections(row["sections"], images, f"team-{at}")}
        for at, row in enumerate(shown.teams(facts))
    ]
    sections = {
        place: _sections(sections, images, place) for place, sections in facts["sections"].items()
    }
    figures = [
        _figure(figure, images[f"figure-{at}"]) for at, figure in enumerate(facts["figures"])
    ]
    return render_to_string(
        "audits/report.html",
        {
            **facts,
            "metric": shown.metric(facts),
            "numbers": shown.numbers(facts),
            "n_query": f"{facts['numbers']['n_query']:,}",
            "n_fresh": f"{facts['numbers']['n_fresh']:,}",
            "rows": teams,
            "references": shown.references(facts),
            "figures": figures,
            "sections": sections,
        },
    )


def style_source(*, html: str) -> str:
    """Say how a content policy names the style that a page has in itself; of an older page 'self'."""
    found = STYLE.search(html)
    if found is None:
        return "'self'"
    digest = hashlib.sha256(found[1].encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _data_address(svg: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def _sections(
    sections: list[dict[str, Any]], images: dict[str, dict[str, str]], place: str
) -> list[dict[str, Any]]:
    return [
        {
            **section,
            "table": _table(section["table"]),
            "figure": _figure(section["figure"], images.get(f"{place}-{at}", {})),
        }
        for at, section in enumerate(sections)
    ]


def _figure(figure: dict[str, Any] | None, image: dict[str, str]) -> dict[str, Any] | None:
    return None if figure is None else {**figure, **image, "table": _table(figure["table"])}


def _table(table: dict[str, Any] | None) -> dict[str, Any] | None:
    """Put each cell beside its column, for the template."""
    if table is None:
        return None
    lines = [
        [(column, *cell) for column, cell in zip(table["columns"], row, strict=True)]
        for row in table["rows"]
    ]
    return {**table, "lines": lines}
