"""Whether those who asked a public board more often lost more on its private half: a board as a whole.

Scores are higher better; a team's gap is its public less its private score, positive where it looks better
on the public half. Nothing here says anything of a single team.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.stats as sps
from numpy.typing import ArrayLike, NDArray

from stats.arguments import check_counts, check_finite

Floats = NDArray[np.float64]
BoardVerdict = Literal["INFLATED", "NO_EVIDENCE", "NOT_TESTED", "TOO_SMALL"]

MIN_TEAMS = 50
MIN_CORRELATION = 0.10
LEVEL = 0.01
POWER = 0.80
# Differences of decimal scores that are equal on paper may differ in the last bits of a double.
DIGITS = 12
# One less a squared correlation that is nothing but rounding.
NO_REST = 1e-12


@dataclass(frozen=True, kw_only=True)
class DoseResponse:
    """
    How the gap goes with the number of entries, over the teams of a board.

    Parameters
    ----------
    n_teams : int
    spearman, partial : float in [-1, 1] or None
        Rank correlation of entries and gap, alone and given how good the teams are; None where one of the
        ranks does not vary, or what is given leaves nothing of it.
    p_value, partial_p : float in [0, 1] or None
        One-sided: how often teams without a connection would show as much or more.
    mde : float or None
        The correlation that is found with 80 % at this number of teams; None below four.
    verdict : "INFLATED", "NO_EVIDENCE", "NOT_TESTED" or "TOO_SMALL"
        Of the board.
    """

    n_teams: int
    spearman: float | None
    p_value: float | None
    partial: float | None
    partial_p: float | None
    mde: float | None
    verdict: BoardVerdict


@dataclass(frozen=True, kw_only=True)
class Quartiles:
    """
    The gap by quartiles of entries, fewest entries first.

    Parameters
    ----------
    medians : tuple of four floats or None
        None where no team is in the quartile, as equal numbers of entries stay together.
    n_teams, min_entries, max_entries : tuple of four ints
        Of each quartile; 0 where it is empty.
    """

    medians: tuple[float | None, ...]
    n_teams: tuple[int, ...]
    min_entries: tuple[int, ...]
    max_entries: tuple[int, ...]


def dose_response(
    *,
    public: ArrayLike,
    private: ArrayLike,
    entries: ArrayLike,
    n_public: int | None = None,
    n_private: int | None = None,
) -> DoseResponse:
    """
    Correlate the gap with the number of entries, and judge the board by it.

    Parameters
    ----------
    public, private : array-like of shape (T,)
        Scores of T teams on the two halves, higher better; losses are to be negated.
    entries : array-like of shape (T,)
        How often each team asked the public half.
    n_public, n_private : int or None
        Items of the halves, where both are known.

    Returns
    -------
    DoseResponse

    Raises
    ------
    ValueError
        If there is no team, lengths differ, a value is not finite or a number of items is below 1.

    Notes
    -----
    INFLATED: Spearman's correlation of entries and gap, and the same given how good the teams are, are both
    at least .10 with a one-sided p of at most .01; TOO_SMALL below 50 teams; NOT_TESTED where one of them
    does not exist. How good a team is: rank(public) + rank(private), or n_public public + n_private private.
    The private score alone would not do: it is half of the gap, and who is good asks more often, so the
    partial correlation would find inflation on honest boards. Assumes that both halves score on
    one scale, and teams that do not hand in each other's files: else honest boards are called INFLATED.
    Least correlation found with 80 %: 3.17/sqrt(T - 3). Cost: O(T log T). Source: docs/method.md, "Boards
    of others".
    """
    query, fresh, doses = _checked(public, private, entries)
    n_teams = len(doses)
    gap = sps.rankdata(_exact(query - fresh))
    asked = sps.rankdata(doses)
    level = sps.rankdata(_level(query, fresh, n_public, n_private))
    plain = _correlation(asked, gap)
    partial = _partial(plain, _correlation(asked, level), _correlation(gap, level))
    p_value, partial_p = _upper(plain, n_teams - 2), _upper(partial, n_teams - 3)
    return DoseResponse(
        n_teams=n_teams,
        spearman=plain,
        p_value=p_value,
        partial=partial,
        partial_p=partial_p,
        mde=detectable(n_teams=n_teams),
        verdict=_verdict(n_teams, (plain, p_value), (partial, partial_p)),
    )


def detectable(*, n_teams: int) -> float | None:
    """
    Compute the smallest correlation that a test at one-sided .01 finds with 80 %.

    Parameters
    ----------
    n_teams : int

    Returns
    -------
    float in (0, 1] or None
        None below four teams.

    Notes
    -----
    By the variance 1/(T - 3) of Fisher's z, without its curve: 3.17/sqrt(T - 3), at most 1. Cost: O(1).
    Source: docs/method.md, "Boards of others".
    """
    if n_teams < 4:
        return None
    quantiles = sps.norm.isf(LEVEL) + sps.norm.isf(1 - POWER)
    return min(1.0, float(quantiles) / math.sqrt(n_teams - 3))


def gap_quartiles(*, public: ArrayLike, private: ArrayLike, entries: ArrayLike) -> Quartiles:
    """
    Compute the median gap of those who asked least, less than most, more than most, and most.

    Parameters
    ----------
    public, private, entries : array-like of shape (T,)
        As in `dose_response`.

    Returns
    -------
    Quartiles

    Raises
    ------
    ValueError
        If there is no team, lengths differ or a value is not finite.

    Notes
    -----
    Teams with equally many entries are in one quartile, that of their mean rank. Cost: O(T log T). Source:
    elementary.
    """
    query, fresh, doses = _checked(public, private, entries)
    gap = query - fresh
    quarter = np.ceil(4 * (sps.rankdata(doses) - 0.5) / len(doses)).clip(1, 4)
    parts = [quarter == place for place in (1, 2, 3, 4)]
    return Quartiles(
        medians=tuple(float(np.median(gap[part])) if part.any() else None for part in parts),
        n_teams=tuple(int(part.sum()) for part in parts),
        min_entries=tuple(int(doses[part].min()) if part.any() else 0 for part in parts),
        max_entries=tuple(int(doses[part].max()) if part.any() else 0 for part in parts),
    )


def _level(query: Floats, fresh: Floats, n_public: int | None, n_private: int | None) -> Floats:
    """Compute how good teams are, by both halves alike."""
    if n_public is None or n_private is None:
        result: Floats = sps.rankdata(query) + sps.rankdata(fresh)
        return result
    check_counts(n_public=n_public, n_private=n_private)
    return _exact(n_public * query + n_private * fresh)


def _exact(values: Floats) -> Floats:
    """Round away what doubles add to decimal scores, so that equal values tie."""
    scale = float(np.abs(values).max()) or 1.0
    result: Floats = np.round(values / scale, DIGITS)
    return result


def _correlation(one: Floats, other: Floats) -> float | None:
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    # A perfect order is 1 but for the last bits.
    return round(float(np.corrcoef(one, other)[0, 1]), DIGITS + 2)


def _partial(plain: float | None, asked: float | None, gap: float | None) -> float | None:
    """Compute the correlation of entries and gap that the third one leaves."""
    if plain is None:
        return None
    if asked is None or gap is None:
        # A level that all teams share explains nothing.
        return plain
    rest = (1 - asked**2) * (1 - gap**2)
    if rest <= NO_REST:
        return None
    return float(np.clip((plain - asked * gap) / math.sqrt(rest), -1, 1))


def _upper(correlation: float | None, freedom: int) -> float | None:
    if correlation is None or freedom < 1:
        return None
    if abs(correlation) == 1:
        return float(correlation < 0)
    statistic = correlation * math.sqrt(freedom / (1 - correlation**2))
    return float(sps.t.sf(statistic, freedom))


def _verdict(n_teams: int, *found: tuple[float | None, float | None]) -> BoardVerdict:
    if n_teams < MIN_TEAMS:
        return "TOO_SMALL"
    pairs = [(value, p) for value, p in found if value is not None and p is not None]
    if len(pairs) < len(found):
        return "NOT_TESTED"
    both = all(value >= MIN_CORRELATION and p <= LEVEL for value, p in pairs)
    return "INFLATED" if both else "NO_EVIDENCE"


def _checked(
    public: ArrayLike, private: ArrayLike, entries: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    query, fresh, doses = (np.asarray(given, float) for given in (public, private, entries))
    if query.ndim != 1 or not len(query) or not query.shape == fresh.shape == doses.shape:
        raise ValueError("public, private and entries: one of each for each team is needed")
    check_finite(public=query, private=fresh, entries=doses)
    return query, fresh, doses
