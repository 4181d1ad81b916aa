"""What is refused when a file is scored: a team's that reserved no query, and the labels as a baseline.

What is nearly the labels is scored: an easy task has such files, too, and organizers are warned of it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stats import skill
from vault.files.prediction_forms import FORMS
from vault.models import Benchmark, BudgetEntry, Submission
from vault.scorers import scorer_of

# What a submission's `error_code` says, and what people read of it.
NOT_CHARGED = "not_charged"
MATCHES_EVERY_LABEL = "matches_every_label"
MEANINGS = {
    NOT_CHARGED: "no query was reserved for it, so it was not scored",
    MATCHES_EVERY_LABEL: "matches every label: the label file itself, it seems. It stays one of the "
    "reference's five files; hand in a baseline's predictions, such as those of a simpler model, or open the "
    "round by hand with another reference",
}
# Of fewer labels a good classifier is often right about all: 98 % right, of 30 in every other file.
MIN_LABELS = 40


class UnfitError(Exception):
    """The submission fails at once, for a reason that is told."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def check_reserved(*, submission: Submission) -> None:
    """Refuse a competing team's file that reserved no query, before any label is opened for it.

    None is received like that; a row that came in another way must not be answered.
    """
    if submission.team.is_reference:
        return
    entries = BudgetEntry.objects.filter(submission=submission)
    if set(entries.values_list("kind", flat=True)) != {BudgetEntry.Kind.RESERVE}:
        raise UnfitError(NOT_CHARGED)


def check_no_label_file(
    *, submission: Submission, labels: NDArray[Any], answers: NDArray[Any]
) -> None:
    """Refuse the label file as a reference's: nothing can be compared with it."""
    if submission.team.is_reference and matches_every_label(
        benchmark=submission.round.benchmark, labels=labels, answers=answers
    ):
        raise UnfitError(MATCHES_EVERY_LABEL)


def is_doubtful(*, submission: Submission, labels: NDArray[Any], answers: NDArray[Any]) -> bool:
    """Tell whether a reference's file is so good that somebody should look whether it is the label file."""
    return submission.team.is_reference and skill.is_implausible(
        scorer=scorer_of(benchmark=submission.round.benchmark), labels=labels, predictions=answers
    )


def matches_every_label(
    *, benchmark: Benchmark, labels: NDArray[Any], answers: NDArray[Any]
) -> bool:
    """Tell whether predictions are the labels, not merely as right as they are.

    Classes are told apart from a good classifier's only where there are many. So are probabilities: they are
    the labels if they spell them with two numbers, one for the item's own class and one for every other.
    Where all labels are one a constant file is right, and is no label file.
    """
    if len(labels) == 0 or (labels == labels[0]).all():
        return False
    if len(labels) < MIN_LABELS and benchmark.classes:
        return False
    if answers.ndim == 2:
        is_own = np.zeros(answers.shape, dtype=bool)
        is_own[np.arange(len(labels)), labels.astype(np.intp)] = True
        return _spells(answers, is_own)
    if FORMS[benchmark.prediction_form].by_threshold:
        return _spells(answers, labels == 1)
    return bool(np.array_equal(answers, labels))


def _spells(answers: NDArray[Any], is_so: NDArray[np.bool_]) -> bool:
    """Tell whether there is one number where it is so, and one that is less everywhere else."""
    yes, no = answers[is_so], answers[~is_so]
    return bool((yes == yes[0]).all() and (no == no[0]).all() and yes[0] > no[0])
