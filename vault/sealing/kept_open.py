"""Labels that this process has open: those of a query holdout are decrypted once, not for each submission.

The journal has one entry for each time that a process opened a holdout: once, as long as it scores with at
most `MAX_KEPT` of them. What is released, or fails after the labels were used, names that entry. Whether the
holdout still answers queries is asked again at every use.
"""

import dataclasses
import datetime as dt
import uuid
from collections import OrderedDict

from vault.models import Holdout
from vault.sealing import holdouts, label_versions
from vault.sealing.sealed_labels import OpenLabels

# A worker's memory: labels and positions take 16 bytes an item, and a group's name some hundred more, so
# four of a million items some 64 MB, or half a gigabyte with groups.
MAX_KEPT = 4

# By holdout and number of its labels: a correction is seen at the next use.
_kept: OrderedDict[tuple[uuid.UUID, int], OpenLabels] = OrderedDict()


def query_labels(*, holdout: Holdout, actor: str, now: dt.datetime) -> OpenLabels:
    """Return what scoring needs of a query holdout: not its slices and times.

    The holdout's row was read just now. Raises LabelsUnavailableError if the holdout does not answer
    queries, or if this process cannot open it.
    """
    holdouts.check_may_open(holdout=holdout, purpose="scoring")
    number = label_versions.newest(holdout=holdout).number
    kept = _kept.get((holdout.pk, number))
    if kept is None:
        opened = holdouts.open_labels(
            holdout=holdout, purpose="scoring", reason={"scoring": True}, actor=actor, now=now
        )
        kept = dataclasses.replace(opened, slices={}, times=None)
        # Labels may have changed since they were looked for.
        number = opened.version
        _kept[holdout.pk, number] = kept
        if len(_kept) > MAX_KEPT:
            _kept.popitem(last=False)
    _kept.move_to_end((holdout.pk, number))
    return kept


def forget() -> None:
    """Drop all of them, as a new process would start."""
    _kept.clear()
