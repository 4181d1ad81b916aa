"""Calibration: whether a final's probabilities mean what they say, on new labels.

Of two classes it is the probability of class 1 that is read, of more that of the class which a file names.
An estimate for researchers; no verdict. Benchmarks of labels or values have none.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits import sentences
from audits.checks.check import Cell, Check, Column, Context, Place, Section, Table, number_columns
from audits.collected import Collected, Entrant
from audits.judged import Judged
from audits.models import Finding
from audits.reading import Reading
from stats.multiplicity import holm
from stats.quality.calibration import (
    N_BINS,
    brier,
    classwise_error,
    debiased_squared_error,
    reliability,
    spiegelhalter,
    top_label_error,
)

NAME = "calibration"
# Of all finals of a round together, by Holm.
LEVEL = 0.05
# With fewer items a bin's share says nothing, and a bin is not to tell of single items.
MIN_ITEMS, ITEMS_OF_BIN, MIN_OF_BIN = 100, 20, 10
# The band's draws: so many labels in all, with which it is right to about two digits at any size.
LABELS_DRAWN, MIN_DRAWS, MAX_DRAWS = 2_000_000, 100, 1_000
MEASURED, TOLD = 4, 2
NO_VERDICT = "Calibration is not skill, and changes no verdict."


def check(collected: Collected, context: Context) -> list[Finding]:
    """Make one finding for each final that hands in probabilities of classes."""
    if collected.rules.n_classes is None or collected.m < MIN_ITEMS:
        return []
    found = []
    for entrant in collected.audited:
        answers = entrant.final_on(collected.fresh)
        if answers is not None and answers.dtype.kind == "f":
            found.append((entrant, *_measured(collected, entrant, answers, context)))
    p_values = [p_value for *_, p_value in found if p_value is not None]
    adjusted = iter(holm(p_values=p_values).tolist() if p_values else [])
    findings = []
    for entrant, evidence, p_value in found:
        of_round = None if p_value is None else next(adjusted)
        evidence["found"] = of_round is not None and of_round <= LEVEL
        findings.append(
            Finding(
                team_id=entrant.history.team_id,
                estimate=evidence["error"],
                p_value=of_round,
                evidence=evidence,
            )
        )
    return findings


def _measured(
    collected: Collected, entrant: Entrant, answers: NDArray[Any], context: Context
) -> tuple[dict[str, Any], float | None]:
    labels, n_bins = collected.fresh.labels, min(N_BINS, collected.m // ITEMS_OF_BIN)
    truth, stated = _forecasts(labels, answers)
    parts = brier(labels=truth, probabilities=stated, n_bins=n_bins)
    evidence: dict[str, Any] = {
        "n": collected.m,
        "n_bins": n_bins,
        "brier": brier(labels=truth, probabilities=stated).score,
        "reliability": parts.reliability,
        "resolution": parts.resolution,
        "uncertainty": parts.uncertainty,
        "stated": float(stated.mean()),
        "happened": float(truth.mean()),
        "by_item": collected.fresh.groups is None,
        "squared_error": None,
        "error": None,
        "z": None,
    }
    if answers.ndim == 2:
        by_class = classwise_error(labels=labels, probabilities=answers)
        evidence["classes"] = {
            "top_label": top_label_error(labels=labels, probabilities=answers),
            "mean": float(by_class.mean()),
            "worst": int(by_class.argmax()),
            "worst_error": float(by_class.max()),
        }
    rng = context.generator(NAME, entrant.history.team_id)
    evidence |= _diagram(truth, stated, n_bins=n_bins, by_item=evidence["by_item"], rng=rng)
    # The test, the band and what chance adds to the error take items for independent.
    if not evidence["by_item"]:
        return evidence, None
    squared = debiased_squared_error(labels=truth, probabilities=stated, n_bins=n_bins)
    z, p_value = spiegelhalter(labels=truth, probabilities=stated)
    evidence |= {"squared_error": squared, "error": math.sqrt(max(squared, 0.0))}
    # None, where something had probability 0 and happened, and nothing else was left to chance.
    return evidence | {"z": z if math.isfinite(z) else None}, p_value


def _forecasts(
    labels: NDArray[Any], answers: NDArray[Any]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return what happened beside its probability: class 1 of two, else "the named class is right"."""
    if answers.ndim == 1:
        return labels == 1, answers.astype(np.float64)
    named = answers.argmax(axis=1)
    return named == labels, answers[np.arange(len(answers)), named].astype(np.float64)


def _diagram(
    truth: NDArray[np.bool_],
    stated: NDArray[np.float64],
    *,
    n_bins: int,
    by_item: bool,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Keep the points of bins with enough items."""
    n_draws = min(max(LABELS_DRAWN // len(truth), MIN_DRAWS), MAX_DRAWS)
    rows = reliability(
        labels=truth,
        probabilities=stated,
        rng=rng,
        n_bins=n_bins,
        n_draws=n_draws if by_item else 1,
    )
    shown = rows.n >= MIN_OF_BIN
    names = ["forecast", "observed"]
    names += ["low", "high", "band_low", "band_high"] if by_item else []
    points = {
        name: [float(f"{value:.6g}") for value in getattr(rows, name)[shown]] for name in names
    }
    return {
        "diagram": {**points, "n": rows.n[shown].tolist()},
        "n_left_out": int(rows.n[~shown].sum()),
    }


def sections(reading: Reading) -> list[Section]:
    """List all finals, those first whose probabilities are furthest off."""
    findings = reading.by_check[NAME]
    if not findings:
        return []
    found = findings[0].evidence
    ordered = sorted(findings, key=_distance, reverse=True)
    columns = [
        Column("Team"),
        *number_columns("Brier score", "Uncertainty", "Resolution", "Reliability"),
    ]
    if "classes" in found:
        columns += [*number_columns("Named class", "Classes (mean)"), Column("Worst class")]
    if found["by_item"]:
        columns += [*number_columns("Off by", "z", "p (Holm)"), Column("Reading")]
    return [
        Section(
            place=Place.EXPLANATIONS,
            title="Calibration: whether stated probabilities mean what they say",
            text=_summed_up(findings),
            table=Table(
                columns=columns,
                rows=[_row(reading, each) for each in ordered],
                is_wide=True,
            ),
            caption=_caption(reading, findings),
        )
    ]


def _distance(finding: Finding) -> float:
    value = finding.estimate
    return float(finding.evidence["reliability"] if value is None else value)


def _summed_up(findings: Sequence[Finding]) -> str:
    if not findings[0].evidence["by_item"]:
        return "Items were drawn in groups, of which there is no test of calibration and no band."
    n_found = sum(each.evidence["found"] for each in findings)
    if not n_found:
        return (
            "No final's errors differ from what its probabilities say by more than chance "
            f"({_level(findings)})."
        )
    return (
        f"The errors of {n_found:,} of {len(findings):,} finals differ from what their probabilities say by "
        f"more than chance ({_level(findings)})."
    )


def _level(findings: Sequence[Finding]) -> str:
    return (
        f"level {sentences.number(LEVEL, decimals=2)}, adjusted for {len(findings):,} finals: were all their "
        "probabilities right, at most 5 % of rounds would have one that is found"
    )


def _row(reading: Reading, finding: Finding) -> list[Cell]:
    found = finding.evidence
    row: list[Cell] = [reading.name_of(finding)]
    row += [_number(found[each]) for each in ("brier", "uncertainty", "resolution", "reliability")]
    if "classes" in found:
        of, names = found["classes"], reading.audit.round.benchmark.classes
        row += [_number(of["top_label"]), _number(of["mean"])]
        row.append((names[of["worst"]], _number(of["worst_error"])))
    if found["by_item"]:
        row += [_number(found["error"]), _z(finding)]
        row += [sentences.two_digits(finding.p_value), _words(finding)]
    return row


def _number(value: float | None) -> str:
    return sentences.number(value, decimals=MEASURED)


def _z(finding: Finding) -> str:
    if finding.p_value is not None and finding.evidence["z"] is None:
        return "no limit"
    return sentences.number(finding.evidence["z"], decimals=TOLD)


def _words(finding: Finding) -> str:
    if not finding.evidence["found"]:
        return ""
    z = finding.evidence["z"]
    return "errs less than it says" if z is not None and z < 0 else "errs more than it says"


def _what(reading: Reading, finding: Finding) -> str:
    if "classes" in finding.evidence:
        return "the class that a file names"
    return f"class {reading.audit.round.benchmark.classes[1]}"


def _caption(reading: Reading, findings: Sequence[Finding]) -> str:
    found = findings[0].evidence
    text = (
        f"On {found['n']:,} new labels, of the probability of {_what(reading, findings[0])}. The Brier score "
        "is the mean squared difference between the probability and what happened (0 or 1); lower is "
        "better. It is uncertainty - resolution + reliability: what a file has that always states the "
        "overall share; what is won by telling items apart (higher is better); what is lost because stated "
        f"probabilities are not what happens (lower is better). The parts are of {found['n_bins']} bins of "
        "about equally many items, so they miss the score by what differs inside a bin."
    )
    if "classes" in found:
        text += (
            f" Named class and classes: mean distances over {N_BINS} bins of equal width, of the class that "
            "is named and of each class for itself. Chance alone makes them larger than 0, and more so with "
            "fewer items: compare them between files of this table only."
        )
    if not found["by_item"]:
        return f"{text} {NO_VERDICT}"
    return text + (
        " Off by: how far, as a root mean square over the bins, a probability is from the share that "
        "happened, in probability, without what chance adds; 0 where chance explains all. z (Spiegelhalter) "
        "is above 0 where the Brier score is worse than the probabilities promise; its p is two-sided, of "
        "independent items, and a bound where few events are expected. It does not see every error: "
        f"probabilities that are too high here and too low there may pass. {NO_VERDICT}"
    )


def of_team(reading: Reading, team: Judged) -> list[Section]:
    """Say what its Brier score is made of, and show the points of its reliability diagram."""
    finding = reading.of_team(NAME, team)
    if finding is None:
        return []
    found, by_item = finding.evidence, finding.evidence["by_item"]
    columns = [*number_columns("Stated (mean)", "Items")]
    columns.append(Column("Happened", note="95 %" if by_item else "", is_number=True))
    if by_item:
        columns.append(Column("Expected if it were right", note="95 %", is_number=True))
    return [
        Section(
            place=Place.TEAM,
            title="Calibration: what happened where its final stated a probability",
            text=_said(reading, finding),
            table=Table(columns=columns, rows=_points(found["diagram"], by_item=by_item)),
            caption=_points_caption(found),
        )
    ]


def _said(reading: Reading, finding: Finding) -> str:
    found = finding.evidence
    parts = {
        name: _number(found[name]) for name in ("brier", "uncertainty", "resolution", "reliability")
    }
    text = (
        f"The final states {_what(reading, finding)} with probability {_told(found['stated'])} on average, "
        f"and it happened in {_told(found['happened'])} of {found['n']:,} new items. Its Brier score is "
        f"{parts['brier']} (lower is better): {parts['uncertainty']} has whoever always states the overall "
        f"share, {parts['resolution']} is won by telling items apart, and {parts['reliability']} lost "
        "because probabilities are not what happens."
    )
    if not found["by_item"]:
        return text
    off = _number(found["error"])
    text += f" Without what chance adds, its probabilities are off by {off} (root mean square)."
    test = f"{sentences.p_said(finding.p_value)}; {_level(reading.by_check[NAME])}"
    if not found["found"]:
        return f"{text} Its errors may be as frequent as it says (z = {_z(finding)}, {test})."
    return f"{text} It {_words(finding)} (z = {_z(finding)}, {test})."


def _told(value: float) -> str:
    return sentences.number(value, decimals=TOLD)


def _points(diagram: dict[str, Any], *, by_item: bool) -> list[list[Cell]]:
    rows: list[list[Cell]] = []
    for place, n in enumerate(diagram["n"]):
        of = {name: values[place] for name, values in diagram.items()}
        happened: Cell = _told(of["observed"])
        if by_item:
            happened = (_told(of["observed"]), _interval(of["low"], of["high"]))
        row: list[Cell] = [_told(of["forecast"]), f"{n:,}", happened]
        rows.append([*row, _interval(of["band_low"], of["band_high"])] if by_item else row)
    return rows


def _interval(low: float, high: float) -> str:
    return sentences.interval(low, high, decimals=TOLD)


def _points_caption(found: dict[str, Any]) -> str:
    text = "Each row is a bin of items by their stated probability."
    if found["by_item"]:
        text += (
            " The first bracket covers the sampling of the bin's items; the second holds the share in 95 of "
            "100 cases if the stated probabilities were right. Each is of its bin alone, so of 20 rows "
            "about one lies outside by chance."
        )
    if found["n_left_out"]:
        text += (
            f" Bins of fewer than {MIN_OF_BIN} items are left out ({found['n_left_out']:,} items)."
        )
    return text


CHECK = Check(
    name=NAME,
    meaning="Whether the probabilities of each final mean what they say, on new labels.",
    check=check,
    sections=sections,
    of_team=of_team,
)
