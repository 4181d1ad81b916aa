import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from stats.similarity import agreement_and_kappa, effective_number, similarity
from tests.stats.reference_data import reference_file


@pytest.fixture(scope="module")
def cifar() -> NDArray[np.bool_]:
    """Which of 10,000 images each of 30 published models gets right, the best model first."""
    with np.load(reference_file("cifar10_1_predictions.npz")) as published:
        right = (published["pred_original"] == published["labels_original"]).T
    order = np.argsort(-right.mean(axis=0), kind="stable")
    result: NDArray[np.bool_] = right[:, order]
    return result


def test_thirty_published_models_are_as_alike_as_measured(cifar: NDArray[np.bool_]) -> None:
    """Reference figures: .9192, .406, .433; .00414 (se .00241), 1.518. Seed 5, 20,000 draws.

    The reference maxima are themselves simulated: .02 and .0001 are about three of both's errors.
    """
    found = similarity(correctness=cifar, rng=np.random.default_rng(5))

    assert found.agreement == pytest.approx(0.9192, abs=5e-5)
    assert found.kappa == pytest.approx(0.406, abs=5e-4)
    assert found.correlation == pytest.approx(0.433, abs=5e-4)
    assert found.standard_error == pytest.approx(0.00241, abs=5e-6)
    assert found.expected_maximum == pytest.approx(0.00414, abs=1e-4)
    assert found.studentized_maximum == pytest.approx(1.518, abs=0.02)
    assert found.independent_maximum == pytest.approx(2.043, abs=5e-4)


def test_the_best_fifteen_are_more_alike(cifar: NDArray[np.bool_]) -> None:
    """Reference figures: .535 and 1.196. Seed 6, tolerance as above."""
    found = similarity(correctness=cifar[:, :15], rng=np.random.default_rng(6))

    assert found.correlation == pytest.approx(0.535, abs=5e-4)
    assert found.studentized_maximum == pytest.approx(1.196, abs=0.02)
    assert found.independent_maximum == pytest.approx(1.736, abs=5e-4)


def test_effective_numbers_of_the_published_models(cifar: NDArray[np.bool_]) -> None:
    found = effective_number(correlation=np.corrcoef(cifar.T))

    assert found.participation_ratio == pytest.approx(4.5, abs=0.05)
    assert found.li_ji == pytest.approx(17, abs=1e-6)
    assert found.nyholt == pytest.approx(24.3, abs=0.05)


def test_independent_models_are_worth_their_number() -> None:
    found = effective_number(correlation=np.eye(7))

    assert (found.participation_ratio, found.li_ji, found.nyholt) == pytest.approx((7, 7, 7))


def test_copies_are_worth_one_model() -> None:
    found = effective_number(correlation=np.ones((4, 4)))

    assert (found.participation_ratio, found.li_ji, found.nyholt) == pytest.approx((1, 1, 1))


def test_every_kappa_is_that_of_scikit_learn(rng: np.random.Generator) -> None:
    hard = rng.random((400, 1))
    right = rng.random((400, 5)) < 0.4 + 0.5 * hard

    agreement, kappa = agreement_and_kappa(correctness=right)

    for i in range(5):
        for j in range(5):
            assert agreement[i, j] == pytest.approx(np.mean(right[:, i] == right[:, j]))
            assert kappa[i, j] == pytest.approx(cohen_kappa_score(right[:, i], right[:, j]))


def test_a_constant_model_is_like_none() -> None:
    right = np.array([[1, 1, 0], [1, 1, 1], [1, 1, 0], [1, 1, 1]])

    agreement, kappa = agreement_and_kappa(correctness=right)
    found = similarity(correctness=right, rng=np.random.default_rng(1), n_draws=4_000)

    assert agreement[0].tolist() == [1.0, 1.0, 0.5]
    assert kappa[0].tolist() == [0.0, 0.0, 0.0]
    assert found.correlation == 0
    # E[max(0, z)] = .3989 for the one model that varies; .0463 are five standard errors.
    assert found.studentized_maximum == pytest.approx(0.3989, abs=0.0463)


@pytest.mark.parametrize(
    "bad",
    [
        np.ones(4),
        np.ones((1, 3)),
        np.ones((3, 1)),
        np.full((3, 3), 2),
        np.full((3, 3), np.nan),
        np.empty((0, 0)),
    ],
)
def test_unusable_correctness_is_refused(bad: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match="correctness"):
        similarity(correctness=bad, rng=np.random.default_rng(1))


def test_no_draws_are_refused() -> None:
    with pytest.raises(ValueError, match="n_draws"):
        similarity(correctness=np.eye(3), rng=np.random.default_rng(1), n_draws=0)


@pytest.mark.parametrize(
    "bad", [np.ones(3), np.ones((2, 3)), np.eye(1), 2 * np.eye(2), [[1, 0.5], [0.2, 1]]]
)
def test_what_is_no_correlation_matrix_is_refused(bad: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match="correlation"):
        effective_number(correlation=bad)
