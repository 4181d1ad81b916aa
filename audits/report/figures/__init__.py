"""All drawings of the report, by the names that checks and the board's figures call them by."""

from collections.abc import Callable
from typing import Any

from matplotlib.figure import Figure

from audits.report.figures import (
    board_against_new,
    improvement_ledger,
    overstatements,
    ranks,
    trajectory,
    wear,
)

DRAWINGS: dict[str, Callable[[dict[str, Any]], Figure]] = {
    "board_against_new": board_against_new.draw,
    "improvement_ledger": improvement_ledger.draw,
    "overstatements": overstatements.draw,
    "ranks": ranks.draw,
    "trajectory": trajectory.draw,
    "wear": wear.draw,
}
