"""Discordant-pair homogeneity: the table that a reader can follow, beside the test that decides."""

from dataclasses import dataclass

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike

from stats.arguments import outcomes


@dataclass(frozen=True, kw_only=True)
class DiscordantPairs:
    """
    2x2 table: items that the final alone gets right, items that it alone gets wrong.

    Parameters
    ----------
    query, fresh : (int, int)
        The rows of the table.
    p_value : float
        One-sided Fisher exact test that the final's surplus is larger on the query items.
    """

    query: tuple[int, int]
    fresh: tuple[int, int]
    p_value: float


def discordant_pairs(
    *,
    query_final: ArrayLike,
    query_reference: ArrayLike,
    fresh_final: ArrayLike,
    fresh_reference: ArrayLike,
) -> DiscordantPairs:
    """
    Test the homogeneity of discordant pairs: an explanation of the accusation, never a verdict.

    Parameters
    ----------
    query_final, query_reference : array-like of shape (n,), 0 or 1
    fresh_final, fresh_reference : array-like of shape (m,), 0 or 1
        Correctness of the final and of its reference.

    Returns
    -------
    DiscordantPairs

    Raises
    ------
    ValueError
        If final and reference have different items, or a value is neither 0 nor 1.

    Notes
    -----
    A final chosen after any release is selected, and then the level does not hold (.079 over honest
    teams and .186 for a seed shopper at .05 in simulations). Cost: O(n+m).
    Source: docs/method.md, "Discordant pairs".
    """
    query = _row(query_final, query_reference, "query")
    fresh = _row(fresh_final, fresh_reference, "fresh")
    p_value = float(sps.fisher_exact([query, fresh], alternative="greater")[1])
    return DiscordantPairs(query=query, fresh=fresh, p_value=p_value)


def _row(final: ArrayLike, reference: ArrayLike, holdout: str) -> tuple[int, int]:
    if np.shape(final) != np.shape(reference) or np.ndim(final) != 1:
        raise ValueError(f"{holdout}_final and {holdout}_reference have different items")
    ours = outcomes(f"{holdout}_final", final)
    theirs = outcomes(f"{holdout}_reference", reference)
    return int(np.count_nonzero(ours & ~theirs)), int(np.count_nonzero(~ours & theirs))
