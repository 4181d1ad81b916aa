"""What the service answers, as frozen records. Members that this version does not know are left out."""

from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

from holdout.errors import NetworkError

PENDING = ("QUEUED", "SCORING")
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Submission:
    id: str
    round: int
    sequence: int
    status: str
    sha256: str
    submitted_at: str
    finished_at: str | None
    # In the metric's units; None while nothing may be shown.
    released: float | None
    outcome: str | None
    error_code: str | None
    is_final: bool
    benchmark: str = ""
    model_name: str = ""
    commit: str = ""
    ci_run_url: str = ""
    validation_score: float | None = None
    latency_p95_ms: float | None = None
    cost_per_1000: float | None = None
    idempotency_key: str | None = None

    @property
    def is_pending(self) -> bool:
        return self.status in PENDING


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    slug: str
    title: str
    primary_metric: str
    greater_is_better: bool


@dataclass(frozen=True, kw_only=True)
class Round:
    number: int
    status: str
    opens_at: str
    closes_at: str
    mechanism: str
    resolution: float


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where a submission comes from, and what its team measured of it."""

    model_name: str = ""
    commit: str = ""
    ci_run_url: str = ""
    validation_score: float | None = None
    latency_p95_ms: float | None = None
    cost_per_1000: float | None = None

    def parameters(self) -> dict[str, str]:
        given = asdict(self)
        return {name: str(value) for name, value in given.items() if value not in ("", None)}


def read(kind: type[R], document: dict[str, Any]) -> R:
    known = {each.name for each in fields(kind)}  # type: ignore[arg-type]
    try:
        return kind(**{name: value for name, value in document.items() if name in known})
    except TypeError:
        name = kind.__name__.lower()
        raise NetworkError(f"the answer is no {name}: is this the service's address?") from None
