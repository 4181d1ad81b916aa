"""Account groups: accounts that make the same mistakes are treated as one."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import connected_components

from stats.fingerprints.contract import hamming, predictions_matrix
from stats.similarity import agreement_and_kappa

Floats = NDArray[np.float64]

KAPPA = 0.9
SAME_WRONG = 0.97
MAD_MULTIPLIER = 6
# A median of fewer pairs (five teams) is no picture of a league.
MIN_PAIRS = 10
# Of fewer common errors the share with the same wrong answer says little.
MIN_COMMON_ERRORS = 20


@dataclass(frozen=True, kw_only=True)
class AccountGroups:
    """
    Which accounts are to be treated as one.

    Parameters
    ----------
    similarity : array of shape (teams, teams)
        Kappa of errors for two classes; for more the share of common errors that are the same wrong answer.
    threshold : float
        A pair is linked above it.
    linked : array of bool, shape (teams, teams)
        Pairs above the threshold, and pairs with equal predictions.
    groups : array of int, shape (teams,)
        The group of each team: linked teams and whoever is linked to these, numbered by first member.
    flagged : bool
        Whether any two teams are linked.
    words : str
    """

    similarity: Floats
    threshold: float
    linked: NDArray[np.bool_]
    groups: NDArray[np.int64]
    flagged: bool
    words: str


def account_groups(*, predictions: ArrayLike, labels: ArrayLike, n_classes: int) -> AccountGroups:
    """
    Join accounts whose files err alike beyond what their league does.

    Parameters
    ----------
    predictions : array-like of int, shape (teams, n), n >= 2
        Predicted classes, one file a team; at least two teams.
    labels : array-like of int, shape (n,)
    n_classes : int, >= 2
        Two: kappa of errors is compared; more: the same-wrong rate.

    Returns
    -------
    AccountGroups
        Two classes: linked above both .9 and the league's median + 6 MAD over pairs, or equal. More: above
        .97, or equal. With fewer than ten pairs (five teams), or where that bar is 1 or more, only .9 counts.
        A pair with fewer than 20 common errors has same-wrong rate 0.

    Raises
    ------
    ValueError
        If shapes disagree or values are no class codes.

    Notes
    -----
    MAD is the plain median of absolute deviations. All pairs by matrix products, one a class. Cost:
    O(teams^2 n classes). Many copies raise the bar: of copies with 3 % of the answers edited half were
    missed in a league that shared a starter notebook. Source: docs/method.md, "Fingerprints"; the
    return to .9 is a choice made here.
    """
    if n_classes < 2:
        raise ValueError("n_classes must be at least 2")
    matrix = predictions_matrix(given=predictions, least=2)
    truth = predictions_matrix(given=np.asarray(labels)[None], least=1, name="labels")[0]
    if truth.shape != matrix.shape[1:] or len(truth) < 2:
        raise ValueError("labels and predictions must have the same items, at least two")
    if max(matrix.max(), truth.max()) >= n_classes:
        raise ValueError("predictions and labels must be below n_classes")
    if n_classes == 2:
        _, similarity = agreement_and_kappa(correctness=(matrix == truth).T)
        threshold = _league_threshold(similarity)
    else:
        similarity, threshold = _same_wrong_rate(matrix, truth), SAME_WRONG
    linked = (similarity > threshold) | (hamming(predictions=matrix) == 0)
    np.fill_diagonal(linked, False)
    n_groups, groups = connected_components(linked, directed=False)
    return AccountGroups(
        similarity=similarity,
        threshold=threshold,
        linked=linked,
        groups=groups.astype(np.int64),
        flagged=bool(linked.any()),
        words=f"{len(matrix)} accounts are {n_groups} groups by what they get wrong.",
    )


def _league_threshold(kappa: Floats) -> float:
    pairs = kappa[np.triu_indices(len(kappa), 1)]
    if len(pairs) < MIN_PAIRS:
        return KAPPA
    mad = sps.median_abs_deviation(pairs)
    usual = float(np.median(pairs) + MAD_MULTIPLIER * mad)
    # A bar that no kappa can pass says that the pairs are of two kinds: many copies among others.
    return max(KAPPA, usual) if usual < 1 else KAPPA


def _same_wrong_rate(matrix: NDArray[Any], truth: NDArray[Any]) -> Floats:
    """Share of two teams' common errors on which they give the same wrong answer, shape (teams, teams)."""
    wrong = matrix != truth
    common = wrong.astype(np.float32) @ wrong.T.astype(np.float32)
    same = np.zeros_like(common)
    for each in np.unique(matrix):
        wrongly_so = (wrong & (matrix == each)).astype(np.float32)
        same += wrongly_so @ wrongly_so.T
    result: Floats = np.where(
        common >= MIN_COMMON_ERRORS, same / np.maximum(common, 1), 0.0
    ).astype(np.float64)
    return result
