"""The public board: a function of releases, constants of the round, attempts and time; after publication
also of the published results. It never reads a raw score, so it cannot leak one.

Order: rank, then name; then teams without a rank, organizer references and unranked teams, each by name.
Equal values share a rank, and the next rank counts them all (1, 1, 3). Values are equal within 1e-9 of the
metric's unit of the best of them, and are shown without the digits that do not decide.

What ranks is the best released value of a team's scored submissions; once finals are locked, the final's
own, before any fresh label is opened: nobody keeps one file on the board and is judged by another. A
published round ranks by the fresh figures of its finals, whatever was released of them; a final without one
has no rank.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from django.db.models import Count, Q

from stats import ties
from stats.mechanisms import MECHANISMS
from stats.metrics import METRICS
from vault import budget_left, holdout_ledger, late_allowances, merged_teams, unranking
from vault.models import Benchmark, BudgetEntry, PublishedResult, Release, Round, Team
from vault.references import scores as reference_scores
from vault.statuses import FINALS_LOCKED, RoundStatus, SubmissionStatus

# What the board shows of a published result under its own name.
PUBLISHED = (
    *("fresh_low", "fresh_high", "fresh_resolution"),
    *("overstatement", "overstatement_low", "overstatement_high", "luck"),
)

Key = TypeVar("Key")


class RankedBy(StrEnum):
    """What a board ranks by."""

    BEST_RELEASED = "best_released"
    FINAL_RELEASED = "final_released"
    FRESH = "fresh"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One team, scores in the metric's units; what is not published yet is None."""

    rank: int | None
    team_id: int
    team: str
    title: str
    # Of the team's best submission; once finals are locked, of its final.
    released: float | None
    # Charged submissions: failed and withdrawn ones count, refunded ones do not.
    attempts: int
    is_reference: bool
    # It handed in after the round's end, as an organizer allowed it.
    is_late: bool = False
    fresh: float | None = None
    fresh_low: float | None = None
    fresh_high: float | None = None
    fresh_resolution: float | None = None
    tier: int | None = None
    # Of a published round: by the final's released value, and how many places the team rose since among
    # the teams that have a rank on both sides.
    rank_before: int | None = None
    rank_change: int | None = None
    overstatement: float | None = None
    overstatement_low: float | None = None
    overstatement_high: float | None = None
    luck: float | None = None
    verdict: str | None = None
    # The file that verdict, overstatement and luck are of: `final`, or `best_scored`, which may not rank.
    file_named: str | None = None
    # Names of the teams that were merged into it: their answers and attempts are its own.
    absorbed: list[str] = field(default_factory=list)
    is_unranked: bool = False
    unranked_reason: str | None = None


def resolution(*, round: Round) -> float:
    """Give the smallest difference between two values on the board, in the metric's units."""
    return MECHANISMS[round.mechanism].resolution(
        n=round.query_holdout.n_items,
        unit=holdout_ledger.unit_of(benchmark=round.benchmark),
        parameters=round.parameters,
    )


def shown(*, value: float | None, benchmark: Benchmark) -> float | None:
    """Round a score of the primary metric as people read it, wherever they do: to the digits that decide."""
    if value is None:
        return None
    return ties.shown(value=value, unit=holdout_ledger.unit_of(benchmark=benchmark))


def ranks(*, values: Mapping[Key, float], benchmark: Benchmark) -> dict[Key, int]:
    """Ranks by scores of the primary metric, in its units; equal scores share one."""
    ordered = list(values.values())
    found = ties.shared_ranks(
        values=ordered,
        greater_is_better=METRICS[benchmark.primary_metric].greater_is_better,
        tolerance=ties.tolerance(unit=holdout_ledger.unit_of(benchmark=benchmark), values=ordered),
    )
    return dict(zip(values, found, strict=True))


def moves(
    *,
    before: Mapping[Key, float | None],
    after: Mapping[Key, float | None],
    benchmark: Benchmark,
) -> dict[Key, tuple[int, int]]:
    """Ranks before and after among those who have both values, so that their difference is a movement.

    Where others are ranked on one side alone, they push everybody there, and nobody has moved.
    """
    first, second = _known(before, before), _known(after, after)
    both = [key for key in first if key in second]
    one = ranks(values=_known(first, both), benchmark=benchmark)
    other = ranks(values=_known(second, both), benchmark=benchmark)
    return {key: (one[key], other[key]) for key in both}


def closed_up(*, tiers: Mapping[Key, int | None]) -> dict[Key, int]:
    """Tiers of those who are ranked: where all of a tier were unranked, the tiers behind it move up."""
    known = {key: tier for key, tier in tiers.items() if tier is not None}
    places = {tier: place for place, tier in enumerate(sorted(set(known.values())), start=1)}
    return {key: places[tier] for key, tier in known.items()}


def ranked_by(*, round: Round) -> RankedBy:
    if round.status == RoundStatus.PUBLISHED:
        return RankedBy.FRESH
    return RankedBy.FINAL_RELEASED if round.status in FINALS_LOCKED else RankedBy.BEST_RELEASED


def board(*, round: Round) -> list[Row]:
    is_published = ranked_by(round=round) == RankedBy.FRESH
    results = PublishedResult.objects.filter(round=round) if is_published else ()
    published = {result.team_id: result for result in results}
    absorbed = merged_teams.names_absorbed(round=round)
    stands_for = merged_teams.kept_of(round=round) if absorbed else {}
    values = _released_values(round, stands_for)
    attempts, are_late = _attempts(round, stands_for)
    answered = Release.objects.filter(submission__round=round)
    listed = answered.values_list("submission__team", flat=True).distinct()
    named = {stands_for.get(pk, pk) for pk in listed}
    teams = Team.objects.in_bulk({*named, *attempts, *published})
    unranked = unranking.unranked(round=round)
    competing = [pk for pk, team in teams.items() if not (team.is_reference or pk in unranked)]
    released = _known(values, competing)
    before = ranks(values=released, benchmark=round.benchmark)
    fresh = _known({pk: result.fresh_value for pk, result in published.items()}, competing)
    after = ranks(values=fresh, benchmark=round.benchmark)
    moved = moves(before=released, after=fresh, benchmark=round.benchmark)
    tiers = closed_up(tiers={pk: published[pk].tier for pk in competing if pk in published})
    rows = [
        Row(
            rank=(after if is_published else before).get(pk),
            team_id=pk,
            team=team.name,
            title=team.title,
            released=shown(
                value=reference_scores.told(value=values.get(pk), round=round, team=team),
                benchmark=round.benchmark,
            ),
            attempts=attempts[pk],
            is_reference=team.is_reference,
            is_late=pk in are_late,
            rank_before=before.get(pk) if is_published else None,
            rank_change=moved[pk][0] - moved[pk][1] if is_published and pk in moved else None,
            **_told(published.get(pk)),
            tier=tiers.get(pk),
            absorbed=absorbed.get(pk, []),
            is_unranked=pk in unranked,
            unranked_reason=unranked[pk].reason if pk in unranked else None,
        )
        for pk, team in teams.items()
    ]
    return sorted(rows, key=_place)


def of_references(*, round: Round) -> dict[int, float]:
    """Find what the board shows of each organizer reference, by its team."""
    teams = Team.objects.filter(is_reference=True, submissions__round=round).distinct().in_bulk()
    found = {}
    for pk, value in _released_values(round, {}, of=teams).items():
        told = reference_scores.told(value=value, round=round, team=teams[pk])
        is_shown = shown(value=told, benchmark=round.benchmark)
        if is_shown is not None:
            found[pk] = is_shown
    return found


def _attempts(round: Round, stands_for: Mapping[int, int]) -> tuple[Counter[int], set[int]]:
    """Count what each team was charged for, and find those of which some came late."""
    charged = budget_left.charged(entries=BudgetEntry.objects.filter(admission__round=round))
    late = Count("pk", filter=Q(reason=late_allowances.LATE))
    attempts: Counter[int] = Counter()
    are_late: set[int] = set()
    for each in charged.values("admission__team").annotate(n=Count("pk"), n_late=late):
        pk = stands_for.get(each["admission__team"], each["admission__team"])
        attempts[pk] += each["n"]
        if each["n_late"]:
            are_late.add(pk)
    return attempts, are_late


def _place(row: Row) -> tuple[Any, ...]:
    return (row.is_unranked, row.is_reference, row.rank is None, row.rank or 0, row.team)


def _known(values: Mapping[Key, float | None], teams: Iterable[Key]) -> dict[Key, float]:
    found = ((key, values.get(key)) for key in teams)
    return {key: value for key, value in found if value is not None}


def _told(result: PublishedResult | None) -> dict[str, Any]:
    """Give the figures of a published result, as they were published."""
    if result is None:
        return {}
    return {
        **{name: getattr(result, name) for name in PUBLISHED},
        "fresh": result.fresh_value,
        "verdict": result.verdict or None,
        "file_named": result.file_named or None,
    }


def _released_values(
    round: Round, stands_for: Mapping[int, int], *, of: Iterable[int] | None = None
) -> dict[int, float]:
    """Find the value that each team stands for; organizer references have no finals and show their best.

    `of` names teams if not all are asked for.
    """
    releases = Release.objects.filter(
        submission__round=round,
        transcript=round.transcript,
        submission__status=SubmissionStatus.SCORED,
        outcome__in=Release.OWN_VALUE,
        value__isnull=False,
    )
    if of is not None:
        releases = releases.filter(submission__team__in=list(of))
    if round.status in FINALS_LOCKED:
        finals = merged_teams.finals_of(round=round).values("submission")
        releases = releases.filter(
            Q(submission__team__is_reference=True) | Q(submission__in=finals)
        )
    better = max if METRICS[round.benchmark.primary_metric].greater_is_better else min
    best: dict[int, float] = {}
    for own_id, value in releases.values_list("submission__team", "value"):
        assert value is not None
        team_id = stands_for.get(own_id, own_id)
        best[team_id] = better(best.get(team_id, value), value)
    return best
