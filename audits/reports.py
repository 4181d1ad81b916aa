"""The report of one run: a plain page for researchers, rendered from the findings and nothing else.

Scores are in the metric's own units and direction; an overstatement is positive where a file looks better
on query labels than on new ones. Figures are exact: everybody else reads those of the publication.
"""

from typing import Any

import numpy as np
from django.template.loader import render_to_string

from audits import compared, drawn_groups, figures, judged, sentences, standing
from audits.checks import accusation, gate, ranking, ranks, registry, scores
from audits.checks.check import Place, Section
from audits.compared import Compared
from audits.disclosure import disclosure_of
from audits.figures import Mark
from audits.judged import Judged
from audits.models import AuditRun
from audits.reading import Reading, reading_of
from audits.rounding import Exact
from stats.verdict import Verdict

# A verdict is a word and a shape, never a colour alone.
SHAPES = {
    Verdict.CONFIRMED: "◆",
    Verdict.INVALID: "✕",
    Verdict.SUSPECTED: "▲",
    Verdict.NOT_TESTED: "○",
}
OTHERWISE = "●"
# A team or a reference as it stands in the table, for the template.
Row = dict[str, Any]


def render(*, audit: AuditRun) -> str:
    reading = reading_of(audit=audit)
    teams = [each for each in reading.found if not each.finding.is_reference]
    rows = _rows(reading, teams)
    sections: dict[str, list[Section]] = {place.value: [] for place in Place}
    for check in registry.CHECKS:
        for section in check.sections(reading):
            # A table without a row is left out.
            if section.text or (section.table and (section.table.rows or section.table.empty)):
                sections[section.place].append(section)
    return render_to_string(
        "audits/report.html",
        {
            "audit": audit,
            "n_query": _whole(audit.snapshot["n_query"]),
            "n_fresh": _whole(audit.snapshot["n_fresh"]),
            "drawn": drawn_groups.counted(round=audit.round),
            "metric": reading.metric,
            "headline": sentences.headline(
                verdicts=[each.finding.published_verdict for each in teams]
            ),
            "how_to_read": sentences.how_to_read(is_exact=True),
            "coarseness": _coarseness(reading, teams),
            "rows": rows,
            "references": _references(reading),
            "figures": _figures(reading, rows),
            "sections": sections,
        },
    )


def _coarseness(reading: Reading, teams: list[Judged]) -> str:
    """Say what everybody else will read instead of the report's figures; nothing where that is the same."""
    disclosure = disclosure_of(round=reading.audit.round, reading=reading)
    if isinstance(disclosure.rounding, Exact) or not disclosure.n_fresh:
        return ""
    step = sentences.number(disclosure.rounding.step, decimals=disclosure.rounding.decimals + 1)
    finals = [team.as_published for team in teams if team.fresh is not None]
    n_left_out = sum(not disclosure.has_figure(team) for team in finals)
    return (
        f"Exact figures, for researchers: the published board rounds scores on new labels to steps of {step} "
        f"and leaves out {n_left_out} final{'s'[: n_left_out != 1]} of {len(finals)}. By rounded figures "
        "WITHIN_LUCK may read NO_EVIDENCE there."
    )


def _rows(reading: Reading, teams: list[Judged]) -> list[Row]:
    """Order teams by their scores on new labels; who has none stands behind, and who is unranked last."""
    reasons = standing.unranked(round=reading.audit.round)
    ranked = [team for team in teams if team.team not in reasons]
    benchmark = reading.audit.round.benchmark
    fresh = {team.team: team.fresh for team in ranked}
    released = {team.team: team.finding.released for team in ranked}
    found = reading.first(ranking.NAME)
    known = [team for team in ranked if team.team_id in ranking.measured(finding=found)]
    tiers = ranking.tiers_of(
        finding=found,
        teams=[team.team_id for team in known],
        scores=np.array([reading.own(team.fresh) or 0.0 for team in known]),
    )
    after = standing.ranks(values=fresh, benchmark=benchmark)
    before = standing.ranks(values=released, benchmark=benchmark)
    moved = standing.moves(before=released, after=fresh, benchmark=benchmark)
    last, bounds = len(teams) + 1, ranks.intervals(reading)
    ordered = sorted(
        teams, key=lambda team: (team.team in reasons, after.get(team.team, last), team.team)
    )
    return [
        {
            **_row(reading, team),
            "rank": _whole(after.get(team.team)),
            "tier": _whole(tiers.get(team.team_id)),
            "rank_interval": _between(bounds.get(team.team_id)),
            "before": _whole(before.get(team.team)),
            # Its ranks before and after among the teams that have both, and how far they are apart.
            "change": _change(moved.get(team.team)),
            "moved": moved.get(team.team),
            # Why organizers took the team out of the ranking.
            "unranked": reasons.get(team.team, ""),
        }
        for team in ordered
    ]


def _references(reading: Reading) -> list[Row]:
    """List the frozen files that teams were compared with; of one reference's one has an interval."""
    found = {
        (each.team, each.number): each
        for team in reading.found
        for each in accusation.compared_with(reading=reading, team=team)
        if each.team and each.published_in is None
    }
    rows = []
    for team in reading.found:
        if team.finding.is_reference:
            files = [found[key] for key in sorted(found) if key[0] == team.name]
            rows += _files_of(reading, _row(reading, team), files)
    return rows


def _files_of(reading: Reading, row: Row, files: list[Compared]) -> list[Row]:
    """Add to the row of a reference, which is of its first frozen file, those of its other files."""
    shown = {each.name: (reading.number(each.query), reading.number(each.fresh)) for each in files}
    of_row = (row["query"], row["fresh"])
    first = next((name for name, figures in shown.items() if figures == of_row), None)
    if first is None or len(shown) == 1:
        return [row]
    others = [
        {**row, "name": name, "query": query, "fresh": fresh, "fresh_interval": "", "released": "–"}
        for name, (query, fresh) in shown.items()
        if name != first
    ]
    return [{**row, "name": first}, *others]


def _row(reading: Reading, team: Judged) -> Row:
    finding = team.finding
    own = scores.scored(reading=reading, team=team).get(reading.metric.name, {}).get("fresh")
    of_file = ""
    if team.names_best_scored:
        query, fresh = map(reading.number, team.of_the_named_file)
        of_file = f"of its best-scored file: {query} on query labels, {fresh} on new ones"
    return {
        "name": team.name,
        "anchor": f"team-{team.team_id}",
        "verdict": team.verdict,
        "shape": SHAPES.get(Verdict(team.verdict), OTHERWISE) if team.verdict else "",
        "fresh": reading.number(team.fresh),
        "fresh_interval": "" if own is None else reading.interval(own[1], own[2]),
        "query": reading.number(team.query),
        "released": reading.number(finding.released),
        "overstatement": reading.number(team.overstatement),
        "interval": "" if finding.low is None else reading.interval(finding.low, finding.high),
        "of_file": of_file,
        "luck": reading.number(finding.luck),
        "p": sentences.exact_p(finding.p_value, is_screened=finding.is_screened),
        "limit": reading.number(team.minimum_detectable_effect),
        "attempts": _whole(finding.attempts),
        "sentence": _sentence(reading, team),
        "sections": [part for check in registry.CHECKS for part in check.of_team(reading, team)],
    }


def _sentence(reading: Reading, team: Judged) -> str:
    finding, (query, fresh) = team.finding, team.of_the_named_file
    observed = reading.first(gate.NAME)
    return sentences.sentence(
        facts=judged.facts(
            team,
            query=query,
            test=finding.test,
            names_best_scored=team.names_best_scored,
            references=[each.query for each in reading.found if each.finding.is_reference],
            metric=reading.metric.name,
            verdict=team.verdict,
            decimals=reading.decimals,
            fresh=fresh,
            n_fresh=reading.audit.snapshot["n_fresh"],
            overstatement=team.overstatement,
            low=finding.low,
            high=finding.high,
            luck=finding.luck,
            minimum_detectable_effect=team.minimum_detectable_effect,
            is_ranked_file=finding.is_ranked_file,
            compared_with=compared.named(accusation.compared_with(reading=reading, team=team)),
            reference_excess=finding.reference_excess,
            shift=None if observed is None else observed.estimate,
        )
    )


def _whole(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _between(bounds: tuple[int, int] | None) -> str:
    return "" if bounds is None else f"[{bounds[0]:,}, {bounds[1]:,}]"


def _change(moved: tuple[int, int] | None) -> str:
    if moved is None or moved[0] == moved[1]:
        return ""
    before, after = moved
    return f"▲ {before - after}" if after < before else f"▼ {after - before}"


def _figures(reading: Reading, rows: list[Row]) -> list[Any]:
    """Overstatement, query labels against new ones, ranks before and after; none where there is nothing."""
    direction = "higher is better" if reading.metric.greater_is_better else "lower is better"
    axis = f"{reading.metric.label}, {direction}"
    forest = [
        Mark(
            name=team.name,
            verdict=team.verdict,
            x=team.overstatement,
            low=team.finding.low,
            high=team.finding.high,
            luck=team.finding.luck,
            limit=team.minimum_detectable_effect,
        )
        for team in reading.found
        if team.overstatement is not None
        and team.finding.low is not None
        and team.finding.high is not None
    ]
    points = [
        Mark(
            name=f"{team.name} (best-scored file)" if team.names_best_scored else team.name,
            verdict=team.verdict,
            x=query,
            y=fresh,
        )
        for team in reading.found
        if team.query is not None and team.fresh is not None
        for query, fresh in [team.of_the_named_file]
        if query is not None and fresh is not None
    ]
    slopes = [
        Mark(name=row["name"], verdict=row["verdict"], x=row["moved"][0], y=row["moved"][1])
        for row in rows
        if row["moved"] is not None
    ]
    drawn = (
        figures.overstatements(forest, unit=reading.metric.label, decimals=reading.decimals),
        figures.query_against_fresh(points, axis=axis, decimals=reading.decimals),
        figures.ranks(slopes),
    )
    return list(filter(None, drawn))
