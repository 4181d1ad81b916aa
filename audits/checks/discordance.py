"""Discordant pairs: one table that anybody can follow. It explains, and never convicts."""

import numpy as np

from audits import sentences
from audits.checks.check import Check, Column, Context, Place, Section, Table
from audits.collected import Collected
from audits.models import Finding
from audits.reading import Reading
from stats.discordance import discordant_pairs
from stats.metrics import METRICS

NAME = "discordant_pairs"


def check(collected: Collected, context: Context) -> list[Finding]:
    """Compare right-or-wrong scores with those of the team's first submission."""
    if not METRICS[collected.metric].counts_items or collected.draw is None:
        return []
    # Fisher's test takes items for independent, which those of a group are not.
    is_by_item = collected.draw.unit_of_item is None
    findings = []
    for entrant in collected.audited:
        final, own = entrant.final, entrant.columns
        # No final, or 0: it is the first file itself.
        if not final:
            continue
        query, fresh = own.query.astype(np.bool_), own.fresh.astype(np.bool_)
        found = discordant_pairs(
            query_final=query[:, final],
            query_reference=query[:, 0],
            fresh_final=fresh[:, final],
            fresh_reference=fresh[:, 0],
        )
        findings.append(
            Finding(
                team_id=entrant.history.team_id,
                p_value=found.p_value if is_by_item else None,
                evidence={"query": list(found.query), "fresh": list(found.fresh)},
            )
        )
    return findings


def sections(reading: Reading) -> list[Section]:
    """Show both tables; of items that were drawn in groups Fisher's test has no p-value."""
    rows = [
        (
            reading.name_of(finding),
            *(" / ".join(f"{n:,}" for n in finding.evidence[part]) for part in ("query", "fresh")),
            sentences.two_digits(finding.p_value),
        )
        for finding in reading.by_check[NAME]
    ]
    columns = (
        Column("Team"),
        Column("Query labels: final alone right / first alone right"),
        Column("New labels: the same"),
        Column("p (Fisher, unadjusted)", is_number=True),
    )
    return [
        Section(
            place=Place.EXPLANATIONS,
            title="Discordant pairs: items that only one of two files has right",
            table=Table(columns=columns, rows=rows, is_wide=True),
            caption="The final beside the team's first file. A final that is better on any labels leads "
            "alike on both holdouts; one that learned the query labels leads there alone.",
        )
    ]


CHECK = Check(
    name=NAME,
    meaning="How many items the final alone has right, and how many the team's first file alone.",
    check=check,
    sections=sections,
)
