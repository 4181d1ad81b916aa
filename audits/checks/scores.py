"""All metrics of each final on query and on fresh labels, with the interval of each score.

An interval of a single score covers the sampling of that holdout's items and no choice among files. For
researchers; everybody reads it after a full publication only.
"""

from audits.checks.result import Result
from audits.collect import Collected

NAME = "scores"


def check(collected: Collected) -> list[Result]:
    """Of a reference team with several files those of the first, as everywhere."""
    results = {
        entrant.history.team_id: entrant.scores for entrant in collected.audited if entrant.scores
    }
    pairs = zip(collected.reference_teams, collected.reference_scores, strict=False)
    for team, scores in pairs:
        results.setdefault(team.team_id, scores)
    return [
        Result(check=NAME, team_id=team_id, evidence={"scores": scores})
        for team_id, scores in results.items()
    ]
