"""What a team's files are compared with, and how: contrasts of files with combinations of references.

A file's lead over its references is its score less a weighted mean of theirs; the weights sum to one and come
from the pooled items by least squares, so repeating the draw does not change them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stats.draw import Draw

Array = NDArray[Any]
Floats = NDArray[np.float64]

# What single precision cannot tell from rounding: shares of the largest eigenvalue, and of a reference's
# sum of squares. References that are as alike as that count as one.
RANK_TOLERANCE = 1e-6
# A combination of references that predicts a file up to this share of its spread leaves only rounding errors.
MIN_SHARE = 1e-6
# A spread below this share of the sums of a stratum's units is rounding, and none: how a processor adds up
# equal values must not decide what is found.
ROUNDING = 1e-12
# Rows whose products are summed at once.
ROWS = 1_024
# The mean of the first files serves as a reference from this many files on, and of at most so many.
MIN_FOR_MEAN, MAX_IN_MEAN = 4, 6


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """
    A kind of reference, as one or several sets of references that are tested together.

    Parameters
    ----------
    coefficients : array of shape (sets, k+L, k)
        For each set and file, what its D takes of the k files and the L references.
    spreads : array of shape (sets, k)
        Standard deviation of each D over repeated draws, linearised; 0 where the references equal the file.
    """

    coefficients: Floats
    spreads: Floats

    @property
    def scales(self) -> Floats:
        """What each D is divided by: its spread, so that a file with gross errors drowns no other one."""
        return np.where(self.spreads > 0, self.spreads, np.inf)

    def statistics(self, gaps: Floats) -> Floats:
        """Compute each file's largest studentised D, (draws, k), from differences of scores, (draws, k+L)."""
        of_sets = [
            gaps @ each / scale for each, scale in zip(self.coefficients, self.scales, strict=True)
        ]
        result: Floats = np.maximum.reduce(of_sets)
        return result


@dataclass(frozen=True, kw_only=True)
class Pool:
    """
    How files and references vary together on the pooled items.

    Parameters
    ----------
    k : int
        Files, which come before the references.
    draw : Draw
    among : array of shape (k+L, k+L)
        Sums of squares and products around the means.
    variance : array of shape (k+L, k+L)
        Covariance of the columns' query sums over repeated draws.
    """

    k: int
    draw: Draw
    among: Floats
    variance: Floats


def pool(*, items: Array, k: int, draw: Draw) -> Pool:
    """
    Sum up how files and references vary together.

    Parameters
    ----------
    items : array of shape (n+m, k+L)
        Item scores or influence values, files in time order first.
    k : int
    draw : Draw

    Returns
    -------
    Pool

    Notes
    -----
    Cost: O((n+m) (k+L)^2). Source: elementary.
    """
    among = _scatter(items)
    variance = _variance_of_sums(items=items, draw=draw, pooled=among)
    return Pool(k=k, draw=draw, among=among, variance=variance)


def own_files(*, pool: Pool) -> Contrast:
    """
    Compare each file with the team's first one, and with it and the mean of the first few together.

    Parameters
    ----------
    pool : Pool

    Returns
    -------
    Contrast
        One set below four files, since the mean would span the final, else two.

    Notes
    -----
    Boosted files among the first ones would blind the mean alone, an odd first file the first one alone. The
    files are chosen by time, never by what was released. Cost: O((k+L)^3). Source: power and size are
    in docs/calibration.md.
    """
    first = np.zeros((len(pool.among), 1))
    first[0] = 1.0
    sets = [first]
    if pool.k >= MIN_FOR_MEAN:
        n_mean = min(MAX_IN_MEAN, pool.k // 2)
        mean = np.zeros((len(pool.among), 1))
        mean[:n_mean] = 1 / n_mean
        sets.append(np.hstack([first, mean]))
    return _contrast(pool, sets)


def organizer(*, pool: Pool) -> Contrast:
    """
    Compare each file with the best combination of the L references.

    Parameters
    ----------
    pool : Pool

    Returns
    -------
    Contrast
        With one set.

    Notes
    -----
    Cost: O((k+L)^3). Source: difference-in-differences with fitted controls.
    """
    return _contrast(pool, [np.eye(len(pool.among))[:, pool.k :]])


def _contrast(pool: Pool, sets: list[Floats]) -> Contrast:
    coefficients, spreads = [], []
    for references in sets:
        weights = _weights(among=pool.among, references=references, k=pool.k)
        contrast = np.eye(len(pool.among))[:, : pool.k] - references @ weights
        own = np.einsum("ij,ij->j", contrast, pool.variance @ contrast)
        # Rounding errors are shares of the terms of a file's own difference, not of other files', as they
        # were before they cancelled.
        taken = np.square(np.abs(references) @ np.abs(weights))
        variances = np.diag(pool.variance)
        terms = variances[: pool.k] + variances @ taken
        is_noise = own <= MIN_SHARE**2 * terms
        coefficients.append(contrast)
        spreads.append(np.sqrt(np.where(is_noise, 0.0, own)) * (1 / pool.draw.n + 1 / pool.draw.m))
    return Contrast(coefficients=np.array(coefficients), spreads=np.array(spreads))


def _scatter(items: Array) -> Floats:
    """Sum squares and products around the means.

    Single precision holds counts of 0 and 1 exactly, and centred products of a block well enough.
    """
    total: Floats = np.zeros((items.shape[1], items.shape[1]))
    if items.dtype == bool:
        means = items.mean(axis=0, dtype=np.float64)
        single = items.astype(np.float32)
        total += single.T @ single
        total -= len(items) * np.outer(means, means)
        return total
    dtype = np.float32 if items.dtype == np.float32 else np.float64
    blocks = [items[start : start + ROWS] for start in range(0, len(items), ROWS)]
    # From the first row: equal values differ by 0 from it and from their mean, however many they are.
    first = items[0].astype(np.float64)
    mean = np.sum([(block - first).sum(axis=0) for block in blocks], axis=0) / len(items)
    for block in blocks:
        centred = (block - first - mean).astype(dtype)
        total += centred.T @ centred
    return total


def _weights(*, among: Floats, references: Floats, k: int) -> Floats:
    """Fit each file to the references by least squares; the first one's weight completes one."""
    cross = references.T @ among
    square = cross @ references
    # Weights that sum to one: regress c - r_1 on the other references' differences from r_1.
    differences = square[1:, 1:] - square[1:, :1] - square[:1, 1:] + square[0, 0]
    target = cross[1:, :k] - cross[0, :k] - (square[1:, 0] - square[0, 0])[:, None]
    own = np.diag(square)
    differs = np.diag(differences) > RANK_TOLERANCE * np.minimum(own[1:], own[0])
    # By correlations: a reference with gross errors would let the others pass for rounding errors.
    scale = np.sqrt(np.where(differs, np.diag(differences), np.inf))
    inverse = np.linalg.pinv(
        differences / np.outer(scale, scale), rcond=RANK_TOLERANCE, hermitian=True
    )
    rest = (inverse @ (target / scale[:, None])) / scale[:, None]
    return np.vstack([1.0 - rest.sum(axis=0), rest])


def _variance_of_sums(*, items: Array, draw: Draw, pooled: Floats) -> Floats:
    """Compute the covariance of the columns' query sums over repeated draws."""
    if draw.unit_of_item is None and len(draw.strata) == 1:
        return pooled * _factor(draw.n, draw.n + draw.m)
    totals: Floats = np.asarray(draw.totals(items.astype(np.float64)), dtype=np.float64)
    total = np.zeros(pooled.shape)
    for units in draw.strata:
        sizes, sums = draw.sizes[units], totals[units]
        # From the first unit, likewise; the sums of units of several items are rounded themselves.
        within = sums - np.outer(sizes, sums[0] / sizes[0])
        within -= np.outer(sizes, within.sum(axis=0) / sizes.sum())
        is_flat = np.linalg.norm(within, axis=0) <= ROUNDING * np.linalg.norm(sums, axis=0)
        within[:, is_flat] = 0.0
        total += _factor(int(draw.is_query[units].sum()), len(units)) * (within.T @ within)
    return total


def _factor(n_query: int, n_units: int) -> float:
    """Return what a sum of squares is multiplied by for the variance of a sum of `n_query` drawn units."""
    return n_query * (n_units - n_query) / n_units / max(n_units - 1, 1)
