"""What a board shows besides its verdict: copies, scores that cannot be, scores that items do not give.

These are facts about figures. None says why, and none is a verdict on a team.
"""

import math
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audits.boards import columns, tables
from audits.boards.board import Board, Floats
from audits.boards.tables import BoardError
from stats.score_grid import off_grid

HALVES = ("public", "private")
# Item scores by team.
Items = dict[str, list[float]]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What is known of the scores; None where it is not."""

    greater_is_better: bool = True
    low: float | None = None
    high: float | None = None
    # What all items right are printed as, where a score is the share of items that are right (or wrong).
    whole: float | None = None
    n_public: int | None = None
    n_private: int | None = None

    def n_items(self, half: str) -> int | None:
        """Return how many items a half has."""
        return self.n_public if half == "public" else self.n_private


@dataclass(frozen=True, kw_only=True)
class Impossible:
    """A printed score that the metric cannot have."""

    team: str
    half: str
    score: float
    why: str


@dataclass(frozen=True, kw_only=True)
class Unfounded:
    """A printed score beside what the published items give."""

    team: str
    half: str
    score: float
    from_items: float
    n_items: int


def copies(*, board: Board) -> list[list[str]]:
    """Return groups of teams with the same public and the same private score, largest first."""
    groups: dict[tuple[float, float], list[str]] = defaultdict(list)
    for row in board.rows:
        groups[row.public, row.private].append(row.name)
    return sorted((each for each in groups.values() if len(each) > 1), key=len, reverse=True)


def counted_once(*, board: Board) -> Board:
    """Return the board with one team of each group of copies: the one with the most entries."""
    best: dict[tuple[float, float], int] = {}
    for place, row in enumerate(board.rows):
        before = best.get((row.public, row.private))
        if before is None or (row.entries or 0) > (board.rows[before].entries or 0):
            best[row.public, row.private] = place
    return Board(rows=tuple(board.rows[place] for place in sorted(best.values())))


def impossible(*, board: Board, metric: Metric) -> list[Impossible]:
    """Return scores outside the metric's range, and shares that are no whole number of items."""
    found = []
    for half in HALVES:
        scores = board.public if half == "public" else board.private
        off = _off_grid(board, half, metric)
        for row, score, is_off in zip(board.rows, scores.tolist(), off, strict=True):
            why = _outside(score, metric)
            if why is None and is_off:
                why = f"no number of right answers of {metric.n_items(half)} gives it"
            if why is not None:
                found.append(Impossible(team=row.name, half=half, score=score, why=why))
    return found


def is_grid_blind(*, board: Board, metric: Metric, half: str) -> bool:
    """Tell whether printed digits are too few to notice a score that no number of items gives."""
    n_items = metric.n_items(half)
    if metric.whole is None or n_items is None:
        return False
    return float(_steps(board, half).min()) >= metric.whole / n_items / 2


def unfounded(*, board: Board, items: Items, half: str, metric: Metric) -> list[Unfounded]:
    """Return scores that are not the mean of the team's published items, within the printed digits."""
    whole = metric.whole or 1.0
    found = []
    for row, step in zip(board.rows, _steps(board, half).tolist(), strict=True):
        values = items.get(row.team) or items.get(row.name)
        if values is None:
            continue
        mean = whole * sum(values) / len(values)
        score = row.public if half == "public" else row.private
        if abs(mean - score) > step * (1 + 1e-9) + 1e-12 * abs(score):
            found.append(
                Unfounded(
                    team=row.name, half=half, score=score, from_items=mean, n_items=len(values)
                )
            )
    return found


def n_with_items(*, board: Board, items: Items) -> int:
    """Count the teams of the board that have published items."""
    return sum(row.team in items or row.name in items for row in board.rows)


def items(*, file: Path) -> Items:
    """Read each team's item scores; each item stands once."""
    table = tables.read(file)
    for name in ("team", "item", "score"):
        columns.check(table=table, option=f"the column {name} of an items file", wanted=name)
    cells = zip(*(table.column(name) for name in ("team", "item", "score")), strict=True)
    seen: set[tuple[str, str]] = set()
    found: dict[str, list[float]] = defaultdict(list)
    for place, (team, item, score) in enumerate(cells):
        if (team, item) in seen:
            raise table.error(
                row=place, column="item", problem=f"{item} of {team} stands above already"
            )
        seen.add((team, item))
        found[team].append(table.number(row=place, column="score", cell=score))
    return found


def _outside(score: float, metric: Metric) -> str | None:
    low, high = metric.low, metric.high
    if low is not None and score < low:
        return f"below {low:g}, the lowest of this metric"
    if high is not None and score > high:
        return f"above {high:g}, the highest of this metric"
    return None


def _off_grid(board: Board, half: str, metric: Metric) -> list[bool]:
    n_items = metric.n_items(half)
    if metric.whole is None or n_items is None:
        return [False] * len(board.rows)
    scores = board.public if half == "public" else board.private
    found = off_grid(scores=scores, steps=_steps(board, half), n_items=n_items, whole=metric.whole)
    result: list[bool] = found.tolist()
    return result


def _steps(board: Board, half: str) -> Floats:
    """Return one in the last digit; a board writes all its scores alike, and zeros at the end may be cut."""
    steps = [row.public_step if half == "public" else row.private_step for row in board.rows]
    return np.full(len(steps), min(steps))


def checked(*, metric: Metric) -> Metric:
    """Return the metric, or refuse sizes and ranges that cannot be."""
    for name, value in (("n-public", metric.n_public), ("n-private", metric.n_private)):
        if value is not None and value < 1:
            raise BoardError(f"--{name} {value}: at least one item is needed")
    if metric.low is None or metric.high is None:
        return metric
    if math.isnan(metric.low) or math.isnan(metric.high):
        raise BoardError(f"--range {metric.low:g} {metric.high:g}: two numbers are needed")
    if not metric.low < metric.high:
        raise BoardError(f"--range {metric.low:g} {metric.high:g}: the lowest comes first")
    return metric
