"""Which column of a leaderboard is which: by an option, or by the names that platforms export.

Kaggle's export has Rank, TeamId, TeamName, LastSubmissionDate, Score, SubmissionCount and
TeamMemberUserNames, the public and the private board a file each. Codabench's has Username and a column
TASK(ID)-TITLE for each task and score, each phase a file.
"""

import re
from collections.abc import Sequence

from audits.boards.tables import BoardError, Table

TEAMS = ("teamid", "team", "teamname", "username", "participant", "owner", "user", "name", "model")
NAMES = ("teamname",)
ENTRIES = ("entries", "submissioncount", "numentries", "submissions", "nsubmissions", "attempts")
SCORES = ("score",)
CODABENCH = re.compile(r".+\(\d+\)-.+")


def chosen(*, tables: Sequence[Table], option: str, wanted: str, known: Sequence[str]) -> str:
    """Return the column that stands in all of these files: the wanted one, else the first known."""
    if wanted:
        for table in tables:
            check(table=table, option=option, wanted=wanted)
        return wanted
    for name in known:
        spelled = {spelling(table, name) for table in tables}
        found = spelled.pop() if len(spelled) == 1 else None
        if found is not None:
            return found
    files = " and ".join(table.name for table in tables)
    raise BoardError(
        f"{files}: no column is known as that of {option} (there are: {listed(tables[0])}); "
        f"name it by --{option} COLUMN"
    )


def score(*, table: Table, option: str, wanted: str, is_alone: bool) -> str:
    """Return the column of public or private scores; a file that has one of them alone calls it Score."""
    if wanted:
        return chosen(tables=[table], option=option, wanted=wanted, known=())
    found = [
        each for each in table.columns if re.match(rf"{option}(?!.*rank)", each, re.IGNORECASE)
    ]
    if not found and is_alone:
        found = [each for each in table.columns if plain(each) in SCORES]
        found = found or [each for each in table.columns if CODABENCH.fullmatch(each)]
    if len(found) == 1:
        return found[0]
    several = f"several columns may hold the {option} score: {', '.join(found)}"
    none = f"no column is known to hold the {option} score (there are: {listed(table)})"
    raise BoardError(f"{table.name}: {several if found else none}; name one by --{option} COLUMN")


def optional(*, table: Table, option: str, wanted: str, known: Sequence[str]) -> str | None:
    """Return a column that a board may be without."""
    if wanted:
        return check(table=table, option=option, wanted=wanted)
    return next(filter(None, (spelling(table, name) for name in known)), None)


def check(*, table: Table, option: str, wanted: str) -> str:
    """Return the wanted column if the file has it."""
    if wanted in table.columns:
        return wanted
    raise BoardError(
        f"{table.name}: there is no column {wanted} (--{option}); there are: {listed(table)}"
    )


def spelling(table: Table, name: str) -> str | None:
    """Return a column as the file spells it."""
    return next((each for each in table.columns if plain(each) == name), None)


def plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def listed(table: Table) -> str:
    return ", ".join(table.columns)
