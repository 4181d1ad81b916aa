"""The figures of the whole board that a reader takes away: overstatement, board against new labels, ranks."""

from audits.checks.check import Column, Figure, Table, number_columns
from audits.reading import Reading
from audits.report.rows import Row
from stats.verdict import Verdict

# So many names are read beside a figure; of more points those that matter, and of the others so many.
MAX_NAMES, N_BEST = 24, 6
MATTERING = ("", Verdict.CONFIRMED, Verdict.SUSPECTED)


def figures(reading: Reading, *, teams: list[Row], references: list[Row]) -> list[Figure]:
    """Make those of which there is something to see."""
    found = (
        _overstatements(reading, teams),
        _board_against_new(reading, teams, references),
        _ranks(teams),
    )
    return [each for each in found if each is not None]


def _overstatements(reading: Reading, teams: list[Row]) -> Figure | None:
    tested = [row for row in teams if row["overstatement"] is not None]
    tested = [row for row in tested if row["overstatement_interval"]]
    if not tested:
        return None
    ordered = sorted(tested, key=lambda row: (-row["overstatement"], row["name"]))
    rows = [
        {
            **{key: row[key] for key in ("name", "verdict", "overstatement", "luck")},
            "low": row["overstatement_interval"][0],
            "high": row["overstatement_interval"][1],
            "limit": row["smallest_found"],
        }
        for row in ordered
    ]
    n_found = sum(row["verdict"] == Verdict.CONFIRMED for row in ordered)
    n = len(ordered)
    largest = ordered[0]
    columns = [
        Column("Team"),
        Column("Overstatement", note="95 %", is_number=True),
        *number_columns("Luck", "Would have been found"),
    ]
    number = reading.number
    return Figure(
        drawing="overstatements",
        title=f"{_count(n_found, n)} overstated beyond what chance allows",
        alternative=f"A forest plot of {n:,} teams, the largest overstatement first: {largest['name']} with "
        f"{number(largest['overstatement'])}. A horizontal bar is a team's 95 % interval, the grey band "
        "behind it what luck explains of as many files, the dark tick what would have been found.",
        data={"rows": rows, "unit": reading.metric.label},
        source="Of the file that each verdict names. Intervals (95 %) cover the sampling of labels like "
        "these for one file and no choice among files, which luck stands for.",
        table=Table(
            columns=columns,
            rows=[
                (
                    row["name"],
                    (number(row["overstatement"]), reading.interval(row["low"], row["high"])),
                    number(row["luck"]),
                    number(row["limit"]),
                )
                for row in rows
            ],
        ),
    )


def _board_against_new(reading: Reading, teams: list[Row], references: list[Row]) -> Figure | None:
    points = [_point(row) for row in [*teams, *references] if row["fresh"] is not None]
    points = [each for each in points if None not in (each["query"], each["fresh"])]
    if not points:
        return None
    greater = reading.metric.greater_is_better
    n_worse = sum(
        point["fresh"] < point["query"] if greater else point["fresh"] > point["query"]
        for point in points
    )
    side = "below" if greater else "above"
    named = _named(points, greater=greater)
    number = reading.number
    return Figure(
        drawing="board_against_new",
        title=f"{n_worse:,} of {len(points):,} files score worse on new labels than on the query labels",
        alternative=f"{len(points):,} files by their scores on query and on new labels: finals, references, "
        f"and of who is accused by it the best-scored file. {n_worse:,} lie {side} the line on which both "
        "are equal. Thin crosses are 95 % intervals.",
        data={
            "points": [{**each, "is_named": each["name"] in named} for each in points],
            "axis": f"{reading.metric.label}, {'higher' if greater else 'lower'} is better",
            "side": side,
        },
        source="Exact scores; references hollow. Crosses: 95 % intervals of single scores, which cover the "
        "sampling of those items and no choice among files."
        + (
            ""
            if len(named) == len(points)
            else " Named are the best on new labels, those farthest from the line, references, and who is "
            "accused; all stand in the table."
        ),
        table=Table(
            columns=[Column("File"), *number_columns("Query labels", "New labels")],
            rows=[(row["name"], number(row["query"]), number(row["fresh"])) for row in points],
        ),
    )


def _named(points: list[Row], *, greater: bool) -> set[str]:
    """Choose the points that matter where there are more than anybody reads beside a figure."""
    if len(points) <= MAX_NAMES:
        return {each["name"] for each in points}
    order = sorted(points, key=lambda each: each["fresh"], reverse=greater)
    far = sorted(points, key=lambda each: -abs(each["query"] - each["fresh"]))
    matter = [each for each in points if each["verdict"] in MATTERING]
    return {each["name"] for each in [*matter[:MAX_NAMES], *order[:N_BEST], *far[:N_BEST]]}


def _point(row: Row) -> Row:
    of_file = row.get("of_file")
    if of_file is not None:
        name = f"{row['name']} (best-scored file)"
        no_interval = {"query_interval": None, "fresh_interval": None}
        return {"name": name, "verdict": row["verdict"], **of_file, **no_interval}
    kept = ("name", "query", "fresh", "query_interval", "fresh_interval")
    return {"verdict": row.get("verdict", ""), **{key: row[key] for key in kept}}


def _ranks(teams: list[Row]) -> Figure | None:
    moved = [row for row in teams if row["moved"] is not None]
    if len(moved) < 2:
        # One team has no rank to lose.
        return None
    rows = sorted(
        (
            {
                **{key: row[key] for key in ("name", "verdict", "tier")},
                "before": row["moved"][0],
                "after": row["moved"][1],
                # Counted among all that are ranked, so only where those are the same teams.
                "interval": row["rank_interval"] if row["rank"] == row["moved"][1] else None,
            }
            for row in moved
        ),
        key=lambda row: (row["after"], row["before"], row["name"]),
    )
    n_moved = sum(row["before"] != row["after"] for row in rows)
    have = "has" if n_moved == 1 else "have"
    columns = [Column("Team"), *number_columns("On the board", "On new labels", "Possible", "Tier")]
    return Figure(
        drawing="ranks",
        title=f"{n_moved} of the {len(rows)} teams with both scores {have} another rank on new labels",
        alternative=f"Lines from the rank of {len(rows):,} teams on the board to that on new labels, among "
        "these teams; beside each name the ranks that are possible, and tiers as bands.",
        data={"rows": rows},
        source="Teams of one band (tier) cannot be told apart from its best. The bars hold all true ranks "
        "at once in 95 of 100 draws of such labels.",
        table=Table(
            columns=columns,
            rows=[
                (
                    row["name"],
                    f"{row['before']:,}",
                    f"{row['after']:,}",
                    "–" if row["interval"] is None else "{:,} to {:,}".format(*row["interval"]),
                    "–" if row["tier"] is None else f"{row['tier']:,}",
                )
                for row in rows
            ],
        ),
    )


def _count(n_found: int, n: int) -> str:
    are = "is" if n_found == 1 else "are"
    return f"{n_found:,} of {n:,} tested team{'s'[: n != 1]} {are}"
