"""The ledger of improvements: what each released step claimed, and what of it is kept on new labels.

It shows where a lead came from. It explains, and never convicts.
"""

from typing import Any

import numpy as np

from audits import sentences
from audits.checks.check import (
    Cell,
    Check,
    Column,
    Context,
    Figure,
    Place,
    Section,
    Table,
    number_columns,
)
from audits.collected import Collected, Entrant
from audits.judged import Judged
from audits.models import Finding
from audits.reading import Reading
from stats import improvements, ties
from stats.draw import Draw
from stats.improvements import Improvements, Step
from stats.intervals import Interval
from stats.mechanisms.contract import Outcome
from stats.metrics import METRICS, oriented

NAME = "improvements"
# Influence values of an AUC have its spread on either holdout; those of other metrics may not.
LINEARISED = "roc_auc"


def check(collected: Collected, context: Context) -> list[Finding]:
    """Make one finding for each team of which two files or more were released as improvements."""
    draw = collected.draw
    if draw is None:
        return []
    findings = []
    for entrant in collected.entrants:
        files = _accepted(collected, entrant)
        if len(files) > 1:
            findings.append(_finding(collected, draw, entrant, files))
    return findings


def _accepted(collected: Collected, entrant: Entrant) -> list[int]:
    menu = entrant.history.submissions
    released = [_released(collected, entrant, file) for file in range(len(menu))]
    known = [each for each in released if each is not None]
    return improvements.accepted(
        released=released,
        is_improved=[each.outcome == Outcome.IMPROVED for each in menu],
        tie=ties.tolerance(unit=collected.unit, values=known),
    )


def _released(collected: Collected, entrant: Entrant, file: int) -> float | None:
    value = entrant.history.submissions[file].released
    return None if value is None else oriented(metric=collected.metric, value=value)


def _finding(collected: Collected, draw: Draw, entrant: Entrant, files: list[int]) -> Finding:
    columns = entrant.columns
    has_interval = METRICS[collected.metric].is_mean or collected.metric == LINEARISED
    query_items, fresh_items = (
        draw.shares(columns.items[:, files].astype(np.float64)) if has_interval else (None, None)
    )
    found = improvements.improvements(
        query_exact=columns.query_exact[files],
        fresh_exact=columns.fresh_exact[files],
        query_items=query_items,
        fresh_items=fresh_items,
    )
    total = found.total.missing_interval
    return Finding(
        team_id=entrant.history.team_id,
        estimate=found.total.missing,
        low=None if total is None else total.low,
        high=None if total is None else total.high,
        evidence=_evidence(found, entrant, files, has_interval=has_interval),
    )


def _evidence(
    found: Improvements, entrant: Entrant, files: list[int], *, has_interval: bool
) -> dict[str, Any]:
    def told(step: Step) -> dict[str, Any]:
        file = files[step.file]
        first = files[0]
        columns = entrant.columns
        return {
            "file": file + 1,
            "released": entrant.history.submissions[file].released,
            "claimed": step.claimed,
            "kept": step.kept,
            "kept_interval": _ends(step.kept_interval),
            "missing": step.missing,
            "missing_interval": _ends(step.missing_interval),
            "claimed_so_far": float(columns.query_exact[file] - columns.query_exact[first]),
            "kept_so_far": float(columns.fresh_exact[file] - columns.fresh_exact[first]),
        }

    return {
        "first": files[0] + 1,
        "n_steps": len(files) - 1,
        "has_interval": has_interval,
        "steps": [told(each) for each in found.steps],
        "n_others": found.n_others,
        "others_claimed": found.others_claimed,
        "others_kept": found.others_kept,
        "total": told(found.total),
        "p_value": found.p_value,
    }


def _ends(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]


def of_team(reading: Reading, team: Judged) -> list[Section]:
    """List the steps in the order of time, with what was claimed and kept so far."""
    finding = reading.of_team(NAME, team)
    if finding is None:
        return []
    found = finding.evidence
    covered = "95 %" if found["has_interval"] else ""
    columns = [
        Column("File"),
        *number_columns("On the board", "Claimed"),
        Column("Kept on new labels", note=covered, is_number=True),
        Column("Missing there", note=covered, is_number=True),
        *number_columns("Claimed so far", "Kept so far"),
    ]
    rows = [_row(reading, f"no. {each['file']}", each) for each in found["steps"]]
    if found["n_others"]:
        rows.append(_others(reading, found))
    title = f"no. {found['first']} to no. {found['total']['file']}"
    if len(rows) > 1:
        rows.append(_row(reading, f"All steps, {title}", found["total"]))
    return [
        Section(
            place=Place.TEAM,
            title=_title(reading, found),
            table=Table(columns=columns, rows=rows, is_wide=True),
            caption=_caption(found),
            figure=_figure(reading, found),
        )
    ]


def _figure(reading: Reading, found: dict[str, Any]) -> Figure:
    """Draw what was claimed and kept so far; steps that are counted together are left out."""
    steps, total = found["steps"], found["total"]
    claimed, kept = (reading.number(total[part]) for part in ("claimed", "kept"))
    return Figure(
        drawing="improvement_ledger",
        title=f"Claimed {claimed} in all, kept {kept} on new labels",
        alternative=f"Two lines over the files that were released as improvements: what they claimed so far "
        f"rises to {claimed}, what is kept on new labels comes to {kept}; the grey between is missing.",
        data={
            "files": [found["first"], *(each["file"] for each in steps)],
            "claimed": [0.0, *(each["claimed_so_far"] for each in steps)],
            "kept": [0.0, *(each["kept_so_far"] for each in steps)],
            "interval": total["kept_interval"],
            "unit": reading.metric.label,
        },
        source="Exact scores; the thin line at the end is the 95 % interval of what is kept in all, which "
        "covers the sampling of new labels.",
    )


def _row(reading: Reading, name: str, step: dict[str, Any]) -> list[Cell]:
    def with_interval(part: str) -> Cell:
        ends = step[f"{part}_interval"]
        shown = reading.number(step[part])
        return shown if ends is None else (shown, reading.interval(*ends))

    return [
        name,
        reading.number(step["released"]),
        reading.number(step["claimed"]),
        with_interval("kept"),
        with_interval("missing"),
        reading.number(step["claimed_so_far"]),
        reading.number(step["kept_so_far"]),
    ]


def _others(reading: Reading, found: dict[str, Any]) -> list[Cell]:
    n, claimed, kept = found["n_others"], found["others_claimed"], found["others_kept"]
    figures = map(reading.number, (claimed, kept, claimed - kept))
    return [f"{n:,} smaller step{'s'[: n != 1]}", "", *figures, "", ""]


def _title(reading: Reading, found: dict[str, Any]) -> str:
    """Say in the heading what the table comes to."""
    n, total = found["n_steps"], found["total"]
    kept = reading.number(total["kept"])
    if total["kept_interval"] is not None:
        kept += f" {reading.interval(*total['kept_interval'])} (95 %)"
    return (
        f"Improvements: {n:,} released step{'s'[: n != 1]} claimed {reading.number(total['claimed'])} in "
        f"all, {kept} is kept on new labels"
    )


def _caption(found: dict[str, Any]) -> str:
    text = (
        "A step goes from one file that was released as an improvement to the next. Figures say how much "
        "better the later file is, in the metric's units and exactly: the board may have shown less. Claimed "
        "is on the query labels, kept on new ones; missing is what was claimed less what is kept. Steps add "
        "up to the last row; each figure is rounded by itself, so sums may differ in the last digits. "
    )
    if not found["has_interval"]:
        return text + "Of this metric there is no interval of a difference."
    text += (
        "Intervals are of 95 %. That of what is kept covers the sampling of new labels. That of what is "
        "missing covers the sampling of both and no choice among files, by which chance alone takes some of "
        "any claim: what it explains stands in the team's sentence. Where there is none, both files answer "
        "alike on new labels."
    )
    if found["p_value"] is not None:
        p = sentences.p_said(found["p_value"])
        text += (
            " Were the first and the last file equally often right, they would differ on new labels by at "
            f"least as much with probability {p} (exact test of McNemar, unadjusted, level .05)."
        )
    return text


CHECK = Check(
    name=NAME,
    meaning="What each released improvement of a team claimed on query labels, and what of it is kept on "
    "new ones.",
    check=check,
    of_team=of_team,
)
