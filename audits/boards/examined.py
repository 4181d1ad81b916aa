"""What is found out about a board, and the one document that its text, JSON and page are made from."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from audits.boards import findings, measured
from audits.boards.board import Board, Floats
from audits.boards.findings import Impossible, Metric, Unfounded
from stats.dose_response import (
    LEVEL,
    MIN_CORRELATION,
    MIN_TEAMS,
    DoseResponse,
    Quartiles,
    detectable,
    dose_response,
    gap_quartiles,
)
from stats.ranking import kendall_tau, shake_up, top_overlap


@dataclass(frozen=True, kw_only=True)
class Audit:
    """All that is said of a board; `dose` is None where entries are not known."""

    board: Board
    metric: Metric
    title: str
    dose: DoseResponse | None
    # The same with one team of each group of copies; None where there are none.
    dose_once: DoseResponse | None
    quartiles: Quartiles | None
    kendall_tau: float
    shake_up: float
    top: int
    top_overlap: float
    copies: list[list[str]]
    impossible: list[Impossible]
    blind_halves: list[str]
    unfounded: list[Unfounded]
    # Teams of the board with published items, by half.
    with_items: dict[str, int] = field(default_factory=dict)

    @property
    def n_teams(self) -> int:
        """The teams with both scores."""
        return len(self.board.rows)

    @property
    def verdict(self) -> str:
        """Of the board."""
        if self.dose is not None:
            return self.dose.verdict
        return "TOO_SMALL" if self.n_teams < MIN_TEAMS else "NOT_TESTED"

    @property
    def has_sizes(self) -> bool:
        """Whether teams are compared at equal sums over all items."""
        return self.metric.n_public is not None and self.metric.n_private is not None


def examine(*, board: Board, metric: Metric, title: str, top: int, items: dict[str, Path]) -> Audit:
    """Audit a board; `items` are files of published items by half."""
    public, private = oriented(board=board, metric=metric)
    found = findings.copies(board=board)
    once = findings.counted_once(board=board) if found else None
    published = {half: findings.items(file=file) for half, file in items.items()}
    return Audit(
        board=board,
        metric=metric,
        title=title,
        dose=_dose(board, metric),
        dose_once=_dose(once, metric) if once is not None else None,
        quartiles=_quartiles(board, metric),
        kendall_tau=kendall_tau(query_scores=public, fresh_scores=private),
        shake_up=shake_up(query_scores=public, fresh_scores=private),
        top=min(top, len(public)),
        top_overlap=top_overlap(query_scores=public, fresh_scores=private, top=top),
        copies=found,
        impossible=findings.impossible(board=board, metric=metric),
        blind_halves=[
            half
            for half in findings.HALVES
            if findings.is_grid_blind(board=board, metric=metric, half=half)
        ],
        unfounded=[
            each
            for half, known in published.items()
            for each in findings.unfounded(board=board, items=known, half=half, metric=metric)
        ],
        with_items={
            half: findings.n_with_items(board=board, items=known)
            for half, known in published.items()
        },
    )


def oriented(*, board: Board, metric: Metric) -> tuple[Floats, Floats]:
    """Return the scores so that higher is better."""
    sign = 1.0 if metric.greater_is_better else -1.0
    return sign * board.public, sign * board.private


def document(*, audit: Audit) -> dict[str, Any]:
    """Return the audit as JSON."""
    dose = audit.dose
    members = ("spearman", "p_value", "partial", "partial_p")
    once = audit.dose_once
    return {
        "n_teams": audit.n_teams,
        "dose_response": {name: getattr(dose, name, None) for name in members},
        "quartile_medians": _medians(audit.quartiles),
        "kendall_tau": audit.kendall_tau,
        "shake_up": audit.shake_up,
        "verdict": audit.verdict,
        "mde": detectable(n_teams=audit.n_teams),
        "level": LEVEL,
        "min_correlation": MIN_CORRELATION,
        "min_teams": MIN_TEAMS,
        "given": "n_public * public + n_private * private"
        if audit.has_sizes
        else "rank(public) + rank(private)",
        "greater_is_better": audit.metric.greater_is_better,
        "columns": audit.board.mapping,
        "left_out": audit.board.left_out,
        "quartiles": asdict(audit.quartiles) if audit.quartiles else None,
        "top_overlap": {"top": audit.top, "share": audit.top_overlap},
        "copies": audit.copies,
        "copies_counted_once": None
        if once is None
        else {name: getattr(once, name) for name in (*members, "n_teams", "verdict")},
        "impossible_scores": [asdict(each) for each in audit.impossible],
        "scores_not_from_items": [asdict(each) for each in audit.unfounded],
        "teams_with_items": audit.with_items,
        "simulated": {
            "n_boards": measured.N_BOARDS,
            "seed": measured.SEED,
            "n_teams": list(measured.SIZES),
            "settings": [asdict(each) for each in measured.SETTINGS],
        },
    }


def _medians(quartiles: Quartiles | None) -> list[float | None] | None:
    """Return them without the last bits of differences of decimal scores."""
    if quartiles is None:
        return None
    return [None if each is None else round(each, 12) for each in quartiles.medians]


def _dose(board: Board, metric: Metric) -> DoseResponse | None:
    entries = board.entries
    if entries is None:
        return None
    public, private = oriented(board=board, metric=metric)
    return dose_response(
        public=public,
        private=private,
        entries=entries,
        n_public=metric.n_public,
        n_private=metric.n_private,
    )


def _quartiles(board: Board, metric: Metric) -> Quartiles | None:
    entries = board.entries
    if entries is None:
        return None
    public, private = oriented(board=board, metric=metric)
    return gap_quartiles(public=public, private=private, entries=entries)
