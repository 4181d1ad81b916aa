"""Do the query items and others differ? Three tests of what untuned files answer, beside the gate.

The gate compares scores; these look at answers alone, and see what leaves the mean score as it is. That two
sets differ explains a gap, whatever made them differ. No verdict rests on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.stats as sps
from numpy.typing import NDArray

from audits import other_draws, sentences
from audits.checks.check import Cell, Check, Column, Context, Place, Section, Table, number_columns
from audits.collected import Answers, Collected, Opened
from audits.models import Finding
from audits.reading import Reading
from stats import gate
from stats.multiplicity import holm
from stats.shift import N_BINS, classifier_two_sample, kolmogorov_smirnov, population_stability
from stats.shift_power import (
    detectable_accuracy,
    detectable_distance,
    detectable_move,
)

NAME = "two_sets"
# The new labels of the query holdout's own draw, among holdouts that are called by their ids.
NEW = "new labels"
# Of the three tests of one pair of sets together, by Holm.
LEVEL = 0.01
TESTS = ("PSI", "KS", "C2ST")
# More files say the same again, and a classifier of more columns has to learn more from as many items.
MAX_FILES, MAX_COLUMNS = 10, 200
# Of fewer files a commonest answer is hardly one.
MIN_VOTES = 3

Matrix = NDArray[Any]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Value:
    """What the answers of several files to an item are summed up in, a number for each item."""

    values: Floats
    # Of the files in words, to be read behind "in".
    what: str


def check(collected: Collected, context: Context) -> list[Finding]:
    """Make one finding on the board, of each set of items that untuned files answered."""
    files = collected.untuned[:MAX_FILES]
    if not files:
        return []
    sets = {} if collected.draw is None else {NEW: collected.fresh}
    compared = []
    for name, opened in (sets | collected.others).items():
        rng = context.generator(NAME, name)
        found = _compared(collected, opened, files, rng)
        if found is not None:
            compared.append({"holdout": name, "kind": opened.kind, **found})
    if not compared:
        return []
    evidence = {"n_files": len(files), "compared": compared, "gate": _power_of_gate(collected)}
    return [Finding(evidence=evidence)]


def _compared(
    collected: Collected,
    opened: Opened,
    files: Sequence[tuple[Answers, int]],
    rng: np.random.Generator,
) -> dict[str, Any] | None:
    """Make the three tests; None of sets too small for the index's bins."""
    query, other = (_independent(each, rng) for each in (collected.query, opened))
    n, m = len(query), len(other)
    if min(n, m) < N_BINS:
        return None
    places = np.concatenate([query, other])
    answers = np.stack([of.of(number)[places] for of, number in files])
    if collected.scorer.n_classes is None:
        # Values have no bounds: by their ranks one file cannot drown the others.
        answers = sps.rankdata(answers, axis=1)
    summed = _summed(answers, collected.scorer.n_classes)
    vectors = np.column_stack([*_columns(answers, collected.scorer.n_classes), summed.values])
    parts: dict[str, Any] = {"reference": summed.values[:n], "sample": summed.values[n:]}
    psi = population_stability(**parts)
    found = (
        psi,
        kolmogorov_smirnov(**parts),
        classifier_two_sample(reference=vectors[:n], sample=vectors[n:], rng=rng),
    )
    alpha, size = LEVEL / len(TESTS), min(n, m)
    freedom = round(psi.expected / (1 / n + 1 / m))
    n_tested = 2 * (size - size // 2)
    # Of values that are nearly all alike the index has one bin, and sees nothing; of equal ones nobody does.
    least = (
        detectable_move(n=n, m=m, freedom=freedom, alpha=alpha) if freedom else None,
        detectable_distance(n=n, m=m, alpha=alpha) if np.ptp(summed.values) > 0 else None,
        detectable_accuracy(n_tested=n_tested, alpha=alpha),
    )
    adjusted = holm(p_values=[each.p_value for each in found])
    return {
        "n": n,
        "m": m,
        "n_tested": n_tested,
        "has_groups": collected.query.groups is not None or opened.groups is not None,
        "what": summed.what,
        "tests": {
            name: {"statistic": each.statistic, "p_adjusted": float(p), "least": smallest}
            for name, each, p, smallest in zip(TESTS, found, adjusted, least, strict=True)
        },
    }


def _independent(opened: Opened, rng: np.random.Generator) -> NDArray[np.int64]:
    """Give positions of items that were drawn apart: one at random of each group that was drawn whole."""
    if opened.groups is None:
        return opened.positions
    shuffled = rng.permutation(opened.n)
    _, first = np.unique(opened.groups[shuffled].astype(str), return_index=True)
    return opened.positions[shuffled[first]]


def _summed(answers: Matrix, n_classes: int | None) -> Value:
    """Sum up what the files say of each item; answers are (files, items), or (files, items, classes)."""
    if n_classes is None:
        return Value(values=answers.mean(axis=0), what="the mean rank of the predicted values")
    if answers.ndim == 3:
        sure = answers.mean(axis=0).max(axis=1)
        return Value(values=sure, what="the mean probability of the likeliest class")
    if answers.dtype.kind == "f":
        return Value(values=answers.mean(axis=0), what="the mean predicted probability")
    if n_classes == 2:
        share = answers.mean(axis=0)
        return Value(values=share, what="the share of files that name the second class")
    if len(answers) < MIN_VOTES:
        return Value(
            values=answers[0].astype(np.float64), what="the class that the first file names"
        )
    shares = ((answers == code).mean(axis=0) for code in range(n_classes))
    votes = np.maximum.reduce(list(shares))
    return Value(values=votes, what="the share of files that give the commonest answer")


def _columns(answers: Matrix, n_classes: int | None) -> list[Floats]:
    """Turn each file's answers into columns; of many classes one for each, of the files there is room for."""
    if answers.ndim == 2 and (answers.dtype.kind == "f" or n_classes == 2):
        return [each.astype(np.float64) for each in answers]
    assert n_classes is not None  # of values there is one an item
    room = MAX_COLUMNS // max(1, n_classes - 1)
    # The last class is what none of the others is.
    if answers.ndim == 3:
        return [each[:, code] for each in answers[:room] for code in range(n_classes - 1)]
    return [
        (each == code).astype(np.float64)
        for each in answers[:room]
        for code in range(n_classes - 1)
    ]


def _power_of_gate(collected: Collected) -> float | None:
    """Compute which difference of the mean score the gate itself finds with 80 %."""
    if collected.draw is None:
        return None
    return gate.detectable(items=collected.untuned_items, draw=collected.draw)


def sections(reading: Reading) -> list[Section]:
    """Say beside the gate what was found, and list tests with their power below."""
    found = reading.first(NAME)
    if found is None:
        return []
    evidence = found.evidence
    said = []
    if evidence["gate"] is not None:
        least = reading.number(evidence["gate"])
        text = (
            f"The gate finds with 80 % that untuned models score {least} or more apart on two sets of these "
            "sizes (level .01); a smaller difference may go unnoticed."
        )
        said.append(Section(place=Place.HOLDOUTS, text=text))
    return said + [_section(evidence["n_files"], each) for each in evidence["compared"]]


def _section(n_files: int, compared: dict[str, Any]) -> Section:
    other = "the new items"
    if compared["holdout"] != NEW:
        other = other_draws.items_of(holdout=compared["holdout"], kind=compared["kind"])
    tests = compared["tests"]
    differing = [name for name in TESTS if tests[name]["p_adjusted"] <= LEVEL]
    files = f"{n_files:,} file{'s'[: n_files != 1]} that cannot have adapted"
    level = "level .01 over the three tests, Holm"
    text = (
        f"Whether the query items and {other} differ, by what {files} answer, without any label: "
    )
    if differing:
        text += (
            f"they do, by {' and '.join(differing)} ({level}). That explains a gap between scores on the "
            "two, and accuses nobody."
        )
    else:
        text += f"none of three tests says so ({level}); smaller differences than below may go unnoticed."
    if compared["has_groups"]:
        text += " Of items that were drawn as a group one of each group was compared."
    columns = [
        Column("Test"),
        Column("What it sees"),
        *number_columns("Found", "p (Holm)"),
        Column("Smallest found", note="with 80 %"),
    ]
    return Section(
        place=Place.EXPLANATIONS,
        title=f"Do the query items ({compared['n']:,}) and {other} ({compared['m']:,}) differ?",
        text=text,
        table=Table(columns=columns, rows=_rows(compared), is_wide=True),
        caption="PSI: population stability index. KS: the test of Kolmogorov and Smirnov. C2ST: a classifier "
        "that learns from one half of the items and is tested on the other. None of them decides anything.",
    )


def _rows(compared: dict[str, Any]) -> list[list[Cell]]:
    psi, distance, accuracy = (compared["tests"][name] for name in TESTS)
    tenth = f"tenths of the query items, in order of {compared['what']}"
    share = sentences.number(psi["statistic"], decimals=4)

    def p(test: dict[str, Any]) -> str:
        return sentences.two_digits(test["p_adjusted"])

    def least(test: dict[str, Any], words: str, none: str = "") -> str:
        return none if test["least"] is None else words.format(test["least"])

    return [
        [
            "PSI",
            f"how many items lie in each of the {tenth}",
            f"index {share}",
            p(psi),
            least(
                psi,
                "{:.1%} of the items in other tenths",
                "nothing: nine in ten query items or more have the same value",
            ),
        ],
        [
            "KS",
            f"whether more items, or fewer, lie below any one value of {compared['what']}",
            f"{distance['statistic']:.1%} more",
            p(distance),
            least(
                distance,
                "{:.1%} more of the items below some value",
                "nothing: all items have the same value",
            ),
        ],
        [
            "C2ST",
            "whether a weighted sum of the answers tells which set an item is of (50 % by chance)",
            f"right on {accuracy['statistic']:.1%} of {compared['n_tested']:,} items",
            p(accuracy),
            least(accuracy, "a rule that is right on {:.1%}"),
        ],
    ]


CHECK = Check(
    name=NAME,
    meaning="Whether query items and others differ in what untuned files answer, and what would have been "
    "found.",
    check=check,
    sections=sections,
)
