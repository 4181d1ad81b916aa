"""The desk at which a player acts: it hands in predictions and hears released values, no more."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

# One 0 or 1 per panel item, in the order of the ids.
Predictions = NDArray[np.uint8]
Ticket = str


class Desk(Protocol):
    """One team's access to one round. Handing in the same predictions twice is free."""

    def submit(self, *, predictions: Predictions) -> Ticket:
        """Hand in without waiting for the score."""
        ...

    def answer(self, *, ticket: Ticket) -> float | None:
        """Wait until scored; None if the mechanism shows nothing yet."""
        ...

    def submit_many(self, *, batch: Sequence[Predictions]) -> list[float | None]:
        """Submit in order, possibly several in flight; answers in the same order."""
        ...

    def declare_final(self, *, ticket: Ticket) -> None: ...


class DeskError(Exception):
    """The desk could not serve the player: refused, failed for good, or out of patience."""
