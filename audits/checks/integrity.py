"""Integrity: files are what their hashes say, and which teams handed in the same file."""

from audits.checks.result import Result
from audits.collect import Collected

NAME = "integrity"


def check(collected: Collected) -> list[Result]:
    owners: dict[str, set[str]] = {}
    for entrant in collected.entrants:
        for submission in entrant.history.submissions:
            owners.setdefault(submission.sha256, set()).add(entrant.history.name)
    results = []
    for entrant in collected.entrants:
        shared: set[str] = set()
        for submission in entrant.history.submissions:
            shared |= owners[submission.sha256] - {entrant.history.name}
        results.append(
            Result(
                check=NAME,
                team_id=entrant.history.team_id,
                evidence={"is_intact": True, "identical_files_with": sorted(shared)},
            )
        )
    results += [
        Result(check=NAME, team_id=team.team_id, evidence={"is_intact": False})
        for team in [*collected.damaged, *collected.damaged_references]
    ]
    return results
