"""What a file is worth on opened labels: each metric with its interval, and the step from an incumbent."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stats.paired import paired_se
from vault import predictions, release
from vault.models import Benchmark, Submission
from vault.scorers import scorer_of
from vault.sealing.sealed_labels import OpenLabels

# Raised when a metric's value changes for equal input.
SCORER_VERSION = "2"


def evaluated(
    *,
    benchmark: Benchmark,
    opened: OpenLabels,
    answers: NDArray[Any],
    incumbent: Submission | None,
    scores: list[release.Score],
    is_doubted: bool = False,
) -> release.Evaluated:
    """Put together what the release of these scores needs."""
    return release.Evaluated(
        scorer_version=SCORER_VERSION,
        label_version=opened.version,
        scores=scores,
        incumbent_id=None if incumbent is None else incumbent.pk,
        paired_se=_paired_se(benchmark=benchmark, opened=opened, own=answers, incumbent=incumbent),
        opening=opened.entry,
        is_doubted=is_doubted,
    )


def scores_of(
    *, benchmark: Benchmark, opened: OpenLabels, answers: NDArray[Any]
) -> list[release.Score]:
    """Compute the primary metric and then all others."""
    names = dict.fromkeys([benchmark.primary_metric, *benchmark.secondary_metrics])
    scores = []
    for name in names:
        scorer = scorer_of(benchmark=benchmark, metric=name)
        value, interval = scorer.estimate(
            labels=opened.labels, predictions=answers, groups=opened.groups
        )
        scores.append(release.Score(metric=name, value=value, low=interval.low, high=interval.high))
    return scores


def _paired_se(
    *,
    benchmark: Benchmark,
    opened: OpenLabels,
    own: NDArray[Any],
    incumbent: Submission | None,
) -> float:
    if incumbent is None:
        return 0.0
    theirs = predictions.load(file_key=incumbent.file_key)[opened.positions]
    if np.array_equal(own, theirs):
        return 0.0
    scorer = scorer_of(benchmark=benchmark)
    ours, others = (
        scorer.items(labels=opened.labels, predictions=answers) for answers in (own, theirs)
    )
    return paired_se(scores=ours, incumbent_scores=others, groups=opened.groups)
