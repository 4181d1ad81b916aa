"""A run's findings as reports read them: by check, with numbers in the metric's own digits."""

from dataclasses import dataclass

from audits import judged, sentences
from audits.judged import Judged
from audits.models import AuditRun, Finding
from stats.metrics import METRICS, Metric, oriented
from vault.scorers import scorer_of


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A run's findings by check, and how its numbers are written."""

    audit: AuditRun
    metric: Metric
    decimals: int
    found: list[Judged]
    by_check: dict[str, list[Finding]]
    # What teams are called in this audit, by id.
    names: dict[int, str]

    def name_of(self, finding: Finding) -> str:
        """Of the team that a finding is on."""
        return "" if finding.team_id is None else self.names[finding.team_id]

    def number(self, value: float | None) -> str:
        return sentences.number(value, decimals=self.decimals)

    def interval(self, low: float | None, high: float | None) -> str:
        return sentences.interval(low, high, decimals=self.decimals)

    def own(self, value: float | None) -> float | None:
        """Write an oriented score in the metric's units."""
        return None if value is None else oriented(metric=self.metric.name, value=value) + 0.0

    def first(self, name: str) -> Finding | None:
        found = self.by_check.get(name)
        return found[0] if found else None

    def of_team(self, name: str, team: Judged) -> Finding | None:
        for finding in self.by_check.get(name, []):
            if finding.team_id == team.team_id:
                return finding
        return None


def reading_of(*, audit: AuditRun) -> Reading:
    by_check: dict[str, list[Finding]] = {}
    found = Finding.objects.filter(run=audit).select_related("team")
    for finding in found.order_by("check_name", "team__name"):
        by_check.setdefault(finding.check_name, []).append(finding)
    return Reading(
        audit=audit,
        metric=METRICS[audit.snapshot["metric"]],
        decimals=sentences.decimals_of(unit=scorer_of(benchmark=audit.round.benchmark).unit),
        found=judged.of_run(audit=audit),
        by_check=by_check,
        names=judged.names_of(audit=audit),
    )
