"""How far two boards over different items are apart, by references that stand on both."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, kw_only=True)
class BoardLink:
    """
    The link of a board to an earlier one.

    Parameters
    ----------
    n_references : int, >= 1
        References that stand on both.
    difference : float
        Mean of their scores on the later board less those on the earlier one, in the metric's units.
    standard_error : float, > 0
        At most so large, over the items of both boards.
    distortion : float, >= 0
        How far what is displayed can put the difference off, beyond any number of standard errors.
    """

    n_references: int
    difference: float
    standard_error: float
    distortion: float


def link_boards(
    *,
    earlier: ArrayLike,
    later: ArrayLike,
    n_earlier: float,
    n_later: float,
    unit: float,
    distortion_earlier: float = 0.0,
    distortion_later: float = 0.0,
) -> BoardLink:
    """
    Compute by how much the scores of the same references differ between two boards.

    Parameters
    ----------
    earlier, later : array-like of shape (m,)
        Scores of the same m >= 1 references on either board, in the metric's units, as displayed. Finite.
    n_earlier, n_later : float, >= 1
        Independent items of either board.
    unit : float, > 0
        Range u of one item's value.
    distortion_earlier, distortion_later : float, >= 0, default=0
        How far what either board displays can be from the scores: `Account.distortion` of its mechanism.

    Returns
    -------
    BoardLink

    Raises
    ------
    ValueError
        If there are no scores, one is not finite, there are not as many on both, or a value is out of range.

    Notes
    -----
    se^2 = u^2 / 4 (1/n_earlier + 1/n_later): no value between two ends that are u apart has a larger
    variance, and the references of a board count as one, as if all were right about the same items. Boards
    of other sizes round by other steps, all references alike, so that no mean takes this off: both
    distortions add up. Assumes a score that is a mean over items, and other items on either board. Cost:
    O(m). Source: docs/method.md, "Linking boards".

    Examples
    --------
    >>> link_boards(earlier=[0.7, 0.8], later=[0.72, 0.8], n_earlier=2500, n_later=2500, unit=1.0)
    BoardLink(n_references=2, difference=0.01, standard_error=0.014142135623730952, distortion=0.0)
    """
    first, second = (np.asarray(each, dtype=np.float64) for each in (earlier, later))
    if first.ndim != 1 or len(first) == 0 or first.shape != second.shape:
        raise ValueError("each reference has a score on either board, and there is at least one")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("scores are finite")
    if not (1 <= n_earlier < math.inf and 1 <= n_later < math.inf):
        raise ValueError("either board has at least one item")
    if not 0 < unit < math.inf:
        raise ValueError("the unit is positive and finite")
    if not (0 <= distortion_earlier < math.inf and 0 <= distortion_later < math.inf):
        raise ValueError("distortions of scores are finite and not negative")
    return BoardLink(
        n_references=len(first),
        # Without the digits that only binary fractions bring.
        difference=round(float(np.mean(second - first)), 12) + 0.0,
        standard_error=unit / 2 * math.sqrt(1 / n_earlier + 1 / n_later),
        distortion=distortion_earlier + distortion_later,
    )
