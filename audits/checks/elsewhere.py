"""Scores of the finals on holdouts that cannot decide: a later period, stress cases. Shown, no more."""

from audits.checks.result import Result
from audits.collect import Collected

NAME = "other_holdouts"


def check(collected: Collected) -> list[Result]:
    return [
        Result(check=NAME, team_id=entrant.history.team_id, evidence={"scores": entrant.elsewhere})
        for entrant in collected.audited
        if entrant.elsewhere
    ]
