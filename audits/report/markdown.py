"""The report as Markdown: the same facts to paste into an issue, a paper's appendix or a repository.

A figure is its title, what one sees and its table.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from audits.report import shown
from audits.report.facts import Facts

# What Markdown would take for a sign of its own, wherever a name or a sentence holds it.
SIGNS = re.compile(r"([\\`*_\[\]<>|#~&])")
TEAMS = (
    *("Rank (tier)", "Before", "Team", "Verdict", "New labels (95 %)", "Query labels", "Released"),
    *(
        "Overstatement (95 %)",
        "Luck (19 of 20)",
        "p (adjusted)",
        "Smallest found (80 %)",
        "Attempts",
    ),
)
HEADINGS = {
    "tests": "The tests of each team",
    "holdouts": "The holdouts",
    "left_out": "Left out",
    "explanations": "Explanations that decide nothing",
}


def text(*, facts: Facts) -> str:
    """Write the whole report."""
    blocks = [
        f"# {escaped(facts['title'])}",
        f"**{escaped(facts['sentence'])}**",
        escaped(f"{facts['headline']}. {shown.metric(facts)}. Shift gate: {facts['shift_gate']}."),
        _list(f"{number} {name} ({remark})" for number, name, remark in shown.numbers(facts)),
        *(f"> **Warning.** {escaped(each)}" for each in facts["warnings"]),
        *map(escaped, facts["notes"]),
        "## Teams by their scores on new labels",
        _teams(facts),
        escaped(facts["how_to_read"]),
        *_sections(facts["sections"]["order"]),
        *(block for figure in facts["figures"] for block in _figure(figure, level=3)),
        "## Each team",
        *(block for row in shown.teams(facts) for block in _team(row)),
    ]
    for place, heading in HEADINGS.items():
        if facts["sections"][place]:
            blocks += [f"## {heading}", *_sections(facts["sections"][place])]
    blocks += _method(facts["method"])
    return "\n\n".join(filter(None, blocks)) + "\n"


def escaped(text: str) -> str:
    """Write text that nothing in it is taken for a sign, on one line."""
    return SIGNS.sub(r"\\\1", " ".join(text.split()))


def _teams(facts: Facts) -> str:
    rows = [
        [
            _joined(row["rank"], row["rank_interval"]),
            _joined(row["before"], row["change"]),
            row["name"],
            _joined(row["shape"], row["verdict"]),
            _joined(row["fresh"], row["fresh_interval"]),
            row["query"],
            row["released"],
            _joined(row["overstatement"], row["interval"], row["of_file"]),
            *(row["luck"], row["p"], row["limit"], row["attempts"]),
        ]
        for row in shown.teams(facts)
    ]
    rows += [
        [
            *("", "", row["name"], "reference", _joined(row["fresh"], row["fresh_interval"])),
            *(row["query"], row["released"], "", "", "", "", ""),
        ]
        for row in shown.references(facts)
    ]
    return _table(TEAMS, rows, is_number=[False] * 4 + [True] * 8)


def _team(row: dict[str, Any]) -> list[str]:
    unranked = row["unranked"]
    return [
        f"### {escaped(row['name'])}",
        escaped(row["sentence"]),
        escaped(f"Unranked by the organizers when the audit ran: {unranked}") if unranked else "",
        *_sections(row["sections"], level=4),
    ]


def _sections(sections: Iterable[dict[str, Any]], *, level: int = 3) -> list[str]:
    blocks = []
    for each in sections:
        blocks += [
            f"{'#' * level} {escaped(each['title'])}" if each["title"] else "",
            escaped(each["text"]),
            *(_figure(each["figure"], level=level + 1) if each["figure"] else []),
            _cells(each["table"]) if each["table"] else "",
            escaped(each["caption"]),
        ]
    return blocks


def _figure(figure: dict[str, Any], *, level: int) -> list[str]:
    return [
        f"{'#' * level} {escaped(figure['title'])}",
        escaped(f"{figure['alternative']} {figure['source']}"),
        _cells(figure["table"]) if figure["table"] else "",
    ]


def _cells(table: dict[str, Any]) -> str:
    columns = table["columns"]
    titles = [_joined(each["title"], each["note"]) for each in columns]
    rows = [[_joined(*cell) for cell in row] for row in table["rows"]]
    if not rows:
        return escaped(table["empty"])
    return _table(titles, rows, is_number=[each["is_number"] for each in columns])


def _table(titles: Sequence[str], rows: list[list[str]], *, is_number: Sequence[bool]) -> str:
    rule = ["---:" if each else "---" for each in is_number]
    lines = [[*map(escaped, titles)], rule, *([*map(escaped, row)] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _method(method: Facts) -> list[str]:
    inputs = [
        f"run {method['run']}, method version {method['version']}",
        f"seed {method['seed']}",
        f"SHA-256 of the inputs {method['snapshot_sha256']}",
        f"query holdout {method['query_holdout']}",
        *(f"fresh holdout {each}" for each in method["fresh_holdouts"]),
        *(f"labels of {key}: {value}" for key, value in method["commitments"].items()),
        *(f"{name} {version}" for name, version in method["libraries"].items()),
    ]
    return [
        "## Method",
        *map(escaped, method["text"]),
        _list(method["formulas"]),
        _list(method["levels"]),
        "Sources:",
        _list(method["sources"]),
        "## How to check this yourself",
        _list(method["checks"]),
        _list(inputs),
    ]


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {escaped(each)}" for each in items)


def _joined(*parts: str) -> str:
    return " ".join(filter(None, parts))
