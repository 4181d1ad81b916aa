"""The table of teams, in numbers: one row a team by its score on new labels, and one a frozen file."""

from typing import Any

import numpy as np

from audits import compared, judged, sentences, standing
from audits.checks import accusation, gate, ranking, ranks, registry, scores
from audits.compared import Compared
from audits.judged import Judged
from audits.reading import Reading
from audits.report import parts

# A team or a reference as it stands in the table; what there is none of is None.
Row = dict[str, Any]


def of_teams(reading: Reading) -> list[Row]:
    """Order teams by their scores on new labels; who has none stands behind, and who is unranked last."""
    teams = [each for each in reading.found if not each.finding.is_reference]
    reasons = standing.unranked(round=reading.audit.round)
    ranked = [team for team in teams if team.team not in reasons]
    benchmark = reading.audit.round.benchmark
    fresh = {team.team: team.fresh for team in ranked}
    released = {team.team: team.finding.released for team in ranked}
    after = standing.ranks(values=fresh, benchmark=benchmark)
    before = standing.ranks(values=released, benchmark=benchmark)
    moved = standing.moves(before=released, after=fresh, benchmark=benchmark)
    tiers, bounds = _tiers(reading, ranked), ranks.intervals(reading)
    last = len(teams) + 1
    ordered = sorted(
        teams, key=lambda team: (team.team in reasons, after.get(team.team, last), team.team)
    )
    return [
        {
            **_row(reading, team),
            "verdict": team.verdict,
            "rank": after.get(team.team),
            "tier": tiers.get(team.team_id),
            "rank_interval": _list(bounds.get(team.team_id)),
            "rank_before": before.get(team.team),
            # Its ranks before and after among the teams that have both.
            "moved": _list(moved.get(team.team)),
            # Why organizers took the team out of the ranking.
            "unranked": reasons.get(team.team, ""),
            **_test(team),
            **_part(reading, team),
        }
        for team in ordered
    ]


def of_references(reading: Reading) -> list[Row]:
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


def _tiers(reading: Reading, ranked: list[Judged]) -> dict[int, int]:
    found = reading.first(ranking.NAME)
    known = [team for team in ranked if team.team_id in ranking.measured(finding=found)]
    return ranking.tiers_of(
        finding=found,
        teams=[team.team_id for team in known],
        scores=np.array([reading.own(team.fresh) or 0.0 for team in known]),
    )


def _files_of(reading: Reading, row: Row, files: list[Compared]) -> list[Row]:
    """Add to the row of a reference, which is of its first frozen file, those of its other files."""
    shown = {each.name: (each.query, each.fresh) for each in files}
    written = {name: tuple(map(reading.number, both)) for name, both in shown.items()}
    of_row = (reading.number(row["query"]), reading.number(row["fresh"]))
    first = next((name for name, figures in written.items() if figures == of_row), None)
    if first is None or len(shown) == 1:
        return [row]
    others = [
        {
            **{**row, "name": name, "query": query, "fresh": fresh, "released": None},
            **{"fresh_interval": None, "query_interval": None},
        }
        for name, (query, fresh) in shown.items()
        if name != first
    ]
    return [{**row, "name": first}, *others]


def _row(reading: Reading, team: Judged) -> Row:
    own = scores.scored(reading=reading, team=team).get(reading.metric.name, {})
    return {
        "team_id": team.team_id,
        "account": team.team,
        "name": team.name,
        "fresh": team.fresh,
        "fresh_interval": _list(own["fresh"][1:]) if "fresh" in own else None,
        "query": team.query,
        "query_interval": _list(own["query"][1:]) if "query" in own else None,
        "released": team.finding.released,
    }


def _test(team: Judged) -> Row:
    """Give what the judge says of the file that the verdict names."""
    finding = team.finding
    of_file = None
    if team.names_best_scored:
        query, fresh = team.of_the_named_file
        of_file = {"query": query, "fresh": fresh}
    return {
        "overstatement": team.overstatement,
        "overstatement_interval": None if finding.low is None else [finding.low, finding.high],
        # The scores of a best-scored file that the verdict names in the place of the final.
        "of_file": of_file,
        "luck": finding.luck,
        "p": sentences.exact_p(finding.p_value, is_screened=finding.is_screened),
        "smallest_found": team.minimum_detectable_effect,
        "attempts": finding.attempts,
    }


def _part(reading: Reading, team: Judged) -> Row:
    """Give a team's own part: its sentence, which files it is about, and what each check says of it."""
    finding = team.finding
    sections = [part for check in registry.CHECKS for part in check.of_team(reading, team)]
    return {
        "sentence": _sentence(reading, team),
        "final": None if finding.submission_id is None else str(finding.submission_id),
        "named_file": None
        if finding.named_submission_id is None
        else str(finding.named_submission_id),
        "sections": parts.told(sections),
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


def _list(values: Any) -> list[Any] | None:
    return None if values is None else list(values)
