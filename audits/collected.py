"""What an audit has read of a round, in memory: what all checks work on.

Labels and answers are in it, item by item. Nothing of that leaves the process: a finding holds sums.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stats.draw import Draw
from stats.metrics import Rules, Scorer
from stats.scored_files import Files
from stats.split_scores import SplitScore
from vault import predictions
from vault.history import PastSubmission, PublishedFinal, StoredFile, TeamHistory

Scores = NDArray[Any]
# By metric and holdout (query, fresh): value, low and high of a 95 % interval, in the metric's own units.
Scored = dict[str, dict[str, list[float]]]


@dataclass(frozen=True, kw_only=True)
class Opened:
    """Items of one or more holdouts: positions in the panel, their labels, and how they were drawn."""

    positions: NDArray[np.int64]
    labels: NDArray[Any]
    # Each item's group where whole groups were drawn, and its stratum where strata were drawn apart.
    groups: NDArray[np.object_] | None
    strata: NDArray[np.intp] | None
    # By holdout.
    versions: dict[str, int] = field(default_factory=dict)
    # By the name of its column: each item's slice. And when each item happened, as it was sealed.
    slices: dict[str, NDArray[np.object_]] = field(default_factory=dict)
    times: NDArray[np.object_] | None = None
    # What the holdouts measure: iid, temporal or stress.
    kind: str = "iid"

    @property
    def n(self) -> int:
        return len(self.positions)


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Files as they were handed in, read again where a check asks: never all teams' at once."""

    submissions: Sequence[StoredFile]
    # Of the query items, in panel order.
    positions: NDArray[np.int64]

    def files(self) -> Iterator[NDArray[Any]]:
        """Read one whole file after the other, in time order."""
        return (predictions.load(file_key=each.file_key) for each in self.submissions)

    def of(self, number: int) -> NDArray[Any]:
        """Read one whole file, by its place in time order from 0: a row for each item of the panel."""
        return predictions.load(file_key=self.submissions[number].file_key)

    def on_query(self) -> NDArray[Any]:
        """Stack the answers to query items, a file a row."""
        return np.stack([each[self.positions] for each in self.files()])


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """A team with its menu in time order; `final` is its index in the menu."""

    history: TeamHistory
    columns: Files
    final: int | None
    # Scores of the final on holdouts that do not decide, by holdout, in the metric's own units.
    elsewhere: dict[str, float]
    scores: Scored = field(default_factory=dict)
    answers: Answers | None = None

    @property
    def k(self) -> int:
        return len(self.history.submissions)

    @property
    def chosen(self) -> PastSubmission | None:
        """The final as it was handed in."""
        return None if self.final is None else self.history.submissions[self.final]

    def final_file(self) -> NDArray[Any] | None:
        """Read the whole final; None where there is no final or no file."""
        if self.answers is None or self.final is None:
            return None
        return self.answers.of(self.final)

    def final_on(self, opened: Opened) -> NDArray[Any] | None:
        """Read the final's answers to these items; None where there are none."""
        answers = self.final_file() if opened.n else None
        return None if answers is None else answers[opened.positions]

    @property
    def first_file_precedes_release(self) -> bool:
        """Whether its first file came in before anything had been released to the team."""
        # Its own answer came later, whatever the clocks of two machines say.
        first, *later = self.history.submissions
        return all(first.submitted_at <= each.released_at for each in later)


@dataclass(frozen=True, kw_only=True)
class Collected:
    """Everything that the checks read."""

    metric: str
    # The metric under the benchmark's rules.
    scorer: Scorer
    unit: float
    delta0: float
    # How the benchmark decides and what decisions cost, whatever its metrics.
    rules: Rules
    # By true class the declared probability of each label; None where nothing is declared.
    label_noise: list[list[float]] | None
    score: SplitScore
    # None where nothing can decide: no fresh iid holdout is of the query holdout's own draw.
    draw: Draw | None
    # Teams whose files were scored when the round closed: a constant of the round from then on.
    n_teams: int
    n: int
    m: int
    entrants: list[Entrant]
    # Left out, since a stored file is missing or is not what was received.
    damaged: list[TeamHistory]
    damaged_references: list[TeamHistory]
    # Frozen files that cannot depend on either holdout's labels: the organizer's, for gate and board, and
    # with them the best of what was published about the query holdout while it was fresh, for the tests.
    references: Files
    compared_with: Files
    reference_history: list[PastSubmission]
    published_finals: list[PublishedFinal]
    reference_teams: list[TeamHistory]
    # When a team, no matter which, was first told anything of the query holdout.
    first_release_at: dt.datetime | None
    # Whose labels were opened: the query holdout, the fresh ones of its draw, and others by id.
    query: Opened
    fresh: Opened
    others: dict[str, Opened]
    # In the order of the references: their files, and what they score.
    reference_answers: Answers
    reference_scores: list[Scored] = field(default_factory=list)
    # Which version of its labels was read of each holdout, by id.
    label_versions: dict[str, int] = field(default_factory=dict)
    # What the benchmark declares that a model has to keep to, by measure.
    constraints: dict[str, float] = field(default_factory=dict)
    # Teams that organizers took out of the ranking.
    unranked: frozenset[int] = frozenset()
    # Of an audit that is repeated: what everybody reads of finals on labels that arrived since, by holdout
    # and team, in the metric's own units.
    awaited: dict[str, dict[int, float]] = field(default_factory=dict)

    @property
    def frozen(self) -> list[tuple[TeamHistory, PastSubmission]]:
        """The organizer's frozen files, each with its team."""
        return list(zip(self.reference_teams, self.reference_history, strict=True))

    @property
    def audited(self) -> list[Entrant]:
        return [entrant for entrant in self.entrants if entrant.final is not None]

    @property
    def came_before_any_answer(self) -> list[Entrant]:
        """Teams whose first file came in before anybody had been told anything."""
        # A later first file can come from a clean account of somebody who was told.
        told = self.first_release_at
        # Before the round figures about the query holdout may have been published.
        if self.published_finals or told is None:
            return []
        return [each for each in self.entrants if each.history.submissions[0].submitted_at <= told]

    @property
    def untuned_items(self) -> Scores:
        """Item scores of the files that the gate compares, a column each."""
        firsts = [each.columns.items[:, :1] for each in self.came_before_any_answer]
        return np.hstack([self.references.items, *firsts])

    @property
    def untuned(self) -> list[tuple[Answers, int]]:
        """The files that the gate compares: each is read by its place among its team's answers."""
        firsts = [(each.answers, 0) for each in self.came_before_any_answer if each.answers]
        return [(self.reference_answers, each) for each in range(self.references.k)] + firsts
