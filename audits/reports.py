"""The report of one run: a plain page for researchers, rendered from the findings and nothing else.

Scores are in the metric's own units and direction; an overstatement is positive where a file looks better
on the board than on new labels. Figures are exact: everybody else reads those of the publication.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.template.loader import render_to_string

from audits import figures, judged, sentences
from audits.checks import (
    accusation,
    deflation,
    discordance,
    elsewhere,
    gate,
    integrity,
    ledger,
    ranking,
    scores,
)
from audits.figures import Mark
from audits.judged import Judged
from audits.models import AuditRun, Finding
from stats import tiers
from stats.accusation import BEST_SCORED, FINAL, ORGANISER, OWN_FILES
from stats.metrics import METRICS, Metric, oriented
from stats.verdict import Verdict
from vault import rounds
from vault.scorers import scorer_of

# A verdict is a word and a shape, never a colour alone.
FILES = {FINAL: "final", BEST_SCORED: "best scored"}
REFERENCES = {OWN_FILES: "own early files", ORGANISER: "the references"}
SHAPES = {
    Verdict.CONFIRMED: "◆",
    Verdict.INVALID: "✕",
    Verdict.SUSPECTED: "▲",
    Verdict.NOT_TESTED: "○",
}
OTHERWISE = "●"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A team or a reference as it stands in the table: text, but for the verdict."""

    name: str
    anchor: str
    verdict: str
    shape: str
    rank: str
    tier: str
    before: str
    change: str
    fresh: str
    fresh_interval: str
    query: str
    released: str
    overstatement: str
    interval: str
    luck: str
    p: str
    limit: str
    attempts: str
    sentence: str
    scores: list[tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """A run's findings by check, and how its numbers are written."""

    audit: AuditRun
    metric: Metric
    decimals: int
    found: list[Judged]
    by_check: dict[str, list[Finding]]

    def number(self, value: float | None) -> str:
        return sentences.number(value, decimals=self.decimals)

    def interval(self, low: float | None, high: float | None) -> str:
        return sentences.interval(low, high, decimals=self.decimals)

    def own(self, value: float | None) -> float | None:
        """An oriented score in the metric's units."""
        return None if value is None else oriented(metric=self.metric.name, value=value) + 0.0

    def first(self, name: str) -> Finding | None:
        found = self.by_check.get(name)
        return found[0] if found else None

    def of_team(self, name: str, team: Judged) -> dict[str, Any]:
        for finding in self.by_check.get(name, []):
            if finding.team_id == team.team_id:
                return dict(finding.evidence)
        return {}


def render(*, audit: AuditRun) -> str:
    reading = _reading(audit)
    teams = [each for each in reading.found if not each.is_reference]
    rows = _rows(reading, teams)
    shown = [each for each in reading.found if each.query is not None and each.fresh is not None]
    return render_to_string(
        "audits/report.html",
        {
            "audit": audit,
            "round": audit.round,
            "snapshot": audit.snapshot,
            "metric": reading.metric,
            "headline": sentences.headline(verdicts=[each.published_verdict for each in teams]),
            "how_to_read": sentences.HOW_TO_READ,
            "rows": rows,
            "references": [_row(reading, each) for each in reading.found if each.is_reference],
            "figures": _figures(reading, shown, rows),
            "gate": _gate(reading),
            "ledger": _ledger(reading),
            "tests": list(_tests(reading)),
            "pairs": reading.by_check.get(discordance.NAME, []),
            "deflated": _deflated(reading),
            "elsewhere": _elsewhere(reading),
            "shared": _shared(reading),
        },
    )


def _reading(audit: AuditRun) -> _Reading:
    by_check: dict[str, list[Finding]] = {}
    found = Finding.objects.filter(run=audit).select_related("team")
    for finding in found.order_by("check_name", "team__name"):
        by_check.setdefault(finding.check_name, []).append(finding)
    return _Reading(
        audit=audit,
        metric=METRICS[audit.snapshot["metric"]],
        decimals=sentences.decimals_of(unit=rounds.unit(round=audit.round)),
        found=judged.of_run(audit=audit),
        by_check=by_check,
    )


def _rows(reading: _Reading, teams: list[Judged]) -> list[Row]:
    """By their scores on new labels; who has none stands last."""
    after = _ranks(reading, teams, lambda team: team.fresh)
    before = _ranks(reading, teams, lambda team: team.released)
    numbers = _tiers(reading, teams)
    ordered = sorted(teams, key=lambda team: (after.get(team.team, len(teams) + 1), team.team))
    return [
        _row(
            reading,
            team,
            rank=after.get(team.team),
            tier=numbers.get(team.team),
            before=before.get(team.team),
        )
        for team in ordered
    ]


def _ranks(
    reading: _Reading, teams: list[Judged], value: Callable[[Judged], float | None]
) -> dict[str, int]:
    """Equal scores share a rank."""
    known = {team.team: reading.own(value(team)) for team in teams if value(team) is not None}
    return {
        name: 1 + sum(other > score for other in known.values() if other is not None)
        for name, score in known.items()
        if score is not None
    }


def _tiers(reading: _Reading, teams: list[Judged]) -> dict[str, int]:
    found = reading.first(ranking.NAME)
    if found is None:
        return {}
    known = [team for team in teams if team.team_id in found.evidence["teams"]]
    widths = ranking.half_widths(teams=[team.team_id for team in known], found=found.evidence)
    figures = np.array([reading.own(team.fresh) or 0.0 for team in known])
    numbers = tiers.tiers(scores=figures, half_widths=widths)
    return {team.team: int(number) for team, number in zip(known, numbers, strict=True)}


def _row(
    reading: _Reading,
    team: Judged,
    *,
    rank: int | None = None,
    tier: int | None = None,
    before: int | None = None,
) -> Row:
    every = reading.of_team(scores.NAME, team).get("scores", {})
    own = every.get(reading.metric.name, {}).get("fresh")
    return Row(
        name=team.name,
        anchor=f"team-{team.team_id}",
        verdict=team.verdict,
        shape=SHAPES.get(Verdict(team.verdict), OTHERWISE) if team.verdict else "",
        rank=_whole(rank),
        tier=_whole(tier),
        before=_whole(before),
        change=_change(before, rank),
        fresh=reading.number(team.fresh),
        fresh_interval="" if own is None else reading.interval(own[1], own[2]),
        query=reading.number(team.query),
        released=reading.number(team.released),
        overstatement=reading.number(team.overstatement),
        interval="" if team.low is None else reading.interval(team.low, team.high),
        luck=reading.number(team.luck),
        p=_p_value(team),
        limit=reading.number(team.minimum_detectable_effect),
        attempts=_whole(team.attempts),
        sentence=_sentence(reading, team),
        scores=_scores(reading, every),
    )


def _scores(reading: _Reading, every: dict[str, dict[str, list[float]]]) -> list[tuple[str, ...]]:
    """Each metric with its intervals on query and on new labels, in the digits of its own range."""
    benchmark = reading.audit.round.benchmark
    rows = []
    for name, parts in every.items():
        unit = scorer_of(benchmark=benchmark, metric=name).unit
        decimals = sentences.decimals_of(unit=unit)
        cells = [_scored(parts.get(part), decimals) for part in ("query", "fresh")]
        rows.append((METRICS[name].label, *cells))
    return rows


def _scored(given: list[float] | None, decimals: int) -> str:
    if given is None:
        return "–"
    value, low, high = given
    shown = sentences.number(value, decimals=decimals)
    return f"{shown} {sentences.interval(low, high, decimals=decimals)}"


def _sentence(reading: _Reading, team: Judged) -> str:
    query, fresh = team.of_the_named_file
    observed = reading.first(gate.NAME)
    return sentences.sentence(
        facts=sentences.Facts(
            verdict=team.verdict,
            team=team.name,
            greater_is_better=reading.metric.greater_is_better,
            decimals=reading.decimals,
            released=None if team.names_best_scored else team.released,
            query=query,
            fresh=fresh,
            n_fresh=reading.audit.snapshot["n_fresh"],
            overstatement=team.overstatement,
            low=team.low,
            high=team.high,
            luck=team.luck,
            minimum_detectable_effect=team.minimum_detectable_effect,
            k=team.k,
            names_best_scored=team.names_best_scored,
            is_ranked_file=team.is_ranked_file,
            shift=None if observed is None else observed.estimate,
        )
    )


def _p_value(team: Judged) -> str:
    if team.p_value is None:
        return "–"
    return "> .05" if team.is_screened else f"{team.p_value:.2g}"


def _whole(value: int | None) -> str:
    return "–" if value is None else str(value)


def _change(before: int | None, after: int | None) -> str:
    if before is None or after is None or before == after:
        return ""
    return f"▲ {before - after}" if after < before else f"▼ {after - before}"


def _figures(reading: _Reading, shown: list[Judged], rows: list[Row]) -> list[Any]:
    """Overstatement, board against new labels, ranks before and after; none where there is nothing."""
    direction = "higher is better" if reading.metric.greater_is_better else "lower is better"
    axis = f"{reading.metric.label}, {direction}"
    forest = [
        Mark(
            name=team.name,
            verdict=team.verdict,
            x=team.overstatement,
            low=team.low,
            high=team.high,
            luck=team.luck,
            limit=team.minimum_detectable_effect,
        )
        for team in reading.found
        if team.overstatement is not None and team.low is not None and team.high is not None
    ]
    points = [
        Mark(name=team.name, verdict=team.verdict, x=team.query, y=team.fresh)
        for team in shown
        if team.query is not None and team.fresh is not None
    ]
    slopes = [
        Mark(name=row.name, verdict=row.verdict, x=int(row.before), y=int(row.rank))
        for row in rows
        if row.before.isdecimal() and row.rank.isdecimal()
    ]
    drawn = (
        figures.overstatements(forest, decimals=reading.decimals),
        figures.query_against_fresh(points, axis=axis, decimals=reading.decimals),
        figures.ranks(slopes),
    )
    return [each for each in drawn if each]


def _gate(reading: _Reading) -> dict[str, str] | None:
    found = reading.first(gate.NAME)
    if found is None or found.p_value is None or found.estimate is None:
        return None
    return {
        "size": reading.number(abs(found.estimate)),
        "side": "better" if found.estimate > 0 else "worse",
        "z": f"{found.evidence['z']:.2f}",
        "p": f"{found.p_value:.2g}",
        "state": "fired" if found.evidence["fired"] else "is quiet",
    }


def _ledger(reading: _Reading) -> dict[str, str] | None:
    found = reading.first(ledger.NAME)
    if found is None:
        return None
    return {
        "nats": f"{found.evidence['nats']:.1f}",
        "bound": "" if found.estimate is None else reading.number(found.estimate),
    }


def _tests(reading: _Reading) -> Iterable[dict[str, str]]:
    """Each test of each team: which file, against what."""
    for finding in reading.by_check.get(accusation.NAME, []):
        assert finding.team is not None  # tests are of teams
        for test in finding.evidence["tests"]:
            low, high = test["interval"]
            screened = test["p_is_screened"]
            yield {
                "name": finding.team.title or finding.team.name,
                "file": f"{FILES[test['which']]}, no. {test['file']}",
                "against": REFERENCES[test["kind"]],
                "overstatement": reading.number(test["overstatement"]),
                "interval": reading.interval(low, high),
                "luck": reading.number(test["luck"]),
                "beyond": reading.number(test["excess_low"]),
                "holm": "> .05" if screened else f"{test['p_adjusted']:.2g}",
                "draws": _whole(test["n_draws"]),
                "k": _whole(finding.evidence["k"]),
            }


def _deflated(reading: _Reading) -> list[dict[str, str]]:
    return [
        {
            "name": finding.team.title or finding.team.name,
            "score": reading.number(reading.own(finding.estimate)),
            "luck": reading.number(finding.evidence["expected_luck"]),
        }
        for finding in reading.by_check.get(deflation.NAME, [])
        if finding.team is not None
    ]


def _elsewhere(reading: _Reading) -> list[dict[str, str]]:
    """Already in the metric's units."""
    return [
        {
            "name": finding.team.title or finding.team.name,
            "scores": ", ".join(map(reading.number, finding.evidence["scores"].values())),
        }
        for finding in reading.by_check.get(elsewhere.NAME, [])
        if finding.team is not None
    ]


def _shared(reading: _Reading) -> list[dict[str, str]]:
    """Teams that handed in a file that another one handed in, too."""
    return [
        {
            "name": finding.team.title or finding.team.name,
            "others": ", ".join(finding.evidence["identical_files_with"]),
        }
        for finding in reading.by_check.get(integrity.NAME, [])
        if finding.team is not None and finding.evidence.get("identical_files_with")
    ]
