"""Files that are handed in to spoil the null of a boosted one: it is found as if they were not there."""

import numpy as np
import pytest

from stats.accusation import Contestant, accuse
from stats.draw import draw
from stats.metrics import Scorer
from stats.scored_files import score_files
from stats.split_scores import split_score
from stats.team_tests import BEST_SCORED, FINAL, OWN_FILES, TeamTests

N, M = 500, 1_000


def judged(
    scorer: Scorer, labels: np.ndarray, menu: list[np.ndarray], *, final: int, seed: int
) -> TeamTests:
    """The tests of a team without references, one of 20 in its round."""
    score = split_score(scorer=scorer, labels=labels)
    files = score_files(scorer=scorer, split=score, labels=labels, predictions=iter(menu), n=N)
    return accuse(
        draw=draw(n=N, m=M),
        score=score,
        contestants={0: Contestant(files=files, final=final)},
        references=None,
        n_teams=20,
        tie=1e-9,
        rng=np.random.default_rng(seed),
    )[0]


@pytest.mark.parametrize("metric", ["macro_f1", "balanced_accuracy", "mcc"])
@pytest.mark.parametrize("decoy", [False, True])
def test_answers_with_a_class_that_nobody_has_hide_no_boosted_file(
    metric: str, decoy: bool
) -> None:
    """
    Just before the boosted file its copy, with 8 answers of a fourth class that no item has.

    Macro F1 counts that class as 0 where it is predicted: in (m/(n+m))^8 = 4 % of draws it is on fresh items
    alone, where the copy ties on query and looks far worse on fresh. Seed 5.
    """
    rng = np.random.default_rng(5)
    labels = rng.choice(4, N + M, p=(0.5, 0.3, 0.2, 0.0))

    def differing(file: np.ndarray, share: float) -> np.ndarray:
        return np.where(rng.random(N + M) < share, rng.choice(3, N + M), file)

    first = differing(labels, 0.35)
    menu = [first, *(differing(first, 0.05) for _ in range(6))]
    boosted = first.copy()
    wrong = rng.choice(np.flatnonzero(first[:N] != labels[:N]), 60, replace=False)
    boosted[wrong] = labels[wrong]
    if decoy:
        copy = boosted.copy()
        copy[rng.choice(N + M, 8, replace=False)] = 3
        menu.append(copy)
    menu.append(boosted)
    scorer = Scorer(metric=metric, n_classes=4)

    tests = judged(scorer, labels, menu, final=len(menu) - 1, seed=6)

    assert tests.best == len(menu) - 1
    assert all(
        tests.tests[which, OWN_FILES].accuses(delta0=0.001) for which in (FINAL, BEST_SCORED)
    )


@pytest.mark.parametrize("metric", ["mae", "rmse", "expected_cost"])
@pytest.mark.parametrize("decoy", [False, True])
def test_a_file_that_loses_all_it_can_hides_no_boosted_file(metric: str, decoy: bool) -> None:
    """
    Beside a boosted final that another file beats by a hair, a file with the largest loss on each item.

    In single precision its sums of a million and more differ from draw to draw by rounding alone, and divided
    by an honest spread that was the largest overstatement of nearly every draw. Seed 7.
    """
    rng = np.random.default_rng(7)
    scorer, labels, menu, worst = _costly(rng) if metric == "expected_cost" else _lossy(metric, rng)
    if decoy:
        menu.insert(1, worst)

    tests = judged(scorer, labels, menu, final=len(menu) - 2, seed=8)

    found = tests.tests[FINAL, OWN_FILES]
    assert tests.best == len(menu) - 1
    assert found.accuses(delta0=0.001)
    assert found.luck < 0.1


def _lossy(
    metric: str, rng: np.random.Generator
) -> tuple[Scorer, np.ndarray, list[np.ndarray], np.ndarray]:
    """A first file, one whose query answers are nearer to the truth, a better one, and an absurd one."""
    labels = rng.normal(size=N + M)
    first = labels + rng.normal(scale=0.5, size=N + M)
    boosted = first + rng.normal(scale=0.01, size=N + M)
    boosted[:N] -= 0.2 * (first - labels)[:N]
    better = boosted.copy()
    better[:N] -= 0.001 * (first - labels)[:N]
    better[N] = 1e9
    return (
        Scorer(metric=metric, loss_cap=1.7e7),
        labels,
        [first, boosted, better],
        np.full(N + M, 1e100),
    )


def _costly(
    rng: np.random.Generator,
) -> tuple[Scorer, np.ndarray, list[np.ndarray], np.ndarray]:
    """The same of classes: whoever answers the third one pays ten million."""
    labels = rng.choice(2, N + M)
    first = np.where(rng.random(N + M) < 0.35, 1 - labels, labels)
    boosted = first.copy()
    wrong = rng.choice(np.flatnonzero(first[:N] != labels[:N]), 61, replace=False)
    boosted[wrong[1:]] = labels[wrong[1:]]
    better = boosted.copy()
    better[wrong[0]] = labels[wrong[0]]
    better[N] = 2
    matrix = ((0.0, 1.0, 1e7), (1.0, 0.0, 1e7), (1.0, 1.0, 0.0))
    scorer = Scorer(metric="expected_cost", n_classes=3, cost_matrix=matrix)
    return scorer, labels, [first, boosted, better], np.full(N + M, 2)
