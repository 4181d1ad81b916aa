"""What a check is: what it finds in a round, and what a report says of that.

A check is a file of this package that makes one `Check` of its functions, and an entry in the registry.
Findings are stored between the two halves: a report is rendered from them and from nothing else.
"""

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from enum import StrEnum

import numpy as np

from audits.collected import Collected
from audits.judged import Judged
from audits.models import Finding
from audits.reading import Reading
from stats.gate import Gate
from stats.ledger import Account
from stats.team_tests import TeamTests


@dataclass(frozen=True, kw_only=True)
class Context:
    """What checks share beside the round's history: verdicts rest on the judge's two tests, which ran."""

    # A generator for each purpose, all of the run's seed.
    generator: Callable[..., np.random.Generator]
    # What the query holdout's answers were reserved for, and what everybody together was told of it, in nats.
    account: Account
    nats: float
    # None where nothing untuned, or nothing fresh, could be compared.
    gate: Gate | None
    # By team id, of the teams that could be tested.
    tests: dict[int, TeamTests]
    # How worn the query holdout is over all its rounds, in words and in nats: what answers told of what was
    # reserved for them, and what else was told, for which nothing was reserved.
    wear: str = ""
    answered: float = 0.0
    reserved: float = 0.0
    told: float = 0.0


class Place(StrEnum):
    """Where a section stands in the report."""

    TESTS = "tests"
    HOLDOUTS = "holdouts"
    LEFT_OUT = "left_out"
    EXPLANATIONS = "explanations"
    # Below the table of teams: how far its order can be relied on.
    ORDER = "order"
    # Below the sentence of the team that it is about.
    TEAM = "team"


@dataclass(frozen=True)
class Column:
    """A heading, and what stands small behind it; numbers are set to the right."""

    title: str
    _: KW_ONLY
    note: str = ""
    is_number: bool = False


def number_columns(*titles: str) -> list[Column]:
    return [Column(title, is_number=True) for title in titles]


# Text, or text with what stands small behind it.
Cell = str | tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of text; the first cell of a row names it."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    # What stands there where there is no row.
    empty: str = ""
    # Scrolls inside itself on a narrow screen.
    is_wide: bool = False

    @property
    def lines(self) -> list[list[tuple[Column, str, str]]]:
        """Each cell with its column and its note, for a template."""
        return [
            [
                (column, *(cell if isinstance(cell, tuple) else (cell, "")))
                for column, cell in zip(self.columns, row, strict=True)
            ]
            for row in self.rows
        ]


@dataclass(frozen=True, kw_only=True)
class Section:
    """A check's part of the report: sentences, or a table with a caption."""

    place: Place
    text: str = ""
    title: str = ""
    table: Table | None = None
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check with its parts of the report: those of the round, and those of each team."""

    name: str
    # A sentence for whoever meets the name on a page.
    meaning: str
    # What it finds of teams, or without a team of the whole board; the run adds itself, this name and the
    # team's final. `evidence` is read by the check's own file alone, and shown to researchers as it is: what
    # a second file reads becomes a column. No per-item data, ever.
    check: Callable[[Collected, Context], list[Finding]]
    sections: Callable[[Reading], list[Section]] = lambda reading: []
    of_team: Callable[[Reading, Judged], list[Section]] = lambda reading, team: []
    # Its estimate is a score, stored so that higher is better, and not an effect.
    estimates_a_score: bool = False
