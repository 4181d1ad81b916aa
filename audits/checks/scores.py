"""All metrics of each final on query and on fresh labels, with the interval of each score.

For researchers; everybody reads it after a full publication only.
"""

from audits import sentences
from audits.checks.check import Check, Column, Context, Place, Section, Table, number_columns
from audits.collected import Collected
from audits.judged import Judged
from audits.models import Finding
from audits.reading import Reading
from stats.metrics import METRICS
from vault.scorers import scorer_of

NAME = "scores"


def check(collected: Collected, context: Context) -> list[Finding]:
    """Keep all scores; of a reference team with several files those of the first, as everywhere."""
    results = {
        entrant.history.team_id: entrant.scores for entrant in collected.audited if entrant.scores
    }
    for team, scores in zip(collected.reference_teams, collected.reference_scores, strict=False):
        results.setdefault(team.team_id, scores)
    return [
        Finding(team_id=team_id, evidence={"scores": scores}) for team_id, scores in results.items()
    ]


def of_team(reading: Reading, team: Judged) -> list[Section]:
    """List each metric with its intervals on query and on new labels, in the digits of its own range."""
    benchmark = reading.audit.round.benchmark
    rows = []
    for name, parts in scored(reading=reading, team=team).items():
        decimals = sentences.decimals_of(unit=scorer_of(benchmark=benchmark, metric=name).unit)
        row = [METRICS[name].label]
        for part in ("query", "fresh"):
            value, low, high = parts.get(part, (None, None, None))
            shown = sentences.number(value, decimals=decimals)
            covered = sentences.interval(low, high, decimals=decimals)
            row.append("–" if value is None else f"{shown} {covered}")
        rows.append(row)
    if not rows:
        return []
    columns = [Column("Metric"), *number_columns("Query labels", "New labels")]
    return [
        Section(
            place=Place.TEAM,
            title="All metrics of the final",
            table=Table(columns=columns, rows=rows),
            caption="Intervals of single scores, 95 %: they cover the sampling of those items and no choice "
            "among files.",
        )
    ]


def scored(*, reading: Reading, team: Judged) -> dict[str, dict[str, list[float]]]:
    """Gather all metrics of one team's final; of a team without one nothing."""
    found = reading.of_team(NAME, team)
    return {} if found is None else found.evidence["scores"]


CHECK = Check(
    name=NAME,
    meaning="All metrics of each final on query and on new labels.",
    check=check,
    of_team=of_team,
)
