"""The audit of a board as one HTML file that needs nothing else: no script, no font, no other server."""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from audits.boards import drawings, wording
from audits.boards.examined import Audit
from audits.boards.wording import Section

STYLE = Path(__file__).resolve().parent.parent / "static" / "audits" / "report.css"
OWN_STYLE = """
.figure { width: 100%; max-width: 680px; height: auto; display: block; margin: 1rem 0; }
.figure .title { font: 600 14px system-ui, sans-serif; fill: var(--ink); }
.figure .axis, .figure .tick { font: 12px system-ui, sans-serif; fill: var(--quiet); }
.figure .middle { text-anchor: middle; }
.figure .end { text-anchor: end; }
.figure .team { fill: var(--blue); fill-opacity: .45; }
.figure .equal { stroke: var(--quiet); stroke-dasharray: 4 4; }
.figure .median { stroke: var(--vermillion); stroke-width: 4; }
@media print { .figure { max-height: 45vh; } tr { break-inside: avoid; } }
"""
# Nothing is fetched and nothing runs, whatever a name in a file looks like.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def write(*, audit: Audit) -> str:
    """Return the page."""
    title = escape(f"Audit of a board: {audit.title}")
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            f"<title>{title}</title>",
            f"<style>{STYLE.read_text()}{OWN_STYLE}</style>\n</head>\n<body>\n<main>",
            f"<h1>{title}</h1>",
            f'<p class="headline">{escape(wording.headline(audit))}</p>',
            f'<p class="warning">{escape(wording.NOT_PERSONAL)}</p>',
            drawings.gap_against_entries(audit),
            drawings.public_against_private(audit),
            *map(_section, wording.sections(audit)),
            "</main>\n</body>\n</html>\n",
        ]
    )


def _section(section: Section) -> str:
    said = "\n".join(f"<p>{escape(each)}</p>" for each in section.sentences)
    return (
        f"<section>\n<h2>{escape(section.heading)}</h2>\n{said}\n{_table(section.table)}</section>"
    )


def _table(table: tuple[tuple[str, ...], ...]) -> str:
    if not table:
        return ""
    head, *rows = table
    body = "\n".join("".join(["<tr>", *_cells(row, "td"), "</tr>"]) for row in rows)
    return (
        f'<div class="wide"><table>\n<thead><tr>{"".join(_cells(head, "th"))}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table></div>\n"
    )


def _cells(row: tuple[str, ...], kind: str) -> Iterator[str]:
    """Write the cells of a row; what stands in the middle columns is numbers."""
    for place, cell in enumerate(row):
        is_number = place > 0 and (kind == "th" or cell[-1:].isdigit() or cell.endswith("%"))
        mark = ' class="number"' if is_number else ""
        yield f"<{kind}{mark}>{escape(cell)}</{kind}>"
