"""Each team's way through the round: what the board showed of each file, and what it scores on new labels.

Scores of whole files, for researchers alone; no verdict rests on it.
"""

import numpy as np

from audits.checks.check import (
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
from stats.mechanisms.contract import Outcome
from stats.metrics import METRICS

NAME = "trajectory"
# Digits that a curve shows: what it was read from has more.
DIGITS = 7
# More files than anybody reads in a table stand in the curve alone.
MAX_ROWS = 40


def check(collected: Collected, context: Context) -> list[Finding]:
    """Make one finding on each team with two files or more, where new labels were opened."""
    if not collected.m:
        return []
    return [
        Finding(team_id=each.history.team_id, evidence=_way(collected, each))
        for each in collected.entrants
        if each.k > 1
    ]


def _way(collected: Collected, entrant: Entrant) -> dict[str, object]:
    """Give scores in the metric's own units, files in the order of time and counted from 0."""
    orient, columns = METRICS[collected.metric].orient, entrant.columns
    menu = entrant.history.submissions
    return {
        "attempts": [each.sequence for each in menu],
        "released": [each.released for each in menu],
        "query": [_written(orient(value)) for value in columns.query_exact],
        "fresh": [_written(orient(value)) for value in columns.fresh_exact],
        "accepted": [at for at, each in enumerate(menu) if each.outcome == Outcome.IMPROVED],
        "final": entrant.final,
        "best": int(np.argmax(columns.query_exact)),
    }


def _written(value: float) -> float:
    return float(f"{value:.{DIGITS}g}") + 0.0


def of_team(reading: Reading, team: Judged) -> list[Section]:
    """Draw the way, and list its files where they are few enough to be read."""
    finding = reading.of_team(NAME, team)
    if finding is None:
        return []
    found = finding.evidence
    direction = "higher" if reading.metric.greater_is_better else "lower"
    fresh, final = found["fresh"], found["final"]
    shown = found["best"] if final is None else final
    change = reading.number(abs(fresh[shown] - fresh[0]))
    better = reading.metric.orient(fresh[shown] - fresh[0]) >= 0
    which = "best-scored file" if final is None else "final"
    n = len(fresh)
    title = (
        f"From its first file to its {which}, of {n:,}: {change} {'better' if better else 'worse'} on new "
        "labels"
    )
    figure = Figure(
        drawing=NAME,
        title=title,
        alternative=f"Over {n:,} attempts a step line of what the board showed, and a dot for each file's "
        f"score on new labels, from {reading.number(fresh[0])} of the first to "
        f"{reading.number(fresh[shown])} of the {which}.",
        data={**found, "axis": f"{reading.metric.label}\n({direction} is better)"},
        source="Exact scores on all new labels; the board's are as they were released. Triangles: accepted "
        "as improvements. A single score's sampling error stands in the table of teams.",
        table=_table(reading, found),
    )
    return [Section(place=Place.TEAM, title="Its files in the order of time", figure=figure)]


def _table(reading: Reading, found: dict[str, list[float | None]]) -> Table:
    """Of many files list the first, the final, the best-scored and some between."""
    n = len(found["fresh"])
    some = set(np.linspace(0, n - 1, min(n, MAX_ROWS)).round().astype(int).tolist())
    some |= {at for at in (found["final"], found["best"]) if isinstance(at, int)}
    notes = {found["best"]: "best-scored", found["final"]: "final"}
    rows = [
        (
            (f"no. {found['attempts'][at]}", notes.get(at, "")),
            reading.number(found["released"][at]),
            reading.number(found["query"][at]),
            reading.number(found["fresh"][at]),
        )
        for at in sorted(some)
    ]
    titles = ("On the board", "Query labels", "New labels")
    return Table(columns=[Column("File"), *number_columns(*titles)], rows=rows)


CHECK = Check(
    name=NAME,
    meaning="What the board showed of each file of a team, and what the file scores on new labels.",
    check=check,
    of_team=of_team,
)
