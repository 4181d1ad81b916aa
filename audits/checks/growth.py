"""Growth of the gap: how much better a team's files look on query labels, as it goes on asking.

Supporting evidence of how a score came about: a gap grows for a team in good faith, too, if it keeps what
scored better. No verdict rests on it.
"""

from collections.abc import Sequence
from dataclasses import asdict
from statistics import NormalDist
from typing import Any

import numpy as np

from audits import sentences
from audits.checks import gate
from audits.checks.check import Cell, Check, Column, Context, Place, Section, Table, number_columns
from audits.collected import Collected, Entrant
from audits.judged import Judged
from audits.models import Finding
from audits.reading import Reading
from stats.draw import Draw
from stats.fingerprints.contract import MIN_SUBMISSIONS
from stats.growth import Growth, accepted_rate, cusum_growth, gap_slope, isotonic_growth
from stats.mechanisms import Outcome
from stats.menu import Menu, menu
from stats.multiplicity import holm
from stats.verdict import ShiftGate

NAME = "growth"
# Of all teams of a round together, by Holm over two statistics of each.
LEVEL = 0.01
N_STATISTICS = 2
# Draws of the null with which nobody can be found, but almost everybody be passed.
N_SCREENING = 2_000
# So many draws that two may reach what was observed at the first Holm step.
EXCEEDING = 2
CLIMB = (
    "a climb by small steps: a change is kept where the score rose, and dropped where it did not"
)
JUMP = "files that were put together at one point from what the earlier ones were told"
SINCERE = (
    "What else looks so: a team in good faith that goes on from whatever scored better, or averages its "
    "best-scored files, has a gap that grows, too. In simulations with 100 files about half of the teams "
    "that kept only improvements, and a fifth of those that averaged, were found at a level of 5 %; of "
    "teams that used no answer no more than the level says."
)


def check(collected: Collected, context: Context) -> list[Finding]:
    """Make one finding on each team with enough files; nobody is found where the gate fired."""
    draw = collected.draw
    teams = [each for each in collected.entrants if each.k >= MIN_SUBMISSIONS]
    if draw is None or not teams:
        return []
    n_tests = N_STATISTICS * len(teams)
    n_draws = max(N_SCREENING, int(np.ceil(EXCEEDING * n_tests / LEVEL)))
    grown = [_grown(each, draw, context, n_draws) for each in teams]
    p_values = [each.p_value for pair in grown for each in pair]
    adjusted = holm(p_values=p_values).reshape(-1, N_STATISTICS)
    fired = gate.state_of(context.gate) is ShiftGate.FIRED
    findings = []
    for entrant, (slope, fitted), (p_slope, p_fitted) in zip(teams, grown, adjusted, strict=True):
        found = not fired and min(p_slope, p_fitted) <= LEVEL
        evidence = {
            "k": entrant.k,
            "found": bool(found),
            "slope": {**asdict(slope), "p_adjusted": float(p_slope)},
            "range": {**asdict(fitted), "p_adjusted": float(p_fitted)},
            **_gaps(entrant),
            "accepted": _accepted(entrant, context),
        }
        if found:
            evidence["since"] = _since(entrant, draw, context, n_draws, LEVEL / len(teams))
        findings.append(
            Finding(
                team_id=entrant.history.team_id,
                estimate=fitted.statistic,
                p_value=float(min(p_slope, p_fitted)),
                evidence=evidence,
            )
        )
    return findings


def _grown(entrant: Entrant, draw: Draw, context: Context, n_draws: int) -> tuple[Growth, Growth]:
    """Test slope and isotonic range; the range with many draws only where few do not settle it."""
    files, team = _menu(entrant, draw), entrant.history.team_id
    fitted = isotonic_growth(menu=files, rng=context.generator(NAME, team), n_draws=N_SCREENING)
    # At most a p-value of the level itself is ever rejected.
    if fitted.p_value <= LEVEL:
        rng = context.generator(NAME, team, "again")
        fitted = isotonic_growth(menu=files, rng=rng, n_draws=n_draws)
    return gap_slope(menu=files), fitted


def _menu(entrant: Entrant, draw: Draw) -> Menu:
    """Stack a team's files; what was drawn as a whole is one row, for rows are taken for independent."""
    query, fresh = draw.shares(entrant.columns.items)
    return menu(
        query_scores=query,
        fresh_scores=fresh,
        query_references=query[:, :1],
        fresh_references=fresh[:, :1],
    )


def _gaps(entrant: Entrant) -> dict[str, float]:
    """Give the mean gap of the first and of the last quarter of the files, by the exact metric."""
    gaps = entrant.columns.query_exact - entrant.columns.fresh_exact
    quarter = entrant.k // 4
    return {
        "quarter": quarter,
        "first_gap": float(gaps[:quarter].mean()),
        "last_gap": float(gaps[-quarter:].mean()),
    }


def _accepted(entrant: Entrant, context: Context) -> dict[str, Any] | None:
    """Count improvements after the first file; None unless a Ladder with a known threshold answered."""
    z = context.account.parameters.get("z")
    outcomes = [each.outcome for each in entrant.history.submissions[1:]]
    compared = [each for each in outcomes if each in (Outcome.IMPROVED, Outcome.NO_IMPROVEMENT)]
    if z is None or not compared:
        return None
    accepted = compared.count(Outcome.IMPROVED)
    found = accepted_rate(accepted=accepted, k=len(compared), z=z)
    return {
        "accepted": accepted,
        "k": len(compared),
        "by_chance": NormalDist().cdf(-z),
        "p_value": found.p_value,
    }


def _since(
    entrant: Entrant, draw: Draw, context: Context, n_draws: int, level: float
) -> int | None:
    """Say with which file the gap began to grow, from 1; None where the CUSUM sees no such point."""
    rng = context.generator(NAME, entrant.history.team_id, "cusum")
    found = cusum_growth(menu=_menu(entrant, draw), rng=rng, n_draws=n_draws)
    return None if found.since is None or found.p_value > level else found.since + 1


def _mechanism(evidence: dict[str, Any]) -> str:
    """Name what the growth is consistent with: the slope sees a climb, and hardly a composed file."""
    return CLIMB if evidence["slope"]["p_adjusted"] <= LEVEL else JUMP


def _level(findings: Sequence[Finding]) -> str:
    return (
        f"level {sentences.number(LEVEL, decimals=2)}, adjusted for two tests of each of the "
        f"{len(findings):,} teams with {MIN_SUBMISSIONS} files or more: of rounds in which no team uses an "
        "answer at most 1 % have a team that is found"
    )


def of_team(reading: Reading, team: Judged) -> list[Section]:
    """Say of a team whose gap grows what was seen, at which level, and what else looks so."""
    finding = reading.of_team(NAME, team)
    if finding is None or not finding.evidence["found"]:
        return []
    evidence = finding.evidence
    first, last = (reading.number(evidence[each]) for each in ("first_gap", "last_gap"))
    parts = [
        f"Consistent with {_mechanism(evidence)}.",
        f"What was seen: the first {evidence['quarter']} of its {evidence['k']:,} files score {first} "
        f"better on the query labels than on new labels, the last {evidence['quarter']} {last} better "
        f"(means); by the best fit that never falls the gap rises by {reading.number(finding.estimate)} "
        "over all files.",
        f"Chance makes a gap grow so rarely ({sentences.p_said(finding.p_value)}; "
        f"{_level(reading.by_check[NAME])}).",
        _began(evidence),
        _told(evidence),
        SINCERE,
    ]
    return [
        Section(
            place=Place.TEAM,
            title="The gap between query labels and new labels grows with the files",
            text=" ".join(filter(None, parts)),
            caption="It explains how a score may have come about, not why, and changes no verdict.",
        )
    ]


def _began(evidence: dict[str, Any]) -> str:
    since = evidence["since"]
    return f"The rise begins with file {since}." if since else ""


def _told(evidence: dict[str, Any]) -> str:
    accepted = evidence["accepted"]
    if accepted is None:
        return ""
    return (
        f"Of the {accepted['k']:,} later files that its board compared, {accepted['accepted']} were "
        "accepted as improvements; of files that are no better chance alone lets "
        f"{accepted['by_chance']:.1%} pass. That tells little: accepted files were lucky, and the next has "
        "to beat their luck."
    )


def sections(reading: Reading) -> list[Section]:
    """List the teams whose gap grows; where there is none, or the sets differ, say so in a line."""
    findings = reading.by_check[NAME]
    found = [each for each in findings if each.evidence["found"]]
    if not findings:
        return []
    if not found:
        text = f"Growth of the gap: no team's gap grows by more than chance ({_level(findings)})."
        if reading.audit.shift_gate == ShiftGate.FIRED:
            text = "Growth of the gap: not read, since untuned models score differently on the two sets."
        return [Section(place=Place.EXPLANATIONS, text=text)]
    rows: list[list[Cell]] = [
        [
            reading.name_of(each),
            f"{each.evidence['k']:,}",
            reading.number(each.evidence["first_gap"]),
            reading.number(each.evidence["last_gap"]),
            reading.number(each.estimate),
            sentences.two_digits(each.evidence["slope"]["p_adjusted"]),
            sentences.two_digits(each.evidence["range"]["p_adjusted"]),
            _mechanism(each.evidence),
        ]
        for each in found
    ]
    columns = [
        Column("Team"),
        *number_columns("Files", "Gap of the first quarter", "Of the last", "Rise"),
        *number_columns("p, steady (Holm)", "p, any rise (Holm)"),
        Column("Consistent with"),
    ]
    return [
        Section(
            place=Place.EXPLANATIONS,
            title="Growth of the gap: files that look ever better on query labels alone",
            table=Table(columns=columns, rows=rows, is_wide=True),
            caption="The gap is a file's score on query labels less that on new labels (where lower is "
            "better, the other way round), in the metric's units; its rise is that of the best fit that "
            f"never falls. Holm: {_level(findings)}. The p-values rest on a normal approximation. {SINCERE}",
        )
    ]


CHECK = Check(
    name=NAME,
    meaning="Whether a team's files look ever better on query labels than on new ones as it goes on asking.",
    check=check,
    sections=sections,
    of_team=of_team,
)
