"""One board: a row for each team, from one file or from several that are joined by team."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audits.boards import columns, tables
from audits.boards.tables import BoardError, Table

Floats = NDArray[np.float64]
YES = ("true", "yes", "1")


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a board is written, and which of its columns are which; "" where the name tells."""

    file: Path
    private_file: Path | None = None
    entries_file: Path | None = None
    team: str = ""
    public: str = ""
    private: str = ""
    entries: str = ""
    # Each row is a submission, not a team; of a team's those count that this column says were selected.
    is_history: bool = False
    selected: str = ""
    without: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Row:
    """One team as it stands in the files; entries are None where they are not published."""

    team: str
    name: str
    public: float
    private: float
    # One in the last printed digit of the scores.
    public_step: float
    private_step: float
    entries: int | None


@dataclass(frozen=True, kw_only=True)
class Board:
    """The teams with both scores, in the order of the first file."""

    rows: tuple[Row, ...]
    # Option, and the column that was taken for it.
    mapping: dict[str, str] = field(default_factory=dict)
    # Why teams are left out, and how many.
    left_out: dict[str, int] = field(default_factory=dict)

    @property
    def public(self) -> Floats:
        """Scores as printed."""
        return np.array([row.public for row in self.rows])

    @property
    def private(self) -> Floats:
        """Scores as printed."""
        return np.array([row.private for row in self.rows])

    @property
    def entries(self) -> Floats | None:
        """Numbers of entries, or None where any team's is not known."""
        given = [row.entries for row in self.rows if row.entries is not None]
        return np.array(given, float) if len(given) == len(self.rows) else None


@dataclass(frozen=True, kw_only=True)
class _Score:
    value: float
    step: float


@dataclass(frozen=True, kw_only=True)
class _Files:
    """The tables of a board; the private one is the public one where both halves are in one file."""

    public: Table
    private: Table
    counts: Table | None
    team: str

    @property
    def are_two(self) -> bool:
        return self.private is not self.public


def read(*, source: Source, greater_is_better: bool) -> Board:
    """Read and join the files of a board."""
    files = _files(source)
    first, second = _score_columns(files, source)
    public, private = _scores(files.public, first), _scores(files.private, second)
    if source.is_history:
        order = _best_rows(files, source, public, private, 1 if greater_is_better else -1)
    else:
        order = _places(files.public, files.team)
    others = _places(files.private, files.team) if files.are_two else order
    entries, counted = _entries(source, files)
    names = _names(files)
    _check_without(source, {*order, *names})
    rows, left_out = [], Counter[str]()
    for key, place in order.items():
        other = others.get(key)
        one, two = public[place], None if other is None else private[other]
        if {key, names[place]} & set(source.without):
            left_out["by --without"] += 1
        elif one is None or two is None:
            left_out[f"without a {'public' if one is None else 'private'} score"] += 1
        else:
            rows.append(_row(key, names[place], one, two, entries.get(key)))
    if alone := len(set(others) - set(order)):
        left_out["on the private board alone"] = alone
    if len(rows) < 2:
        raise BoardError(f"{files.public.name}: fewer than two teams have both scores")
    mapping = {"team": files.team, "public": first, "private": second, "entries": counted}
    return Board(rows=tuple(rows), mapping=mapping, left_out=dict(left_out))


def _files(source: Source) -> _Files:
    public = tables.read(source.file)
    private = tables.read(source.private_file) if source.private_file else public
    counts = tables.read(source.entries_file) if source.entries_file else None
    joined = [public, private, *([counts] if counts else [])]
    team = columns.chosen(tables=joined, option="team", wanted=source.team, known=columns.TEAMS)
    return _Files(public=public, private=private, counts=counts, team=team)


def _score_columns(files: _Files, source: Source) -> tuple[str, str]:
    first, second = (
        columns.score(table=table, option=option, wanted=wanted, is_alone=files.are_two)
        for table, option, wanted in (
            (files.public, "public", source.public),
            (files.private, "private", source.private),
        )
    )
    if not files.are_two and first == second:
        raise BoardError(
            f"{files.public.name}: column {first} cannot be both --public and --private"
        )
    return first, second


def _row(key: str, name: str, one: _Score, two: _Score, entries: int | None) -> Row:
    return Row(
        team=key,
        name=name,
        public=one.value,
        private=two.value,
        public_step=one.step,
        private_step=two.step,
        entries=entries,
    )


def _check_without(source: Source, known: set[str]) -> None:
    for name in source.without:
        if name not in known:
            raise BoardError(f"--without {name}: no such team")


def _names(files: _Files) -> list[str]:
    """Return what teams are called, where they are joined by a number."""
    called = columns.optional(table=files.public, option="team", wanted="", known=columns.NAMES)
    is_number = columns.plain(files.team) == "teamid"
    return files.public.column(called if is_number and called else files.team)


def _places(table: Table, team: str) -> dict[str, int]:
    """Return the row of each team; a board has one of each."""
    found: dict[str, int] = {}
    for place, key in enumerate(table.column(team)):
        if not key:
            raise table.error(row=place, column=team, problem="no team stands here")
        if key in found:
            raise table.error(
                row=place,
                column=team,
                problem=f"{key} stands in row {table.numbers[found[key]]} already; if each row is a "
                "submission, say --history",
            )
        found[key] = place
    return found


def _best_rows(
    files: _Files,
    source: Source,
    public: Sequence[_Score | None],
    private: Sequence[_Score | None],
    sign: int,
) -> dict[str, int]:
    """Return each team's row with the best public score, among its selected ones where it has any."""
    table, team = files.public, files.team
    selected = _selected(table, source)
    ranked: dict[str, tuple[bool, float]] = {}
    found: dict[str, int] = {}
    for place, key in enumerate(table.column(team)):
        if not key:
            raise table.error(row=place, column=team, problem="no team stands here")
        score = public[place]
        value = -math.inf if score is None or private[place] is None else sign * score.value
        if key not in found or (selected[place], value) > ranked[key]:
            ranked[key], found[key] = (selected[place], value), place
    return found


def _selected(table: Table, source: Source) -> list[bool]:
    if not source.selected:
        return [True] * len(table.rows)
    name = columns.check(table=table, option="selected", wanted=source.selected)
    return [cell.lower() in YES for cell in table.column(name)]


def _entries(source: Source, files: _Files) -> tuple[dict[str, int], str]:
    """Return each team's entries and which column holds them; of submissions the rows are counted."""
    table = files.counts or files.public
    keys = table.column(files.team)
    name = None
    if not source.is_history:
        name = columns.optional(
            table=table, option="entries", wanted=source.entries, known=columns.ENTRIES
        )
    if name is None:
        if files.counts is None and not source.is_history:
            return {}, ""
        return dict(Counter(keys)), "(rows of a team)"
    _places(table, files.team)
    found = {}
    for place, (key, cell) in enumerate(zip(keys, table.column(name), strict=True)):
        value = table.number(row=place, column=name, cell=cell) if cell else None
        if value is None:
            continue
        if value < 1 or value != int(value):
            raise table.error(
                row=place, column=name, problem=f"{cell} is no number of entries (1, 2, ...)"
            )
        found[key] = int(value)
    return found, name


def _scores(table: Table, name: str) -> list[_Score | None]:
    """Return the scores of a column; None where a cell is empty."""
    return [
        _score(table, place, name, cell) if cell else None
        for place, cell in enumerate(table.column(name))
    ]


def _score(table: Table, place: int, name: str, cell: str) -> _Score:
    value = table.number(row=place, column=name, cell=cell)
    digits, _, power = cell.lower().partition("e")
    decimals = len(digits.partition(".")[2]) - int(power or 0)
    # Of more digits than a double has, the last are not the board's.
    return _Score(value=value, step=10.0 ** -min(decimals, 300))
