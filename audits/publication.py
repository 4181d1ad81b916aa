"""What publishing a round tells of its audit.

Coarse: rounded figures of the finals whose release beat the baseline (else many accounts with random files
would each buy a figure of the next query holdout), and everything computed from them. Full: exact figures of
all finals with all metrics; the fresh holdout then retires. Document, board, admin and client show the same.
"""

from functools import partial
from typing import Any

import numpy as np

from audits import compared, judged, leakage, sentences, standing
from audits.checks import accusation, ranking, scores
from audits.disclosure import Disclosure, disclosure_of, grid_of
from audits.judged import Judged
from audits.models import AuditRun
from audits.published_shape import DOCUMENT, REFERENCE, TEAM
from audits.reading import reading_of
from stats.metrics import oriented
from stats.team_tests import BEST_SCORED, FINAL
from stats.ties import RELATIVE_TOLERANCE as TIE
from stats.verdict import Verdict
from vault import merged_teams
from vault.models import Holdout, PublishedResult, Round, Submission
from vault.statuses import SubmissionStatus

# What a row and its sentence know by one name.
SAID = (
    *("verdict", "test", "overstatement", "luck", "minimum_detectable_effect"),
    *("is_ranked_file", "reference_excess"),
)


def deciding(*, round: Round) -> list[Holdout]:
    """List the fresh holdouts that the figures are computed on; the first becomes the next query holdout."""
    in_order = round.fresh_holdouts.order_by("sealed_at", "pk")
    return [each for each in in_order if each.decides_beside(round.query_holdout)]


def results(*, round: Round, audit: AuditRun, shown: dict[str, Any]) -> list[PublishedResult]:
    """Make one row per final and reference, with the figures of the document."""
    rows = {row["team"]: row for row in (*shown["references"], *shown["teams"])}
    handed_in = Submission.objects.filter(round=round, status=SubmissionStatus.WITHDRAWN)
    finals = merged_teams.finals_of(round=round).values_list("team_id", "submission_id")
    stands_for = merged_teams.kept_of(round=round)
    # A team that withdrew everything has a verdict all the same, and its last file stands for it.
    last = handed_in.order_by("submitted_at", "sequence").values_list("team_id", "pk")
    files = {stands_for.get(team_id, team_id): pk for team_id, pk in last} | dict(finals)
    results = []
    for team in judged.of_run(audit=audit):
        # A team whose file is not what was received has no audited final, and a verdict all the same.
        submission_id = team.finding.submission_id or files.get(team.team_id)
        if submission_id is None:
            continue
        row = rows[team.team]
        fresh_low, fresh_high = row["fresh_interval"] or (None, None)
        # References have no verdict, nor what belongs to one.
        low, high = row.get("overstatement_interval") or (None, None)
        results.append(
            PublishedResult(
                team_id=team.team_id,
                submission_id=submission_id,
                fresh_value=row["fresh"],
                verdict=row.get("verdict", ""),
                file_named=row.get("file_named", "") if row.get("verdict") else "",
                fresh_low=fresh_low,
                fresh_high=fresh_high,
                fresh_resolution=None if row["fresh"] is None else shown["fresh_resolution"],
                tier=row.get("tier"),
                overstatement=row.get("overstatement"),
                overstatement_low=low,
                overstatement_high=high,
                luck=row.get("luck"),
            )
        )
    return results


def document(*, round: Round, audit: AuditRun) -> dict[str, Any]:
    """Write what the API shows."""
    reading = reading_of(audit=audit)
    disclosure = disclosure_of(round=round, reading=reading)
    references = [each for each in reading.found if each.finding.is_reference]
    teams = _teams(
        disclosure,
        [each.as_published for each in reading.found if not each.finding.is_reference],
        known=[each.query for each in references],
    )
    written = DOCUMENT.show(
        disclosure,
        headline=sentences.headline(verdicts=[row["verdict"] for row in teams]),
        references=[
            REFERENCE.show(
                each,
                query=disclosure.on_query(each.query),
                **_fresh(disclosure, each),
                scores=disclosure.every_metric(each),
            )
            for each in references
        ],
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


def _teams(
    disclosure: Disclosure, teams: list[Judged], *, known: list[float | None]
) -> list[dict[str, Any]]:
    """Make a row for each team; `known` are the references' scores on query labels."""
    rows = {each.team: _computed(disclosure, each) for each in teams}
    _tier(disclosure, teams, rows)
    # Weights follow the labels: a full document alone has them.
    spoken = compared.unweighed
    if disclosure.is_full:
        written = partial(sentences.number, decimals=disclosure.rounding.decimals)
        spoken = partial(compared.weighed, written=written)
    for each in teams:
        row = rows[each.team]
        query, fresh = _of_the_named_file(row)
        low, high = row["overstatement_interval"] or (None, None)
        files = accusation.compared_with(reading=disclosure.reading, team=each)
        row["sentence"] = sentences.sentence(
            facts=judged.facts(
                each,
                query=query,
                names_best_scored=row["file_named"] == BEST_SCORED,
                references=known,
                metric=disclosure.metric,
                **{name: row[name] for name in SAID},
                decimals=disclosure.rounding.decimals,
                fresh=fresh,
                n_fresh=disclosure.n_fresh,
                low=low,
                high=high,
                reason=row["no_figure"] or sentences.NOT_ON_FRESH,
                compared_with=spoken(files),
            )
        )
    return [TEAM.show(each, **rows[each.team]) for each in teams]


def _fresh(disclosure: Disclosure, team: Judged) -> dict[str, Any]:
    """Give the figure of a final with its interval, or nothing of both."""
    if team.fresh is None or not disclosure.has_figure(team):
        return {"fresh": None, "fresh_interval": None}
    interval, found = None, scores.scored(reading=disclosure.reading, team=team)
    if scored := found.get(disclosure.metric, {}).get("fresh"):
        value, low, high = scored
        interval = disclosure.rounding.score_interval(value=value, low=low, high=high)
    return {"fresh": disclosure.rounding.figure(team.fresh), "fresh_interval": interval}


def _computed(disclosure: Disclosure, team: Judged) -> dict[str, Any]:
    """Compute the members of a team that are not simply read, but for its tier and its sentence."""
    rounding, finding = disclosure.rounding, team.finding
    # Of a file that is not the final only an accusation tells figures.
    names_other = team.names_best_scored and team.verdict == Verdict.CONFIRMED
    is_other = names_other or not team.has_final
    named = team.best_fresh if names_other else None
    accused_file = finding.named_submission_id if team.verdict == Verdict.CONFIRMED else None
    # Where the gate fired, or the test is of a file that nobody is told of, nothing is said of the team.
    is_told = team.verdict != Verdict.SHIFT and is_other == team.names_best_scored

    def upward(value: float | None) -> float | None:
        return rounding.upward(value) if is_told and value is not None else None

    row = {
        "file_named": BEST_SCORED if is_other else FINAL,
        "is_ranked_file": team.has_final and (finding.is_ranked_file or not names_other),
        # Under most mechanisms nobody could tell which one it is: a file that did not improve shows no score.
        "named_submission": None if accused_file is None else str(accused_file),
        **_fresh(disclosure, team),
        "no_figure": _no_figure(disclosure, team),
        "tier": None,
        "query": disclosure.on_query(team.query),
        "named_query": disclosure.on_query(team.best_query if names_other else team.query),
        "named_fresh": None if named is None else rounding.figure(named),
        "verdict": team.verdict,
        "test": (finding.test or None) if is_told else None,
        "luck": upward(finding.luck),
        "p_adjusted": rounding.p_value(value=finding.p_value, is_screened=finding.is_screened)
        if is_told
        else None,
        "minimum_detectable_effect": upward(team.minimum_detectable_effect),
        "scores": disclosure.every_metric(team),
    }
    row |= _overstatement(disclosure, team, row)
    if row["verdict"] == Verdict.WITHIN_LUCK and not _is_within_luck(disclosure, row):
        row["verdict"] = Verdict.NO_EVIDENCE.value
    return row


def _is_within_luck(disclosure: Disclosure, row: dict[str, Any]) -> bool:
    """Judge by the figures shown: without them nobody could see it. Rounding widens the interval."""
    if row["overstatement"] is None or row["luck"] is None:
        return False
    delta0 = disclosure.round.benchmark.delta0 * disclosure.unit
    return bool(row["overstatement_interval"][0] > delta0 and row["overstatement"] <= row["luck"])


def _no_figure(disclosure: Disclosure, team: Judged) -> str | None:
    if disclosure.has_figure(team) or team.verdict == Verdict.INVALID:
        return None
    if not team.has_final:
        return sentences.WITHDRAWN
    if team.fresh is None:
        return sentences.NOT_ON_FRESH
    if team.finding.released is None:
        return sentences.NOT_RELEASED
    return sentences.NO_BASELINE if disclosure.baseline is None else sentences.BELOW_BASELINE


def _overstatement(disclosure: Disclosure, team: Judged, row: dict[str, Any]) -> dict[str, Any]:
    """Compute from what is published: the query score, whose holdout retires, and two rounded figures."""
    query, fresh = _of_the_named_file(row)
    if (
        row["test"] is None
        or team.finding.reference_excess is None
        or team.half_width is None
        or query is None
        or fresh is None
    ):
        return dict.fromkeys(("reference_excess", "overstatement", "overstatement_interval"))
    rounding = disclosure.rounding
    excess = rounding.excess(team.finding.reference_excess)
    centre = rounding.effect(disclosure.better(rounding.clipped(query), fresh) - excess)
    return {
        "reference_excess": excess,
        "overstatement": centre,
        "overstatement_interval": rounding.effect_interval(
            centre=centre, half_width=team.half_width
        ),
    }


def _of_the_named_file(row: dict[str, Any]) -> tuple[float | None, float | None]:
    """Give its figures on query and on fresh labels."""
    if row["file_named"] == BEST_SCORED:
        return row["named_query"], row["named_fresh"]
    return row["query"], row["fresh"]


def _tier(disclosure: Disclosure, teams: list[Judged], rows: dict[str, dict[str, Any]]) -> None:
    """Tell tiers of the ranked teams with a figure, by their figures."""
    shown = [
        each
        for each in teams
        if each.team not in disclosure.unranked and rows[each.team]["fresh"] is not None
    ]
    numbers = ranking.tiers_of(
        finding=disclosure.reading.first(ranking.NAME),
        teams=[each.team_id for each in shown],
        scores=np.array(
            [oriented(metric=disclosure.metric, value=rows[each.team]["fresh"]) for each in shown]
        ),
        # Rounding may bring two figures nearer by a step: that much further apart they have to be. And half a
        # hair more: figures on the grid tie exactly, and floats do not.
        slack=disclosure.rounding.slack + TIE * disclosure.unit,
    )
    for each in shown:
        rows[each.team]["tier"] = numbers.get(each.team_id)
