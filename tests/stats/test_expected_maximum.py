"""The expected maximum and its approximations."""

from collections.abc import Callable

import pytest

from stats.expected_maximum import bailey_lopez_de_prado, blom, expected_maximum


@pytest.mark.parametrize(
    ("k", "value"),
    [
        (1, 0.0),
        (2, 0.5642),
        (5, 1.1630),
        (10, 1.5388),
        (20, 1.8675),
        (50, 2.2491),
        (100, 2.5076),
        (500, 3.0367),
        (1000, 3.2414),
        (10_000, 3.8516),
    ],
)
def test_reference_table(k: int, value: float) -> None:
    assert expected_maximum(k=k) == pytest.approx(value, abs=1e-4)


@pytest.mark.parametrize(("k", "value"), [(10, 1.5746), (100, 2.5306), (1000, 3.2551)])
def test_deflated_sharpe_ratio_approximation(k: int, value: float) -> None:
    assert bailey_lopez_de_prado(k=k) == pytest.approx(value, abs=1e-4)


@pytest.mark.parametrize(("k", "value"), [(10, 1.5466), (100, 2.4986), (1000, 3.2273)])
def test_blom_approximation(k: int, value: float) -> None:
    assert blom(k=k) == pytest.approx(value, abs=1e-4)


def test_a_maximum_of_nothing_is_refused() -> None:
    for function in (expected_maximum, blom):
        with pytest.raises(ValueError, match="at least 1"):
            function(k=0)
    with pytest.raises(ValueError, match="at least 2"):
        bailey_lopez_de_prado(k=1)


@pytest.mark.parametrize("k", [float("nan"), float("inf")])
@pytest.mark.parametrize("of", [expected_maximum, bailey_lopez_de_prado, blom])
def test_a_maximum_of_no_number_is_refused(of: Callable[..., float], k: float) -> None:
    with pytest.raises(ValueError, match="k must be at least"):
        of(k=k)
