"""One team's trial: its files scored in the draw that was made and in repeated ones, and compared.

All teams of a round share the repeated draws; one matrix product serves all files of a team.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import scipy.stats as sps
from numpy.typing import NDArray

from stats.betting import Bet
from stats.draw import Draw
from stats.redraws import CONTESTED, Block, observed
from stats.references import Contrast
from stats.scored_files import Files
from stats.split_scores import SplitScore

Array = NDArray[Any]
Floats = NDArray[np.float64]

# A file whose p-value is above this after the first draws is not looked at again.
SCREENING_LEVEL = 0.05
# A bet without an exceedance needs 2.56 draws for each that an exact p-value at its level would need.
BET_LEVEL_DIVISOR = 2.6
# Values closer than this share of the null's spread are equal: single precision rounds sums of the same terms
# in another order to another value.
TIE = 1e-5
# Scores that differ by less than this share of the best one are equal.
ROUNDING_ERROR = 1e-9


@dataclass(frozen=True, kw_only=True)
class Table:
    """
    What all trials of a round share.

    Parameters
    ----------
    draw : Draw
    score : SplitScore
    pattern : array of shape (units,)
        -1 for a unit on which two files differ, else the number of its pattern.
    examples : array of shape (patterns,)
        A unit of each pattern.
    tie : float
        Scores closer than this are equal, in the metric's units.
    """

    draw: Draw
    score: SplitScore
    pattern: NDArray[np.intp]
    examples: NDArray[np.intp]
    tie: float

    def sums(self, columns: Array) -> "Sums":
        """Prepare columns of items to be summed over draws."""
        totals = self.draw.totals(columns)
        return Sums(
            contested=totals[self.pattern == CONTESTED],
            examples=totals[self.examples].astype(np.float64),
            whole=totals.sum(axis=0, dtype=np.float64),
        )

    def sizes(self, block: Block) -> Floats:
        """Count the query items of each draw, shape (draws, 1)."""
        if self.draw.unit_of_item is None:
            return np.full((len(block.chosen), 1), float(self.draw.n))
        return (block.chosen.astype(np.float64) @ self.draw.sizes)[:, None]


def table(*, draw: Draw, score: SplitScore, everything: Sequence[Files], tie: float) -> Table:
    """
    Find the items on which all files of a round agree: how many of them are drawn is all that matters.

    Parameters
    ----------
    draw : Draw
    score : SplitScore
    everything : sequence of Files
        All teams' files and the references.
    tie : float

    Returns
    -------
    Table

    Raises
    ------
    ValueError
        If files do not have one row for each item of the draw.

    Notes
    -----
    Cost: one comparison of each file with the first. Source: elementary.
    """
    if any(len(each.items) != draw.n + draw.m for each in everything):
        raise ValueError("files: one row for each item of the draw is needed")
    pattern = np.full(draw.n_units, CONTESTED)
    examples = np.empty(0, dtype=np.intp)
    is_discrete = all(each.data.dtype.kind in "bi" for each in everything)
    if everything and is_discrete and draw.unit_of_item is None:
        first = everything[0].data[:, :1]
        agreed = np.ones(len(first), dtype=bool)
        for each in everything:
            agreed &= (each.data == first).all(axis=1)
        rows = np.column_stack([score.shared, first])[agreed]
        if len(rows):
            _, found, numbers = np.unique(rows, axis=0, return_index=True, return_inverse=True)
            pattern[agreed] = numbers.ravel()
            examples = np.flatnonzero(agreed)[found]
    return Table(draw=draw, score=score, pattern=pattern, examples=examples, tie=tie)


@dataclass(frozen=True, kw_only=True)
class Sums:
    """
    Columns that are summed over draws.

    Parameters
    ----------
    contested : array of shape (contested units, columns)
    examples : array of shape (patterns, columns)
        Rows of a unit of each pattern.
    whole : array of shape (columns,)
        Sums over all units.
    """

    contested: Array
    examples: Floats
    whole: Floats

    def over(self, block: Block) -> Floats:
        """Sum over the query units of each draw, shape (draws, columns)."""
        chosen = block.chosen.astype(self.contested.dtype, copy=False)
        sums = (chosen @ self.contested).astype(np.float64)
        result: Floats = sums + block.counts.astype(np.float64) @ self.examples
        return result


@dataclass(kw_only=True)
class Case:
    """
    One file against one kind of reference.

    Parameters
    ----------
    kind : str
    file : int
    contrast : Contrast
    is_best : bool
        Whether it is the file with the best query score.
    statistic : float
        Its largest scaled D.
    reference_set : int
        Which set of references that is against.
    bet : Bet
        Against the best file of each draw; of another file, against the largest statistic of all files, so
        that it holds however that file was chosen.
    null : array of shape (first draws,)
        The same of the first draws.
    least : float
        From where on a draw reaches the statistic.
    """

    kind: str
    file: int
    contrast: Contrast
    is_best: bool
    statistic: float
    reference_set: int
    bet: Bet
    null: Floats = field(default_factory=lambda: np.empty(0))
    least: float = np.inf

    @property
    def scale(self) -> float:
        """From the statistic to D."""
        return float(self.contrast.scales[self.reference_set, self.file])

    @cached_property
    def is_screened(self) -> bool:
        """Whether the first draws showed that it is not worth a look."""
        return bool((~(self.null < self.least)).mean() > SCREENING_LEVEL)

    @property
    def is_settled(self) -> bool:
        """Whether no further draw is needed."""
        return self.is_screened or self.bet.is_settled

    @property
    def p_value(self) -> float:
        """That of the bet; 1 where it was screened out."""
        return 1.0 if self.is_screened else self.bet.p_value

    @property
    def luck(self) -> float:
        """What honest files show in 19 of 20 draws at most, in the metric's units."""
        return float(np.quantile(self.null, 0.95)) * self.scale

    @property
    def excess_low(self) -> float:
        """D beyond the null's 97.5 % quantile, in the metric's units."""
        return self.statistic * self.scale - self.luck_high

    @property
    def luck_high(self) -> float:
        """The null's 97.5 % quantile, in the metric's units."""
        return float(np.quantile(self.null, 0.975)) * self.scale

    @property
    def spread(self) -> float:
        """Standard deviation of D over repeated draws, in the metric's units."""
        return self.scale

    def critical(self, *, level: float, skewness: float) -> float:
        """Compute the D from where on a bet at a level rejects, in the metric's units.

        A quantile so far out would take too many draws, so the null's tail is a normal one with the skewness
        of D (Cornish and Fisher, 1938). The bet rejects what is somewhat rarer than its level.
        """
        z = sps.norm.isf(level / BET_LEVEL_DIVISOR)
        tail = z + (z**2 - 1) * max(0.0, skewness) / 6
        return float(self.null.mean() + tail * self.null.std(ddof=1)) * self.scale

    def look(self, *, best: Floats, largest: Floats) -> None:
        """Count further draws: the statistics of each draw's best file, and the largest of all files."""
        of_draws = best if self.is_best else largest
        if not len(self.null):
            self.null = of_draws
            self.least = self.statistic - TIE * float(of_draws.std())
        # What is no number counts as reaching it.
        self.bet.add(exceeds=~(of_draws < self.least))


class Trial:
    """The cases of one team, and how they go on."""

    def __init__(
        self,
        *,
        table: Table,
        files: Sequence[Files],
        shared: Sums,
        contrasts: dict[str, Contrast],
        final: int | None,
        level: float,
        first: Block,
    ) -> None:
        """
        Choose the best-scored file, and give every case the first draws.

        Parameters
        ----------
        table : Table
        files : sequence of Files
            The team's own, and the references if there are any.
        shared : Sums
            Of the score's shared columns.
        contrasts : dict from kind to Contrast
        final : int or None
        level : float
            First Holm level.
        first : Block
            Draws that all teams get.
        """
        self._table, self._files, self._shared = table, files, shared
        self.k = files[0].k
        sums = self._sums()
        # What it takes while it listens.
        self.n_bytes = sums.contested.nbytes
        query, gaps = self._scores(sums, observed(draw=table.draw, pattern=table.pattern))
        self.best = int(self._best(query)[0])
        tested = {self.best} if final is None else {self.best, final}
        self.cases = [
            _case(kind, file, contrast, gaps, is_best=file == self.best, level=level)
            for kind, contrast in contrasts.items()
            for file in sorted(tested)
            if contrast.spreads[:, file].any()
        ]
        if self.cases:
            self._look(*self._scores(sums, first))

    @property
    def is_settled(self) -> bool:
        """Whether no case needs a further draw."""
        return all(case.is_settled for case in self.cases)

    def observer(self) -> Callable[[Block], bool]:
        """Return a function that takes further draws and says whether more are needed."""
        sums = self._sums()

        def look(block: Block) -> bool:
            self._look(*self._scores(sums, block))
            return not self.is_settled

        return look

    def exact_excess(self, file: int) -> float:
        """Return query less fresh score of a file, by the exact metric."""
        own = self._files[0]
        return float(own.query_exact[file] - own.fresh_exact[file])

    def exact_difference(self, case: Case) -> float:
        """Return D of a case by the exact metric."""
        exact = np.concatenate([each.query_exact - each.fresh_exact for each in self._files])
        return float(exact @ case.contrast.coefficients[case.reference_set][:, case.file])

    def weights(self, case: Case) -> tuple[tuple[int, float], ...]:
        """Return what a case's file is compared with, by column and weight: what of D is not the file."""
        taken = -case.contrast.coefficients[case.reference_set][:, case.file]
        taken[case.file] += 1.0
        return tuple((int(each), float(taken[each])) for each in np.flatnonzero(taken))

    def skewness(self, case: Case) -> float:
        """Estimate that of D over repeated draws by the units' leads: few changes have no normal tail."""
        draw = self._table.draw
        lead = np.zeros((draw.n + draw.m, 1))
        for files, column, weight in self._parts(case):
            lead[:, 0] += weight * files.items[:, column]
        totals = draw.totals(lead)[:, 0].astype(np.float64)
        standardised = (totals - totals.mean()) / totals.std()
        of_units = (standardised * np.square(standardised)).mean()
        share = draw.is_query.mean()
        return float((1 - 2 * share) / np.sqrt(draw.is_query.sum() * (1 - share)) * of_units)

    def half_width(self, case: Case) -> float:
        """Return 1.96 standard errors of the fresh mean of a lead; t quantiles, since clusters may be few."""
        draw = self._table.draw
        lead = np.zeros((draw.n + draw.m, 1))
        for files, column, weight in self._parts(case):
            lead[draw.n :, 0] += weight * files.fresh[:, column]
        lead[draw.n :] -= lead[draw.n :].mean()
        totals = draw.totals(lead)[~draw.is_query, 0].astype(np.float64)
        units = len(totals)
        se = np.sqrt(np.square(totals).sum() * units / (units - 1)) / draw.m
        return float(sps.t.ppf(0.975, units - 1) * se)

    def _parts(self, case: Case) -> Iterator[tuple[Files, int, float]]:
        """Return what a file's lead over its references is made of: files, columns and weights."""
        weights = case.contrast.coefficients[case.reference_set][:, case.file]
        start = 0
        for files in self._files:
            for column in np.flatnonzero(weights[start : start + files.k]):
                yield files, int(column), float(weights[start + column])
            start += files.k

    def _sums(self) -> Sums:
        data = np.hstack([each.data for each in self._files])
        return self._table.sums(self._table.score.columns(data))

    def _scores(self, sums: Sums, block: Block) -> tuple[Floats, Floats]:
        """Return query scores, and query less fresh scores, of all files in each draw."""
        own, shared = sums.over(block), self._shared.over(block)
        sizes = self._table.sizes(block)
        rest = self._table.draw.n + self._table.draw.m - sizes
        query = self._table.score.scores(own, shared, sizes)
        fresh = self._table.score.scores(sums.whole - own, self._shared.whole - shared, rest)
        return query, query - fresh

    def _best(self, query: Floats) -> NDArray[np.intp]:
        """Find the file with the best query score in each draw; of equal ones the earliest."""
        own = query[:, : self.k]
        largest = own.max(axis=1, keepdims=True)
        # A loss cap may be far larger than any score: then the score says what is a rounding error.
        tie = np.minimum(self._table.tie, ROUNDING_ERROR * np.abs(largest))
        found: NDArray[np.intp] = np.argmax(own >= largest - tie, axis=1)
        return found

    def _look(self, query: Floats, gaps: Floats) -> None:
        best, rows = self._best(query), np.arange(len(query))
        statistics: dict[str, Floats] = {}
        for case in self.cases:
            if case.kind not in statistics:
                statistics[case.kind] = case.contrast.statistics(gaps)
            of_draws = statistics[case.kind]
            if not (len(case.null) and case.is_settled):
                case.look(best=of_draws[rows, best], largest=of_draws.max(axis=1))


def _case(
    kind: str, file: int, contrast: Contrast, gaps: Floats, *, is_best: bool, level: float
) -> Case:
    scaled = [
        float(gaps[0] @ coefficients[:, file] / scale[file])
        for coefficients, scale in zip(contrast.coefficients, contrast.scales, strict=True)
    ]
    reference_set = int(np.argmax(np.where(contrast.spreads[:, file] > 0, scaled, -np.inf)))
    return Case(
        kind=kind,
        file=file,
        contrast=contrast,
        is_best=is_best,
        statistic=scaled[reference_set],
        reference_set=reference_set,
        bet=Bet(level=level),
    )
