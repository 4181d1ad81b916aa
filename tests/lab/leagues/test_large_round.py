import numpy as np
import pytest

from lab.leagues import large_round
from lab.leagues.large_round import LargeRound, Metric


def made(metric: Metric) -> LargeRound:
    return large_round.make(
        metric=metric, n_teams=5, n_files=80, n=1000, m=2000, rng=np.random.default_rng(1)
    )


def test_files_differ_on_a_fifth_of_the_items() -> None:
    round_ = made("accuracy")

    files = [round_.references, *(each.files for each in round_.contestants.values())]
    items = np.hstack([each.items for each in files])
    differs = (items != items[:, :1]).any(axis=1)
    assert differs.sum() == 600
    assert items.dtype == np.bool_


def test_areas_are_influence_values_of_real_areas() -> None:
    round_ = made("roc_auc")

    files = round_.contestants[4].files
    assert files.items.dtype == np.float32
    assert files.items.shape == (3000, 80)
    # Log odds one standard deviation apart: an area of Phi(1/sqrt(2)) = .76, from 300 positives.
    assert files.items.mean() == pytest.approx(0.76, abs=0.06)


@pytest.mark.parametrize("metric", ["accuracy", "roc_auc"])
def test_only_attackers_gain_on_query_items_alone(metric: Metric) -> None:
    """
    What 237 answers tell adds about four standard deviations or more, an honest file's luck three at most;
    deterministic given the seed.
    """
    round_ = made(metric)

    assert sorted(round_.contestants) == list(range(5))
    gains = []
    for each in round_.contestants.values():
        gaps = each.files.query_exact - each.files.fresh_exact
        gains.append((gaps[-1] - gaps[:-1].mean()) / gaps[:-1].std(ddof=1))
    assert min(gains[:3]) > 3.9
    assert max(gains[3:]) < 3
