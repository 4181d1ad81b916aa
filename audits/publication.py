"""What publishing a round tells of its audit.

Coarse: rounded figures of the finals whose release beat the baseline (else many accounts with random files
would each buy a figure of the next query holdout), and everything computed from them. Full: exact figures of
all finals with all metrics; the fresh holdout then retires. Everybody reads the same figures everywhere: the
API's document, the board, its CSV, the admin and the client.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from audits import judged, sentences, standing, told
from audits.checks import ranking, scores
from audits.judged import Judged
from audits.models import AuditRun, Finding
from audits.rounding import Coarse, Exact, Rounding, coarse
from stats import accusation, tiers
from stats.metrics import METRICS, oriented
from stats.team_tests import OWN_FILES
from stats.verdict import Verdict
from vault import rounds
from vault.models import Final, Holdout, Release, Round
from vault.rounds import ResultRow
from vault.scorers import scorer_of
from vault.statuses import HoldoutKind, PublicationKind

LEVELS = {
    "family_wise_error": 2 * accusation.ALPHA,
    "holm_per_test": accusation.ALPHA,
    "interval": 0.95,
    "luck": 0.95,
    "power": 0.8,
}
# Scores this share of the unit apart are equal.
TIE = 1e-9


@dataclass(frozen=True, kw_only=True)
class _Context:
    """A round's audit, and how its figures are written down."""

    round: Round
    audit: AuditRun
    rounding: Rounding
    unit: float
    n_fresh: int
    # Released to everybody, in the metric's units; None: there is none, or it is not shown.
    baseline: float | None
    scores: dict[int, dict[str, Any]]
    # Why teams are unranked, by name.
    unranked: dict[str, str]

    @property
    def metric(self) -> str:
        return self.round.benchmark.primary_metric

    @property
    def is_full(self) -> bool:
        return isinstance(self.rounding, Exact)

    def better(self, one: float, other: float) -> float:
        """How much better one score is than another: positive, whatever the metric's direction."""
        return oriented(metric=self.metric, value=one - other)

    def has_figure(self, team: Judged) -> bool:
        """References always; a final only if its release beat the baseline, unless all is told.

        An accusation is never made without the figure of the file that it names.
        """
        is_accused = team.verdict == Verdict.CONFIRMED and not team.names_best_scored
        if team.fresh is None or self.is_full or team.is_reference or is_accused:
            return team.fresh is not None
        if team.released is None:
            return _has_improved(team.finding)
        # Without a baseline that was shown, nothing can be seen to have beaten it.
        return (
            self.baseline is not None
            and self.better(team.released, self.baseline) > TIE * self.unit
        )


def deciding(*, round: Round) -> list[Holdout]:
    """The fresh holdouts that the figures are computed on; the first becomes the next query holdout."""
    drawn = round.fresh_holdouts.filter(kind=HoldoutKind.IID, batch=round.query_holdout.batch)
    return list(drawn.order_by("sealed_at", "pk"))


def results(*, round: Round, audit: AuditRun) -> list[ResultRow]:
    """One row per final and reference, with the document's figures."""
    context = _context(round, audit)
    found = judged.of_run(audit=audit)
    rows = _rows(context, found)
    finals = dict(Final.objects.filter(round=round).values_list("team_id", "submission_id"))
    results = []
    for team in found:
        # A team whose file is not what was received has no audited final, and a verdict all the same.
        submission_id = team.finding.submission_id or finals.get(team.team_id)
        if submission_id is not None:
            results.append(_result(team.team_id, submission_id, rows[team.team], context.rounding))
    return results


def document(*, round: Round, audit: AuditRun) -> dict[str, Any]:
    """What the API shows."""
    context = _context(round, audit)
    found = judged.of_run(audit=audit)
    rows = _rows(context, found)
    teams = [rows[each.team] for each in found if not each.is_reference]
    written = {
        "benchmark": round.benchmark.slug,
        "round": round.number,
        "metric": context.metric,
        "greater_is_better": METRICS[context.metric].greater_is_better,
        "unit": context.unit,
        "publication": round.publication,
        "fresh_resolution": context.rounding.resolution if context.n_fresh else None,
        "n_query": round.query_holdout.n_items,
        "n_fresh": context.n_fresh,
        "shift_gate": audit.shift_gate,
        "headline": sentences.headline(verdicts=[row["verdict"] for row in teams]),
        "how_to_read": sentences.HOW_TO_READ + ("" if context.is_full else sentences.COARSE),
        "levels": LEVELS,
        "tau": None,
        "seed_commitment": hashlib.sha256(audit.seed_entropy.encode()).hexdigest(),
        "references": [rows[each.team] for each in found if each.is_reference],
        "teams": teams,
    }
    return standing.placed(document=written, unranked=context.unranked, benchmark=round.benchmark)


def nats(*, round: Round, shown: dict[str, Any]) -> float:
    """What a coarse document can have told of the fresh holdout that its figures are computed on."""
    if not shown["n_fresh"]:
        return 0.0
    return told.nats(shown=shown, levels=_grid(round, shown["n_fresh"]).levels)


def _grid(round: Round, n_fresh: int) -> Coarse:
    scorer = scorer_of(benchmark=round.benchmark)
    return coarse(unit=scorer.unit, bounds=scorer.bounds, n_fresh=n_fresh)


def _context(round: Round, audit: AuditRun) -> _Context:
    unit = rounds.unit(round=round)
    n_fresh = audit.snapshot["n_fresh"]
    is_full = round.publication == PublicationKind.FULL
    baseline = Release.objects.filter(
        submission__in=round.references.filter(position=0).values("submission")
    ).first()
    rounding = Exact(unit=unit) if is_full else _grid(round, n_fresh or 1)
    return _Context(
        round=round,
        audit=audit,
        rounding=rounding,
        unit=unit,
        n_fresh=n_fresh,
        unranked=standing.unranked(round=round),
        baseline=None if baseline is None else baseline.value,
        scores={
            each.team_id: each.evidence["scores"]
            for each in Finding.objects.filter(run=audit, check_name=scores.NAME)
            if each.team_id is not None
        },
    )


def _has_improved(finding: Finding) -> bool:
    """A mechanism that tells one bit shows no value; its yes means that the baseline was beaten."""
    release = Release.objects.filter(submission=finding.submission_id).first()
    return release is not None and release.outcome == Release.Outcome.IMPROVED.value


def _rows(context: _Context, found: list[Judged]) -> dict[str, dict[str, Any]]:
    """A row for each team and reference, by name."""
    references = {each.team: _reference(context, each) for each in found if each.is_reference}
    teams = {
        each.team: _team(context, each.as_published) for each in found if not each.is_reference
    }
    _tier(context, found, teams)
    for each in found:
        if not each.is_reference:
            row = teams[each.team]
            row["sentence"] = _sentence(context, each.as_published, row)
    return {**references, **teams}


def _reference(context: _Context, given: Judged) -> dict[str, Any]:
    return {
        "team": given.team,
        "title": given.title,
        "query": given.query,
        **_fresh(context, given),
        "scores": context.scores.get(given.team_id) if context.is_full else None,
    }


def _fresh(context: _Context, given: Judged) -> dict[str, Any]:
    """The figure of a final with its interval, or two times nothing."""
    if given.fresh is None or not context.has_figure(given):
        return {"fresh": None, "fresh_interval": None}
    figure = context.rounding.figure(given.fresh)
    scored = context.scores.get(given.team_id, {}).get(context.metric, {}).get("fresh")
    interval = None
    if scored is not None:
        value, low, high = scored
        interval = context.rounding.score_interval(value=value, low=low, high=high)
    return {"fresh": figure, "fresh_interval": interval}


def _team(context: _Context, given: Judged) -> dict[str, Any]:
    rounding, fresh = context.rounding, _fresh(context, given)
    names_other = given.names_best_scored and given.verdict == Verdict.CONFIRMED
    named = given.best_fresh if names_other else None
    # Where the gate fired, or the test is of a file that nobody is told of, nothing is said of the team.
    is_told = given.verdict != Verdict.SHIFT and names_other == given.names_best_scored
    row = {
        "team": given.team,
        "title": given.title,
        "file_named": judged.BEST_SCORED if names_other else judged.FINAL,
        "is_ranked_file": given.is_ranked_file if names_other else True,
        **fresh,
        "no_figure": _no_figure(context, given),
        "rank_after": None,
        "tier": None,
        "is_unranked": False,
        "unranked_reason": None,
        "released": given.released,
        "query": given.query,
        "named_query": given.best_query if names_other else given.query,
        "named_fresh": None if named is None else rounding.figure(named),
        "attempts": given.attempts,
        "verdict": given.verdict,
        "test": given.test if is_told and given.test else None,
        "luck": _upward(context, given.luck) if is_told else None,
        "p_adjusted": rounding.p_value(value=given.p_value, is_screened=given.is_screened)
        if is_told
        else None,
        "minimum_detectable_effect": _upward(context, given.minimum_detectable_effect)
        if is_told
        else None,
        "scores": context.scores.get(given.team_id) if context.is_full else None,
    }
    return {**row, **_overstatement(context, given, row)}


def _no_figure(context: _Context, given: Judged) -> str | None:
    if given.fresh is None:
        return sentences.NOT_ON_FRESH if given.query is not None else None
    return None if context.has_figure(given) else sentences.BELOW_BASELINE


def _upward(context: _Context, value: float | None) -> float | None:
    return None if value is None else context.rounding.upward(value)


def _overstatement(context: _Context, given: Judged, row: dict[str, Any]) -> dict[str, Any]:
    """From what is published: the query score, whose holdout retires, and two rounded figures."""
    nothing = {
        "reference_excess": None,
        "overstatement": None,
        "overstatement_interval": None,
    }
    is_other = row["file_named"] == judged.BEST_SCORED
    query, fresh = (
        (row["named_query"], row["named_fresh"]) if is_other else (row["query"], row["fresh"])
    )
    if row["test"] is None or given.reference_excess is None or given.half_width is None:
        return nothing
    if query is None or fresh is None:
        return nothing
    rounding = context.rounding
    excess = rounding.excess(given.reference_excess)
    centre = rounding.effect(context.better(rounding.clipped(query), fresh) - excess)
    return {
        "reference_excess": excess,
        "overstatement": centre,
        "overstatement_interval": rounding.effect_interval(
            centre=centre, half_width=given.half_width
        ),
    }


def _tier(context: _Context, found: list[Judged], teams: dict[str, dict[str, Any]]) -> None:
    """Tiers of the ranked teams with a figure, by their figures."""
    shown = [
        each
        for each in found
        if not (each.is_reference or each.team in context.unranked)
        and teams[each.team]["fresh"] is not None
    ]
    figures = np.array(
        [oriented(metric=context.metric, value=teams[each.team]["fresh"]) for each in shown]
    )
    numbers = _tiers(context, shown, figures)
    for place, each in enumerate(shown):
        teams[each.team]["tier"] = None if numbers is None else int(numbers[place])


def _tiers(context: _Context, shown: list[Judged], figures: Any) -> Any:
    """Rounding may bring two figures nearer by a step: that much further apart they have to be."""
    found = Finding.objects.filter(run=context.audit, check_name=ranking.NAME).first()
    known = [] if found is None else found.evidence["teams"]
    teams = [each.team_id for each in shown if each.team_id in known]
    if found is None or len(teams) < len(shown):
        return None
    widths = ranking.half_widths(teams=teams, found=found.evidence)
    # Half a hair more: figures on the grid tie exactly, and floats do not.
    slack = context.rounding.slack + TIE * context.unit
    return tiers.tiers(scores=figures, half_widths=widths + slack)


def _sentence(context: _Context, given: Judged, row: dict[str, Any]) -> str:
    is_other = row["file_named"] == judged.BEST_SCORED
    low, high = row["overstatement_interval"] or (None, None)
    return sentences.sentence(
        facts=sentences.Facts(
            verdict=given.verdict,
            team=given.name,
            greater_is_better=METRICS[context.metric].greater_is_better,
            decimals=context.rounding.decimals,
            released=None if is_other else row["released"],
            query=row["named_query"] if is_other else row["query"],
            fresh=row["named_fresh"] if is_other else row["fresh"],
            n_fresh=context.n_fresh,
            overstatement=row["overstatement"],
            low=low,
            high=high,
            luck=row["luck"],
            minimum_detectable_effect=row["minimum_detectable_effect"],
            k=given.k,
            is_over_own_files=row["test"] == OWN_FILES,
            names_best_scored=is_other,
            is_ranked_file=row["is_ranked_file"],
            reason=row["no_figure"] or sentences.NOT_ON_FRESH,
        )
    )


def _result(team_id: int, submission_id: Any, row: dict[str, Any], rounding: Rounding) -> ResultRow:
    fresh_low, fresh_high = row["fresh_interval"] or (None, None)
    low, high = row.get("overstatement_interval") or (None, None)
    return ResultRow(
        team_id=team_id,
        submission_id=submission_id,
        fresh_value=row["fresh"],
        verdict=row.get("verdict", ""),
        file_named=row.get("file_named", "") if row.get("verdict") else "",
        fresh_low=fresh_low,
        fresh_high=fresh_high,
        fresh_resolution=None if row["fresh"] is None else rounding.resolution,
        tier=row.get("tier"),
        overstatement=row.get("overstatement"),
        overstatement_low=low,
        overstatement_high=high,
        luck=row.get("luck"),
    )
