"""The collective test: is the lead of a group's best files missing on labels that nobody was scored against?

Accounts that share what they are told may each stay within luck. If no file of the group depends on query
labels, every other draw of the holdouts was as likely; in each repetition every account's best-scored file
is chosen anew, and the mean over the accounts compared with the observed one. It is a statement about the
files of a group, and about no account of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stats.redraws import Block, observed, repeated
from stats.scored_files import Files
from stats.trial import ROUNDING_ERROR, TIE, Table

Floats = NDArray[np.float64]

# Draws at a time.
SIZE = 500


@dataclass(frozen=True, kw_only=True)
class Account:
    """
    One account of a group.

    Parameters
    ----------
    files : Files
        Everything it handed in, in time order.
    times : array of shape (k,)
        When each file came in, not decreasing; in one unit for all accounts.
    """

    files: Files
    times: Floats


@dataclass(frozen=True, kw_only=True)
class Collective:
    """
    What the test found.

    Parameters
    ----------
    statistic : float
        Mean over the accounts of D of their best-scored files: how much of their lead over the group's
        earlier files is missing on fresh labels, in the metric's units, by the score that is shuffled.
    luck : float
        What files that depend on no query label show in 19 of 20 draws at most.
    p_value : float
        Of the draws, the observed one included, the share with a mean at least as large.
    left_out : array of shape (accounts,)
        The p-value of the same test of the others, with each account left out.
    n_draws : int
    """

    statistic: float
    luck: float
    p_value: float
    left_out: Floats
    n_draws: int


def collective(
    *, table: Table, accounts: Sequence[Account], rng: np.random.Generator, n_draws: int
) -> Collective:
    """
    Test the best-scored files of a group's accounts together against the group's earlier files.

    Parameters
    ----------
    table : Table
        Of all files of the accounts, and of others if need be.
    accounts : sequence of Account, at least two
    rng : numpy Generator
        Draws the repetitions.
    n_draws : int, >= 1

    Returns
    -------
    Collective

    Raises
    ------
    ValueError
        If there are fewer than two accounts, an account has no file or not one time for each, times
        decrease, or `n_draws` is below 1.

    Notes
    -----
    A best-scored file is compared with the mean of all files of the group that came in before it; of one that
    had none before it D is 0. With an account left out, its files are nobody's references. Exact whatever the
    files and times are, if the group was formed by what does not depend on the draw: on pooled items.
    Cost: O(n_draws (contested items x files + accounts^2)). Source: docs/method.md, "Groups of accounts".
    """
    if len(accounts) < 2 or n_draws < 1:
        raise ValueError("at least two accounts and one draw are needed")
    for each in accounts:
        _check_times(times=each.times, k=each.files.k)
    group = _Group(table, accounts)
    found = group.means(observed(draw=table.draw, pattern=table.pattern))[0]
    blocks = repeated(draw=table.draw, pattern=table.pattern, rng=rng, size=min(SIZE, n_draws))
    null = np.empty((0, 1 + len(accounts)))
    while len(null) < n_draws:
        null = np.vstack([null, group.means(next(blocks))])
    null = null[:n_draws]
    # Single precision may write equal sums otherwise.
    reached = null >= found - TIE * null.std(axis=0)
    p_values = (1 + reached.sum(axis=0)) / (1 + n_draws)
    return Collective(
        statistic=float(found[0]),
        luck=float(np.quantile(null[:, 0], 0.95)),
        p_value=float(p_values[0]),
        left_out=p_values[1:],
        n_draws=n_draws,
    )


def _check_times(*, times: ArrayLike, k: int) -> None:
    moments = np.asarray(times)
    if moments.shape != (k,) or k < 1:
        raise ValueError("accounts: at least one file, and one time for each, are needed")
    if (np.diff(moments) < 0).any():
        raise ValueError("accounts: times must not decrease")


class _Group:
    """The files of a group in the order of their times, and which of them each account's are."""

    def __init__(self, table: Table, accounts: Sequence[Account]) -> None:
        self._table, self._files = table, [each.files for each in accounts]
        self._shared = table.sums(table.score.shared)
        owner = np.repeat(np.arange(len(accounts)), [each.files.k for each in accounts])
        # Stable: an account's files stay in its own order, whatever their times.
        self._order = np.argsort(np.concatenate([each.times for each in accounts]), kind="stable")
        self._owner = owner[self._order]

    def means(self, block: Block) -> Floats:
        """Compute the statistic in each draw: first of all, then without each account."""
        parts = [self._scores(each, block) for each in self._files]
        gaps = np.hstack([gap for _, gap in parts])[:, self._order]
        places = [np.flatnonzero(self._owner == each) for each in range(len(parts))]
        # Also how many files came in before the best one of each account.
        best = np.column_stack(
            [place[self._best(query)] for place, (query, _) in zip(places, parts, strict=True)]
        )
        rows = np.arange(len(gaps))[:, None]
        own = gaps[rows, best]
        sums = np.cumsum(gaps, axis=1)[rows, best] - own
        means = [_differences(own, sums, best).mean(axis=1)]
        for left_out, place in enumerate(places):
            theirs = np.searchsorted(place, best)
            of_theirs = np.cumsum(np.pad(gaps[:, place], ((0, 0), (1, 0))), axis=1)[rows, theirs]
            found = _differences(own, sums - of_theirs, best - theirs)
            means.append(np.delete(found, left_out, axis=1).mean(axis=1))
        return np.column_stack(means)

    def _scores(self, files: Files, block: Block) -> tuple[Floats, Floats]:
        """Return query scores, and query less fresh scores, of an account's files in each draw."""
        # Columns are made again for each block: those of all accounts at once would need much room.
        sums = self._table.sums(self._table.score.columns(files.data))
        own, shared = sums.over(block), self._shared.over(block)
        sizes = self._table.sizes(block)
        rest = self._table.draw.n + self._table.draw.m - sizes
        query = self._table.score.scores(own, shared, sizes)
        fresh = self._table.score.scores(sums.whole - own, self._shared.whole - shared, rest)
        return query, query - fresh

    def _best(self, query: Floats) -> NDArray[np.intp]:
        """Find the file with the best query score in each draw; of equal ones the earliest."""
        largest = query.max(axis=1, keepdims=True)
        tie = np.minimum(self._table.tie, ROUNDING_ERROR * np.abs(largest))
        found: NDArray[np.intp] = np.argmax(query >= largest - tie, axis=1)
        return found


def _differences(own: Floats, sums: Floats, counts: NDArray[np.intp]) -> Floats:
    """Compare gaps with the mean of earlier files' gaps; 0 where there are none."""
    result: Floats = np.where(counts > 0, own - sums / np.maximum(counts, 1), 0.0)
    return result
