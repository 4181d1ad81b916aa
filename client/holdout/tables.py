"""A board and an audit as rows of a terminal's width; whatever is left out stands in their JSON and CSV."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from holdout.figures import grid, optional, with_interval
from holdout.records import AuditDocument, AuditedTeam, Board, BoardRow, Round, Told
from holdout.times import moment

BEST_SCORED = "best_scored"
OPEN = ("rank", "team", "released", "attempts")
PUBLISHED = ("rank", "team", "released", "fresh", "overstatement", "luck", "verdict")
AUDITED = ("rank", "tier", "team", "fresh", "overstatement", "luck", "p", "verdict")
NO_DIFFERENCE = (
    "an overstatement is not released less fresh: the audit's document has what it is computed from"
)
OTHER_FILE = "* overstatement, luck and verdict are of the best-scored file, which is not the final"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Rows of texts, and what is said below them."""

    columns: Sequence[str]
    rows: Sequence[Mapping[str, object]]
    notes: Sequence[str]


def grids(answer: Board) -> str:
    """Say what the figures shown are rounded to: released ones, and of a published round fresh ones too."""
    released = f"resolution {grid(step)}" if (step := answer["resolution"]) else "no grid"
    fresh = [row for row in answer["rows"] if row["fresh"] is not None]
    if not answer["is_published"] or not fresh:
        return released
    fine = next((row["fresh_resolution"] for row in fresh if row.get("fresh_resolution")), None)
    rounding = f"to the nearest {grid(fine)}" if fine else "exact"
    return f"released scores: {released}, fresh figures: {rounding}"


def board(answer: Board) -> Shown:
    """Lay it out in the service's order; of a published one intervals stand in the cells of their figures."""
    step = answer["resolution"] or None
    rows = answer["rows"]
    exact = _fine([row["fresh"] for row in rows])
    notes = [OTHER_FILE] if any(_names_other(row) for row in rows) else []
    if any(row.get("overstatement") is not None for row in rows):
        notes.append(NO_DIFFERENCE)
    return Shown(
        columns=PUBLISHED if answer["is_published"] else OPEN,
        rows=[_standing(row, step=step, exact=exact) for row in rows],
        notes=[*notes, *_unranked(rows)],
    )


def _standing(row: BoardRow, *, step: float | None, exact: float | None) -> dict[str, object]:
    fine = row.get("fresh_resolution") or exact
    mark = " *" if _names_other(row) else ""
    return {
        "rank": _place(row, row["rank"]),
        "team": row["team"],
        "released": optional(row["released"], step=step),
        "attempts": row["attempts"],
        "fresh": with_interval(
            row["fresh"], row.get("fresh_low"), row.get("fresh_high"), step=fine
        ),
        "overstatement": with_interval(
            row.get("overstatement"),
            row.get("overstatement_low"),
            row.get("overstatement_high"),
            step=fine,
        ),
        "luck": optional(row.get("luck"), step=fine),
        "verdict": row["verdict"] and f"{row['verdict']}{mark}",
    }


def _place(row: BoardRow | AuditedTeam, rank: int | None) -> str | int | None:
    """Tell who has no rank apart from who could not be ranked; for what, a note below says."""
    return "unranked" if row.get("is_unranked") else rank


def _names_other(row: BoardRow | AuditedTeam) -> bool:
    return row.get("file_named") == BEST_SCORED


def _unranked(rows: Iterable[BoardRow | AuditedTeam]) -> list[str]:
    """List reasons: each is as long as it is, so it stands below."""
    return [
        f"{row['team']} is unranked: {row.get('unranked_reason') or 'no reason is given'}"
        for row in rows
        if row.get("is_unranked")
    ]


def _fine(values: Iterable[float | None]) -> float | None:
    """Choose a step where figures are exact: four digits of the largest, so that a table has one grid."""
    largest = max((abs(value) for value in values if value), default=0.0)
    return float(10.0 ** (math.ceil(math.log10(largest) - 1e-9) - 3)) if largest else None


def by_rank(teams: Iterable[AuditedTeam]) -> list[AuditedTeam]:
    """Sort by rank and then by name; last those without a rank, and behind them the unranked."""

    def place(team: AuditedTeam) -> tuple[bool, bool, int, str]:
        rank = team["rank_after"]
        return (bool(team.get("is_unranked")), rank is None, rank or 0, team["team"])

    return sorted(teams, key=place)


def audit(document: AuditDocument) -> Shown:
    """Make a row for each final, and where a verdict names another file one for that with its own figures."""
    teams = by_rank(document["teams"])
    step = document["fresh_resolution"] or _fine([team["fresh"] for team in teams])
    rows = [row for team in teams for row in _audited(team, step=step)]
    return Shown(columns=AUDITED, rows=rows, notes=_unranked(teams))


def _audited(team: AuditedTeam, *, step: float | None) -> list[dict[str, object]]:
    low, high = team["fresh_interval"] or (None, None)
    final: dict[str, object] = {
        "rank": _place(team, team["rank_after"]),
        "tier": team["tier"],
        "team": team["team"],
        "fresh": with_interval(team["fresh"], low, high, step=step),
    }
    if not _names_other(team):
        return [{**final, **_tested(team, step=step)}]
    named = {
        "team": f"{team['team']} (best-scored file)",
        "fresh": optional(team.get("named_fresh"), step=step),
    }
    return [
        {**final, "team": f"{team['team']} (final)"},
        {**named, **_tested(team, step=step)},
    ]


def _tested(team: AuditedTeam, *, step: float | None) -> dict[str, object]:
    """Take what is of the file that the verdict names."""
    low, high = team["overstatement_interval"] or (None, None)
    return {
        "overstatement": with_interval(team["overstatement"], low, high, step=step),
        "luck": optional(team["luck"], step=step),
        "p": team["p_adjusted"],
        "verdict": team["verdict"],
    }


def changes(round: Round) -> list[str]:
    """Say what organizers changed about a round, a line each, in order: when, what, and why."""
    return [
        f"round {round.number}, {moment(each['at'])}: {each['kind'].replace('_', ' ')}"
        f"{_of(each['team'])}{_became(each['before'], each['after'])}: {each['reason']}"
        for each in round.changes or []
    ]


def _of(team: str | None) -> str:
    return f" of {team}" if team else ""


def _became(before: Told | None, after: Told | None) -> str:
    """Say both where both are told."""
    was, now = _told(before), _told(after)
    if was and now:
        return f", from {was} to {now}"
    return f", {now or was}" if now or was else ""


def _told(told: Told | None) -> str:
    said = told or {}
    parts = [moment(said["closes_at"])] if "closes_at" in said else []
    if "queries" in said:
        parts.append(f"{said['queries']:,} {'query' if said['queries'] == 1 else 'queries'}")
    if "until" in said:
        parts.append(f"until {moment(said['until'])}")
    return " ".join(parts)
