"""The accusation: each team's final and its best-scored file against own and organizer's files.

The statistics are `stats.accusation`; here a round's history becomes its contestants, and what was found
becomes findings.
"""

from typing import Any

import numpy as np

from audits import sentences
from audits.checks.check import (
    Cell,
    Check,
    Column,
    Context,
    Place,
    Result,
    Section,
    Table,
)
from audits.collect import Collected
from audits.models import Finding
from audits.reading import Reading
from stats import accusation
from stats.accusation import Contestant
from stats.team_tests import BEST_SCORED, FINAL, ORGANIZER, OWN_FILES, FileTest, TeamTests

NAME = "accusation"
FILES = {FINAL: "final", BEST_SCORED: "best scored"}
REFERENCES = {OWN_FILES: "own early files", ORGANIZER: "the references"}
# Scores this close, as a share of the metric's unit, are equal; so they are on the board.
TIE = 1e-9


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
        tie=TIE * collected.unit,
        rng=rng,
    )


def check(collected: Collected, context: Context) -> list[Result]:
    """One finding a team: what is shown of it, and each test that ran."""
    results, delta0 = [], collected.delta0
    for team_id, each in sorted(context.tests.items()):
        shown = each.shown(delta0=delta0)
        evidence = [
            {"which": which, "kind": kind, **_evidence(test, delta0)}
            for (which, kind), test in each.tests.items()
        ]
        results.append(
            Result(
                check=NAME,
                team_id=team_id,
                estimate=shown.test.overstatement,
                low=shown.test.low,
                high=shown.test.high,
                p_value=shown.test.adjusted,
                minimum_detectable_effect=shown.minimum_detectable_effect,
                evidence={"k": each.k, "tests": evidence},
            )
        )
    return results


def _evidence(test: FileTest, delta0: float) -> dict[str, Any]:
    return {
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
    }


def sections(reading: Reading) -> list[Section]:
    """Each test of each team: which file, against what."""
    tested = reading.by_check.get(NAME, [])
    columns = (
        Column(title="Team"),
        Column(title="File"),
        Column(title="Against"),
        Column(title="Overstatement", note="95 %", is_number=True),
        *(
            Column(title=title, is_number=True)
            for title in ("Luck", "Beyond luck", "p (Holm)", "Draws", "Files")
        ),
    )
    rows = [
        _row(reading, finding, test) for finding in tested for test in finding.evidence["tests"]
    ]
    table = Table(columns=columns, rows=rows, empty="None could run.", is_wide=True)
    return [Section(place=Place.TESTS, table=table)]


def _row(reading: Reading, finding: Finding, test: dict[str, Any]) -> list[Cell]:
    return [
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


CHECK = Check(
    name=NAME,
    meaning="The test of each team: how much of its file's lead over others is missing on new labels.",
    check=check,
    sections=sections,
)
