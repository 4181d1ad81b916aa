"""The ledger of improvements: what each step claimed on query items, and what is kept on fresh ones.

A step goes from one accepted file to the next. Claims are exact there, as these very items are what was
climbed; what is kept is an estimate, with the interval of a pair of files on the same fresh items. Scores
are oriented: positive is better.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stats.arguments import check_counts, check_finite
from stats.intervals import Interval
from stats.paired import Difference, mcnemar, paired_difference
from stats.two_sample import difference_in_differences

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Step:
    """
    From one file to a later one.

    Parameters
    ----------
    start, file : int
        Columns of the two files.
    claimed, kept : float
        How much better the later file is on query and on fresh items, in the metric's units.
    kept_interval : Interval or None
        Paired, over fresh items. None: the metric has none here, or no item parts the two files.
    missing_interval : Interval or None
        Of `missing`, over the items of both holdouts.
    """

    start: int
    file: int
    claimed: float
    kept: float
    kept_interval: Interval | None
    missing_interval: Interval | None

    @property
    def missing(self) -> float:
        """What was claimed and is not kept."""
        return self.claimed - self.kept


@dataclass(frozen=True, kw_only=True)
class Improvements:
    """
    A team's accepted files, step by step.

    Parameters
    ----------
    steps : list of Step
        In time order; of many those that claimed most.
    n_others : int
        Steps that are not among them.
    others_claimed, others_kept : float
        Their sums.
    total : Step
        From the first file to the last: the sum of all steps.
    p_value : float or None
        McNemar's exact test that first and last are equally often right on fresh items, where items are
        right or wrong.
    """

    steps: list[Step]
    n_others: int
    others_claimed: float
    others_kept: float
    total: Step
    p_value: float | None


def accepted(
    *, released: Sequence[float | None], is_improved: Sequence[bool], tie: float
) -> list[int]:
    """
    Find the files that were released as improvements.

    Parameters
    ----------
    released : sequence of float or None
        Oriented value of each file in time order; None where none of its own was released.
    is_improved : sequence of bool
        Whether its answer said so: of a mechanism that tells one bit there is no value.
    tie : float, >= 0
        Values that are no further apart are equal.

    Returns
    -------
    list of int
        The first released file, and each that was released higher than all before it, or as an improvement
        without a value.

    Raises
    ------
    ValueError
        If lengths differ, or a number is not finite.

    Notes
    -----
    Cost: O(files). Source: elementary.
    """
    if len(released) != len(is_improved):
        raise ValueError("is_improved: one for each released value is needed")
    check_finite(tie=tie, released=[each for each in released if each is not None])
    found, highest = [], -np.inf
    for file, (value, is_better) in enumerate(zip(released, is_improved, strict=True)):
        if value is None:
            if is_better:
                found.append(file)
        elif value > highest + tie:
            found.append(file)
            highest = value
    return found


def improvements(
    *,
    query_exact: ArrayLike,
    fresh_exact: ArrayLike,
    query_items: ArrayLike | None = None,
    fresh_items: ArrayLike | None = None,
    most: int = 12,
    confidence_level: float = 0.95,
) -> Improvements:
    """
    Compare what accepted files claimed with what is kept of it.

    Parameters
    ----------
    query_exact, fresh_exact : array-like of shape (k,)
        Scores of k accepted files in time order, k >= 2, on either holdout; higher is better.
    query_items, fresh_items : array-like of shape (n, k) and (m, k), optional
        Item scores, or influence values, of what was drawn: of groups their shares of the mean. Without
        them there is no interval.
    most : int, default=12
        So many steps are told one by one.
    confidence_level : float in (0, 1)

    Returns
    -------
    Improvements

    Raises
    ------
    ValueError
        If there are fewer than two files, shapes differ, a value is not finite, or most or the level is out
        of range.

    Notes
    -----
    Kept: the paired t interval. Missing: Welch's interval of the difference of both paired leads. Both are
    moved to the exact difference, of which influence values have the spread and not the value. The interval
    of what is kept holds for any choice by query items, as fresh items had no part in it; that of what is
    missing assumes a file fixed beforehand, so chance alone puts it above 0 for a file chosen as the best
    (the winner's curse). Assumes independent items or groups, and more than a few that part two files. Cost:
    O((n + m) most). Source: docs/method.md, "Improvements".
    """
    query = np.asarray(query_exact, dtype=np.float64)
    fresh = np.asarray(fresh_exact, dtype=np.float64)
    if query.ndim != 1 or query.shape != fresh.shape or len(query) < 2:
        raise ValueError(
            "query_exact, fresh_exact: scores of the same two or more files are needed"
        )
    check_finite(query_exact=query, fresh_exact=fresh)
    check_counts(most=most)
    items = _items(query_items, fresh_items, len(query))

    def step(start: int, file: int) -> Step:
        return _step(query, fresh, items, start, file, confidence_level)

    claims, keeps = np.diff(query), np.diff(fresh)
    told = np.sort(np.argsort(-claims, kind="stable")[:most])
    others = np.setdiff1d(np.arange(len(claims)), told)
    on_fresh = None if items is None else items[1][:, [0, -1]]
    is_outcome = on_fresh is not None and bool(np.isin(on_fresh, (0, 1)).all())
    return Improvements(
        steps=[step(int(each), int(each) + 1) for each in told],
        n_others=len(others),
        others_claimed=float(claims[others].sum()),
        others_kept=float(keeps[others].sum()),
        total=step(0, len(query) - 1),
        p_value=mcnemar(correct=on_fresh[:, 1], reference_correct=on_fresh[:, 0])
        if on_fresh is not None and is_outcome
        else None,
    )


def _items(
    query_items: ArrayLike | None, fresh_items: ArrayLike | None, k: int
) -> tuple[Floats, Floats] | None:
    if query_items is None or fresh_items is None:
        return None
    found = np.asarray(query_items, np.float64), np.asarray(fresh_items, np.float64)
    if any(each.ndim != 2 or each.shape[1] != k or len(each) < 2 for each in found):
        raise ValueError(
            "query_items, fresh_items: a column for each file and two items or more are needed"
        )
    return found


def _step(
    query: Floats,
    fresh: Floats,
    items: tuple[Floats, Floats] | None,
    start: int,
    file: int,
    confidence_level: float,
) -> Step:
    claimed, kept = float(query[file] - query[start]), float(fresh[file] - fresh[start])
    kept_interval = missing_interval = None
    if items is not None:
        on_query, on_fresh = items
        pair = paired_difference(
            scores=on_fresh[:, file],
            reference_scores=on_fresh[:, start],
            confidence_level=confidence_level,
        )
        both = difference_in_differences(
            query_scores=on_query[:, file],
            query_reference=on_query[:, start],
            fresh_scores=on_fresh[:, file],
            fresh_reference=on_fresh[:, start],
            confidence_level=confidence_level,
        )
        kept_interval = _around(kept, pair)
        missing_interval = None if kept_interval is None else _around(claimed - kept, both)
    return Step(
        start=start,
        file=file,
        claimed=claimed,
        kept=kept,
        kept_interval=kept_interval,
        missing_interval=missing_interval,
    )


def _around(exact: float, found: Difference) -> Interval | None:
    """Move an interval to the exact difference; files that differ nowhere say nothing of other items."""
    if not found.se:
        return None
    moved = exact - found.estimate
    return Interval(low=found.interval.low + moved, high=found.interval.high + moved)
