"""What publishing a round tells of its audit.

Coarse: rounded figures of the finals whose release beat the baseline (else many accounts with random files
would each buy a figure of the next query holdout), and everything computed from them. Full: exact figures of
all finals with all metrics; the fresh holdout then retires. Everybody reads the same figures everywhere: the
API's document, the board, its CSV, the admin and the client.
"""

from functools import partial
from typing import Any

import numpy as np

from audits import compared, judged, leakage, sentences, standing
from audits.checks import accusation, ranking
from audits.disclosure import TIE, Disclosure, disclosure_of, grid_of
from audits.judged import Judged
from audits.models import AuditRun, Finding
from audits.published_rows import REFERENCE, TEAM
from audits.published_shape import DOCUMENT
from audits.rounding import Rounding
from stats.metrics import METRICS, oriented
from stats.team_tests import BEST_SCORED, FINAL, OWN_FILES
from stats.verdict import Verdict
from vault.models import Final, Holdout, PublishedResult, Round, Submission
from vault.statuses import SubmissionStatus


def deciding(*, round: Round) -> list[Holdout]:
    """List the fresh holdouts that the figures are computed on; the first becomes the next query holdout."""
    in_order = round.fresh_holdouts.order_by("sealed_at", "pk")
    return [each for each in in_order if each.decides_beside(round.query_holdout)]


def results(*, round: Round, audit: AuditRun) -> list[PublishedResult]:
    """One row per final and reference, with the document's figures."""
    disclosure = disclosure_of(round=round, audit=audit)
    found = judged.of_run(audit=audit)
    rows = _rows(disclosure, found)
    handed_in = Submission.objects.filter(round=round, status=SubmissionStatus.WITHDRAWN)
    finals = Final.objects.filter(round=round)
    # A team that withdrew everything has a verdict all the same, and its last file stands for it.
    files = {
        **dict(handed_in.order_by("sequence").values_list("team_id", "pk")),
        **dict(finals.values_list("team_id", "submission_id")),
    }
    results = []
    for team in found:
        # A team whose file is not what was received has no audited final, and a verdict all the same.
        submission_id = team.finding.submission_id or files.get(team.team_id)
        if submission_id is not None:
            results.append(
                _result(team.team_id, submission_id, rows[team.team], disclosure.rounding)
            )
    return results


def document(*, round: Round, audit: AuditRun) -> dict[str, Any]:
    """Write what the API shows."""
    disclosure = disclosure_of(round=round, audit=audit)
    found = judged.of_run(audit=audit)
    rows = _rows(disclosure, found)
    teams = [rows[each.team] for each in found if not each.is_reference]
    written = DOCUMENT.show(
        disclosure,
        headline=sentences.headline(verdicts=[row["verdict"] for row in teams]),
        references=[rows[each.team] for each in found if each.is_reference],
        teams=teams,
    )
    return standing.placed(
        document=written, unranked=disclosure.unranked, benchmark=round.benchmark
    )


def nats(*, round: Round, shown: dict[str, Any]) -> float:
    """Count what a coarse document can have told of the fresh holdout that its figures are computed on."""
    if not shown["n_fresh"]:
        return 0.0
    return leakage.nats(shown=shown, levels=grid_of(round=round, n_fresh=shown["n_fresh"]).levels)


def _rows(disclosure: Disclosure, found: list[Judged]) -> dict[str, dict[str, Any]]:
    """Make a row for each team and reference, by name."""
    references = {
        each.team: REFERENCE.show(
            each,
            query=disclosure.on_query(each.query),
            **_fresh(disclosure, each),
            scores=disclosure.every_metric(each),
        )
        for each in found
        if each.is_reference
    }
    teams = [each for each in found if not each.is_reference]
    computed = {each.team: _computed(disclosure, each.as_published) for each in teams}
    _tier(disclosure, found, computed)
    known = [each.query for each in found if each.is_reference]
    compared_with = _comparisons(disclosure, found)
    for each in teams:
        row = computed[each.team]
        row["sentence"] = _sentence(
            disclosure, each.as_published, row, known, compared_with[each.team]
        )
    shown = {each.team: TEAM.show(each.as_published, **computed[each.team]) for each in teams}
    return {**references, **shown}


def _fresh(disclosure: Disclosure, given: Judged) -> dict[str, Any]:
    """Give the figure of a final with its interval, or two times nothing."""
    if given.fresh is None or not disclosure.has_figure(given):
        return {"fresh": None, "fresh_interval": None}
    figure = disclosure.rounding.figure(given.fresh)
    scored = disclosure.scores.get(given.team_id, {}).get(disclosure.metric, {}).get("fresh")
    interval = None
    if scored is not None:
        value, low, high = scored
        interval = disclosure.rounding.score_interval(value=value, low=low, high=high)
    return {"fresh": figure, "fresh_interval": interval}


def _computed(disclosure: Disclosure, given: Judged) -> dict[str, Any]:
    """Compute the members of a team that are not simply read, but for its tier and its sentence."""
    rounding, fresh = disclosure.rounding, _fresh(disclosure, given)
    # Of a file that is not the final only an accusation tells figures.
    names_other = given.names_best_scored and given.verdict == Verdict.CONFIRMED
    is_other = names_other or not given.has_final
    named = given.best_fresh if names_other else None
    # Where the gate fired, or the test is of a file that nobody is told of, nothing is said of the team.
    is_told = given.verdict != Verdict.SHIFT and is_other == given.names_best_scored
    row = {
        "file_named": BEST_SCORED if is_other else FINAL,
        "is_ranked_file": given.has_final and (given.is_ranked_file or not names_other),
        # Under most mechanisms nobody could tell which one it is: a file that did not improve shows no score.
        "named_submission": given.named_submission if given.verdict == Verdict.CONFIRMED else None,
        **fresh,
        "no_figure": _no_figure(disclosure, given),
        "tier": None,
        "query": disclosure.on_query(given.query),
        "named_query": disclosure.on_query(given.best_query if names_other else given.query),
        "named_fresh": None if named is None else rounding.figure(named),
        "verdict": given.verdict,
        "test": given.test if is_told and given.test else None,
        "luck": _upward(disclosure, given.luck) if is_told else None,
        "p_adjusted": rounding.p_value(value=given.p_value, is_screened=given.is_screened)
        if is_told
        else None,
        "minimum_detectable_effect": _upward(disclosure, given.minimum_detectable_effect)
        if is_told
        else None,
        "scores": disclosure.every_metric(given),
    }
    row |= _overstatement(disclosure, given, row)
    if row["verdict"] == Verdict.WITHIN_LUCK and not _is_within_luck(disclosure, row):
        row["verdict"] = Verdict.NO_EVIDENCE.value
    return row


def _is_within_luck(disclosure: Disclosure, row: dict[str, Any]) -> bool:
    """By the figures that are shown: without them nobody could see it. Rounding widens the interval."""
    if row["overstatement"] is None or row["luck"] is None:
        return False
    delta0 = disclosure.round.benchmark.delta0 * disclosure.unit
    is_lower = row["overstatement_interval"][0] > delta0
    return bool(is_lower and row["overstatement"] <= row["luck"])


def _no_figure(disclosure: Disclosure, given: Judged) -> str | None:
    if disclosure.has_figure(given) or given.verdict == Verdict.INVALID:
        return None
    if not given.has_final:
        return sentences.WITHDRAWN
    if given.fresh is None:
        return sentences.NOT_ON_FRESH
    if given.released is None:
        return sentences.NOT_RELEASED
    return sentences.NO_BASELINE if disclosure.baseline is None else sentences.BELOW_BASELINE


def _upward(disclosure: Disclosure, value: float | None) -> float | None:
    return None if value is None else disclosure.rounding.upward(value)


def _overstatement(disclosure: Disclosure, given: Judged, row: dict[str, Any]) -> dict[str, Any]:
    """From what is published: the query score, whose holdout retires, and two rounded figures."""
    nothing = {
        "reference_excess": None,
        "overstatement": None,
        "overstatement_interval": None,
    }
    is_other = row["file_named"] == BEST_SCORED
    query, fresh = (
        (row["named_query"], row["named_fresh"]) if is_other else (row["query"], row["fresh"])
    )
    if row["test"] is None or given.reference_excess is None or given.half_width is None:
        return nothing
    if query is None or fresh is None:
        return nothing
    rounding = disclosure.rounding
    excess = rounding.excess(given.reference_excess)
    centre = rounding.effect(disclosure.better(rounding.clipped(query), fresh) - excess)
    return {
        "reference_excess": excess,
        "overstatement": centre,
        "overstatement_interval": rounding.effect_interval(
            centre=centre, half_width=given.half_width
        ),
    }


def _tier(disclosure: Disclosure, found: list[Judged], teams: dict[str, dict[str, Any]]) -> None:
    """Tiers of the ranked teams with a figure, by their figures."""
    shown = [
        each
        for each in found
        if not (each.is_reference or each.team in disclosure.unranked)
        and teams[each.team]["fresh"] is not None
    ]
    figures = np.array(
        [oriented(metric=disclosure.metric, value=teams[each.team]["fresh"]) for each in shown]
    )
    numbers = ranking.tiers_of(
        finding=Finding.objects.filter(run=disclosure.audit, check_name=ranking.NAME).first(),
        teams=[each.team_id for each in shown],
        scores=figures,
        # Rounding may bring two figures nearer by a step: that much further apart they have to be. And half a
        # hair more: figures on the grid tie exactly, and floats do not.
        slack=disclosure.rounding.slack + TIE * disclosure.unit,
    )
    for each in shown:
        teams[each.team]["tier"] = None if numbers is None else numbers[each.team_id]


def _comparisons(disclosure: Disclosure, found: list[Judged]) -> dict[str, str]:
    """Name what each file was compared with; weights follow the labels: a full document alone has them."""
    of_teams = Finding.objects.filter(run=disclosure.audit, check_name=accusation.NAME)
    findings = {each.team_id: each for each in of_teams}
    names = judged.names_of(audit=disclosure.audit)
    spoken = {}
    for each in found:
        files = accusation.compared_with(
            finding=findings.get(each.team_id), team=each, names=names, metric=disclosure.metric
        )
        decimals = disclosure.rounding.decimals
        spoken[each.team] = (
            compared.weighed(files, written=partial(sentences.number, decimals=decimals))
            if disclosure.is_full
            else compared.unweighed(files)
        )
    return spoken


def _sentence(
    disclosure: Disclosure,
    given: Judged,
    row: dict[str, Any],
    references: list[float | None],
    compared_with: str,
) -> str:
    is_other = row["file_named"] == BEST_SCORED
    query = row["named_query"] if is_other else row["query"]
    low, high = row["overstatement_interval"] or (None, None)
    return sentences.sentence(
        facts=sentences.Facts(
            verdict=row["verdict"],
            team=given.name,
            greater_is_better=METRICS[disclosure.metric].greater_is_better,
            decimals=disclosure.rounding.decimals,
            released=None if is_other else given.released,
            query=query,
            fresh=row["named_fresh"] if is_other else row["fresh"],
            n_fresh=disclosure.n_fresh,
            overstatement=row["overstatement"],
            low=low,
            high=high,
            luck=row["luck"],
            minimum_detectable_effect=row["minimum_detectable_effect"],
            k=given.k,
            is_over_own_files=row["test"] == OWN_FILES,
            names_best_scored=is_other,
            is_ranked_file=row["is_ranked_file"],
            has_final=given.has_final,
            is_ahead=judged.is_ahead(
                query=query, test=row["test"], references=references, metric=disclosure.metric
            ),
            reason=row["no_figure"] or sentences.NOT_ON_FRESH,
            compared_with=compared_with,
            reference_excess=row["reference_excess"],
        )
    )


def _result(
    team_id: int, submission_id: Any, row: dict[str, Any], rounding: Rounding
) -> PublishedResult:
    fresh_low, fresh_high = row["fresh_interval"] or (None, None)
    low, high = row.get("overstatement_interval") or (None, None)
    return PublishedResult(
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
