"""How the table of teams is written: the facts' numbers in the metric's digits, for the page and Markdown."""

from typing import Any

from audits import sentences
from audits.report.facts import Facts
from audits.report.rows import Row
from stats.verdict import Verdict

# A verdict is a word and a shape, never a colour alone.
SHAPES = {
    Verdict.CONFIRMED: "◆",
    Verdict.INVALID: "✕",
    Verdict.SUSPECTED: "▲",
    Verdict.NOT_TESTED: "○",
}
OTHERWISE = "●"
NOTHING = "–"


def teams(facts: Facts) -> list[dict[str, Any]]:
    """Write each team's row; what a final has not is a dash."""
    return [_team(row, facts["metric"]["decimals"]) for row in facts["teams"]]


def references(facts: Facts) -> list[dict[str, Any]]:
    """Write each frozen file's row."""
    return [_scores(row, facts["metric"]["decimals"]) for row in facts["references"]]


def numbers(facts: Facts) -> list[tuple[str, str, str]]:
    """Write the numbers that carry the headline, tau where there are two orders: each with a remark."""
    found = facts["numbers"]
    remark = "1: the same order; 0: no more alike than by chance"
    if found["tau_interval"]:
        remark = f"{sentences.interval(*found['tau_interval'], decimals=2)} (95 %); {remark}"
    carrying = [
        (
            f"{found['n_fresh']:,}",
            "new labels",
            f"that answered no query, beside {found['n_query']:,}",
        ),
        (
            f"{found['n_confirmed']:,} of {found['n_teams']:,}",
            "teams accused",
            "wrong in at most 1 % of rounds",
        ),
    ]
    if found["tau"] is not None:
        tau = sentences.number(found["tau"], decimals=2)
        carrying.append((tau, "tau of the board with new labels", remark))
    return carrying


def metric(facts: Facts) -> str:
    """Name the metric with its direction."""
    found = facts["metric"]
    return f"{found['label']} ({'higher' if found['greater_is_better'] else 'lower'} is better)"


def _team(row: Row, decimals: int) -> dict[str, Any]:
    def number(value: float | None) -> str:
        return sentences.number(value, decimals=decimals)

    of_file = ""
    if row["of_file"] is not None:
        query, fresh = (number(row["of_file"][part]) for part in ("query", "fresh"))
        of_file = f"of its best-scored file: {query} on query labels, {fresh} on new ones"
    return {
        **_scores(row, decimals),
        "anchor": f"team-{row['team_id']}",
        "verdict": row["verdict"],
        "shape": SHAPES.get(Verdict(row["verdict"]), OTHERWISE) if row["verdict"] else "",
        "rank": "unranked" if row["unranked"] else _rank(row),
        "rank_interval": "" if row["unranked"] else _between(row["rank_interval"]),
        "before": _whole(row["rank_before"]),
        "change": _change(row["moved"]),
        "overstatement": number(row["overstatement"]),
        "interval": _interval(row["overstatement_interval"], decimals),
        "of_file": of_file,
        "luck": number(row["luck"]),
        "p": row["p"],
        "limit": number(row["smallest_found"]),
        "attempts": _whole(row["attempts"]),
        **{key: row[key] for key in ("sentence", "unranked", "sections", "final", "named_file")},
    }


def _scores(row: Row, decimals: int) -> dict[str, Any]:
    return {
        "name": row["name"],
        "fresh": sentences.number(row["fresh"], decimals=decimals),
        "fresh_interval": _interval(row["fresh_interval"], decimals),
        "query": sentences.number(row["query"], decimals=decimals),
        "released": sentences.number(row["released"], decimals=decimals),
    }


def _interval(ends: list[float] | None, decimals: int) -> str:
    return "" if ends is None else sentences.interval(*ends, decimals=decimals)


def _rank(row: Row) -> str:
    tier = "" if row["tier"] is None else f" ({row['tier']:,})"
    return f"{_whole(row['rank'])}{tier}"


def _whole(value: int | None) -> str:
    return NOTHING if value is None else f"{value:,}"


def _between(bounds: list[int] | None) -> str:
    return "" if bounds is None else f"[{bounds[0]:,}, {bounds[1]:,}]"


def _change(moved: list[int] | None) -> str:
    if moved is None or moved[0] == moved[1]:
        return ""
    before, after = moved
    return f"▲ {before - after}" if after < before else f"▼ {after - before}"
