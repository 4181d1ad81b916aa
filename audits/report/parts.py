"""Sections and figures of checks as plain values, which every form of the report is rendered from."""

from collections.abc import Iterable
from typing import Any

from audits.checks.check import Figure, Section, Table


def told(sections: Iterable[Section]) -> list[dict[str, Any]]:
    """List the sections that say something."""
    return [
        {
            "title": each.title,
            "text": each.text,
            "table": None if each.table is None else table(each.table),
            "caption": each.caption,
            "figure": None if each.figure is None else figure(each.figure),
        }
        for each in sections
        if not each.is_empty
    ]


def table(table: Table) -> dict[str, Any]:
    """Give columns and rows, each cell as a text and what stands small behind it."""
    return {
        "columns": [
            {"title": each.title, "note": each.note, "is_number": each.is_number}
            for each in table.columns
        ],
        "rows": [
            [list(cell) if isinstance(cell, tuple) else [cell, ""] for cell in row]
            for row in table.rows
        ],
        "empty": table.empty,
        "is_wide": table.is_wide,
    }


def figure(figure: Figure) -> dict[str, Any]:
    """Give what a figure draws, and the same in words and in a table."""
    return {
        "drawing": figure.drawing,
        "title": figure.title,
        "alternative": figure.alternative,
        "source": figure.source,
        "data": figure.data,
        "table": None if figure.table is None else table(figure.table),
    }
