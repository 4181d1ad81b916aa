"""Evidence over rounds: what a team's overstatements say together, of which each alone may be luck.

The p-value of each audited round becomes an e-value, and those of a team are multiplied. That holds as long
as honest teams have a mean of at most 1 in each round whatever came before, also those that build on a
published winner: the published finals are among the references for that. For researchers; nothing is decided.
"""

from collections import defaultdict
from typing import Any

import numpy as np

from audits.checks.check import Check, Column, Context, Place, Section, Table, number_columns
from audits.collected import Collected
from audits.models import Finding
from audits.reading import Reading
from audits.sentences import number
from stats.evidence import calibrated
from stats.multiplicity import e_benjamini_hochberg
from stats.team_tests import BEST_SCORED, ORGANIZER

NAME = "evidence_over_rounds"
LEVEL = 0.05
# Of a single round the test itself says more.
MIN_ROUNDS = 2


def check(collected: Collected, context: Context) -> list[Finding]:
    """Make one finding for each team that was tested against the references in this round."""
    if context.gate is not None and context.gate.fired:
        # The two sets differ for everybody: its p-values say nothing of a team.
        return []
    query_holdout = min(collected.query.versions, default="")
    earlier = _earlier(context, query_holdout)
    evidence: dict[int, dict[str, Any]] = {}
    for entrant in collected.entrants:
        team_id = entrant.history.team_id
        tests = context.tests.get(team_id)
        # A final is chosen after answers; that of the best-scored file is exact by itself.
        test = None if tests is None else tests.tests.get((BEST_SCORED, ORGANIZER))
        if test is None:
            continue
        e_value = float(calibrated(p_values=test.p_value))
        rounds = earlier[team_id]
        evidence[team_id] = {
            "query_holdout": query_holdout,
            "e_value": e_value,
            "product": e_value * float(np.prod([each["e_value"] for each in rounds])),
            "rounds_counted": len(rounds) + 1,
        }
    counts = sorted(
        team_id for team_id, each in evidence.items() if each["rounds_counted"] >= MIN_ROUNDS
    )
    products = [evidence[team_id]["product"] for team_id in counts]
    together = e_benjamini_hochberg(e_values=products, alpha=LEVEL)
    stands_out = dict(zip(counts, together.tolist(), strict=True))
    return [
        Finding(team_id=team_id, evidence=each | {"stands_out": stands_out.get(team_id, False)})
        for team_id, each in evidence.items()
    ]


def _earlier(context: Context, query_holdout: str) -> defaultdict[int, list[dict[str, Any]]]:
    """Gather each team's earlier rounds; of two on one query holdout, which depend on each other, the first.

    Of teams that are one by now those of the team that is kept count.
    """
    found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for finding in context.earlier(NAME):
        assert finding.team_id is not None
        own = found[finding.team_id]
        used = {query_holdout, *(each["query_holdout"] for each in own)}
        if finding.evidence["query_holdout"] not in used:
            own.append(finding.evidence)
    return found


def sections(reading: Reading) -> list[Section]:
    """List the teams whose product is large; one line where there is none."""
    found = [
        each for each in reading.by_check[NAME] if each.evidence["rounds_counted"] >= MIN_ROUNDS
    ]
    if not found:
        return []
    large = [
        each
        for each in found
        if each.evidence["product"] >= 1 / LEVEL or each.evidence["stands_out"]
    ]
    n, title = len(found), "Evidence over rounds"
    if not large:
        most = max(each.evidence["product"] for each in found)
        text = (
            f"Over rounds nothing stands out: of {n:,} team{'s'[: n != 1]} with audits of two rounds or more "
            f"the largest product of e-values is {_shown(most)}, below {1 / LEVEL:.0f} (level .05)."
        )
        return [Section(place=Place.EXPLANATIONS, title=title, text=text)]
    rows = [
        (
            reading.name_of(each),
            f"{each.evidence['rounds_counted']:,}",
            _shown(each.evidence["e_value"]),
            _shown(each.evidence["product"]),
            "yes" if each.evidence["stands_out"] else "no",
        )
        for each in sorted(large, key=lambda each: (-each.evidence["product"], each.team_id))
    ]
    columns = [
        Column("Team"),
        *number_columns("Rounds", "e-value of this round", "Product over rounds"),
        Column("Stands out among all teams"),
    ]
    return [
        Section(
            place=Place.EXPLANATIONS,
            title=title,
            text=f"Of {n:,} team{'s'[: n != 1]} with audits of two rounds or more those are listed whose "
            "overstatements of all rounds together are more than luck explains at level .05. It decides "
            "nothing, and says what happened to numbers, not why.",
            table=Table(columns=columns, rows=rows),
            caption=_caption(n),
        )
    ]


def _caption(n: int) -> str:
    return (
        "An e-value is what a fair bet of 1 against luck would have brought: 1 and less speaks for luck, "
        "more against it. A round's is 1/(2 sqrt p), with p, unadjusted, of the team's best-scored file "
        "against the references and the best finals that were published about the query labels before; "
        "where p is above .05 it is .5. Those of several rounds are multiplied. The product of an honest "
        "team ever reaches 20 with probability at most .05; of several listed teams that is said of each by "
        f"itself. Of those that stand out among all {n:,} teams at most .05 are honest on average (e-BH). "
        "Both rest on a mean e-value of at most 1 in each round for whoever is honest, also where a "
        "published winner was taken over: in simulated leagues of such teams it is .6 "
        "(docs/method.md)."
    )


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else number(value, decimals=2)


CHECK = Check(
    name=NAME,
    meaning="What the overstatements of a team's audited rounds say together, beyond luck.",
    check=check,
    sections=sections,
)
