"""The accusation (`stats.accusation`): a team's final and best-scored file against own and frozen files."""

from typing import Any

import numpy as np

from audits import sentences
from audits.checks.check import Cell, Check, Column, Context, Place, Section, Table, number_columns
from audits.collected import Collected, Entrant
from audits.compared import Compared
from audits.judged import Judged
from audits.models import Finding
from audits.reading import Reading
from stats import accusation, ties
from stats.accusation import Contestant
from stats.team_tests import BEST_SCORED, FINAL, ORGANIZER, OWN_FILES, FileTest, TeamTests

NAME = "accusation"
FILES = {FINAL: "final", BEST_SCORED: "best scored"}
REFERENCES = {OWN_FILES: "own early files", ORGANIZER: "the references"}


def run(collected: Collected, rng: np.random.Generator) -> dict[int, TeamTests]:
    """Test by team id those teams that can be tested at all."""
    if collected.draw is None:
        return {}
    return accusation.accuse(
        draw=collected.draw,
        score=collected.score,
        contestants={
            entrant.history.team_id: Contestant(
                files=entrant.columns,
                final=entrant.final,
                first_file_precedes_release=entrant.first_file_precedes_release,
            )
            for entrant in collected.entrants
        },
        references=collected.compared_with if collected.compared_with.k else None,
        n_teams=collected.n_teams,
        # As on the board.
        tie=ties.RELATIVE_TOLERANCE * collected.unit,
        rng=rng,
    )


def check(collected: Collected, context: Context) -> list[Finding]:
    """Make one finding a team: what is shown of it, and each test that ran."""
    findings, delta0 = [], collected.delta0
    entrants = {each.history.team_id: each for each in collected.entrants}
    for team_id, each in sorted(context.tests.items()):
        shown = each.shown(delta0=delta0)
        evidence = [
            {
                "which": which,
                "kind": kind,
                "file": test.file + 1,
                "overstatement": test.overstatement,
                "interval": [test.low, test.high],
                "p_value": test.p_value,
                "p_is_screened": test.is_screened,
                "p_adjusted": test.adjusted,
                "p_estimate": test.p_estimate,
                "luck": test.luck,
                "excess_low": test.excess_low,
                "minimum_detectable_effect": test.minimum_detectable_effect(delta0=delta0),
                "n_draws": test.n_draws,
                "accuses": test.accuses(delta0=delta0),
                "compared_with": _compared_with(collected, entrants[team_id], test, kind),
            }
            for (which, kind), test in each.tests.items()
        ]
        findings.append(
            Finding(
                team_id=team_id,
                estimate=shown.test.overstatement,
                low=shown.test.low,
                high=shown.test.high,
                p_value=shown.test.adjusted,
                minimum_detectable_effect=shown.minimum_detectable_effect,
                evidence={"k": each.k, "tests": evidence},
            )
        )
    return findings


def _compared_with(
    collected: Collected, entrant: Entrant, test: FileTest, kind: str
) -> list[dict[str, Any]]:
    """Give each file of the comparison with its weight and its exact scores, higher better.

    Of frozen files all, though one may weigh nothing: which do follows the labels, and all names are told.
    """
    whose: list[dict[str, Any]] = [
        *({"own_file": number + 1} for number in range(entrant.columns.k)),
        *({"team_id": team.team_id, "file": each.sequence} for team, each in collected.frozen),
        *({"team": each.team, "round": each.round_number} for each in collected.published_finals),
    ]
    own, frozen = entrant.columns, collected.compared_with
    query = np.concatenate([own.query_exact, frozen.query_exact])
    fresh = np.concatenate([own.fresh_exact, frozen.fresh_exact])
    weights = dict(test.weights)
    columns = range(own.k, len(whose)) if kind == ORGANIZER else sorted(weights)
    return [
        {
            **whose[column],
            "weight": weights.get(column, 0.0),
            "query": float(query[column]),
            "fresh": float(fresh[column]),
        }
        for column in columns
    ]


def compared_with(*, reading: Reading, team: Judged) -> list[Compared]:
    """List what a team's shown test compared its file with; nothing of an audit that did not keep it."""
    finding, orient = reading.of_team(NAME, team), reading.metric.orient
    return [
        Compared(
            team=reading.names[each["team_id"]] if "team_id" in each else each.get("team", ""),
            number=each.get("own_file") or each.get("file", 0),
            published_in=each.get("round"),
            weight=each["weight"],
            # Adding zero turns a loss of -0.0 into 0.0.
            query=orient(each["query"]) + 0.0,
            fresh=orient(each["fresh"]) + 0.0,
            excess=each["query"] - each["fresh"],
        )
        for test in ([] if finding is None else finding.evidence["tests"])
        if (test["which"], test["kind"]) == (team.file, team.finding.test)
        for each in test.get("compared_with", [])
    ]


def of_team(reading: Reading, team: Judged) -> list[Section]:
    """List every term of the overstatement that is shown of a team, so that a reader can add it up."""
    files = compared_with(reading=reading, team=team)
    if not files or team.overstatement is None or team.finding.reference_excess is None:
        return []
    columns = [
        Column("File"),
        *number_columns("Weight", "Query labels", "New labels"),
        *number_columns("Better on query labels by", "Weight times that"),
    ]
    return [
        Section(
            place=Place.TEAM,
            title="What it was compared with",
            table=Table(columns=columns, rows=_terms(reading, team, files), is_wide=True),
            caption="Weights are those with which the files follow this one most closely on the items of "
            "both holdouts (least squares); they sum to one. Each figure is rounded by itself, so sums of "
            "those shown may differ in the last digits.",
        )
    ]


def _terms(reading: Reading, team: Judged, files: list[Compared]) -> list[list[Cell]]:
    number, (query, fresh) = reading.number, team.of_the_named_file
    overstatement, excess = team.overstatement or 0.0, team.finding.reference_excess or 0.0
    rows: list[list[Cell]] = [
        [
            each.name,
            _weight(each.weight),
            *map(number, (each.query, each.fresh, each.excess, each.weight * each.excess)),
        ]
        for each in files
    ]
    total = _weight(sum(each.weight for each in files))
    file = "best-scored file" if team.names_best_scored else "final"
    return [
        *rows,
        ["Their sum, the reference excess", total, "", "", "", number(excess)],
        [f"The {file}", "", number(query), number(fresh), number(overstatement + excess), ""],
        ["The difference, its overstatement", "", "", "", number(overstatement), ""],
    ]


def _weight(value: float) -> str:
    return sentences.number(value, decimals=4)


def sections(reading: Reading) -> list[Section]:
    """List each test of each team: which file, against what."""
    columns = [
        *(Column(title) for title in ("Team", "File", "Against")),
        Column("Overstatement", note="95 %", is_number=True),
        *number_columns("Luck", "Beyond luck", "p (Holm)", "Draws", "Files"),
    ]
    rows: list[list[Cell]] = [
        [
            reading.name_of(finding),
            f"{FILES[test['which']]}, no. {test['file']}",
            REFERENCES[test["kind"]],
            (reading.number(test["overstatement"]), reading.interval(*test["interval"])),
            reading.number(test["luck"]),
            reading.number(test["excess_low"]),
            sentences.exact_p(test["p_adjusted"], is_screened=test["p_is_screened"]),
            f"{test['n_draws']:,}",
            f"{finding.evidence['k']:,}",
        ]
        for finding in reading.by_check[NAME]
        for test in finding.evidence["tests"]
    ]
    table = Table(columns=columns, rows=rows, empty="None could run.", is_wide=True)
    return [Section(place=Place.TESTS, table=table)]


CHECK = Check(
    name=NAME,
    meaning="The test of each team: how much of its file's lead over others is missing on new labels.",
    check=check,
    sections=sections,
    of_team=of_team,
)
