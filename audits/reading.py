"""A run's findings as reports read them: by check, with numbers in the metric's own digits."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from audits import judged, sentences
from audits.judged import Judged
from audits.models import AuditRun, Finding
from stats.metrics import METRICS, Metric
from vault.scorers import scorer_of


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A run's findings by check, and how its numbers are written."""

    audit: AuditRun
    metric: Metric
    decimals: int
    found: list[Judged]
    by_check: defaultdict[str, list[Finding]]
    # What teams are called in this audit, by id.
    names: dict[int, str]

    def name_of(self, finding: Finding) -> str:
        """Name the team that a finding is on."""
        return "" if finding.team_id is None else self.names[finding.team_id]

    def number(self, value: float | None) -> str:
        return sentences.number(value, decimals=self.decimals)

    def interval(self, low: float | None, high: float | None) -> str:
        return sentences.interval(low, high, decimals=self.decimals)

    def own(self, value: float | None) -> float | None:
        return judged.own(value, metric=self.metric.name)

    def own_ends(self, ends: Sequence[float]) -> list[float]:
        """Turn an interval of scores that are stored so that higher is better into the metric's direction."""
        # Adding zero turns a loss of -0.0 into 0.0.
        return sorted(self.metric.orient(each) + 0.0 for each in ends)

    def first(self, name: str) -> Finding | None:
        return next(iter(self.by_check[name]), None)

    def of_team(self, name: str, team: Judged) -> Finding | None:
        return next((each for each in self.by_check[name] if each.team_id == team.team_id), None)


def reading_of(*, audit: AuditRun) -> Reading:
    by_check = defaultdict(list)
    for finding in Finding.objects.filter(run=audit).order_by("team__name"):
        by_check[finding.check_name].append(finding)
    return Reading(
        audit=audit,
        metric=METRICS[audit.snapshot["metric"]],
        decimals=sentences.decimals_of(unit=scorer_of(benchmark=audit.round.benchmark).unit),
        found=judged.of_run(audit=audit),
        by_check=by_check,
        names=judged.names_of(audit=audit),
    )
