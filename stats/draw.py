"""What the vault drew at random: single items or whole clusters, from one pool or within strata.

A shuffle that is to be exact repeats that draw. Items that were drawn one by one are shuffled one by
one, however much they resemble each other: the randomness is the draw's, not the items'.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Draw:
    """
    How n+m items came to be query or fresh; items are in order, query items first.

    Parameters
    ----------
    n, m : int
        Query and fresh items.
    unit_of_item : array of shape (n+m,), or None
        Number of each item's cluster; None: every item is a unit of its own.
    stratum_of_unit : array of shape (units,)
        Number of each unit's stratum, from 0.
    is_query : array of shape (units,), bool
        Which units are query.
    """

    n: int
    m: int
    unit_of_item: Numbers | None
    stratum_of_unit: Numbers
    is_query: NDArray[np.bool_]

    @property
    def n_units(self) -> int:
        return len(self.is_query)

    @property
    def sizes(self) -> NDArray[np.float64]:
        """Items of each unit, shape (units,)."""
        if self.unit_of_item is None:
            return np.ones(self.n_units)
        return np.bincount(self.unit_of_item, minlength=self.n_units).astype(np.float64)

    @property
    def strata(self) -> list[Numbers]:
        """The units of each stratum."""
        order = np.argsort(self.stratum_of_unit, kind="stable")
        ends = np.cumsum(np.bincount(self.stratum_of_unit))[:-1]
        return np.split(order, ends)

    def totals(self, values: NDArray[np.generic]) -> NDArray[np.generic]:
        """Sum over the items of each unit, (n+m, columns) to (units, columns)."""
        if self.unit_of_item is None:
            return values
        totals = np.zeros((self.n_units, values.shape[1]), dtype=np.float64)
        np.add.at(totals, self.unit_of_item, values)
        return totals

    def shares(
        self, values: NDArray[np.generic]
    ) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
        """Turn item values, (n+m, columns), into values of query and of fresh units with the same means.

        Whatever takes rows for independent takes these: items of one unit were drawn together.
        """
        if self.unit_of_item is None:
            return values[: self.n], values[self.n :]
        totals = np.asarray(self.totals(values), dtype=np.float64)
        query, fresh = totals[self.is_query], totals[~self.is_query]
        return query * (len(query) / self.n), fresh * (len(fresh) / self.m)


def draw(
    *,
    n: int,
    m: int,
    query_clusters: ArrayLike | None = None,
    fresh_clusters: ArrayLike | None = None,
    query_strata: ArrayLike | None = None,
    fresh_strata: ArrayLike | None = None,
) -> Draw:
    """
    Describe the draw of n query and m fresh items.

    Parameters
    ----------
    n, m : int
        Query and fresh items.
    query_clusters, fresh_clusters : array-like of shape (n,) and (m,), optional
        Each item's cluster, if whole clusters were drawn.
    query_strata, fresh_strata : array-like of shape (n,) and (m,), optional
        Each item's stratum, if a fixed number was drawn from each.

    Returns
    -------
    Draw

    Raises
    ------
    ValueError
        If a length is wrong, one holdout's part is missing, a cluster is in both holdouts or in two
        strata, or a holdout has fewer than two units.

    Notes
    -----
    Assumes: within a stratum, every choice of as many units was equally likely. Cost: O((n+m) log(n+m)).
    Source: docs/method.md, "The accusation".
    """
    clusters = _numbers(query_clusters, fresh_clusters, n, m, "clusters")
    of_item = _numbers(query_strata, fresh_strata, n, m, "strata")
    if of_item is None:
        of_item = np.zeros(n + m, dtype=np.intp)
    item_is_query = np.arange(n + m) < n
    if clusters is None:
        made = Draw(n=n, m=m, unit_of_item=None, stratum_of_unit=of_item, is_query=item_is_query)
    else:
        first = np.unique(clusters, return_index=True)[1]
        made = Draw(
            n=n,
            m=m,
            unit_of_item=clusters,
            stratum_of_unit=of_item[first],
            is_query=item_is_query[first],
        )
        if (made.is_query[clusters] != item_is_query).any():
            raise ValueError("clusters: a cluster is in both holdouts, so it was not drawn whole")
        if (made.stratum_of_unit[clusters] != of_item).any():
            raise ValueError("clusters: a cluster is in two strata")
    if min(made.is_query.sum(), (~made.is_query).sum()) < 2:
        raise ValueError("clusters: at least two units a holdout are needed")
    return made


def _numbers(
    query: ArrayLike | None, fresh: ArrayLike | None, n: int, m: int, name: str
) -> Numbers | None:
    """Turn labels of any kind into numbers from 0."""
    if query is None and fresh is None:
        return None
    if query is None or fresh is None:
        raise ValueError(f"{name}: both holdouts' {name} are needed")
    parts = np.asarray(query), np.asarray(fresh)
    if parts[0].shape != (n,) or parts[1].shape != (m,):
        raise ValueError(f"{name}: one for each item is needed")
    numbers: Numbers = np.unique(np.concatenate(parts), return_inverse=True)[1]
    return numbers.astype(np.intp)
