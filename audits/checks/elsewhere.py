"""Scores of the finals on holdouts that cannot decide: a later period, stress cases. Shown, no more."""

from audits.checks.check import Check, Column, Context, Place, Section, Table
from audits.collected import Collected
from audits.models import Finding
from audits.reading import Reading

NAME = "other_holdouts"


def check(collected: Collected, context: Context) -> list[Finding]:
    return [
        Finding(team_id=entrant.history.team_id, evidence={"scores": entrant.elsewhere})
        for entrant in collected.audited
        if entrant.elsewhere
    ]


def sections(reading: Reading) -> list[Section]:
    """List scores, which are in the metric's units already."""
    rows = [
        (
            reading.name_of(finding),
            ", ".join(map(reading.number, finding.evidence["scores"].values())),
        )
        for finding in reading.by_check[NAME]
    ]
    title = "Final on holdouts that do not decide (a later period, stress cases)"
    columns = (Column("Team"), Column(title))
    return [Section(place=Place.EXPLANATIONS, table=Table(columns=columns, rows=rows))]


CHECK = Check(
    name=NAME,
    meaning="Scores of the finals on holdouts that decide nothing: a later period, stress cases.",
    check=check,
    sections=sections,
)
