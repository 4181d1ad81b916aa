"""How a report names the items of a holdout that is not of the query holdout's draw."""

from vault.holdout_kinds import HoldoutKind, decides


def items_of(*, holdout: str, kind: str) -> str:
    """Name them by the first characters of the holdout's id, and by what they measure."""
    meaning = "" if decides(kind) else f", {HoldoutKind(kind).meaning}"
    return f"the items of another draw ({holdout[:8]}{meaning})"
