"""The winner's curse: what its place among k files adds to a final's exact score; an estimate, no test.

Beside it how much the best of files as alike as these owes to luck, and whether a lead is more than that.
"""

from dataclasses import asdict
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.checks.check import Check, Column, Context, Place, Section, Table, number_columns
from audits.collected import Collected, Entrant
from audits.judged import Judged
from audits.models import Finding
from audits.reading import Reading
from stats.deflation import deflate, deflated_probability
from stats.draw import Draw
from stats.expected_maximum import expected_maximum
from stats.similarity import effective_number, similarity

NAME = "deflation"
# Draws of the best file's luck; their error is below 2 % of a standard error.
N_DRAWS = 2_000
# So many new items tell how alike files are, to a percent.
MAX_ITEMS = 5_000
# The same few numbers of files for all teams.
_expected_maximum = cache(expected_maximum)


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
        evidence = {
            "expected_luck": found.expected_luck,
            "luck_bound": found.luck_bound,
            **_alike(entrant, draw, context),
            **_lead(entrant, collected, draw, context),
        }
        findings.append(Finding(team_id=team_id, estimate=found.deflated, evidence=evidence))
    return findings


def _alike(entrant: Entrant, draw: Draw, context: Context) -> dict[str, Any]:
    """Say what the best of files as alike as these owes to luck; of right or wrong items drawn one by one."""
    columns = entrant.columns
    if columns.k < 2 or columns.items.dtype != np.bool_ or draw.unit_of_item is not None:
        return {}
    rng = context.generator(NAME, "similarity", entrant.history.team_id)
    some = columns.fresh[:: -(-draw.m // MAX_ITEMS)]
    found = similarity(correctness=some, rng=rng, n_draws=N_DRAWS)
    return {
        "alike": {
            "k": columns.k,
            "agreement": found.agreement,
            # On as many items as the query holdout has.
            "luck_of_best": found.expected_maximum * float(np.sqrt(len(some) / draw.n)),
            "n_independent": _independent(found.studentized_maximum, most=columns.k),
            "formulas": _formulas(some),
        }
    }


def _independent(studentized: float, *, most: int) -> int:
    """Count the independent files of which the best is as lucky, to the nearest; from 1 to `most`."""
    low, high = 1, most
    while high - low > 1:
        middle = (low + high) // 2
        if _expected_maximum(k=middle) <= studentized:
            low = middle
        else:
            high = middle
    below, above = (abs(_expected_maximum(k=each) - studentized) for each in (low, high))
    return low if below <= above else high


def _formulas(fresh: NDArray[np.bool_]) -> dict[str, float] | None:
    """Compute the published effective numbers of those files that are neither always right nor never."""
    varied = fresh[:, fresh.any(axis=0) & ~fresh.all(axis=0)]
    if varied.shape[1] < 2:
        return None
    correlation = np.clip(np.corrcoef(varied.T.astype(np.float64)), -1, 1)
    return asdict(effective_number(correlation=correlation))


def _lead(entrant: Entrant, collected: Collected, draw: Draw, context: Context) -> dict[str, Any]:
    """Deflate the best file's lead over the baseline; of metrics that are means of their items."""
    if not collected.references.k or not (collected.score.is_exact and collected.score.is_mean):
        return {}
    query, fresh = draw.shares(entrant.columns.items)
    on_query, on_fresh = draw.shares(collected.references.items[:, :1])
    found = deflated_probability(
        query_scores=query,
        fresh_scores=fresh,
        query_reference=on_query[:, 0],
        fresh_reference=on_fresh[:, 0],
        rng=context.generator(NAME, "lead", entrant.history.team_id),
    )
    return {"lead": asdict(found)}


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


def of_team(reading: Reading, team: Judged) -> list[Section]:
    """Say what the choice among its files may have added; nothing of one file, or of an older audit."""
    finding = reading.of_team(NAME, team)
    if finding is None:
        return []
    evidence = finding.evidence
    parts = [_said_of_alike(reading, evidence.get("alike")), _said_of_lead(reading, evidence)]
    if not any(parts):
        return []
    return [
        Section(
            place=Place.TEAM,
            title="What the choice among its files adds by chance",
            text=" ".join(filter(None, parts)),
            caption="Estimates for a team whose files do not depend on what it was told, and no test: "
            "whoever used answers owes the query labels more than this.",
        )
    ]


def _said_of_alike(reading: Reading, alike: dict[str, Any] | None) -> str:
    if alike is None:
        return ""
    return (
        f"Two of its {alike['k']:,} files are on average both right or both wrong on "
        f"{alike['agreement']:.0%} of the new items. The best of {alike['k']:,} files so alike owes as much "
        f"to luck as the best of {alike['n_independent']:,} independent ones: "
        f"{reading.number(alike['luck_of_best'])} of its score on the query labels if all are equally "
        f"good.{_said_of_formulas(alike['formulas'])}"
    )


def _said_of_formulas(formulas: dict[str, float] | None) -> str:
    if formulas is None:
        return ""
    low, high = min(formulas.values()), max(formulas.values())
    return (
        f" Published formulas for an effective number of files give from {low:.1f} to {high:.1f} here; they "
        "disagree, and nothing is computed of them."
    )


def _said_of_lead(reading: Reading, evidence: dict[str, Any]) -> str:
    """Only of a choice among files, and where the best one leads."""
    lead = evidence.get("lead")
    if lead is None or lead["lead"] <= 0 or "alike" not in evidence:
        return ""
    return (
        f"Its best-scored file leads the first reference by {reading.number(lead['lead'])} on the query "
        f"labels, of which the choice explains {reading.number(lead['expected_luck'])} by chance; that what "
        f"remains is above 0 has the deflated probability {_probability(lead['probability'])} (1 is sure)."
    )


def _probability(value: float) -> str:
    return "above .99" if value > 0.99 else f"{value:.2f}".lstrip("0") or "0"


CHECK = Check(
    name=NAME,
    meaning="A final's score on query labels, less what its place among the team's files adds "
    "by chance.",
    check=check,
    sections=sections,
    of_team=of_team,
    estimates_a_score=True,
)
