"""The gate before an accusation: whether query and fresh items look like the one draw that they were.

Models that cannot have adapted must score alike on both, up to chance. The chance is known: the draw is
repeated. So the gate fires in one honest round of a hundred whatever the metric, the number of units or the
files are, and nobody can make it fire by handing in an odd file: which items were drawn does not depend on
it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stats.draw import Draw
from stats.redraws import CONTESTED, Block, observed, repeated
from stats.references import pool
from stats.shift_power import detectable_difference

LEVEL = 0.01
N_DRAWS, BLOCK = 1_999, 500
# Differences closer than this share of the null's spread are equal.
TIE = 1e-9

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Gate:
    """
    Whether the two holdouts look like one draw, judged by models that cannot have adapted.

    Parameters
    ----------
    difference : float
        Query mean minus fresh mean, the mean over the models, in the items' units.
    z : float
        The mean of the studentised differences, in standard deviations of the repeated draws.
    p_value : float
        Two-sided, from repeated draws.
    fired : bool
        p <= .01: nobody may be confirmed.
    """

    difference: float
    z: float
    p_value: float
    fired: bool


def gate(*, items: NDArray[Any], draw: Draw, rng: np.random.Generator) -> Gate:
    """
    Compare untuned models' scores between the holdouts.

    Parameters
    ----------
    items : array of shape (n+m, k)
        Item scores or influence values of k models, query items first.
    draw : Draw
    rng : numpy Generator

    Returns
    -------
    Gate

    Raises
    ------
    ValueError
        If there is no model, rows do not fit the draw or a value is not finite.

    Notes
    -----
    Each model's difference is studentised, so that one file with gross errors counts as one model. Assumes:
    models independent of which items were drawn as query. Cost: 1,999 draws of the units. Source:
    docs/method.md, "The gate".
    """
    if items.shape[0] != draw.n + draw.m or not items.shape[1]:
        raise ValueError("items: a row for each item of the draw and one model or more are needed")
    if not np.isfinite(items).all():
        raise ValueError("items: every value must be finite")
    variances = np.diag(pool(items=items, k=items.shape[1], draw=draw).variance)
    weights = np.divide(1.0, np.sqrt(variances), out=np.zeros(len(variances)), where=variances > 0)
    # From the first item: a model with next to no spread has a large weight, and its level would drown it.
    leads = (items - items[:1].astype(np.float64)) @ weights
    combined = draw.totals(leads[:, None])[:, 0].astype(np.float64)
    pattern = np.full(draw.n_units, CONTESTED)
    found = float(_gaps(observed(draw=draw, pattern=pattern), combined, draw)[0])
    blocks = repeated(draw=draw, pattern=pattern, rng=rng, size=BLOCK)
    n_blocks = -(-N_DRAWS // BLOCK)
    null = np.concatenate([_gaps(next(blocks), combined, draw) for _ in range(n_blocks)])[:N_DRAWS]
    spread = float(null.std())
    reached = int(np.count_nonzero(np.abs(null) >= abs(found) - TIE * spread))
    p_value = (1 + reached) / (1 + N_DRAWS)
    query, fresh = items[: draw.n].mean(axis=0), items[draw.n :].mean(axis=0)
    return Gate(
        difference=float((query - fresh).mean()),
        z=found / spread if spread > 0 else 0.0,
        p_value=p_value,
        fired=p_value <= LEVEL,
    )


def detectable(*, items: NDArray[Any], draw: Draw) -> float:
    """
    Compute which difference of the models' mean score the gate finds with probability .8.

    Parameters
    ----------
    items, draw
        As in `gate`.

    Returns
    -------
    float
        In the items' units.

    Notes
    -----
    Of a z test on the mean over the models, of units that were drawn apart. Each model counts alike, where
    the gate studentises. Cost: a mean over the models. Source: docs/method.md, "Shift".
    """
    shares = draw.shares(items.mean(axis=1, dtype=np.float64)[:, None])
    parts = [np.asarray(each, np.float64) for each in shares]
    variance = sum(float(each.var(ddof=1)) / len(each) for each in parts)
    return detectable_difference(standard_error=float(np.sqrt(variance)), alpha=LEVEL)


def _gaps(block: Block, totals: Floats, draw: Draw) -> Floats:
    """Return query mean less fresh mean of each draw."""
    chosen = block.chosen.astype(np.float64)
    sums, sizes = chosen @ totals, chosen @ draw.sizes
    rest = draw.n + draw.m - sizes
    gaps: Floats = sums / sizes - (totals.sum() - sums) / rest
    return gaps
