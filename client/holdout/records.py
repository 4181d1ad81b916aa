"""What the service answers, as far as this version relies on it; further members may come with it."""

from dataclasses import asdict, dataclass
from typing import NotRequired, TypedDict

PENDING = ("QUEUED", "SCORING")


@dataclass(frozen=True, kw_only=True)
class Submission:
    id: str
    round: int
    sequence: int
    status: str
    sha256: str
    submitted_at: str
    finished_at: str | None
    # The submission's own value, in the metric's units; None where it has none: it did not improve, or
    # nothing may be shown.
    released: float | None
    outcome: str | None
    error_code: str | None
    is_final: bool
    # What the team's earlier answers left on display where the submission has no value of its own.
    on_display: float | None = None
    benchmark: str = ""
    model_name: str = ""
    commit: str = ""
    ci_run_url: str = ""
    validation_score: float | None = None
    latency_p95_ms: float | None = None
    cost_per_1000: float | None = None
    idempotency_key: str | None = None
    # Handed in after the round's end, as an organizer allowed; an older service does not say.
    is_late: bool = False

    @property
    def is_pending(self) -> bool:
        return self.status in PENDING


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    slug: str
    title: str
    primary_metric: str
    greater_is_better: bool
    task: str = ""
    prediction_form: str = ""
    secondary_metrics: list[str] | None = None
    # How files are scored; an older service does not say.
    decision_threshold: float | None = None
    probability_clip: float | None = None
    cost_matrix: list[list[float]] | None = None
    # Limits by measure that a model has to keep to beside its score.
    constraints: dict[str, float] | None = None
    # By true class, how probable each label is: as the organizers declare it.
    label_noise: list[list[float]] | None = None

    @property
    def metrics(self) -> list[str]:
        return [self.primary_metric, *(self.secondary_metrics or [])]


class Told(TypedDict):
    """What a change was about, as it was or as it became."""

    closes_at: NotRequired[str]
    queries: NotRequired[int]
    until: NotRequired[str]


class RoundChange(TypedDict):
    """What an organizer changed about a round, with the reason."""

    kind: str
    at: str
    reason: str
    # None: it is about all, or about one that is not on the board yet.
    team: str | None
    before: Told | None
    after: Told | None


@dataclass(frozen=True, kw_only=True)
class Round:
    number: int
    status: str
    opens_at: str
    closes_at: str
    mechanism: str
    resolution: float
    # When it took nothing more, which may be before it was announced; an older service does not say.
    closed_at: str | None = None
    # No fresh holdout judges it, so that nobody is tested.
    unaudited: bool = False
    # The oldest first; an older service does not say.
    changes: list[RoundChange] | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a dry run says of a file that is valid."""

    is_valid: bool
    panel_version: int
    n_items: int
    sha256: str


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
        said = asdict(self)
        return {name: str(value) for name, value in said.items() if value not in ("", None)}


class LabelVersion(TypedDict):
    """One version of a holdout's labels: 1 are those that were sealed, later ones corrected."""

    version: int
    # None: its labels are still to come.
    commitment: str | None
    reason: str | None


class PublicHoldout(TypedDict):
    """What is public of sealed labels."""

    id: str
    status: str
    n_items: int
    # None: its labels are still to come.
    commitment: str | None
    # The oldest first, where the service knows of versions.
    label_versions: NotRequired[list[LabelVersion]]
    # Of the panel that its items are in, where the service says it.
    panel_version: NotRequired[int]


class PublicPanel(TypedDict):
    version: int


class PublicDraw(TypedDict):
    """What is public of how holdouts were drawn."""

    batch: str
    seed_sha256: str
    holdouts: list[str]


class WithHoldouts(TypedDict):
    """A benchmark with its holdouts; its latest panel is not shown to everybody."""

    slug: NotRequired[str]
    panel: NotRequired[PublicPanel | None]
    holdouts: list[PublicHoldout]
    # Where the service says it.
    draws: NotRequired[list[PublicDraw]]


class Page(TypedDict):
    next: str | None
    results: list[object]


class Limit(TypedDict):
    limit: int
    used: int


class Window(Limit):
    seconds: int


class Nats(TypedDict):
    # What answers may reveal of the labels at most, in units of information: 1 nat is 1.44 bits.
    reserved: float
    used: float
    # What the holdout told everybody.
    told: float


class Budget(TypedDict):
    round: int
    # An older service does not say it.
    opens_at: NotRequired[str]
    # What is left, as a sentence; an older service does not say it.
    summary: NotRequired[str]
    window: Window
    total: Limit
    concurrent: Limit
    next_slot_at: str | None
    accepted_improvements: Limit | None
    nats: Nats
    # None: no guarantee.
    proven_error: float | None


class BoardRow(TypedDict):
    rank: int | None
    team: str
    released: float | None
    attempts: int
    fresh: float | None
    verdict: str | None
    # Told of a published round.
    fresh_low: NotRequired[float | None]
    fresh_high: NotRequired[float | None]
    fresh_resolution: NotRequired[float | None]
    overstatement: NotRequired[float | None]
    overstatement_low: NotRequired[float | None]
    overstatement_high: NotRequired[float | None]
    luck: NotRequired[float | None]
    # The file that overstatement, luck and verdict are of: `final`, or `best_scored`.
    file_named: NotRequired[str | None]
    is_unranked: NotRequired[bool]
    unranked_reason: NotRequired[str | None]
    # Names of the teams that were merged into it.
    absorbed: NotRequired[list[str]]


class Board(TypedDict):
    round: int
    status: str
    is_published: bool
    resolution: float
    # Nobody is tested; an older service does not say.
    unaudited: NotRequired[bool]
    rows: list[BoardRow]


class AuditedTeam(TypedDict):
    team: str
    # None: no figure of this final is told; `no_figure` says why.
    fresh: float | None
    fresh_interval: list[float] | None
    no_figure: str | None
    rank_after: int | None
    tier: int | None
    query: float | None
    # Positive: it looks better on the query labels than on new ones.
    overstatement: float | None
    overstatement_interval: list[float] | None
    luck: float | None
    p_adjusted: str | None
    minimum_detectable_effect: float | None
    attempts: int | None
    verdict: str | None
    sentence: str
    # The file that overstatement, luck, p-value and verdict are of: `final`, or `best_scored`, whose own
    # fresh figure is `named_fresh`.
    file_named: NotRequired[str | None]
    named_fresh: NotRequired[float | None]
    is_unranked: NotRequired[bool]
    unranked_reason: NotRequired[str | None]


class DrawnGroups(TypedDict):
    """Of holdouts that were drawn by whole groups of items."""

    sentence: str


class AuditDocument(TypedDict):
    benchmark: str
    round: int
    metric: str
    # None: figures are exact.
    fresh_resolution: float | None
    shift_gate: str
    headline: str
    how_to_read: str
    # None: items were drawn one by one; an older service does not say.
    drawn_groups: NotRequired[DrawnGroups | None]
    teams: list[AuditedTeam]


class PublishedAudit(TypedDict):
    id: int
    round: int
    published_at: str
    # An older service does not say.
    url: NotRequired[str]
    leaderboard: NotRequired[str]


class Audit(PublishedAudit):
    document: AuditDocument


class Token(TypedDict):
    id: int
    label: str
    prefix: str
    scopes: list[str]
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    made_by: int | None
    is_current: bool


class NewToken(TypedDict):
    id: int
    label: str
    token: str


@dataclass(frozen=True, kw_only=True)
class SignedHead:
    """How long a benchmark's journal was, and its last hash, as the service signed it."""

    benchmark: str
    number: int
    hash: str
    signed_at: str
    # The id of the key that signed it.
    key: str
    signature: str


class SigningKey(TypedDict):
    id: str
    generation: int
    # PEM.
    public_key: str
