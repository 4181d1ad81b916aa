"""Which figures of a round's audit are told to everybody, and how they are written down."""

from dataclasses import dataclass
from typing import Any

from audits import standing
from audits.checks import scores
from audits.judged import Judged
from audits.models import AuditRun
from audits.reading import Reading
from audits.rounding import Coarse, Exact, Rounding, coarse, written
from stats.metrics import oriented
from stats.ties import RELATIVE_TOLERANCE as TIE
from stats.verdict import Verdict
from vault.models import Release, Round
from vault.scorers import scorer_of
from vault.statuses import PublicationKind


@dataclass(frozen=True, kw_only=True)
class Disclosure:
    """A round's audit, and how its figures are written down."""

    round: Round
    audit: AuditRun
    reading: Reading
    rounding: Rounding
    unit: float
    n_fresh: int
    # Released to everybody, in the metric's units; None: there is none, or it is not shown.
    baseline: float | None
    # Why teams are unranked, by name.
    unranked: dict[str, str]

    @property
    def metric(self) -> str:
        return self.round.benchmark.primary_metric

    @property
    def is_full(self) -> bool:
        return isinstance(self.rounding, Exact)

    def better(self, one: float, other: float) -> float:
        """Compute how much better one score is than another: positive, whatever the metric's direction."""
        return oriented(metric=self.metric, value=one - other)

    def on_query(self, score: float | None) -> float | None:
        """Write an exact score on the query labels, whose holdout retires."""
        return None if score is None else written(score, unit=self.unit)

    def every_metric(self, team: Judged) -> dict[str, Any] | None:
        """Give, in a full publication, each score and its interval in the digits of its own metric."""
        found = scores.scored(reading=self.reading, team=team)
        if not found or not self.is_full:
            return None
        shown = {}
        for name, parts in found.items():
            unit = scorer_of(benchmark=self.round.benchmark, metric=name).unit
            shown[name] = {
                part: [written(each, unit=unit) for each in figures]
                for part, figures in parts.items()
            }
        return shown

    def has_figure(self, team: Judged) -> bool:
        """Choose references always; a final only if its release beat the baseline, unless all is told.

        An accusation is never made without the figure of the file that it names.
        """
        is_accused = team.verdict == Verdict.CONFIRMED and not team.names_best_scored
        if team.fresh is None or self.is_full or team.finding.is_reference or is_accused:
            return team.fresh is not None
        if team.finding.released is None:
            # By the outcome: a mechanism that tells one bit shows no value, and its yes means beaten.
            own = Release.objects.filter(
                submission=team.finding.submission_id, transcript=self.round.transcript
            )
            return own.filter(outcome=Release.Outcome.IMPROVED.value).exists()
        # Without a baseline that was shown, nothing can be seen to have beaten it.
        return (
            self.baseline is not None
            and self.better(team.finding.released, self.baseline) > TIE * self.unit
        )


def grid_of(*, round: Round, n_fresh: int) -> Coarse:
    scorer = scorer_of(benchmark=round.benchmark)
    return coarse(unit=scorer.unit, bounds=scorer.bounds, n_fresh=n_fresh)


def disclosure_of(*, round: Round, reading: Reading) -> Disclosure:
    unit = scorer_of(benchmark=round.benchmark).unit
    # As it was announced: what a correction left out of scoring must not show which items are where.
    judges = [
        each for each in round.fresh_holdouts.all() if each.decides_beside(round.query_holdout)
    ]
    n_fresh = sum(each.n_items for each in judges) if reading.audit.snapshot["n_fresh"] else 0
    is_full = round.publication == PublicationKind.FULL
    first = round.references.filter(position=0)
    baseline = Release.objects.filter(
        submission__in=first.values("submission"), transcript=round.transcript
    )
    # Without fresh labels there is no figure to be rounded, and still a document.
    rounding = Exact(unit=unit) if is_full else grid_of(round=round, n_fresh=n_fresh or 1)
    return Disclosure(
        round=round,
        audit=reading.audit,
        reading=reading,
        rounding=rounding,
        unit=unit,
        n_fresh=n_fresh,
        unranked=standing.unranked(round=round),
        baseline=baseline.values_list("value", flat=True).first(),
    )
