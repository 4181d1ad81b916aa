"""Ledger share: how much of what could be revealed has been."""

import math

from stats.fingerprints.contract import Fingerprint

THRESHOLD = 0.8


def ledger_share(*, spent: float, allowed: float) -> Fingerprint:
    """
    Return nats revealed over nats allowed.

    Parameters
    ----------
    spent, allowed : float
        Nats, at least 0; what the ledger counts and what was reserved.

    Returns
    -------
    Fingerprint
        Flagged from .8 on. With nothing allowed the value is 0 if nothing was spent, else infinite.

    Raises
    ------
    ValueError
        If a number is negative or not finite.

    Notes
    -----
    Deterministic. Cost: O(1). Source: docs/method.md, "Fingerprints".
    """
    for name, nats in (("spent", spent), ("allowed", allowed)):
        if not (math.isfinite(nats) and nats >= 0):
            raise ValueError(f"{name} must be a finite number of nats, at least 0")
    without = math.inf if spent > 0 else 0.0
    value = spent / allowed if allowed > 0 else without
    return Fingerprint(
        value=value,
        threshold=THRESHOLD,
        flagged=value >= THRESHOLD,
        words=f"{spent:.3g} of {allowed:.3g} nats are spent.",
    )
