"""The demo's result as people read it."""

from typing import Any

COLUMNS = (
    "team", "role", "attempts", "released", "fresh", "overstatement", "95 % interval", "luck", "p (Holm)",
    "verdict",
)  # fmt: skip


def of(result: dict[str, Any]) -> str:
    return "\n\n".join(_benchmark(each) for each in result["benchmarks"])


def _benchmark(benchmark: dict[str, Any]) -> str:
    head = (
        f"{benchmark['slug']}: {benchmark['mechanism']}, "
        f"{benchmark['n_query']} query and {benchmark['n_fresh']} fresh items: {benchmark['headline']}"
    )
    rows = [COLUMNS, *(_row(team) for team in benchmark["teams"])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append("  " + "  ".join(cells).rstrip())
    return "\n".join([head, *lines])


def _row(team: dict[str, Any]) -> tuple[str, ...]:
    interval = team["interval"]
    return (
        team["name"],
        team["role"],
        str(team["attempts"]),
        _number(team["released"]),
        _number(team["fresh"]),
        _number(team["inflation"], signed=True),
        "" if interval is None else f"{interval[0]:+.4f} to {interval[1]:+.4f}",
        _number(team["luck"]),
        "" if team["p_value"] is None else f"{team['p_value']:.5f}",
        team["verdict"] or "",
    )


def _number(value: float | None, *, signed: bool = False) -> str:
    if value is None:
        return "-"
    return f"{value:+.4f}" if signed else f"{value:.4f}"
