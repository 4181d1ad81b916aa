"""Integrity: files are what was received, and teams that handed in the same file are named."""

import numpy as np

from audits.checks import integrity
from tests.audits.histories import collected, context, entrant, history

ITEMS = np.ones((4, 1)), np.ones((6, 1))


def evidence_of(*teams: tuple[int, tuple[str, ...]]) -> dict[int | None, dict[str, object]]:
    entrants = [
        entrant(
            team_id,
            np.ones((4, len(files))),
            np.ones((6, len(files))),
            files=files,
        )
        for team_id, files in teams
    ]
    return {
        each.team_id: each.evidence for each in integrity.check(collected(*entrants), context())
    }


def test_teams_with_the_same_file_name_each_other() -> None:
    found = evidence_of((1, ("a", "b")), (2, ("c", "b")), (3, ("d",)))

    assert found[1] == {"is_intact": True, "identical_files_with": ["team-2"]}
    assert found[2] == {"is_intact": True, "identical_files_with": ["team-1"]}
    assert found[3] == {"is_intact": True, "identical_files_with": []}


def test_a_team_that_repeats_itself_shares_with_nobody() -> None:
    assert evidence_of((1, ("a", "a")))[1]["identical_files_with"] == []


def test_three_teams_with_one_file() -> None:
    found = evidence_of((1, ("a",)), (2, ("a",)), (3, ("a",)))

    assert found[2]["identical_files_with"] == ["team-1", "team-3"]


def test_a_damaged_team_is_told_apart() -> None:
    broken = history(team_id=7, k=2, final=1)

    results = integrity.check(collected(entrant(1, *ITEMS), damaged=[broken]), context())

    assert {each.team_id: each.evidence["is_intact"] for each in results} == {1: True, 7: False}


def test_nobody_took_part() -> None:
    assert integrity.check(collected(n=4, m=6), context()) == []
