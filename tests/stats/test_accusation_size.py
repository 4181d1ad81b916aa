"""Every p-value of the judge is uniform or conservative, whatever the rules of the round are.

A pool of items with fixed honest files; the split is drawn at random, as the vault draws it. Crossed are the
metric, how the final is chosen, the kind of reference and the number of files.
"""

from typing import Any

import numpy as np
import pytest
import scipy.stats as sps
from numpy.typing import NDArray

from stats.accusation import Contestant, accuse, triage
from stats.draw import draw
from stats.metrics import Scorer
from stats.scored_files import Files, score_files
from stats.split_scores import split_score
from stats.team_tests import ORGANIZER, OWN_FILES
from stats.verdict import Evidence, ShiftGate, Verdict, verdict

N, M = 60, 140
METRICS_TRIED = [
    "accuracy",
    "macro_f1",
    "balanced_accuracy",
    "mcc",
    "roc_auc",
    "average_precision",
    "log_loss",
    "rmse",
    "r2",
    "mae",
]
CLASSES = (0.6, 0.3, 0.1)
Predictions = list[NDArray[Any]]


def pool(metric: str, rng: np.random.Generator) -> tuple[NDArray[Any], Predictions, dict[str, Any]]:
    """Labels, ten files of one team and two of the organizer."""
    size = N + M
    if metric in ("rmse", "r2", "mae"):
        values = rng.standard_t(3, size)
        return (
            values,
            [values + rng.normal(0, 1.5, size) for _ in range(12)],
            {"n_classes": None, "loss_cap": 10.0},
        )
    if metric in ("roc_auc", "average_precision", "log_loss"):
        labels = (rng.random(size) < 0.15).astype(np.int64)
        made = [1 / (1 + np.exp(-(labels - 0.5 + rng.normal(0, 1, size)))) for _ in range(12)]
        return labels, made, {"n_classes": 2}
    labels = rng.choice(len(CLASSES), size, p=CLASSES)
    guesses = [rng.choice(len(CLASSES), size, p=CLASSES) for _ in range(12)]
    return (
        labels,
        [np.where(rng.random(size) < 0.6, labels, each) for each in guesses],
        {"n_classes": 3},
    )


def some(files: Files, columns: list[int]) -> Files:
    return Files(
        data=files.data[:, columns],
        items=files.items[:, columns],
        query_exact=files.query_exact[columns],
        fresh_exact=files.fresh_exact[columns],
        n=files.n,
    )


def finals(files: Files) -> dict[str, int]:
    """Rules: the best released, the best but one, the last to improve, the latest, one chosen beforehand."""
    scores = files.query_exact
    improving = np.flatnonzero(scores >= np.maximum.accumulate(scores))
    return {
        "best": int(np.argmax(scores)),
        "best but one": int(np.argsort(-scores, kind="stable")[1]),
        "last improvement": int(improving[-1]),
        "latest": files.k - 1,
        "fixed": 1,
    }


@pytest.mark.calibration
@pytest.mark.parametrize("metric", METRICS_TRIED)
def test_p_values_are_uniform_or_conservative(metric: str) -> None:
    check_rounds(metric, splits=150)


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1", "roc_auc", "r2"])
def test_p_values_are_uniform_or_conservative_in_few_splits(metric: str) -> None:
    check_rounds(metric, splits=20)


def check_rounds(metric: str, *, splits: int) -> None:
    """Seed 21. Of up to 35 tests a metric at two levels, each exceeds its limit with p < 1e-6.

    Of a final and the best-scored file together, one test rejects in at most twice the level, as Holm counts.

    Nobody is CONFIRMED in more rounds than Binomial(splits, .01) allows with p < 1e-6.
    """
    rng = np.random.default_rng([21, METRICS_TRIED.index(metric)])
    labels, predictions, form = pool(metric, rng)
    scorer = Scorer(metric=metric, **form)
    rejected: dict[tuple[Any, ...], int] = {}
    either: dict[tuple[Any, ...], int] = {}
    confirmed = 0
    for _ in range(splits):
        order = rng.permutation(N + M)
        given = split_score(scorer=scorer, labels=labels[order])
        everything = score_files(
            scorer=scorer,
            split=given,
            labels=labels[order],
            predictions=[each[order] for each in predictions],
            n=N,
        )
        contestants = {}
        for k in (2, 10):
            own = some(everything, list(range(k)))
            for rule, final in finals(own).items():
                contestants[k, rule] = Contestant(files=own, final=final)
        tests = accuse(
            draw=draw(n=N, m=M),
            score=given,
            contestants=contestants,
            references=some(everything, [10, 11]),
            n_teams=len(contestants),
            tie=1e-9,
            rng=rng,
        )
        suspected = triage(tests=tests)
        verdicts = []
        for team, each in tests.items():
            for key, test in each.tests.items():
                for level in (0.05, 0.2):
                    rejected[team, key, level] = rejected.get((team, key, level), 0) + (
                        test.p_estimate <= level
                    )
                assert test.p_value >= 1 / (test.n_draws + 1)
            for kind in (OWN_FILES, ORGANIZER):
                pair = [test.p_estimate for key, test in each.tests.items() if key[1] == kind]
                for level in (0.05, 0.2):
                    of_pair = (team, kind, level)
                    either[of_pair] = either.get(of_pair, 0) + (min(pair, default=1.0) <= level)
            verdicts.append(
                verdict(
                    Evidence(
                        was_tested=True,
                        accused=each.accuses(delta0=0.005),
                        triaged=team in suspected,
                        gate=ShiftGate.QUIET,
                        interval_low=each.shown(delta0=0.005).test.low,
                        exceeds_luck=each.shown(delta0=0.005).test.exceeds_luck,
                        delta0=0.005,
                    )
                )
            )
        confirmed += Verdict.CONFIRMED in verdicts

    limits = {level: sps.binom.isf(1e-6, splits, level) for level in (0.05, 0.2)}
    assert {key: count for key, count in rejected.items() if count > limits[key[2]]} == {}
    of_pairs = {level: sps.binom.isf(1e-6, splits, 2 * level) for level in (0.05, 0.2)}
    assert {key: count for key, count in either.items() if count > of_pairs[key[2]]} == {}
    assert confirmed <= sps.binom.isf(1e-6, splits, 0.01)
    # Not so conservative that the test could not see anything.
    assert sum(count for key, count in rejected.items() if key[2] == 0.2) > 0
