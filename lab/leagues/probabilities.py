"""Honest teams that hand in probabilities, scored by AUC or log loss: influence values and exact D."""

import numpy as np
from numpy.typing import NDArray

from lab.leagues.size import Outcome
from stats.accusation import Columns, Contestant, accuse
from stats.metrics import Scorer

Floats = NDArray[np.float64]


def improving(rng: np.random.Generator, *, metric: str, k: int, n: int, m: int) -> Outcome:
    """Models of rising skill, alike but for noise of their own; the final is the best released."""
    labels = (rng.random(n + m) < 0.4).astype(np.int64)
    signal = np.where(labels == 1, 1.0, -1.0) + rng.normal(0, 1.2, n + m)
    skill = np.linspace(0.6, 1.0, k + 3)
    noise = rng.normal(0, 0.8, (n + m, k + 3))
    files = 1 / (1 + np.exp(-(skill * signal[:, None] + noise)))
    given = _columns(metric, labels, files[:, :k], n)
    final = int(np.argmax(given.query_exact))
    tests = accuse(
        contestants={0: Contestant(columns=given, final=final)},
        references=_columns(metric, labels, files[:, k:] * 0.96 + 0.02, n),
        delta0=np.inf,  # no accusation is asked for, so no real shuffle is needed
        is_mean=metric == "log_loss",
        generator=lambda *purpose: rng,
    )[0]
    assert tests.organiser is not None
    own = tests.own_first
    return Outcome(
        own_first=np.nan if own is None else own.sadd.p_value,
        organiser=tests.organiser.sadd.p_value,
        inflation=tests.shown.inflation,
    )


def _columns(metric: str, labels: NDArray[np.int64], files: Floats, n: int) -> Columns:
    scorer = Scorer(metric=metric, n_classes=2)
    items = np.column_stack([scorer.items(labels=labels, predictions=each) for each in files.T])
    exact = [
        [
            scorer.orient(scorer.score(labels=labels[part], predictions=each[part]))
            for each in files.T
        ]
        for part in (slice(n), slice(n, None))
    ]
    return Columns(
        query=items[:n],
        fresh=items[n:],
        query_exact=np.array(exact[0]),
        fresh_exact=np.array(exact[1]),
    )
