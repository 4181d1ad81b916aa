"""What is found of a board, beside its verdict."""

from audits.boards import findings
from audits.boards.board import Board, Row


def test_of_copies_the_busiest_counts() -> None:
    row = {"public": 0.5, "private": 0.5, "public_step": 0.1, "private_step": 0.1}
    rows = [Row(team=f"t{n}", name=f"t{n}", entries=n, **row) for n in (2, 9, 4)]

    (kept,) = findings.counted_once(board=Board(rows=tuple(rows))).rows

    assert kept.team == "t9"
