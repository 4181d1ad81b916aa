"""Decay: how the score of a final changes over windows of the sealed times, and whether the order lasts.

Windows of equal length are cut from a later period, or from new labels that have times. No verdict.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits import parts, sentences
from audits.checks.check import Check, Column, Context, Place, Section, Table, number_columns
from audits.collected import Collected, Entrant, Opened
from audits.judged import Judged
from audits.models import Finding
from audits.parts import Items
from audits.reading import Reading
from stats.intervals import two_sided_z
from stats.quality.decay import decay, rank_stability
from vault.holdout_kinds import HoldoutKind

NAME = "decay"
LATER, NEW = "the later period", "new labels"
# As many windows as all have enough items; a line through fewer than four says nothing of a trend.
MIN_WINDOWS, MAX_WINDOWS = 4, 12
# Neighbouring windows that are drawn together, of few windows half of them.
BLOCK = 3
# Of fewer teams a single change of places moves the agreement by a fifth or more.
MIN_TEAMS = 5
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
DAY = 86_400.0


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """Items in windows of equal length, the earliest first; prepared once for all teams."""

    items: Items
    rows: list[NDArray[np.intp]]
    # The same number of items in each, drawn from all of the period.
    mixed: list[NDArray[np.intp]]
    first_day: str
    last_day: str
    days: float

    def scores(self, answers: NDArray[Any]) -> tuple[list[float], list[float]]:
        """Score a file in each window, with the squared standard error of each."""
        found = [self.items.score(answers=answers, rows=rows) for rows in self.rows]
        # Where no answer differs from another there is still no certainty.
        least = self.items.scorer.unit / max(len(rows) for rows in self.rows)
        halves = [(ends.high - ends.low) / 2 / two_sided_z(parts.LEVEL) for _, ends in found]
        return [value for value, _ in found], [max(half, least) ** 2 for half in halves]

    def mixed_scores(self, answers: NDArray[Any]) -> list[float]:
        """Score a file on as many items of the whole period for each window: as if nothing changed."""
        return [self.items.score(answers=answers, rows=rows)[0] for rows in self.mixed]


def check(collected: Collected, context: Context) -> list[Finding]:
    """Make one finding for each final, and one of the board where its order can be followed."""
    timelines = _timelines(collected, context)
    findings: list[Finding] = []
    orders: dict[str, list[tuple[list[float], list[float]]]] = {name: [] for name in timelines}
    for entrant in collected.audited if timelines else []:
        answers, found = entrant.final_file(), {}
        if answers is None:
            continue
        for name, timeline in timelines.items():
            scores, variances = timeline.scores(answers)
            rng = context.generator(NAME, name, entrant.history.team_id)
            found[name] = _found(timeline, scores, variances, rng)
            if entrant.history.team_id not in collected.unranked:
                orders[name].append((scores, timeline.mixed_scores(answers)))
        findings.append(_finding(entrant, found))
    lasting = {
        name: _order(timelines[name], each)
        for name, each in orders.items()
        if len(each) >= MIN_TEAMS
    }
    return findings + ([Finding(evidence={"orders": lasting})] if lasting else [])


def _timelines(collected: Collected, context: Context) -> dict[str, Timeline]:
    later = [
        each
        for each in collected.others.values()
        if each.kind == HoldoutKind.TEMPORAL and each.times is not None and each.n
    ]
    of_draw = [collected.fresh] if collected.fresh.times is not None and collected.fresh.n else []
    found = {}
    for name, opened in ((LATER, later), (NEW, of_draw)):
        if opened:
            items = parts.items_of(scorer=collected.scorer, opened=opened)
            timeline = _timeline(items, opened, context.generator(NAME, name))
            if timeline is not None:
                found[name] = timeline
    return found


def _timeline(items: Items, opened: list[Opened], rng: np.random.Generator) -> Timeline | None:
    """Cut the period into as many windows as all can be scored; None where that is too few."""
    texts, codes = np.unique(
        np.concatenate([each.times for each in opened if each.times is not None]).astype(str),
        return_inverse=True,
    )
    seconds = np.array([second_of(text) for text in texts.tolist()])[codes]
    # A day without an hour lasts until its end.
    first, last = float(seconds.min()), float(seconds.max())
    last += DAY if (seconds % DAY == 0).all() else 1.0
    for n_windows in range(MAX_WINDOWS, MIN_WINDOWS - 1, -1):
        length = (last - first) / n_windows
        number = np.minimum(((seconds - first) // length).astype(np.intp), n_windows - 1)
        rows = [np.flatnonzero(number == each) for each in range(n_windows)]
        if all(items.enough(each) for each in rows):
            ends = np.cumsum([len(each) for each in rows])[:-1]
            return Timeline(
                items=items,
                rows=rows,
                mixed=np.split(rng.permutation(items.n), ends),
                first_day=_day(first),
                last_day=_day(float(seconds.max())),
                days=length / DAY,
            )
    return None


def second_of(text: str) -> float:
    """Read a sealed time, of which the day alone is sure to be one; without a zone it is UTC."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        moment = dt.datetime.fromisoformat(text[:10])
    known = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return (known - EPOCH).total_seconds()


def _day(seconds: float) -> str:
    return (EPOCH + dt.timedelta(seconds=seconds)).date().isoformat()


def _found(
    timeline: Timeline, scores: list[float], variances: list[float], rng: np.random.Generator
) -> dict[str, Any]:
    found = decay(scores=scores, variances=variances, rng=rng, block=min(BLOCK, len(scores) // 2))
    # The wider at either end: of few windows the blocks know too little of chance.
    half = two_sided_z(parts.LEVEL) * found.se
    low = min(found.slope - half, found.bootstrap.low)
    high = max(found.slope + half, found.bootstrap.high)
    # A score below 0 halves toward 0 by rising.
    falls = high < 0 and min(scores) > 0 and np.isfinite(found.half_life)
    return {
        "from": timeline.first_day,
        "until": timeline.last_day,
        "days": timeline.days,
        "n": [len(each) for each in timeline.rows],
        "scores": scores,
        "errors": [float(np.sqrt(each)) for each in variances],
        "slope": found.slope,
        "interval": [low, high],
        "half_life": found.half_life if falls else None,
    }


def _finding(entrant: Entrant, found: dict[str, dict[str, Any]]) -> Finding:
    first = next(iter(found.values()))
    low, high = first["interval"]
    return Finding(
        team_id=entrant.history.team_id,
        estimate=first["slope"],
        low=low,
        high=high,
        evidence={"timelines": found},
    )


def _order(timeline: Timeline, scored: list[tuple[list[float], list[float]]]) -> dict[str, Any]:
    """Compare the finals' order in each window with that in each other one."""
    there, mixed = (np.array(each).T for each in zip(*scored, strict=True))
    taus = rank_stability(scores=there)
    pairs = np.triu_indices(len(taus), k=1)
    least = int(np.argmin(taus[pairs]))
    return {
        "n_teams": len(scored),
        "n_windows": len(taus),
        "days": timeline.days,
        "mean": float(taus[pairs].mean()),
        "if_nothing_changed": float(rank_stability(scores=mixed)[pairs].mean()),
        "next": float(np.diag(taus, k=1).mean()),
        "first_to_last": float(taus[0, -1]),
        "lowest": float(taus[pairs][least]),
        "lowest_between": [int(pairs[0][least]) + 1, int(pairs[1][least]) + 1],
    }


def sections(reading: Reading) -> list[Section]:
    """Say whether the order lasts from window to window."""
    found = next((each for each in reading.by_check[NAME] if each.team_id is None), None)
    orders = {} if found is None else found.evidence["orders"]
    return [
        Section(place=Place.ORDER, text=_lasting(where, order)) for where, order in orders.items()
    ]


def _lasting(where: str, order: dict[str, Any]) -> str:
    def tau(name: str) -> str:
        return sentences.number(order[name], decimals=2)

    first, second = order["lowest_between"]
    return (
        f"Over {order['n_windows']} windows of {_length(order['days'])} of {where} the order of "
        f"{order['n_teams']:,} finals in one window agrees with that in another with tau {tau('mean')} on "
        f"average ({tau('next')} from one to the next, {tau('first_to_last')} from the first to the last, "
        f"lowest {tau('lowest')} between windows {first} and {second}). A window has few items, so that "
        "orders differ by chance alone: with the same items dealt to windows at random it would be "
        f"{tau('if_nothing_changed')}. The further below that, the less the ranking lasts; these are "
        "estimates without an interval."
    )


def of_team(reading: Reading, team: Judged) -> list[Section]:
    finding = reading.of_team(NAME, team)
    if finding is None:
        return []
    return [_section(reading, *each) for each in finding.evidence["timelines"].items()]


def _section(reading: Reading, where: str, found: dict[str, Any]) -> Section:
    columns = [
        Column("Window"),
        *number_columns("Items", "Score"),
        Column("Standard error", is_number=True),
    ]
    figures = zip(found["n"], found["scores"], found["errors"], strict=True)
    rows = [
        (str(number), f"{n:,}", reading.number(reading.own(score)), reading.number(error))
        for number, (n, score, error) in enumerate(figures, 1)
    ]
    return Section(
        place=Place.TEAM,
        title=_title(reading, where, found),
        table=Table(columns=columns, rows=rows),
        caption=_caption(reading, found),
    )


def _title(reading: Reading, where: str, found: dict[str, Any]) -> str:
    low, high = found["interval"]
    covered = reading.interval(*reading.own_ends((low, high)))
    slope = reading.number(reading.own(found["slope"]))
    trend = "no trend beyond chance"
    if high < 0:
        trend = "it gets worse"
    elif low > 0:
        trend = "it gets better"
    return (
        f"Over {where}: {trend}; the score changes by {slope} {covered} a window of "
        f"{_length(found['days'])}"
    )


def _caption(reading: Reading, found: dict[str, Any]) -> str:
    better = "higher" if reading.metric.greater_is_better else "lower"
    text = (
        f"{len(found['scores'])} windows of equal length from {found['from']} to {found['until']}, by the "
        f"times that are sealed with the labels; {better} is better. The change is the slope of a line "
        "through the windows, each weighed by how sure it is. The brackets hold it in 95 of 100 such "
        "periods, for each team by itself: of 20 teams of which nothing changes about one has brackets that "
        "leave out 0. They allow for neighboring windows that resemble each other; what changed cannot be "
        "told from them, the world or what is fit to it."
    )
    if found["half_life"] is not None:
        text += (
            f" If it went on falling by equal shares, the score would be half as high after "
            f"{found['half_life']:,.0f} windows."
        )
    return text


def _length(days: float) -> str:
    if days < 1:
        return f"{days * 24:.1f} hours"
    return f"{days:.0f} day{'s'[: round(days) != 1]}" if days >= 10 else f"{days:.1f} days"


CHECK = Check(
    name=NAME,
    meaning="How the score of each final changes over windows of time, and whether the order of teams lasts.",
    check=check,
    sections=sections,
    of_team=of_team,
)
