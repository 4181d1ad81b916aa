"""Integrity: files are what their hashes say, and which teams handed in the same file."""

from audits.checks.check import Check, Column, Context, Place, Result, Section, Table
from audits.collect import Collected
from audits.reading import Reading

NAME = "integrity"


def check(collected: Collected, context: Context) -> list[Result]:
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


def sections(reading: Reading) -> list[Section]:
    return [*_shared(reading), *_damaged(reading)]


def _shared(reading: Reading) -> list[Section]:
    """Teams that handed in a file that another one handed in, too; a finding has them by their accounts."""
    names = {each.team: each.name for each in reading.found}
    rows = [
        (
            reading.name_of(finding),
            ", ".join(names.get(each, each) for each in finding.evidence["identical_files_with"]),
        )
        for finding in reading.by_check.get(NAME, [])
        if finding.evidence.get("identical_files_with")
    ]
    columns = (
        Column(title="Team"),
        Column(title="Handed in a file that these handed in, too"),
    )
    return [Section(place=Place.EXPLANATIONS, table=Table(columns=columns, rows=rows))]


def _damaged(reading: Reading) -> list[Section]:
    """Teams and references with a stored file that is missing or is not what was received."""
    names = [
        reading.name_of(finding)
        for finding in reading.by_check.get(NAME, [])
        if not finding.evidence["is_intact"]
    ]
    if not names:
        return []
    text = f"Left out, since a stored file is damaged: {', '.join(names)}."
    return [Section(place=Place.LEFT_OUT, text=text)]


CHECK = Check(
    name=NAME,
    meaning="Whether stored files are what was received, and which teams handed in the same file.",
    check=check,
    sections=sections,
)
