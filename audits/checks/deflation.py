"""The winner's curse: what its place among k files adds to a final's exact score; an estimate, no test."""

from audits.checks.check import Check, Column, Context, Place, Section, Table, number_columns
from audits.collect import Collected
from audits.models import Finding
from audits.reading import Reading
from stats.deflation import deflate

NAME = "deflation"


def check(collected: Collected, context: Context) -> list[Finding]:
    draw = collected.draw
    if draw is None:
        return []
    # Query items come first in a draw; these are the fresh ones'.
    units = None if draw.unit_of_item is None else draw.unit_of_item[draw.n :]
    findings = []
    for entrant in collected.audited:
        columns, team_id = entrant.columns, entrant.history.team_id
        found = deflate(
            query_scores=columns.query,
            fresh_scores=columns.fresh,
            final=entrant.final,
            query_exact=columns.query_exact,
            fresh_exact=columns.fresh_exact,
            fresh_groups=units,
            rng=context.generator(NAME, team_id),
        )
        evidence = {"expected_luck": found.expected_luck, "luck_bound": found.luck_bound}
        findings.append(Finding(team_id=team_id, estimate=found.deflated, evidence=evidence))
    return findings


def sections(reading: Reading) -> list[Section]:
    rows = [
        (
            reading.name_of(finding),
            reading.number(reading.own(finding.estimate)),
            reading.number(finding.evidence["expected_luck"]),
        )
        for finding in reading.by_check[NAME]
    ]
    titles = ("Final on query labels, less the luck of its place", "Expected luck")
    columns = [Column("Team"), *number_columns(*titles)]
    return [
        Section(
            place=Place.EXPLANATIONS,
            title="Deflation: scores less the luck of the choice",
            table=Table(columns=columns, rows=rows),
            caption="The best of many files is partly the luckiest. The expected luck is what the place of "
            "this final among the team's files adds to its score by chance.",
        )
    ]


CHECK = Check(
    name=NAME,
    meaning="A final's score on query labels, less what its place among the team's files adds "
    "by chance.",
    check=check,
    sections=sections,
    estimates_a_score=True,
)
