"""Integrity: files are what their hashes say, and which teams handed in the same file."""

from collections import defaultdict

from audits.checks.check import Check, Column, Context, Place, Section, Table
from audits.collected import Collected
from audits.models import Finding
from audits.reading import Reading

NAME = "integrity"


def check(collected: Collected, context: Context) -> list[Finding]:
    owners: defaultdict[str, set[str]] = defaultdict(set)
    teams = [entrant.history for entrant in collected.entrants]
    for team in teams:
        for submission in team.submissions:
            owners[submission.sha256].add(team.name)
    findings = []
    for team in teams:
        shared = set().union(*(owners[each.sha256] for each in team.submissions)) - {team.name}
        evidence = {"is_intact": True, "identical_files_with": sorted(shared)}
        findings.append(Finding(team_id=team.team_id, evidence=evidence))
    damaged = [*collected.damaged, *collected.damaged_references]
    return findings + [
        Finding(team_id=team.team_id, evidence={"is_intact": False}) for team in damaged
    ]


def sections(reading: Reading) -> list[Section]:
    """Say who handed in a file of another team's, and who was left out for a damaged one."""
    # A finding has the others by their accounts.
    names = {each.team: each.name for each in reading.found}
    rows, damaged = [], []
    for finding in reading.by_check[NAME]:
        if not finding.evidence["is_intact"]:
            damaged.append(reading.name_of(finding))
        if others := finding.evidence.get("identical_files_with"):
            shared = ", ".join(names.get(each, each) for each in others)
            rows.append((reading.name_of(finding), shared))
    columns = (Column("Team"), Column("Handed in a file that these handed in, too"))
    found = [Section(place=Place.EXPLANATIONS, table=Table(columns=columns, rows=rows))]
    if damaged:
        text = f"Left out, since a stored file is damaged: {', '.join(damaged)}."
        found.append(Section(place=Place.LEFT_OUT, text=text))
    return found


CHECK = Check(
    name=NAME,
    meaning="Whether stored files are what was received, and which teams handed in the same file.",
    check=check,
    sections=sections,
)
