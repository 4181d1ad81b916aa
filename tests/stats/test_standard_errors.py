"""Standard errors over items and over groups: against formulas written out, and against simulation."""

import numpy as np
import pytest

from stats.standard_errors import standard_error


def test_of_single_items_it_is_the_usual_one() -> None:
    values = np.random.default_rng(1).normal(size=50)

    found = standard_error(values=values)

    assert found.value == pytest.approx(values.std(ddof=1) / np.sqrt(50), rel=1e-12)
    assert found.freedom == 49


def test_of_equal_groups_it_is_that_of_their_means() -> None:
    values = np.random.default_rng(2).normal(size=(20, 5))

    found = standard_error(values=values.ravel(), groups=np.repeat(np.arange(20), 5))

    assert found.value == pytest.approx(values.mean(axis=1).std(ddof=1) / np.sqrt(20), rel=1e-12)
    assert found.freedom == 19


def test_order_and_names_of_groups_do_not_matter() -> None:
    rng = np.random.default_rng(3)
    values, groups, order = rng.normal(size=60), rng.integers(12, size=60), rng.permutation(60)
    names = np.array([f"patient {number}" for number in groups])

    plain = standard_error(values=values, groups=groups)
    shuffled = standard_error(values=values[order], groups=names[order])

    assert shuffled.value == pytest.approx(plain.value, rel=1e-12)
    assert shuffled.freedom == plain.freedom


def test_groups_of_unequal_size_spread_as_it_says() -> None:
    """Seed 4: over 2,000 samples of 300 groups the mean square error is within 10 % of the mean se^2.

    Its relative standard error is sqrt(2 / 2000) = .03; beyond .1 it is with probability .0015.
    """
    rng = np.random.default_rng(4)
    errors, squares = [], []
    for _ in range(2_000):
        sizes = rng.integers(1, 9, size=300)
        values = np.repeat(rng.normal(size=300), sizes) + rng.normal(size=sizes.sum())
        errors.append(values.mean())
        groups = np.repeat(np.arange(300), sizes)
        squares.append(standard_error(values=values, groups=groups).value ** 2)

    assert np.mean(np.square(errors)) == pytest.approx(np.mean(squares), rel=0.1)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_no_size_of_values_is_too_small_or_too_large(scale: float) -> None:
    values = np.array([0.0, 1.0, 3.0, 4.0])

    found = standard_error(values=values * scale, groups=[1, 1, 2, 2])

    assert found.value == pytest.approx(
        scale * standard_error(values=values, groups=[1, 1, 2, 2]).value
    )


@pytest.mark.parametrize("given", [{"values": [5.0]}, {"values": [1, 2], "groups": [7, 7]}])
def test_one_item_or_group_has_none(given: dict[str, list[float]]) -> None:
    found = standard_error(**given)

    assert (found.value, found.freedom) == (0.0, 0)


@pytest.mark.parametrize(
    ("values", "groups", "message"),
    [
        ([], None, "values: one or more"),
        ([[1.0]], None, "values: one or more"),
        ([1.0, np.nan], None, "values: one or more"),
        ([1.0, 2.0], [1], "groups: one for each"),
    ],
)
def test_refuses_what_has_no_mean(values: object, groups: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        standard_error(values=values, groups=groups)  # type: ignore[arg-type]
