"""A run's verdict findings as reports, pages and publications tell them.

Scores in a finding are oriented, higher better; here they are in the metric's own units and direction. An
overstatement is positive where a file looks better on query labels than on new ones, whatever the metric.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from audits import sentences
from audits.models import AuditRun, Finding
from stats.metrics import METRICS, oriented
from stats.team_tests import BEST_SCORED, FINAL, ORGANIZER, OWN_FILES
from stats.verdict import ShiftGate, Verdict
from vault import team_names
from vault.models import PublishedResult, Team

VERDICT = "verdict"
# Columns of a finding that hold scores: stored so that higher is better.
ORIENTED = ("query", "fresh", "best_query", "best_fresh")
# Those that stand beside its estimate in no list.
BESIDE = (
    *("attempts", "n_files", "released", "file_named", "is_ranked_file", "test"),
    *("reference_excess", "luck", "is_screened"),
)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One team, or one reference (which has no verdict): what reads otherwise than in its finding."""

    finding: Finding
    team_id: int
    team: str
    # As people know the team, and no other of this audit.
    name: str
    verdict: str
    # Which of the two tested files the verdict names.
    file: str
    # Of the final, and of the best-scored file, in the metric's units.
    query: float | None
    fresh: float | None
    best_query: float | None
    best_fresh: float | None
    overstatement: float | None
    minimum_detectable_effect: float | None

    @property
    def names_best_scored(self) -> bool:
        """Whether the verdict names a file that is not the final."""
        return self.file == BEST_SCORED

    @property
    def has_final(self) -> bool:
        """False where a team withdrew every file; of damaged files nothing is said."""
        return self.query is not None or self.verdict == Verdict.INVALID

    @property
    def of_the_named_file(self) -> tuple[float | None, float | None]:
        """Scores on query and on fresh labels of the file that the verdict names."""
        if self.names_best_scored:
            return self.best_query, self.best_fresh
        return self.query, self.fresh

    @property
    def half_width(self) -> float | None:
        """Of the interval of the overstatement."""
        low, high = self.finding.low, self.finding.high
        return None if low is None or high is None else (high - low) / 2

    @property
    def as_published(self) -> "Judged":
        """The verdict that everybody reads in the place of the researchers'."""
        return replace(self, verdict=self.finding.published_verdict)


def headline(*, findings: Iterable[Finding]) -> str:
    """Sum up in one line what is published of one run's verdict findings."""
    return sentences.headline(verdicts=(each.published_verdict for each in findings))


def names_best_scored(*, finding: Finding) -> bool:
    """Tell whether a finding's verdict names a file that is not the final."""
    return bool(finding.verdict) and finding.file_named == BEST_SCORED


def in_units(*, finding: Finding) -> dict[str, Any]:
    """Say what a finding has beside its estimate, scores in the metric's own units and direction."""
    if finding.check_name != VERDICT:
        return dict(finding.evidence)
    metric = finding.run.round.benchmark.primary_metric
    # What is published may be less yet: it goes by the rounded figures.
    shown: dict[str, Any] = {"verdict_without_suspicion": finding.published_verdict}
    shown |= {name: getattr(finding, name) for name in BESIDE}
    shown |= _own_scores(finding, metric=metric)
    known = {name: value for name, value in shown.items() if value not in (None, "")}
    return {**known, **finding.evidence}


def told(*, finding: Finding) -> str:
    """Say which verdict on the team everybody reads since the round was published; empty before that."""
    published = PublishedResult.objects.filter(round=finding.run.round_id, team=finding.team_id)
    # It is the last run that was published.
    if finding.check_name != VERDICT or AuditRun.last_done(finding.run.round) != finding.run:
        return ""
    return published.values_list("verdict", flat=True).first() or ""


def own(value: float | None, *, metric: str) -> float | None:
    """Write a stored score in the metric's own direction."""
    # Adding zero turns a loss of -0.0 into 0.0.
    return None if value is None else oriented(metric=metric, value=value) + 0.0


def _own_scores(finding: Finding, *, metric: str) -> dict[str, float | None]:
    return {name: own(getattr(finding, name), metric=metric) for name in ORIENTED}


def facts(
    team: Judged,
    *,
    query: float | None,
    test: str | None,
    names_best_scored: bool,
    references: Iterable[float | None],
    metric: str,
    **told: Any,
) -> sentences.Facts:
    """Gather what a team's sentence is made of, from what is `told` and the references' query scores."""
    # By the scores given. Of a team's own first files nobody is told those: no lead over them is claimed.
    known = [oriented(metric=metric, value=each) for each in references if each is not None]
    is_ahead = (
        test == ORGANIZER
        and query is not None
        and bool(known)
        and oriented(metric=metric, value=query) > max(known)
    )
    return sentences.Facts(
        team=team.name,
        greater_is_better=METRICS[metric].greater_is_better,
        released=None if names_best_scored else team.finding.released,
        query=query,
        k=team.finding.n_files,
        is_over_own_files=test == OWN_FILES,
        names_best_scored=names_best_scored,
        has_final=team.has_final,
        is_ahead=is_ahead,
        **told,
    )


def of_run(*, audit: AuditRun) -> list[Judged]:
    """Teams by name, references last; what a finding has not is None."""
    metric = audit.round.benchmark.primary_metric
    names = names_of(audit=audit)
    # Where the gate fired nobody can be accused, so that no overstatement would have been found.
    has_fired = audit.shift_gate == ShiftGate.FIRED
    every = []
    for finding in Finding.objects.filter(run=audit, check_name=VERDICT).select_related("team"):
        assert finding.team is not None  # verdicts are of teams
        every.append(
            Judged(
                finding=finding,
                team_id=finding.team.pk,
                team=finding.team.name,
                name=names[finding.team.pk],
                verdict=finding.verdict,
                file=finding.file_named or FINAL,
                **_own_scores(finding, metric=metric),
                overstatement=finding.estimate,
                minimum_detectable_effect=None if has_fired else finding.minimum_detectable_effect,
            )
        )
    return sorted(every, key=lambda each: (each.finding.is_reference, each.team))


def names_of(*, audit: AuditRun) -> dict[int, str]:
    """Name the teams that a run has findings on, by their ids: titles need not be unique."""
    found = Team.objects.filter(pk__in=Finding.objects.filter(run=audit).values("team"))
    named = {pk: (name, title) for pk, name, title in found.values_list("pk", "name", "title")}
    return team_names.told_apart(teams=named)
