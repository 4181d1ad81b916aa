"""What the fingerprints say of honest work with real learners: forests, sweeps and an ensembler."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import make_classification
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from stats.fingerprints.contract import Fingerprint
from stats.fingerprints.flip_uniformity import flip_uniformity
from stats.fingerprints.log_loss_probe import log_loss_probe
from stats.fingerprints.near_duplicates import near_duplicates
from stats.fingerprints.rank_ratio import rank_ratio
from stats.fingerprints.vote_match import vote_match

pytestmark = pytest.mark.calibration

Floats = NDArray[np.float64]
N_TRAIN, N_QUERY = 1200, 2000


@dataclass(frozen=True, kw_only=True)
class Data:
    """A two-class problem whose labels are wrong in 6 % of cases."""

    train: Floats
    train_labels: NDArray[np.int64]
    query: Floats
    query_labels: NDArray[np.int64]


def draw_data(rng: np.random.Generator) -> Data:
    x, y = make_classification(
        n_samples=N_TRAIN + N_QUERY,
        n_features=20,
        n_informative=8,
        flip_y=0.12,
        class_sep=0.8,
        random_state=int(rng.integers(10**6)),
    )
    return Data(
        train=x[:N_TRAIN],
        train_labels=y[:N_TRAIN],
        query=x[N_TRAIN:],
        query_labels=y[N_TRAIN:],
    )


Team = Callable[[Data, np.random.Generator], list[Floats]]


def forest_seeds(data: Data, rng: np.random.Generator) -> list[Floats]:
    models = [RandomForestClassifier(25, random_state=int(rng.integers(10**6))) for _ in range(21)]
    return [_predicted(model, data) for model in models]


def forest_tuning(data: Data, rng: np.random.Generator) -> list[Floats]:
    models = [
        RandomForestClassifier(
            15, max_depth=int(rng.integers(2, 15)), max_features=float(rng.uniform(0.2, 1))
        ).set_params(random_state=1)
        for _ in range(31)
    ]
    return [_predicted(model, data) for model in models]


def regularization_sweep(data: Data, rng: np.random.Generator) -> list[Floats]:
    models = [LogisticRegression(C=c, max_iter=800) for c in np.geomspace(1e-3, 1e2, 51)]
    return [_predicted(model, data) for model in models]


def ensembler(data: Data, rng: np.random.Generator) -> list[Floats]:
    """21 models, then 40 averages of the 3, 5 or 7 that scored best so far."""
    models = [
        ExtraTreesClassifier(
            20, max_depth=int(rng.integers(3, 15)), random_state=int(rng.integers(10**6))
        )
        for _ in range(21)
    ]
    made = [_predicted(model, data) for model in models]
    while len(made) < 61:
        scores = [np.mean((each > 0.5) == data.query_labels) for each in made]
        best = np.argsort(scores)[::-1][: int(rng.choice([3, 5, 7]))]
        made.append(np.mean([made[each] for each in best], axis=0))
    return made


def _predicted(model: RandomForestClassifier, data: Data) -> Floats:
    fitted = model.fit(data.train, data.train_labels)
    result: Floats = fitted.predict_proba(data.query)[:, 1]
    return result


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The fingerprints of one team whose last file is its final."""

    rank: Fingerprint
    near: Fingerprint
    match: Fingerprint
    flips: Fingerprint
    probes: int


def seen(team: Team, *, seed: int, repeats: int = 4) -> list[Seen]:
    rng = np.random.default_rng(seed)
    result = []
    for _ in range(repeats):
        data = draw_data(rng)
        probabilities = team(data, rng)
        files = np.array([each > 0.5 for each in probabilities])
        released = np.mean(files[:-1] == data.query_labels, axis=1)
        result.append(
            Seen(
                rank=rank_ratio(predictions=files[:-1]),
                near=near_duplicates(predictions=files[:-1]),
                match=vote_match(predictions=files[:-1], released=released, final=files[-1]),
                flips=flip_uniformity(predictions=files[:-1]),
                probes=sum(log_loss_probe(probabilities=each).flagged for each in probabilities),
            )
        )
    return result


@pytest.mark.parametrize(
    "team", [forest_seeds, forest_tuning, regularization_sweep, ensembler], ids=lambda f: f.__name__
)
def test_no_honest_learner_is_labeled(team: Team) -> None:
    """4 data sets, seed 80: neither rank ratio nor probe is flagged. A measurement with a fixed seed."""
    for each in seen(team, seed=80):
        assert not each.rank.flagged
        assert each.rank.value < 0.95
        assert each.probes == 0


def test_what_honest_work_looks_like() -> None:
    """Seed 81. A sweep of 50 strengths has 6 to 13 near-duplicates and a flip uniformity of 0; an
    ensembler's final is the vote of its scores (vote match above .97); tuned forests have neither.
    """
    sweep = seen(regularization_sweep, seed=81)
    ensembles = seen(ensembler, seed=81)
    tuned = seen(forest_tuning, seed=81)

    assert all(each.near.value >= 5 for each in sweep)
    assert all(each.flips.value < 0.2 for each in sweep)
    assert np.mean([each.match.flagged for each in ensembles]) >= 0.5
    assert not any(each.match.flagged for each in tuned)
    assert all(each.flips.value > 2 for each in tuned)
    assert all(each.near.value == 0 for each in tuned)
