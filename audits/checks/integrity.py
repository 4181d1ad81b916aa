"""Integrity: files are what their hashes say; who handed in another's file, or nearly an own one again."""

from collections import defaultdict

from audits.checks.check import Cell, Check, Column, Context, Place, Section, Table, number_columns
from audits.collected import Collected, Entrant
from audits.models import Finding
from audits.reading import Reading
from stats.fingerprints.near_duplicates import near_duplicates

NAME = "integrity"


def check(collected: Collected, context: Context) -> list[Finding]:
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for entrant in collected.entrants:
        for submission in entrant.history.submissions:
            owners[submission.sha256].add(entrant.history.name)
    findings = []
    for entrant in collected.entrants:
        team = entrant.history
        shared = set().union(*(owners[each.sha256] for each in team.submissions)) - {team.name}
        evidence = {
            "is_intact": True,
            "identical_files_with": sorted(shared),
            **_nearly_again(entrant),
        }
        findings.append(Finding(team_id=team.team_id, evidence=evidence))
    damaged = [*collected.damaged, *collected.damaged_references]
    return findings + [
        Finding(team_id=team.team_id, evidence={"is_intact": False}) for team in damaged
    ]


def _nearly_again(entrant: Entrant) -> dict[str, int]:
    """Count files that change an earlier one of the team in a handful of answers; of classes alone."""
    answers = None if entrant.answers is None else entrant.answers.on_query()
    if answers is None or answers.dtype.kind not in "biu":
        return {}
    return {
        "n_files": entrant.k,
        "near_duplicates": int(near_duplicates(predictions=answers).value),
    }


def sections(reading: Reading) -> list[Section]:
    """Say who handed in a file of another team's, or nearly its own again, and whose file was damaged."""
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
    found = [
        Section(place=Place.EXPLANATIONS, table=Table(columns=columns, rows=rows)),
        _asked_again(reading),
    ]
    if damaged:
        text = f"Left out, since a stored file is damaged: {', '.join(damaged)}."
        found.append(Section(place=Place.LEFT_OUT, text=text))
    return found


def _asked_again(reading: Reading) -> Section:
    rows: list[list[Cell]] = [
        [
            reading.name_of(each),
            f"{each.evidence['near_duplicates']:,}",
            f"{each.evidence['n_files']:,}",
        ]
        for each in reading.by_check[NAME]
        if each.evidence.get("near_duplicates")
    ]
    return Section(
        place=Place.EXPLANATIONS,
        title="Files that nearly repeat an earlier one of the same team",
        table=Table(
            columns=[Column("Team"), *number_columns("Such files", "Of its files")], rows=rows
        ),
        caption="Each differs from an earlier file in at least one answer to a query item, and in at most 3 "
        "or a thousandth of them, whichever is more. Files that probe single labels are nearly all like "
        "this, and so are the steps of a fine sweep in good faith: it decides nothing.",
    )


CHECK = Check(
    name=NAME,
    meaning="Whether stored files are what was received, which teams handed in the same file, and which "
    "nearly their own again.",
    check=check,
    sections=sections,
)
