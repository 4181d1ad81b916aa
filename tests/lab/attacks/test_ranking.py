"""AUC feedback as an oracle."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from lab.attacks.ranking import auc_linear_gain, auc_linear_theory, auc_probe
from stats.mechanisms import MECHANISMS


def test_a_probe_reveals_its_items_label() -> None:
    """1/2 + 1/(2P) for a positive, 1/2 - 1/(2N) for a negative."""
    labels = np.random.default_rng(95).integers(2, size=50)

    def score(scores: np.ndarray) -> float:
        return float(roc_auc_score(labels, scores))

    assert [auc_probe(score=score, n=50, item=i) for i in range(50)] == labels.tolist()
    on_top = np.zeros(50)
    on_top[np.flatnonzero(labels == 1)[0]] = 1
    assert score(on_top) == pytest.approx(0.5 + 1 / (2 * labels.sum()))


@pytest.mark.parametrize(("k", "simulated", "theory"), [(100, 0.593, 0.596), (400, 0.685, 0.687)])
def test_linear_attack(k: int, simulated: float, theory: float) -> None:
    """n = 4,000, prevalence .3; 3 plays, seed 96: the AUC errs by .01, .02 is 3.5 standard errors."""
    rng = np.random.default_rng([96, k])
    gains = [
        auc_linear_gain(mechanism=MECHANISMS["exact"], parameters={}, n=4000, k=k, rng=rng)
        for _ in range(3)
    ]

    assert 0.5 + auc_linear_theory(n=4000, k=k) == pytest.approx(theory, abs=5e-4)
    assert 0.5 + np.mean(gains) == pytest.approx(simulated, abs=0.02)


def test_a_ladder_blunts_it() -> None:
    """Prevalence .3, n = 4,000, k = 100: .093 under exact scores."""
    ladder = MECHANISMS["guarded_ladder"]
    gain = auc_linear_gain(
        mechanism=ladder,
        parameters=ladder.parameters(),
        n=4000,
        k=100,
        rng=np.random.default_rng(97),
    )

    assert gain < 0.04
