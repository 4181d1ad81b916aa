"""How items are drawn into shards: whole units, in numbers that are fixed before anything is drawn.

A shuffle that repeats a draw is exact only if, within each stratum, every choice of as many units was
equally likely. So the number of units that a shard gets of a stratum is a function of the numbers of units
and of the sizes asked for alone; chance decides only which units they are. A rule that went on until a shard
held enough items would break this, because a large unit would then be likelier to be the last one.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from stats.arguments import check_counts

Numbers = NDArray[np.intp]
Counts = NDArray[np.int64]

# What a shard that decides a verdict needs at least. Of two shards with five units each there are 252
# splits, so a shuffle can find p = .004; of two with four there are 70, and it never finds less than .014,
# whatever was done. With ten items an interval of a share spans half of its range (Wilson's at 5 of 10 is
# .24 to .76): with fewer a score says next to nothing, and of one item there is no spread at all.
MIN_UNITS = 5
MIN_ITEMS = 10
MIN_SPLITS = comb(2 * MIN_UNITS, MIN_UNITS)

SEED_BYTES = 32
_WORD = np.dtype(">u8")


class Shuffle(Protocol):
    """What decides a draw: a `numpy.random.Generator`, or anything else that puts numbers in random order."""

    def permutation(self, n: int, /) -> Counts:
        """Put 0 to n-1 in an order of which each is equally likely."""


class SeededShuffle:
    """
    Orders that are a function of a seed alone, in any language.

    Parameters
    ----------
    seed : bytes
        32 of them.

    Raises
    ------
    ValueError
        If there are more or fewer.

    Notes
    -----
    SHAKE-256 of the seed is cut into words of 64 bits, the first byte counting most. Source:
    docs/disclosure.md, "The draw".
    """

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise ValueError(f"a seed has {SEED_BYTES} bytes")
        self._seed = seed
        self._n_taken = 0

    def permutation(self, n: int, /) -> Counts:
        """Put 0 to n-1 in the order of the next n words."""
        words = np.frombuffer(
            hashlib.shake_256(self._seed).digest((self._n_taken + n) * _WORD.itemsize), _WORD
        )[self._n_taken :]
        self._n_taken += n
        return np.argsort(words, kind="stable").astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class Pool:
    """
    The items that are drawn together.

    Parameters
    ----------
    unit_of_item : array of shape (n,)
        Number of each item's unit, from 0 in the order of the units' first items.
    stratum_of_unit : array of shape (units,)
        Number of each unit's stratum, from 0 in the order of their labels.
    """

    unit_of_item: Numbers
    stratum_of_unit: Numbers

    @property
    def n_units(self) -> int:
        return len(self.stratum_of_unit)

    @property
    def members(self) -> list[Numbers]:
        """The units of each stratum."""
        order = np.argsort(self.stratum_of_unit, kind="stable")
        return np.split(order, np.cumsum(np.bincount(self.stratum_of_unit))[:-1])


def pool(*, n: int, units: ArrayLike | None = None, strata: ArrayLike | None = None) -> Pool:
    """
    Describe items that are drawn together.

    Parameters
    ----------
    n : int
        Items.
    units : array-like of shape (n,), optional
        Label of each item's unit, which is drawn whole. None: every item is a unit.
    strata : array-like of shape (n,), optional
        Label of each item's stratum. None: there is one.

    Returns
    -------
    Pool

    Raises
    ------
    ValueError
        If there is no item, a length is wrong or a unit is in two strata.

    Notes
    -----
    Cost: O(n log n). Source: elementary.
    """
    check_counts(n=n)
    unit_of_item = np.arange(n) if units is None else _in_order_of_appearance(units, n)
    of_item = np.zeros(n, dtype=np.intp) if strata is None else _codes("strata", strata, n)
    first = np.unique(unit_of_item, return_index=True)[1]
    made = Pool(unit_of_item=unit_of_item, stratum_of_unit=of_item[first])
    if (made.stratum_of_unit[unit_of_item] != of_item).any():
        raise ValueError("strata: a unit is in two strata")
    return made


def strata_of(*, labels: ArrayLike, units: ArrayLike | None = None) -> Counts:
    """
    Give each item's stratum in a draw from each class separately.

    Parameters
    ----------
    labels : array-like of shape (n,), whole numbers of at least 0
        Each item's class.
    units : array-like of shape (n,), optional
        Label of each item's unit, as in `pool`.

    Returns
    -------
    array of shape (n,), int
        The item's class; of a unit with items of several classes, its most common one, and of equally
        common ones the smallest.

    Raises
    ------
    ValueError
        If a label is no whole number of at least 0 or a length is wrong.

    Notes
    -----
    Depends on an item's own unit alone: it can be computed for each shard by itself. Cost: O(n log n).
    Source: elementary.
    """
    classes = np.asarray(labels)
    if classes.ndim != 1 or classes.dtype.kind not in "iu" or (classes < 0).any():
        raise ValueError("labels: whole numbers of at least 0 are needed")
    classes = classes.astype(np.int64)
    if units is None or not len(classes):
        return classes
    unit_of_item = _codes("units", units, len(classes))
    n_classes = int(classes.max()) + 1
    pairs, counts = np.unique(unit_of_item * n_classes + classes, return_counts=True)
    owner, label = np.divmod(pairs, n_classes)
    # The first of each unit: its most common class, and the smallest of equally common ones.
    order = np.lexsort((label, -counts, owner))
    first = np.unique(owner[order], return_index=True)[1]
    most_common: Counts = label[order][first]
    return most_common[unit_of_item]


def allocate(*, pool: Pool, sizes: Sequence[int]) -> Counts:
    """
    Fix how many units of each stratum each shard gets.

    Parameters
    ----------
    pool : Pool
        What is drawn.
    sizes : sequence of int
        Items that each shard should get; together all items.

    Returns
    -------
    array of shape (strata, shards), int
        Rows add up to the units of a stratum, columns to those of a shard.

    Raises
    ------
    ValueError
        If the sizes are not those of all items, a shard would get no unit, or a shard is too small to get
        one unit of each stratum that has one for every shard.

    Notes
    -----
    A shard's units are its share of all units by largest remainders, so single items give exactly the sizes
    asked for. One shard after another then takes its units from the strata in proportion to what they have
    left, by largest remainders, the earlier stratum at a tie. A stratum with at least as many units as there
    are shards gives each shard at least one: otherwise a rare class could be missing where it is measured.
    Nothing here depends on how large a unit is. Cost: O(strata^2 shards). Source: largest remainders
    (Hamilton's method), Balinski and Young, Fair Representation (1982), with bounds.
    """
    wanted = np.asarray(sizes, dtype=np.int64)
    n = len(pool.unit_of_item)
    if wanted.ndim != 1 or not len(wanted) or (wanted < 1).any() or wanted.sum() != n:
        raise ValueError("sizes: each at least 1 and together all items are needed")
    none = np.zeros_like(wanted)
    totals = _apportion(pool.n_units, wanted, least=none, most=none + pool.n_units)
    left = np.bincount(pool.stratum_of_unit).astype(np.int64)
    # One unit of a stratum that has one for every shard is set aside for each.
    each = (left >= len(wanted)).astype(np.int64)
    if totals.min() < max(1, each.sum()):
        raise ValueError("sizes: a shard is too small for one unit of each stratum")
    counts = np.zeros((len(left), len(wanted)), dtype=np.int64)
    for shard, total in enumerate(totals.tolist()):
        later = len(wanted) - 1 - shard
        counts[:, shard] = _apportion(total, left, least=each, most=left - later * each)
        left -= counts[:, shard]
    return counts


def fewest_items(*, pool: Pool, counts: ArrayLike) -> Counts:
    """
    Find how few items each shard can get.

    Parameters
    ----------
    pool : Pool
        What is drawn.
    counts : array-like of shape (strata, shards)
        Units of each stratum in each shard, from `allocate`.

    Returns
    -------
    array of shape (shards,), int
        The items of the smallest units that a shard could get.

    Notes
    -----
    A limit on what was drawn would make people draw again, and the draw that was kept would favor large
    units; a limit on this does not. Cost: O(n log n). Source: elementary.
    """
    given = np.asarray(counts)
    n_items = np.bincount(pool.unit_of_item, minlength=pool.n_units)
    fewest = np.zeros(given.shape[1], dtype=np.int64)
    for units, of_shards in zip(pool.members, given, strict=True):
        fewest += np.concatenate([[0], np.cumsum(np.sort(n_items[units]))])[of_shards]
    return fewest


def log_splits(*, counts: ArrayLike) -> float:
    """
    Measure what chance decided between two shards.

    Parameters
    ----------
    counts : array-like of shape (strata, shards)
        Units of each stratum in each shard, from `allocate`; at least two shards.

    Returns
    -------
    float
        ln of the number of ways in which two shards could have shared their units, of the pair that has the
        fewest: a shuffle finds no smaller p-value than one in so many.

    Notes
    -----
    A stratum that has units in only one of the two leaves nothing to chance there. Cost: O(strata shards^2).
    Source: elementary; the logarithm, as the numbers have thousands of digits.
    """
    shards = np.asarray(counts).T
    return min(
        float((gammaln(a + b + 1) - gammaln(a + 1) - gammaln(b + 1)).sum())
        for a, b in combinations(shards, 2)
    )


def draw_shards(*, pool: Pool, counts: ArrayLike, rng: Shuffle) -> list[Numbers]:
    """
    Draw every unit into one of the shards.

    Parameters
    ----------
    pool : Pool
        What is drawn.
    counts : array-like of shape (strata, shards)
        Units of each stratum in each shard, from `allocate`.
    rng : Shuffle
        Source of all randomness: asked once for each stratum, in their order.

    Returns
    -------
    list of arrays of int
        The items of each shard, ascending.

    Notes
    -----
    Within a stratum every choice of as many units is equally likely. Cost: O(n shards). Source: elementary.
    """
    given = np.asarray(counts)
    shards = np.arange(given.shape[1])
    shard_of_unit = np.empty(pool.n_units, dtype=np.intp)
    for units, of_shards in zip(pool.members, given, strict=True):
        shard_of_unit[units[rng.permutation(len(units))]] = np.repeat(shards, of_shards)
    shard_of_item = shard_of_unit[pool.unit_of_item]
    return [np.flatnonzero(shard_of_item == shard) for shard in shards]


def _apportion(total: int, weights: Counts, *, least: Counts, most: Counts) -> Counts:
    """Split `total` into whole numbers in proportion to the weights and within the bounds."""
    everything = int(weights.sum())
    given: Counts = np.clip(total * weights // everything, least, most)
    while (missing := total - int(given.sum())) != 0:
        step = 1 if missing > 0 else -1
        lag = step * (total * weights - given * everything)
        is_free = given < most if step > 0 else given > least
        given[np.argmax(np.where(is_free, lag, np.iinfo(np.int64).min))] += step
    return given


def _codes(name: str, labels: ArrayLike, n: int) -> Numbers:
    given = np.asarray(labels)
    if given.shape != (n,):
        raise ValueError(f"{name}: one for each item is needed")
    codes: Numbers = np.unique(given, return_inverse=True)[1]
    return codes.astype(np.intp)


def _in_order_of_appearance(units: ArrayLike, n: int) -> Numbers:
    """Turn units into numbers by the items' order alone: their names must not change the draw."""
    codes = _codes("units", units, n)
    first = np.unique(codes, return_index=True)[1]
    rank = np.empty(len(first), dtype=np.intp)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[codes]
