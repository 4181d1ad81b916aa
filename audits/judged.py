"""A run's verdict findings as plain values: what reports, pages and publications say of a team, read once.

Scores in a finding are oriented, higher better; here they are in the metric's own units and direction. An
overstatement is positive where a file looks better on query labels than on new ones, whatever the metric.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from audits import sentences
from audits.models import AuditRun, Finding
from stats.metrics import oriented
from stats.team_tests import BEST_SCORED, FINAL, ORGANIZER
from stats.verdict import ShiftGate, Verdict
from vault.models import PublishedResult, Team
from vault.teams import names as team_names

VERDICT = "verdict"
# Columns of a finding that hold scores: stored so that higher is better.
ORIENTED = ("query", "fresh", "best_query", "best_fresh")
# Those that stand beside its estimate in no list.
BESIDE = (
    *(
        "attempts",
        "n_files",
        "released",
        "file_named",
        "is_ranked_file",
        "test",
    ),
    *("reference_excess", "luck", "is_screened"),
)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One team, or one reference (which has no verdict)."""

    finding: Finding
    team_id: int
    team: str
    title: str
    # As people know the team, and no other of this audit.
    name: str
    is_reference: bool
    verdict: str
    published_verdict: str
    # Which of the two tested files the verdict names, and whether that is the one on the board.
    file: str
    named_submission: str | None
    is_ranked_file: bool
    attempts: int | None
    k: int | None
    # Of the final, in the metric's units; `released` is its own answer.
    released: float | None
    query: float | None
    fresh: float | None
    best_query: float | None
    best_fresh: float | None
    # Which references the shown test compares with, and how much better they look on the query labels.
    test: str
    reference_excess: float | None
    overstatement: float | None
    low: float | None
    high: float | None
    luck: float | None
    p_value: float | None
    # The test stopped where the p-value was known to be above .05.
    is_screened: bool
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
        if self.low is None or self.high is None:
            return None
        return (self.high - self.low) / 2

    @property
    def as_published(self) -> "Judged":
        """The verdict that everybody reads in the place of the researchers'."""
        return replace(self, verdict=self.published_verdict)


def headline(*, findings: Iterable[Finding]) -> str:
    """Of one run's verdict findings: what is published of them in one line."""
    return sentences.headline(verdicts=(each.published_verdict for each in findings))


def names_best_scored(*, finding: Finding) -> bool:
    """Whether a finding's verdict names a file that is not the final."""
    return bool(finding.verdict) and finding.file_named == BEST_SCORED


def in_units(*, finding: Finding) -> dict[str, Any]:
    """Say what a finding has beside its estimate, scores in the metric's own units and direction."""
    metric = finding.run.round.benchmark.primary_metric
    scores = {name: getattr(finding, name) for name in ORIENTED}
    shown = {name: getattr(finding, name) for name in BESIDE}
    # What is published may be less yet: it goes by the rounded figures.
    shown = {"verdict_without_suspicion": finding.published_verdict, **shown}
    known = {
        **{name: value for name, value in shown.items() if value not in (None, "")},
        **{name: _own(value, metric=metric) for name, value in scores.items() if value is not None},
    }
    return {**(known if finding.check_name == VERDICT else {}), **finding.evidence}


def told(*, finding: Finding) -> str:
    """Say which verdict on the team everybody reads since the round was published; empty before that."""
    published = PublishedResult.objects.filter(round=finding.run.round_id, team=finding.team_id)
    done = AuditRun.objects.filter(round=finding.run.round_id, status=AuditRun.Status.DONE)
    # It is the last run that was published.
    if finding.check_name != VERDICT or done.order_by("-pk").first() != finding.run:
        return ""
    return published.values_list("verdict", flat=True).first() or ""


def _own(value: float | None, *, metric: str) -> float | None:
    # Adding zero turns a loss of -0.0 into 0.0.
    return None if value is None else oriented(metric=metric, value=value) + 0.0


def is_ahead(
    *, query: float | None, test: str, references: Iterable[float | None], metric: str
) -> bool:
    """Whether a file is ahead of all references on the query labels, by the scores given.

    Of a team's own first files nobody is told the scores: a lead over those is not claimed.
    """
    known = [oriented(metric=metric, value=each) for each in references if each is not None]
    if query is None or test != ORGANIZER or not known:
        return False
    return oriented(metric=metric, value=query) > max(known)


def of_run(*, audit: AuditRun) -> list[Judged]:
    """Teams by name, references last."""
    metric = audit.round.benchmark.primary_metric
    found = Finding.objects.filter(run=audit, check_name=VERDICT).select_related("team")
    names = names_of(audit=audit)
    every = [judged(finding=each, metric=metric, names=names) for each in found]
    if audit.shift_gate == ShiftGate.FIRED:
        # Nobody can be accused, so that no overstatement would have been found.
        every = [replace(each, minimum_detectable_effect=None) for each in every]
    return sorted(every, key=lambda each: (each.is_reference, each.team))


def names_of(*, audit: AuditRun) -> dict[int, str]:
    """Name the teams that a run has findings on, by their ids: titles need not be unique."""
    found = Team.objects.filter(pk__in=Finding.objects.filter(run=audit).values("team"))
    named = {pk: (name, title) for pk, name, title in found.values_list("pk", "name", "title")}
    return team_names.told_apart(teams=named)


def judged(*, finding: Finding, metric: str, names: Mapping[int, str]) -> Judged:
    """One finding; what it has not is None."""
    assert finding.team is not None  # verdicts are of teams
    return Judged(
        finding=finding,
        team_id=finding.team.pk,
        team=finding.team.name,
        title=finding.team.title,
        name=names[finding.team.pk],
        is_reference=finding.is_reference,
        verdict=finding.verdict,
        published_verdict=finding.published_verdict,
        file=finding.file_named or FINAL,
        named_submission=None
        if finding.named_submission_id is None
        else str(finding.named_submission_id),
        is_ranked_file=finding.is_ranked_file,
        attempts=finding.attempts,
        k=finding.n_files,
        released=finding.released,
        query=_own(finding.query, metric=metric),
        fresh=_own(finding.fresh, metric=metric),
        best_query=_own(finding.best_query, metric=metric),
        best_fresh=_own(finding.best_fresh, metric=metric),
        test=finding.test,
        reference_excess=finding.reference_excess,
        overstatement=finding.estimate,
        low=finding.low,
        high=finding.high,
        luck=finding.luck,
        p_value=finding.p_value,
        is_screened=finding.is_screened,
        minimum_detectable_effect=finding.minimum_detectable_effect,
    )
