"""What publishing a round tells of its audit, and what that may have revealed of the fresh holdout.

Of each team: one fresh figure of its final, rounded toward worse to the fresh holdout's own grid
u/sqrt(m), its published verdict, and the least effect that would have been found, rounded up to the same
grid. That holdout will serve as the next query holdout, so all of it is counted in nats.
"""

import math
from typing import Any

from audits import runs
from audits.models import AuditRun, Finding
from stats.metrics import oriented
from vault import rounds
from vault.models import Holdout, Round
from vault.rounds import ResultRow
from vault.statuses import HoldoutKind, Verdict

FAMILY_WISE_ERROR = 0.01
# Fresh scores are sums in floating point: one on the grid must not fall to the value below.
TIE = 1e-9


def deciding(*, round: Round) -> list[Holdout]:
    """The fresh holdouts that the figures are computed on; the first becomes the next query holdout."""
    drawn = round.fresh_holdouts.filter(kind=HoldoutKind.IID, batch=round.query_holdout.batch)
    return list(drawn.order_by("sealed_at", "pk"))


def results(*, round: Round, audit: AuditRun) -> list[ResultRow]:
    """One row per final with a fresh score, in the metric's units."""
    step = _grid(round)
    rows = []
    for finding in _verdicts(audit):
        fresh = _fresh(finding, step, metric=round.benchmark.primary_metric)
        if fresh is not None and finding.team_id and finding.submission_id:
            rows.append(
                ResultRow(
                    team_id=finding.team_id,
                    submission_id=finding.submission_id,
                    fresh_value=fresh,
                    verdict=finding.evidence.get("published_verdict", ""),
                )
            )
    return rows


def document(*, round: Round, audit: AuditRun) -> dict[str, Any]:
    """What the API shows."""
    step, metric = _grid(round), round.benchmark.primary_metric
    teams = []
    for finding in _verdicts(audit):
        assert finding.team is not None  # verdicts are of teams
        teams.append(
            {
                "team": finding.team.name,
                "is_reference": finding.team.is_reference,
                "fresh": _fresh(finding, step, metric=metric),
                "verdict": finding.evidence.get("published_verdict"),
                "minimum_detectable_effect": _coarse(finding.minimum_detectable_effect, step),
            }
        )
    return {
        "benchmark": round.benchmark.slug,
        "round": round.number,
        "metric": metric,
        "resolution": step,
        "board_verdict": audit.board_verdict,
        "family_wise_error": FAMILY_WISE_ERROR,
        "teams": teams,
    }


def nats(*, shown: dict[str, Any], n_items: int) -> float:
    """ln of the number of documents like this one: what it can have told of a holdout of n items."""
    levels = math.floor(math.sqrt(n_items)) + 1
    figures = [
        team[name] for team in shown["teams"] for name in ("fresh", "minimum_detectable_effect")
    ]
    n_figures = sum(figure is not None for figure in figures)
    n_verdicts = sum(team["verdict"] is not None for team in shown["teams"])
    # A suspicion is never published.
    return n_figures * math.log(levels) + n_verdicts * math.log(len(Verdict) - 1)


def _verdicts(audit: AuditRun) -> list[Finding]:
    found = Finding.objects.filter(run=audit, check_name=runs.VERDICT).select_related("team")
    return list(found.order_by("team__name"))


def _grid(round: Round) -> float:
    items = (deciding(round=round) or [round.query_holdout])[0].n_items
    return rounds.unit(round=round) / math.sqrt(items)


def _fresh(finding: Finding, step: float, *, metric: str) -> float | None:
    """Toward worse: the stored score is oriented, so that is downward."""
    fresh = finding.evidence.get("fresh")
    if fresh is None:
        return None
    # Adding zero turns a loss of -0.0 into 0.0.
    return oriented(metric=metric, value=math.floor(fresh / step + TIE) * step) + 0.0


def _coarse(effect: float | None, step: float) -> float | None:
    """Upward, so that nothing smaller than what is shown was promised to be found."""
    return None if effect is None else math.ceil(effect / step - TIE) * step
