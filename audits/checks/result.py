"""What a check says: of one team, or of the whole board. No per-item data, ever."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Result:
    """`estimate`, `low`, `high` and `minimum_detectable_effect` are in the metric's units."""

    check: str
    team_id: int | None = None
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    minimum_detectable_effect: float | None = None
    evidence: dict[str, Any] = field(default_factory=dict)
