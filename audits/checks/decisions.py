"""Decisions: what each final's decisions cost on new labels, by the costs or the threshold of the benchmark.

Without costs a declared threshold t stands for them: it is the best one of calibrated probabilities where
class 1 for an item of class 0 costs t, and class 0 for one of class 1 costs 1 - t. An estimate for
researchers; no verdict.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits import sentences
from audits.checks.check import Cell, Check, Column, Context, Place, Section, Table, number_columns
from audits.collected import Collected
from audits.judged import Judged
from audits.models import Finding
from audits.reading import Reading
from stats.metrics import Rules, Scorer
from stats.metrics.evaluation import EVEN_ODDS
from stats.quality.decisions import (
    SENSITIVITY_RANGE,
    decision_cost,
    expected_cost,
    net_benefit,
    net_benefit_of_all,
    threshold_sweep,
)

NAME = "decisions"
# With fewer a curve tells of single items.
MIN_ITEMS = 100
# Of thresholds: 0, .05, ... .95, and the one that the costs ask for.
GRID = np.arange(20) / 20
TOLD = 2


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What decisions cost by the benchmark, and how it decides."""

    scorer: Scorer
    matrix: NDArray[np.float64]
    # False: made of the declared threshold.
    are_declared: bool

    @property
    def of_mistakes(self) -> tuple[float, float]:
        """Of two classes: what class 1 costs more than the right class 0, and the reverse."""
        (no, false_positive), (false_negative, yes) = self.matrix
        return float(false_positive - no), float(false_negative - yes)

    @property
    def have_a_threshold(self) -> bool:
        """Whether there are two classes and each mistake costs more than the right decision."""
        return len(self.matrix) == 2 and min(self.of_mistakes) > 0


def check(collected: Collected, context: Context) -> list[Finding]:
    """Make one finding for each final, where the benchmark says what decisions cost."""
    costs = _costs(collected.rules)
    if costs is None or collected.m < MIN_ITEMS:
        return []
    labels, groups = collected.fresh.labels, collected.fresh.groups
    everything = [
        expected_cost(labels=labels, predictions=np.full(len(labels), each), costs=costs.matrix)
        for each in range(len(costs.matrix))
    ]
    shared = {
        "n": collected.m,
        "are_declared": costs.are_declared,
        "unit": costs.scorer.unit if costs.are_declared else 1.0,
        "cheapest_class": int(np.argmin(everything)),
        "cheapest_class_cost": min(everything),
    }
    findings = []
    for entrant in collected.audited:
        answers = entrant.final_on(collected.fresh)
        if answers is None:
            continue
        decided = costs.scorer.evaluation(labels=labels, predictions=answers).codes
        cost = expected_cost(labels=labels, predictions=decided, costs=costs.matrix)
        interval = costs.scorer.interval(labels=labels, predictions=decided, groups=groups)
        rng = context.generator(NAME, entrant.history.team_id)
        by_item = groups is None
        findings.append(
            Finding(
                team_id=entrant.history.team_id,
                estimate=cost,
                low=interval.low,
                high=interval.high,
                evidence=shared | _beside(costs, labels, answers, cost, by_item=by_item, rng=rng),
            )
        )
    return findings


def _costs(rules: Rules) -> Costs | None:
    threshold, matrix = rules.decision_threshold, rules.cost_matrix
    if matrix is None:
        if threshold is None:
            return None
        matrix = [[0.0, threshold], [1 - threshold, 0.0]]
    scorer = Scorer(
        metric="expected_cost",
        n_classes=rules.n_classes,
        decision_threshold=threshold,
        cost_matrix=matrix,
    )
    found = np.array(matrix, dtype=np.float64)
    return Costs(scorer=scorer, matrix=found, are_declared=rules.cost_matrix is not None)


def _beside(
    costs: Costs,
    labels: NDArray[Any],
    answers: NDArray[Any],
    cost: float,
    *,
    by_item: bool,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Compare with other decisions by the same probabilities; of labels there are none."""
    if answers.ndim == 2:
        by_own = (answers @ costs.matrix).argmin(axis=1)
        best = expected_cost(labels=labels, predictions=by_own, costs=costs.matrix)
        return {"by_own": best, "regret": cost - best}
    if answers.dtype.kind != "f" or not costs.have_a_threshold:
        return {}
    # A benchmark decides for class 1 above its threshold, `stats` from it on.
    above = np.maximum(np.nextafter(answers, -1.0), 0.0)
    false_positive, false_negative = costs.of_mistakes
    given: dict[str, Any] = {
        "labels": labels,
        "cost_false_positive": false_positive,
        "cost_false_negative": false_negative,
    }
    found = decision_cost(probabilities=above, **given)
    # Right decisions may cost something, too.
    base = float(costs.matrix.diagonal()[labels].mean())
    target, declared = found.threshold, costs.scorer.decision_threshold
    best_threshold = found.best_threshold
    return {
        "decided_at": EVEN_ODDS if declared is None else declared,
        "target": target,
        "at_target": found.cost + base,
        "best": found.best_cost + base,
        # None: class 0 for all. To the digits that are shown: it is one item's probability.
        "best_threshold": round(best_threshold, TOLD) if np.isfinite(best_threshold) else None,
        "regret": cost - (found.best_cost + base),
        "sensitivity": found.sensitivity,
        "net_benefit": net_benefit(labels=labels, probabilities=above, threshold=target),
        "net_benefit_of_all": net_benefit_of_all(labels=labels, threshold=target),
        "curve": _curve(above, target, base, by_item=by_item, rng=rng, given=given),
    }


def _curve(
    above: NDArray[np.float64],
    target: float,
    base: float,
    *,
    by_item: bool,
    rng: np.random.Generator,
    given: dict[str, Any],
) -> dict[str, Any]:
    """Compute the cost at each threshold of the grid; the band takes items for independent."""
    grid = np.unique(np.append(GRID, target))
    # Exact at the grid's thresholds: a probability reaches one of them if its own step does.
    steps = grid[np.searchsorted(grid, above, side="right") - 1]
    swept = threshold_sweep(probabilities=steps, rng=rng, **given)
    # A threshold costs what the next probability that reaches it does; the last one is beyond all.
    places = np.searchsorted(swept.thresholds, np.append(grid, np.inf))
    curve: dict[str, Any] = {
        "thresholds": grid.tolist(),
        "cost": (swept.cost[places] + base).tolist(),
    }
    if not by_item:
        return curve
    ends = (swept.plausible[0], swept.plausible[-1])
    return curve | {
        "low": (swept.low[places] + base).tolist(),
        "high": (swept.high[places] + base).tolist(),
        "plausible": [float(each) if np.isfinite(each) else None for each in ends],
    }


def sections(reading: Reading) -> list[Section]:
    """List all finals, the cheapest first."""
    findings = sorted(reading.by_check[NAME], key=lambda each: each.estimate or 0.0)
    if not findings:
        return []
    found = findings[0].evidence
    columns = [Column("Team"), Column("Cost of an item", note="95 %", is_number=True)]
    if "by_own" in found:
        columns += number_columns("Cheapest by its own probabilities", "Regret")
    if "curve" in found:
        asked = f"At {_told(found['target'])}, which the costs ask for"
        columns += number_columns(*([asked] if _differs(found) else []))
        columns.append(Column("At its best threshold", note="threshold", is_number=True))
        within = f"Range within {_told(SENSITIVITY_RANGE)} of {_told(found['target'])}"
        columns += number_columns("Regret", within, f"Net benefit at {_told(found['target'])}")
    return [
        Section(
            place=Place.EXPLANATIONS,
            title="Decisions: what they cost on new labels",
            text=_in_short(reading, found),
            table=Table(columns=columns, rows=[_row(reading, f) for f in findings], is_wide=True),
            caption=_caption(found),
        )
    ]


def _differs(found: dict[str, Any]) -> bool:
    return not math.isclose(found["decided_at"], found["target"])


def _told(value: float) -> str:
    return sentences.number(value, decimals=TOLD)


def _amount(found: dict[str, Any], value: float | None) -> str:
    return sentences.number(value, decimals=sentences.decimals_of(unit=found["unit"]))


def _interval(found: dict[str, Any], low: float | None, high: float | None) -> str:
    return sentences.interval(low, high, decimals=sentences.decimals_of(unit=found["unit"]))


def _row(reading: Reading, finding: Finding) -> list[Cell]:
    found = finding.evidence
    row: list[Cell] = [reading.name_of(finding), _cost(finding)]
    if "by_own" in found:
        row += [_amount(found, found["by_own"]), _amount(found, found["regret"])]
    if "curve" in found:
        row += [_amount(found, found["at_target"])] if _differs(found) else []
        best = found["best_threshold"]
        row.append((_amount(found, found["best"]), "none" if best is None else _told(best)))
        row += [_amount(found, found[each]) for each in ("regret", "sensitivity")]
        row.append(sentences.number(found["net_benefit"], decimals=4))
    return row


def _cost(finding: Finding) -> tuple[str, str]:
    found = finding.evidence
    return _amount(found, finding.estimate), _interval(found, finding.low, finding.high)


def _in_short(reading: Reading, found: dict[str, Any]) -> str:
    """Say what is counted, and what costs whoever looks at no item."""
    classes = reading.audit.round.benchmark.classes
    text = f"Mean cost of a decision on {found['n']:,} new items"
    if found["are_declared"]:
        text += ", in the units of the benchmark's cost matrix; lower is better."
    else:
        threshold = found["decided_at"]
        text += (
            f"; lower is better. The benchmark declares no costs and a threshold of {_told(threshold)}, "
            f"which is the best one of right probabilities where class {classes[1]} for an item of class "
            f"{classes[0]} costs {_told(threshold)} and the reverse {_told(1 - threshold)}: costs are in "
            "these units."
        )
    cheapest = classes[found["cheapest_class"]]
    text += (
        f" Deciding for class {cheapest} whatever the item, the cheapest single decision, costs "
        f"{_amount(found, found['cheapest_class_cost'])}."
    )
    if "curve" not in found:
        return text
    everybody = sentences.number(found["net_benefit_of_all"], decimals=4)
    return f"{text} Class {classes[1]} for every item has a net benefit of {everybody}, for none 0."


def _caption(found: dict[str, Any]) -> str:
    text = "The interval covers the sampling of new items, each final by itself, and no choice among files."
    if "by_own" in found:
        text += (
            " The benchmark decides for the most probable class. Cheapest by its own probabilities: each "
            "item gets the decision that costs least if the file's probabilities are right. Regret is what "
            "that would have saved; below zero it would have cost more, since the probabilities are not "
            "right."
        )
    if "curve" in found:
        text += (
            f" The benchmark decides above {_told(found['decided_at'])}. Regret: how much less the file's "
            "best threshold would have cost; that one is chosen on these very items, so regret is larger "
            "than on others. Range: by how much the cost changes for thresholds within "
            f"{_told(SENSITIVITY_RANGE)} of the one that the costs ask for; a small one says that the exact "
            "threshold hardly matters. Net benefit: right decisions for class 1 an item, less wrong ones "
            "weighted by the odds of that threshold; higher is better, and below that of deciding so for "
            "every item, or for none, a file is of no use there."
        )
    return text + " It changes no verdict."


def of_team(reading: Reading, team: Judged) -> list[Section]:
    """Show the cost at each threshold; without a threshold the team's row above says all."""
    finding = reading.of_team(NAME, team)
    if finding is None or "curve" not in finding.evidence:
        return []
    found = finding.evidence
    curve, by_item = found["curve"], "low" in found["curve"]
    names = [f"above {_told(each)}" for each in curve["thresholds"]]
    rows: list[list[Cell]] = []
    for place, name in enumerate([*names, "for none"]):
        cost: Cell = _amount(found, curve["cost"][place])
        if by_item:
            covered = _interval(found, curve["low"][place], curve["high"][place])
            cost = (_amount(found, curve["cost"][place]), covered)
        rows.append([name, cost])
    note = "95 %" if by_item else ""
    columns = [
        Column("Class 1 is decided for"),
        Column("Cost of an item", note=note, is_number=True),
    ]
    return [
        Section(
            place=Place.TEAM,
            title="Decisions: what the final costs at each threshold",
            text=_of_final(finding),
            table=Table(columns=columns, rows=rows),
            caption="Lower is better. Brackets cover the sampling of new items, each threshold by itself."
            if by_item
            else "Lower is better. Of items that were drawn in groups the curve has no band.",
        )
    ]


def _of_final(finding: Finding) -> str:
    found = finding.evidence
    cost, covered = _cost(finding)
    best = found["best_threshold"]
    where = "deciding for class 1 never" if best is None else f"a threshold of {_told(best)}"
    text = (
        f"Above {_told(found['decided_at'])}, as the benchmark decides, an item costs {cost} {covered} "
        f"(95 %) on average. The cheapest on these items is {where}: {_amount(found, found['best'])}, so the "
        f"regret is {_amount(found, found['regret'])}; chosen on them, it is larger than on other items. "
        f"Within {_told(SENSITIVITY_RANGE)} of {_told(found['target'])}, the threshold that the costs ask "
        f"for, the cost changes by {_amount(found, found['sensitivity'])}."
    )
    if "plausible" not in found["curve"]:
        return text
    low, high = found["curve"]["plausible"]
    lowest, highest = ("one that nothing reaches" if e is None else _told(e) for e in (low, high))
    return (
        f"{text} The table's thresholds that these items cannot tell from its best (their intervals meet) "
        f"lie between {lowest} and {highest}."
    )


CHECK = Check(
    name=NAME,
    meaning="What the decisions of each final cost on new labels, by the benchmark's costs or threshold.",
    check=check,
    sections=sections,
    of_team=of_team,
)
