"""The kinds of holdouts, and which of them decide a verdict.

It knows no Django, so that a label file can be reported on, and a draw checked, where its labels live.
"""

from enum import StrEnum


class HoldoutKind(StrEnum):
    IID = "iid"
    TEMPORAL = "temporal"
    STRESS = "stress"
    PROSPECTIVE = "prospective"

    @property
    def meaning(self) -> str:
        return _MEANINGS[self]


# Such shards answer queries, and the fresh ones of their draw decide the audit: both need items that one
# random draw has made exchangeable.
DECIDING = (HoldoutKind.IID,)
# What each of the others must bring to mean what its name says.
NEEDS_PERIOD = (HoldoutKind.TEMPORAL,)
NEEDS_SLICES = (HoldoutKind.STRESS,)
WITHOUT_LABELS = (HoldoutKind.PROSPECTIVE,)
_MEANINGS = {
    HoldoutKind.IID: "random shard of the query pool",
    HoldoutKind.TEMPORAL: "later period",
    HoldoutKind.STRESS: "rare, adversarial or perturbed cases",
    HoldoutKind.PROSPECTIVE: "published before its labels exist",
}


def decides(kind: str) -> bool:
    return kind in DECIDING


CHOICES = [(kind.value, kind.meaning) for kind in HoldoutKind]
