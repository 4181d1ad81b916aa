"""Slices: where a final is worst, by the sealed columns `slice:...`, on new labels and on stress cases.

Intervals hold for all slices of a final on one holdout at once. An estimate for researchers; no verdict.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits import parts
from audits.checks.check import Check, Column, Context, Place, Section, Table, number_columns
from audits.collected import Collected, Opened
from audits.judged import Judged
from audits.models import Finding
from audits.parts import Items
from audits.reading import Reading
from stats.quality.slices import MIN_ITEMS, SHRINKAGE, slice_scores
from vault.holdout_kinds import NEEDS_SLICES, HoldoutKind

NAME = "slices"
# The new labels of the query holdout's own draw, among holdouts that are called by their ids.
NEW = "new labels"
# That any interval of a final on a holdout misses.
LEVEL = 0.05
# So many columns are looked into, by name, and so many of the worst slices are kept.
MAX_COLUMNS, MAX_SHOWN = 20, 12


@dataclass(frozen=True, kw_only=True)
class Division:
    """One column of a holdout: its slices, and the rows of those that are large enough."""

    column: str
    names: list[str]
    # The slice of each item, by its number.
    codes: NDArray[np.intp]
    rows: dict[int, NDArray[np.intp]]

    @property
    def n_left_out(self) -> int:
        return len(self.names) - len(self.rows)


@dataclass(frozen=True, kw_only=True)
class Divided:
    """A holdout with the columns that divide it; prepared once for all teams."""

    kind: str
    items: Items
    divisions: list[Division]


def check(collected: Collected, context: Context) -> list[Finding]:
    """Make one finding for each final that answers a holdout with slices."""
    holdouts = _divided(collected)
    findings = []
    for entrant in collected.audited if holdouts else []:
        answers = entrant.final_file()
        if answers is None:
            continue
        rng = context.generator(NAME, entrant.history.team_id)
        found = {name: _found(each, answers, rng) for name, each in holdouts.items()}
        first = next(iter(found.values()))
        findings.append(
            Finding(
                team_id=entrant.history.team_id,
                estimate=first["slices"][0]["score"],
                evidence={"holdouts": found},
            )
        )
    return findings


def _divided(collected: Collected) -> dict[str, Divided]:
    """Prepare the new labels first, then stress cases; of a holdout that nothing divides nothing."""
    opened: dict[str, Opened] = {NEW: collected.fresh}
    opened |= {
        holdout: each for holdout, each in collected.others.items() if each.kind in NEEDS_SLICES
    }
    found = {}
    for holdout, each in opened.items():
        if not each.n or not each.slices:
            continue
        items = parts.items_of(scorer=collected.scorer, opened=[each])
        columns = sorted(each.slices)[:MAX_COLUMNS]
        divisions = [_division(name, each.slices[name], items) for name in columns]
        if divisions := [one for one in divisions if len(one.names) > 1 and one.rows]:
            found[holdout] = Divided(kind=each.kind, items=items, divisions=divisions)
    return found


def _division(column: str, values: NDArray[np.object_], items: Items) -> Division:
    names, codes = np.unique(values.astype(str), return_inverse=True)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(names)))[:-1]
    rows = enumerate(np.split(order, ends))
    return Division(
        column=column,
        names=names.tolist(),
        codes=codes,
        rows={number: each for number, each in rows if items.enough(each)},
    )


def _found(holdout: Divided, answers: NDArray[Any], rng: np.random.Generator) -> dict[str, Any]:
    items = holdout.items
    overall, interval = items.score(answers=answers)
    # Split between columns, and within a column between its slices: all hold together.
    alpha = LEVEL / len(holdout.divisions)
    rows = [
        row
        for division in holdout.divisions
        for row in (
            _counted(items, division, answers, alpha, rng)
            if items.scorer.of.counts_items and items.groups is None
            else _by_formula(items, division, answers, alpha)
        )
    ]
    for row in rows:
        row["behind"] = overall - row["score"]
    # For the order alone: the smallest of many slices looks worse than it is, and a small slice most of all.
    rows.sort(key=lambda row: (-row["n"] * row["behind"] / (row["n"] + SHRINKAGE), row["column"]))
    return {
        "kind": holdout.kind,
        "score": overall,
        "interval": [interval.low, interval.high],
        "n_columns": len(holdout.divisions),
        "n_slices": len(rows),
        "n_left_out": sum(each.n_left_out for each in holdout.divisions),
        # Between these is the score of the truly worst slice: the intervals hold together.
        "least": [min(each["interval"][end] for each in rows) for end in (0, 1)],
        "slices": rows[:MAX_SHOWN],
    }


def _counted(
    items: Items,
    division: Division,
    answers: NDArray[Any],
    alpha: float,
    rng: np.random.Generator,
) -> list[dict[str, Any]]:
    """Score the slices of right and wrong answers to items that were drawn one by one."""
    right = items.scorer.items(labels=items.labels, predictions=answers[items.positions])
    found = slice_scores(item_scores=right, slices=division.codes, rng=rng, alpha=alpha)
    columns = (found.names, found.n, found.score, found.low, found.high)
    return [
        _row(division, int(str(number)), int(n), float(score), float(low), float(high))
        for number, n, score, low, high in zip(*columns, strict=True)
    ]


def _by_formula(
    items: Items, division: Division, answers: NDArray[Any], alpha: float
) -> list[dict[str, Any]]:
    """Score the slices of another metric, or of drawn groups, each at its share of the level.

    Slices of a column have no item in common, so that nothing is lost by it.
    """
    level = 1 - alpha / len(division.rows)
    found = []
    for number, rows in division.rows.items():
        score, ends = items.score(answers=answers, rows=rows, confidence_level=level)
        found.append(_row(division, number, len(rows), score, ends.low, ends.high))
    return found


def _row(
    division: Division, number: int, n: int, score: float, low: float, high: float
) -> dict[str, Any]:
    return {
        "column": division.column,
        "slice": division.names[number],
        "n": n,
        "score": score,
        "interval": [low, high],
    }


def worst(*, finding: Finding | None) -> dict[str, Any] | None:
    """Give the worst slice on new labels, with scores stored so that higher is better.

    `least` holds the lowest score of any slice.
    """
    found = None if finding is None else finding.evidence["holdouts"].get(NEW)
    return None if found is None else {**found["slices"][0], "least": found["least"]}


def sections(reading: Reading) -> list[Section]:
    """Say in a sentence where most finals are worst on new labels."""
    found = [worst(finding=each) for each in reading.by_check[NAME]]
    places = Counter(called(each) for each in found if each is not None)
    if sum(places.values()) < 2:
        return []
    (place, most), *_ = places.most_common()
    who = f"all {most:,}" if len(places) == 1 else f"{most:,} of {places.total():,}"
    text = (
        f"The worst slice of new labels is {place} for {who} finals. Each team's part has its own slices, "
        "with intervals that hold for all of them at once."
    )
    return [Section(place=Place.EXPLANATIONS, title="Worst slices", text=text)]


def of_team(reading: Reading, team: Judged) -> list[Section]:
    finding = reading.of_team(NAME, team)
    if finding is None:
        return []
    return [_section(reading, *each) for each in finding.evidence["holdouts"].items()]


def _section(reading: Reading, holdout: str, found: dict[str, Any]) -> Section:
    columns = [
        Column("Slice"),
        *number_columns("Items"),
        Column("Score", note="95 %, all at once", is_number=True),
        *number_columns("Worse than on all items by"),
    ]
    rows = [
        (
            called(each),
            f"{each['n']:,}",
            (reading.number(reading.own(each["score"])), own_interval(reading, each["interval"])),
            reading.number(each["behind"]),
        )
        for each in found["slices"]
    ]
    # A stress holdout's kind is its name for people.
    where = NEW if holdout == NEW else HoldoutKind(found["kind"]).meaning
    return Section(
        place=Place.TEAM,
        title=_title(reading, where, found),
        table=Table(columns=columns, rows=rows, is_wide=True),
        caption=_caption(reading, where, found),
    )


def _title(reading: Reading, where: str, found: dict[str, Any]) -> str:
    """Say the worst slice in words."""
    worst_one = found["slices"][0]
    score = reading.number(reading.own(worst_one["score"]))
    text = (
        f"Worst slice on {where}: {called(worst_one)}, where {worst_one['n']:,} items score {score} "
        f"{own_interval(reading, worst_one['interval'])}"
    )
    low, high = worst_one["interval"]
    if low <= found["score"] <= high:
        return f"{text}, within chance of the score on all items"
    if worst_one["behind"] < 0:
        return f"{text}, better than on all items: what is worse is in slices too small to tell"
    return f"{text}, worse than on all items by {reading.number(worst_one['behind'])}"


def _caption(reading: Reading, where: str, found: dict[str, Any]) -> str:
    n, columns, left = found["n_slices"], found["n_columns"], found["n_left_out"]
    text = (
        f"The final on {where} scores {reading.number(reading.own(found['score']))} "
        f"{own_interval(reading, found['interval'])} (95 %) on all items. The brackets of all {n:,} slices "
        f"of {columns:,} column{'s'[: columns != 1]} hold together in 95 of 100 draws of such labels; a "
        "bracket that holds the score on all items is within chance of it. The order takes a small slice "
        f"for less than it shows: the worst of many looks worse than it is, by chance alone. "
    )
    if n > len(found["slices"]):
        text += f"The {len(found['slices'])} worst are shown. "
    if left:
        text += (
            f"{left:,} slice{'s'[: left != 1]} of fewer than {MIN_ITEMS} items, or with hardly an item "
            f"of a class, {'are' if left > 1 else 'is'} left out. "
        )
    return text.rstrip()


def called(row: dict[str, Any]) -> str:
    """Name a slice by its column and value."""
    return f"{row['column']} = {row['slice']}"


def own_interval(reading: Reading, ends: list[float]) -> str:
    """Write an interval of scores that are stored so that higher is better, in the metric's direction."""
    return reading.interval(*reading.own_ends(ends))


CHECK = Check(
    name=NAME,
    meaning="Where each final is worst, by the slices that are sealed with the labels.",
    check=check,
    sections=sections,
    of_team=of_team,
    estimates_a_score=True,
)
