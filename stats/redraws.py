"""The draw of the holdouts repeated: which units would have been query items another time.

Given the items, the only random thing is which units were drawn as query, so every score follows from sums
over them. Units on which all files agree come in a few patterns, and how many of each pattern are drawn is
hypergeometric: only the contested units need a random choice each.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stats.draw import Draw

CONTESTED = -1


@dataclass(frozen=True, kw_only=True)
class Block:
    """
    Some repeated draws.

    Parameters
    ----------
    chosen : array of shape (draws, contested), float32
        1 where a contested unit is query, in the units' order.
    counts : array of shape (draws, patterns)
        Query units of each pattern.
    """

    chosen: NDArray[np.float32]
    counts: NDArray[np.float32]


def repeated(
    *, draw: Draw, pattern: NDArray[np.intp], rng: np.random.Generator, size: int
) -> Iterator[Block]:
    """
    Repeat a draw without end, `size` at a time.

    Parameters
    ----------
    draw : Draw
    pattern : array of shape (units,)
        -1 for a contested unit, else the number of its pattern, from 0.
    rng : numpy Generator
    size : int
        Draws in a block.

    Returns
    -------
    iterator of Block

    Notes
    -----
    Within a stratum every choice of as many units is equally likely. Cost: O(contested) a draw. Source:
    elementary; the units of a pattern are multivariate hypergeometric.
    """
    contested = np.flatnonzero(pattern == CONTESTED)
    place = np.full(len(pattern), -1)
    place[contested] = np.arange(len(contested))
    n_patterns = int(pattern.max(initial=CONTESTED)) + 1
    strata = [
        (
            int(draw.is_query[units].sum()),
            place[units[pattern[units] == CONTESTED]],
            np.bincount(pattern[units][pattern[units] != CONTESTED], minlength=n_patterns),
        )
        for units in draw.strata
    ]
    while True:
        chosen = np.zeros((size, len(contested)), dtype=np.float32)
        counts = np.zeros((size, n_patterns), dtype=np.float32)
        for n_query, own, alike in strata:
            drawn = rng.multivariate_hypergeometric([len(own), *alike], n_query, size=size)
            counts += drawn[:, 1:]
            subsets = _subsets(rng, sizes=drawn[:, 0], of=len(own))
            if len(strata) == 1:
                chosen = subsets
            else:
                chosen[:, own] = subsets
        yield Block(chosen=chosen, counts=counts)


def observed(*, draw: Draw, pattern: NDArray[np.intp]) -> Block:
    """
    Give the draw that was made, in the form of the repeated ones.

    Parameters
    ----------
    draw : Draw
    pattern : array of shape (units,)
        As for `repeated`.

    Returns
    -------
    Block
        With one draw.

    Notes
    -----
    Cost: O(units). Source: elementary.
    """
    is_contested = pattern == CONTESTED
    alike = pattern[draw.is_query & ~is_contested]
    n_patterns = int(pattern.max(initial=CONTESTED)) + 1
    return Block(
        chosen=draw.is_query[is_contested].astype(np.float32)[None, :],
        counts=np.bincount(alike, minlength=n_patterns).astype(np.float32)[None, :],
    )


def _subsets(rng: np.random.Generator, *, sizes: NDArray[np.int64], of: int) -> NDArray[np.float32]:
    """Draw one random subset a row, of the row's size: 1 where a column belongs to it.

    Half of the rows each in a thread of its own, with a stream of its own, so that the result does not
    depend on which is quicker.
    """
    chosen = np.zeros((len(sizes), of), dtype=np.float32)
    halves = np.array_split(np.arange(len(sizes)), 2)
    with ThreadPoolExecutor(len(halves)) as pool:
        tasks = [
            pool.submit(_fill, stream, sizes=sizes[rows], into=chosen[rows[0] : rows[-1] + 1])
            for stream, rows in zip(rng.spawn(len(halves)), halves, strict=True)
            if len(rows)
        ]
        for task in tasks:
            task.result()
    return chosen


def _fill(rng: np.random.Generator, *, sizes: NDArray[np.int64], into: NDArray[np.float32]) -> None:
    """Choose the columns with the smallest random keys; of those with the key at the bound, random ones."""
    keys = rng.integers(0, 2**16, into.shape, dtype=np.uint16)
    for size in np.unique(sizes[sizes > 0]):
        rows = np.flatnonzero(sizes == size)
        own = keys if len(rows) == len(keys) else keys[rows]
        bounds = np.partition(own, size - 1, axis=1)[:, size - 1 : size]
        below = own <= bounds
        into[rows] = below
        too_many = np.count_nonzero(below, axis=1) - size
        for row in np.flatnonzero(too_many):
            tied = np.flatnonzero(own[row] == bounds[row])
            into[rows[row], rng.choice(tied, too_many[row], replace=False)] = 0
