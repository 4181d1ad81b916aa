"""Integrity: files are what was received, and teams that handed in the same file are named."""

from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from audits.checks import integrity
from audits.collected import Answers
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


@dataclass(frozen=True, kw_only=True)
class Held:
    """Files that are held in memory instead of the vault."""

    rows: NDArray[Any]

    def on_query(self) -> NDArray[Any]:
        return self.rows


def near(rows: NDArray[Any]) -> dict[str, object]:
    made = entrant(1, np.ones((4, len(rows))), np.ones((6, len(rows))))
    made = replace(made, answers=cast("Answers", Held(rows=rows)))
    (found,) = integrity.check(collected(made), context())
    evidence: dict[str, object] = found.evidence
    return evidence


def test_files_that_change_an_earlier_one_in_a_few_answers_are_counted(
    rng: np.random.Generator,
) -> None:
    """By hand: three and one answers away from an earlier file count; equal and unlike ones do not."""
    first, other = rng.integers(2, size=(2, 200), dtype=np.uint8)
    three, one = first.copy(), other.copy()
    three[:3] ^= 1
    one[0] ^= 1
    four = first.copy()
    four[-4:] ^= 1
    found = near(np.stack([first, other, three, one, four, first]))

    assert (found["n_files"], found["near_duplicates"]) == (6, 2)


def test_files_that_are_no_classes_are_not_counted(rng: np.random.Generator) -> None:
    assert "near_duplicates" not in near(rng.random((3, 200)))
