"""Similarity of models: how alike they err, and how little the best of similar models owes to luck."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stats.arguments import check_counts, outcomes
from stats.expected_maximum import expected_maximum

Floats = NDArray[np.float64]

N_DRAWS = 20_000
BLOCK = 2_000


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """
    How alike k models are right and wrong; means over the k(k-1)/2 pairs.

    Parameters
    ----------
    agreement : float
        Share of items on which two models are both right or both wrong.
    kappa : float
        Cohen's kappa of being right; a pair of which either is always or never right counts 0.
    correlation : float
        Pearson's, of being right; such pairs count 0.
    expected_maximum : float
        E[max_j e_j], e ~ N(0, S/n): what the best of them owes to luck if all are equally good, in
        accuracy.
    standard_error : float
        Mean over the models of the standard error of their accuracy.
    studentized_maximum : float
        E[max_j e_j / se_j].
    independent_maximum : float
        What it would be for k independent models.
    """

    agreement: float
    kappa: float
    correlation: float
    expected_maximum: float
    standard_error: float
    studentized_maximum: float
    independent_maximum: float


@dataclass(frozen=True, kw_only=True)
class EffectiveNumber:
    """
    Formulas for the number of independent models that k correlated ones are worth.

    They disagree several times over, so they are for display and no inference uses them.

    Parameters
    ----------
    participation_ratio : float
        (sum l)^2 / sum l^2 over the eigenvalues l of the correlation matrix.
    li_ji : float
        sum 1[l >= 1] + (l - floor(l)) (Li and Ji 2005).
    nyholt : float
        1 + (k - 1)(1 - var(l)/k) (Nyholt 2004).
    """

    participation_ratio: float
    li_ji: float
    nyholt: float


def similarity(
    *, correctness: ArrayLike, rng: np.random.Generator, n_draws: int = N_DRAWS
) -> Similarity:
    """
    Summarize how alike models are right and wrong on the same items.

    Parameters
    ----------
    correctness : array-like of shape (n, k), 0 or 1
        Which of n items each of k models gets right; n >= 2, k >= 2.
    rng : numpy Generator
    n_draws : int, default=20,000
        Draws of the maximum; its standard error is below 1/sqrt(n_draws) standard errors.

    Returns
    -------
    Similarity

    Raises
    ------
    ValueError
        If `correctness` is no such matrix or `n_draws` is below 1.

    Notes
    -----
    Assumes: items are independent draws. All pairs by one matrix product. Cost: O(n k^2 + n_draws k^2).
    Source: docs/method.md, "Similarity of models"; Mania et al. 2019 on why similarity extends a test set's
    life.
    """
    right = _correctness(correctness)
    check_counts(n_draws=n_draws)
    n, k = right.shape
    pairs = np.triu_indices(k, 1)
    agreement, kappa = agreement_and_kappa(correctness=right)
    correlation = _correlation(right)
    se = right.std(axis=0, ddof=1) / np.sqrt(n)
    raw, studentized = _maxima(correlation, se, rng, n_draws)
    return Similarity(
        agreement=float(agreement[pairs].mean()),
        kappa=float(kappa[pairs].mean()),
        correlation=float(correlation[pairs].mean()),
        expected_maximum=raw,
        standard_error=float(se.mean()),
        studentized_maximum=studentized,
        independent_maximum=expected_maximum(k=k),
    )


def agreement_and_kappa(*, correctness: ArrayLike) -> tuple[Floats, Floats]:
    """
    Compute agreement and Cohen's kappa of being right, for every pair of columns.

    Parameters
    ----------
    correctness : array-like of shape (n, k), 0 or 1
        n >= 2 and k >= 2.

    Returns
    -------
    two arrays of shape (k, k)
        Kappa of a pair whose agreement by chance is 1, both always right or both always wrong, is 0; so
        it is where one of them is constant.

    Raises
    ------
    ValueError
        If `correctness` is no such matrix.

    Notes
    -----
    One matrix product in single precision, exact for up to 16 million items. Cost: O(n k^2). Source:
    docs/method.md, "Similarity of models".
    """
    right = _correctness(correctness)
    n = len(right)
    both = (right.T @ right).astype(np.float64) / n
    share = right.mean(axis=0, dtype=np.float64)
    agreement: Floats = 1 - share[:, None] - share[None, :] + 2 * both
    by_chance = np.outer(share, share) + np.outer(1 - share, 1 - share)
    room = 1 - by_chance
    kappa = np.where(room > 0, agreement - by_chance, 0.0) / np.where(room > 0, room, 1.0)
    return agreement, kappa


def effective_number(*, correlation: ArrayLike) -> EffectiveNumber:
    """
    Compute three published effective numbers of models; for display only.

    Parameters
    ----------
    correlation : array-like of shape (k, k)
        A correlation matrix, k >= 2.

    Returns
    -------
    EffectiveNumber

    Raises
    ------
    ValueError
        If `correlation` is no symmetric matrix with a diagonal of ones.

    Notes
    -----
    Not to be put into the expected maximum: an equicorrelation of rho shrinks that by sqrt(1 - rho), and
    shrinking k as well would count the same twice. Cost: O(k^3). Source: docs/method.md, "Similarity of
    models".
    """
    matrix = np.asarray(correlation, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < 2:
        raise ValueError("correlation must be a square matrix of at least two models")
    if not (np.allclose(matrix, matrix.T) and np.allclose(np.diag(matrix), 1)):
        raise ValueError("correlation must be symmetric with ones on the diagonal")
    k = len(matrix)
    # Rounding errors must not turn an eigenvalue of 1 into .9999: floor() would lose a whole model.
    values = np.round(np.clip(np.linalg.eigvalsh(matrix), 0, None), 9)
    return EffectiveNumber(
        participation_ratio=float(values.sum() ** 2 / np.square(values).sum()),
        li_ji=float(np.sum((values >= 1) + (values - np.floor(values)))),
        nyholt=float(1 + (k - 1) * (1 - values.var(ddof=1) / k)),
    )


def _correctness(given: ArrayLike) -> NDArray[np.float32]:
    right = np.asarray(given)
    if right.ndim != 2 or right.shape[0] < 2 or right.shape[1] < 2:
        raise ValueError("correctness: a matrix of at least two items and two models is needed")
    return outcomes("correctness", right).astype(np.float32)


def _correlation(right: NDArray[np.float32]) -> Floats:
    centered = right - right.mean(axis=0, dtype=np.float64)
    products = centered.T @ centered
    scale = np.sqrt(np.diag(products))
    scale[scale == 0] = np.inf  # a constant column correlates with none
    result: Floats = products / np.outer(scale, scale)
    np.fill_diagonal(result, 1.0)
    return result


def _maxima(
    correlation: Floats, se: Floats, rng: np.random.Generator, n_draws: int
) -> tuple[float, float]:
    """Estimate E[max e] and E[max e/se] by the same draws; a constant column has e = 0."""
    values, vectors = np.linalg.eigh(correlation * np.outer(se > 0, se > 0))
    root = vectors * np.sqrt(np.clip(values, 0, None))
    raw = studentized = 0.0
    for start in range(0, n_draws, BLOCK):
        z = rng.standard_normal((min(BLOCK, n_draws - start), len(se))) @ root.T
        studentized += float(z.max(axis=1).sum())
        raw += float((z * se).max(axis=1).sum())
    return raw / n_draws, studentized / n_draws
