"""The published log-loss oracle, and what clipping and rounding leave of it."""

import math

import numpy as np
import pytest

from lab.attacks.log_loss import batch_size, distinguishable, oracle_gain, read_labels
from stats.mechanisms import MECHANISMS

CLIP = 1e-15


def released(labels: np.ndarray, *, digits: int, clip: float, asked: list[int]):  # type: ignore[no-untyped-def]
    def score(probabilities: np.ndarray) -> float:
        asked.append(1)
        p = np.clip(probabilities, clip, 1 - clip)
        loss = -np.mean(np.where(labels == 1, np.log(p), np.log1p(-p)))
        return round(float(loss), digits)

    return score


def test_published_competition_is_read_in_fourteen_submissions() -> None:
    """198 labels, 5 digits, clip 1e-15: 17,443.8 values, 14.0904 bits, 14 submissions, every label."""
    values = distinguishable(n=198, unit=1e-5, clip=CLIP)
    assert values == pytest.approx(17443.8, abs=0.05)
    assert math.log2(values) == pytest.approx(14.0904, abs=5e-5)
    assert batch_size(n=198, unit=1e-5, clip=CLIP) == 15

    labels = np.random.default_rng(93).integers(2, size=198)
    asked: list[int] = []
    score = released(labels, digits=5, clip=CLIP, asked=asked)
    found = read_labels(score=score, n=198, unit=1e-5, clip=CLIP, queries=14)

    assert len(asked) == 14
    assert (found == labels).all()


@pytest.mark.parametrize(
    ("digits", "clip", "size"), [(5, 1e-15, 10), (5, 0.01, 7), (4, 0.01, 4), (3, 0.01, 1)]
)
def test_fewer_digits_and_a_clip_shrink_the_batch(digits: int, clip: float, size: int) -> None:
    """Reference figures, n = 4,000."""
    assert batch_size(n=4000, unit=10.0**-digits, clip=clip) == size


def test_what_the_mechanisms_leave() -> None:
    """All labels under exact scores; nothing under two digits, a Ladder or no answer. Seed 94."""
    gains = {}
    for name in ("exact", "rounded", "guarded_ladder", "blind"):
        mechanism = MECHANISMS[name]
        gains[name] = oracle_gain(
            mechanism=mechanism,
            parameters=mechanism.parameters(),
            n=1000,
            k=100,
            rng=np.random.default_rng(94),
        )

    assert gains["exact"] == 0.5
    assert gains["guarded_ladder"] == gains["blind"] == 0
    assert abs(gains["rounded"]) < 0.03
