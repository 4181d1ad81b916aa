"""Label health: what finals are worth beyond the declared noise of labels, and how many labels look suspect.

Both are of new labels alone, which no answer was given about. Estimates for researchers: no verdict knows
them. Whether late labels depend on the error is tested where they arrive, in `audits.prospective`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.checks.check import Check, Column, Context, Place, Section, Table, number_columns
from audits.collected import Collected
from audits.models import Finding
from audits.reading import Reading
from audits.sentences import interval, number
from stats.intervals import two_sided_z
from stats.metrics import Evaluation, Scorer
from stats.quality.noisy_labels import Corrected, class_conditional, confident_joint, symmetric

NAME = "label_health"
# What one model contradicts is mostly that model's error; several must agree.
MIN_FINALS = 3
# Of a class with fewer labels no count is kept: it would be almost of single items.
MIN_OF_CLASS = 20
MAX_CLASSES = 5
Z = two_sided_z(0.95)


def check(collected: Collected, context: Context) -> list[Finding]:
    """Make one finding on the board; none where nothing is declared and no file holds probabilities."""
    if collected.rules.n_classes is None or not collected.m:
        return []
    adjusted: dict[int, dict[str, float]] = {}
    suspects = _Suspects(collected)
    for each in collected.audited:
        answers = each.final_on(collected.fresh)
        if answers is None:
            continue
        scored = collected.rules.evaluation(labels=collected.fresh.labels, predictions=answers)
        if _is_noisy(collected.label_noise):
            adjusted[each.history.team_id] = _adjusted(collected, scored, answers)
        suspects.add(scored)
    evidence: dict[str, Any] = {}
    if adjusted:
        evidence |= {"noise": collected.label_noise, "adjusted": adjusted}
    if suspects.n_finals >= MIN_FINALS:
        evidence["suspects"] = suspects.counts()
    if not evidence:
        return []
    n = {"n": collected.m, "has_awaited": bool(collected.awaited)}
    return [Finding(evidence=evidence | n)]


def _is_noisy(noise: list[list[float]] | None) -> bool:
    return noise is not None and any(row[k] < 1 for k, row in enumerate(noise))


def _adjusted(collected: Collected, scored: Evaluation, answers: NDArray[Any]) -> dict[str, float]:
    """Give the share of right answers, on labels as they are and on true ones, with an interval."""
    rules, fresh = collected.rules, collected.fresh
    accuracy = Scorer(
        metric="accuracy", n_classes=rules.n_classes, decision_threshold=rules.decision_threshold
    )
    alone = accuracy.interval(labels=fresh.labels, predictions=answers)
    together = accuracy.interval(labels=fresh.labels, predictions=answers, groups=fresh.groups)
    found = _corrected(collected, scored)
    # Items of a group were drawn together: as much wider as the share's own interval is for that. And what
    # noise is taken from is never surer than what it is taken from.
    width = together.high - together.low
    wider = width / (alone.high - alone.low)
    half = max(Z * found.se * wider, width / 2)
    return {
        "as_labelled": float(np.mean(scored.labels == scored.predicted)),
        "value": found.accuracy,
        "low": found.accuracy - half,
        "high": found.accuracy + half,
    }


def _corrected(collected: Collected, scored: Evaluation) -> Corrected:
    noise = np.asarray(collected.label_noise)
    assert scored.predicted is not None
    if len(noise) == 2 and noise[0, 1] == noise[1, 0]:
        n_correct = int(np.count_nonzero(scored.labels == scored.predicted))
        return symmetric(n_correct=n_correct, n=collected.m, noise=float(noise[0, 1]))
    return class_conditional(labels=scored.labels, predictions=scored.predicted, transition=noise)


class _Suspects:
    """By how many finals each new label is contradicted with confidence; counts alone leave it."""

    def __init__(self, collected: Collected) -> None:
        self.n_finals = 0
        self.n_classes = collected.rules.n_classes or 0
        self.labels: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self.votes = np.zeros(collected.m, dtype=np.int64)

    def add(self, scored: Evaluation) -> None:
        chances = scored.probabilities
        if chances is None:
            return
        if chances.ndim == 1:
            chances = np.column_stack([1 - chances, chances])
        self.labels = scored.labels
        self.votes += confident_joint(labels=self.labels, probabilities=chances).flagged
        self.n_finals += 1

    def counts(self) -> dict[str, Any]:
        by_most = 2 * self.votes > self.n_finals
        of_class = np.bincount(self.labels, minlength=self.n_classes)
        suspect = np.bincount(self.labels[by_most], minlength=self.n_classes)
        return {
            "n_finals": self.n_finals,
            "by_most": int(by_most.sum()),
            "by_all": int((self.votes == self.n_finals).sum()),
            "by_class": [
                [code, int(suspect[code]), int(of_class[code])]
                for code in range(self.n_classes)
                if of_class[code] >= MIN_OF_CLASS
            ],
        }


def sections(reading: Reading) -> list[Section]:
    found = reading.first(NAME)
    if found is None:
        return []
    evidence = found.evidence
    said = []
    if "adjusted" in evidence:
        said.append(_beyond_noise(reading, evidence))
    if "suspects" in evidence:
        said.append(_to_look_at(reading, evidence))
    return said


def _beyond_noise(reading: Reading, evidence: dict[str, Any]) -> Section:
    adjusted = {int(team_id): each for team_id, each in evidence["adjusted"].items()}
    ordered = sorted(adjusted.items(), key=lambda item: (-item[1]["value"], item[0]))
    rows = [
        (
            reading.names[team_id],
            number(each["as_labelled"], decimals=4),
            number(each["value"], decimals=4),
            interval(each["low"], each["high"], decimals=4),
        )
        for team_id, each in ordered
    ]
    n_above = sum(each["value"] > 1 for each in adjusted.values())
    text = (
        f"The organizers declare that {_declared(reading, evidence['noise'])}. So each final's share of "
        "right answers on true labels is estimated from that on the new labels as they are; higher is "
        "better."
    )
    if n_above:
        text += (
            f" Of {n_above} final{'s'[: n_above != 1]} the estimate is above 1, which no share is: the "
            "declared rates are larger than these labels show, or labels are wrong where files err, too."
        )
    columns = [
        Column("Team"),
        *number_columns("Right, by labels as they are", "Right, by true labels"),
        Column("Interval", note="95 %", is_number=True),
    ]
    return Section(
        place=Place.EXPLANATIONS,
        title="Finals beyond the noise of labels",
        text=text,
        table=Table(columns=columns, rows=rows),
        caption=f"Each interval covers the sampling of the {evidence['n']:,} new labels for one final by "
        "itself, and not how well the rates are known. Assumed is that the declared rates are exact and that "
        "among items of one true class labels are as often wrong where a file is right as where it errs. "
        "All files are scored on the same wrong labels, so that levels move more than the order does. No "
        "score on the board and no verdict is changed by it." + _of_late(evidence),
    )


def _declared(reading: Reading, noise: list[list[float]]) -> str:
    wrong = [1 - row[k] for k, row in enumerate(noise)]
    if max(wrong) - min(wrong) < 1e-9:
        return f"a label is wrong with probability {number(wrong[0], decimals=3)}"
    classes = reading.audit.round.benchmark.classes
    by_class = sorted(range(len(wrong)), key=lambda k: -wrong[k])[:MAX_CLASSES]
    said = ", ".join(f"{number(wrong[k], decimals=3)} of “{classes[k]}”" for k in by_class)
    most = " most often" if len(wrong) > MAX_CLASSES else ""
    return f"labels are wrong{most} with probability {said}, by the true class"


def _to_look_at(reading: Reading, evidence: dict[str, Any]) -> Section:
    found, n = evidence["suspects"], evidence["n"]
    text = (
        f"Of {n:,} new labels {found['by_most']:,} are contradicted with confidence by more than half of the "
        f"{found['n_finals']:,} finals that hold probabilities, {found['by_all']:,} of them by all."
    )
    classes = reading.audit.round.benchmark.classes
    by_class = sorted(found["by_class"], key=lambda each: (-each[1] / each[2], each[0]))
    if found["by_most"] and len(by_class) > 1:
        said = (
            f"{n_suspect:,} of {n_of:,} labels “{classes[code]}”"
            for code, n_suspect, n_of in by_class[:MAX_CLASSES]
        )
        text += (
            f" By label{', the largest shares' * (len(by_class) > MAX_CLASSES)}: {', '.join(said)}."
        )
    return Section(
        place=Place.EXPLANATIONS,
        title="New labels to look at again",
        text=text,
        caption="A file contradicts a label with confidence where it gives another class at least the "
        "probability that it gives that class on average over items with that label. A hard item is "
        "contradicted as a wrong label is, so these are candidates for a second look and no count of wrong "
        "labels: of 275 such candidates among CIFAR-10's test labels people judged 54 to be wrong. Files "
        "that are alike agree also where they err. Which items they are is not kept."
        + ("" if "adjusted" in evidence else _of_late(evidence)),
    )


def _of_late(evidence: dict[str, Any]) -> str:
    if not evidence["has_awaited"]:
        return ""
    return (
        " Whether labels that arrive later come later where files err is tested at each look at them; what "
        "that found stands with their rows on the published results."
    )


CHECK = Check(
    name=NAME,
    meaning="What finals are worth beyond declared label noise, and how many new labels look suspect.",
    check=check,
    sections=sections,
)
