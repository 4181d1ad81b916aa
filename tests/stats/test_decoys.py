"""Files that are handed in to spoil the null of a boosted one: it is found as if they were not there."""

import numpy as np
import pytest

from stats.accusation import Contestant, accuse
from stats.draw import draw
from stats.metrics import Scorer
from stats.scored_files import score_files
from stats.split_scores import split_score
from stats.team_tests import BEST_SCORED, FINAL, OWN_FILES

N, M = 500, 1_000


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
    score = split_score(scorer=scorer, labels=labels)
    files = score_files(scorer=scorer, split=score, labels=labels, predictions=iter(menu), n=N)

    tests = accuse(
        draw=draw(n=N, m=M),
        score=score,
        contestants={0: Contestant(files=files, final=len(menu) - 1)},
        references=None,
        n_teams=20,
        tie=1e-9,
        rng=np.random.default_rng(6),
    )[0]

    assert tests.best == len(menu) - 1
    assert all(
        tests.tests[which, OWN_FILES].accuses(delta0=0.001) for which in (FINAL, BEST_SCORED)
    )
