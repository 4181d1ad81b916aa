"""The demo's result as people read it."""

from typing import Any

from stats.team_tests import BEST_SCORED
from stats.trial import SCREENING_LEVEL
from stats.verdict import Verdict

COLUMNS = (
    "team", "role", "attempts", "on the board", "on new labels", "overstatement", "95 % interval", "luck",
    "adjusted p", "verdict",
)  # fmt: skip
LEGEND = """\
overstatement: how much of the lead on query labels is missing on new ones, the lead over the references or
over the team's own first files; its interval covers the draw of these labels alone. luck: what an honest
team misses in 19 of 20 draws at most. Both are of the final, or of the best-scored file where the verdict
names it.
These are exact figures, as researchers read them. What everybody reads has those on new labels on a coarse
grid, and none of a final whose released score did not beat the baseline, for that holdout answers the
next round."""
SUSPECTED = "SUSPECTED: worth a look for researchers, and no finding; it is never published."


def of(result: dict[str, Any]) -> str:
    teams = (team for benchmark in result["benchmarks"] for team in benchmark["teams"])
    is_suspected = any(team["verdict"] == Verdict.SUSPECTED for team in teams)
    legend = f"{LEGEND}\n{SUSPECTED}" if is_suspected else LEGEND
    return "\n\n".join([*map(_benchmark, result["benchmarks"]), legend])


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
    return "\n".join([head, *lines, *_published(benchmark)])


def _published(benchmark: dict[str, Any]) -> list[str]:
    """Say how the published board differs; a result of an earlier version does not know."""
    known = benchmark.get("published")
    if known is None:
        return []
    n_finals, n_left_out = known["finals"], known["left_out"]
    rounds = (
        ""
        if known["step"] is None
        else f"rounds scores on new labels to steps of {known['step']:.4f} and "
    )
    return [f"  the published board {rounds}leaves out {n_left_out} of {n_finals} finals"]


def _row(team: dict[str, Any]) -> tuple[str, ...]:
    interval = team["interval"]
    return (
        team["name"],
        team["role"],
        str(team["attempts"]),
        _number(team["released"]),
        _number(team["fresh"]),
        _number(team["overstatement"], signed=True),
        "" if interval is None else " to ".join(_number(end, signed=True) for end in interval),
        "" if team["luck"] is None else f"{team['luck']:.4f}",
        _probability(team["p_value"]),
        _verdict(team),
    )


def _number(value: float | None, *, signed: bool = False) -> str:
    if value is None:
        return "-"
    # Rounding first and adding zero keeps a minus away from nothing.
    shown = round(value, 4) + 0.0
    return f"{shown:+.4f}" if signed else f"{shown:.4f}"


def _probability(value: float | None) -> str:
    """Write a p-value, above .05 without digits: such a one was not pursued."""
    if value is None:
        return ""
    return f"> {SCREENING_LEVEL:.2f}" if value > SCREENING_LEVEL else f"{value:.5f}"


def _verdict(team: dict[str, Any]) -> str:
    """Name the verdict, with the file that it speaks of where that is not the final."""
    said = team["verdict"] or ""
    return f"{said}, best-scored file" if team["file"] == BEST_SCORED else said
