import numpy as np
import pytest
import scipy.stats as sps
from numpy.typing import NDArray

from stats.deflation import deflate, deflated_probability
from stats.expected_maximum import expected_maximum


def test_luck_of_equal_independent_models_is_the_expected_maximum() -> None:
    """E[max] of 10 independent normals is 1.5388 sd.

    Seed 16: 2,000 draws of sd .587 have a standard error of .0131, so .0656 is five of them
    (false alarm below 1e-6); the fresh covariance of 20,000 items adds less than .01.
    """
    rng = np.random.default_rng(16)
    n, m, k = 1000, 20_000, 10
    columns = rng.random((n + m, k)) < 0.8
    sd = np.sqrt(0.8 * 0.2 / n)

    found = deflate(query_scores=columns[:n], fresh_scores=columns[n:], rng=rng)

    assert found.luck_bound / sd == pytest.approx(1.5388, abs=0.0756)
    assert 0 < found.expected_luck < found.luck_bound * 1.05
    best = columns[:n].mean(axis=0).max()
    assert found.deflated == pytest.approx(best - found.expected_luck)


def test_a_clear_winner_owes_nothing_to_luck() -> None:
    rng = np.random.default_rng(17)
    columns = rng.random((3000, 3)) < np.array([0.6, 0.6, 0.9])

    found = deflate(query_scores=columns[:1000], fresh_scores=columns[1000:], rng=rng)

    # E[e_J] = 0 with standard error .0095 / sqrt(2000): five of them.
    assert abs(found.expected_luck) < 0.0011
    assert found.luck_bound > 0.005


def test_copies_of_one_model_bring_no_luck() -> None:
    column = np.random.default_rng(18).random((600, 1)) < 0.7
    copies = np.repeat(column, 40, axis=1)

    found = deflate(
        query_scores=copies[:200], fresh_scores=copies[200:], rng=np.random.default_rng(1)
    )

    # The standard error of 2,000 draws is .0324 / sqrt(2000): five of them.
    assert abs(found.luck_bound) < 0.0037


def test_items_of_a_group_have_their_luck_together() -> None:
    """Groups of eight equal items: luck is that of an eighth of the items, and sqrt(8) times as large.

    The same random numbers, so it is so up to the covariance's degrees of freedom.
    """
    few = np.random.default_rng(19).random((900, 10)) < 0.8
    many = np.repeat(few, 8, axis=0)
    groups = np.repeat(np.arange(600), 8)

    alone = deflate(query_scores=few[:300], fresh_scores=few[300:], rng=np.random.default_rng(2))
    grouped = deflate(
        query_scores=many[:2400],
        fresh_scores=many[2400:],
        fresh_groups=groups,
        rng=np.random.default_rng(2),
    )

    assert grouped.luck_bound == pytest.approx(alone.luck_bound, rel=1e-9)
    assert grouped.expected_luck == pytest.approx(alone.expected_luck, rel=1e-9)


@pytest.mark.parametrize("groups", [[1] * 5, [1, 2], [[1, 1, 1, 2, 2]]])
def test_groups_are_those_of_the_fresh_items(groups: object) -> None:
    with pytest.raises(ValueError, match=r"^fresh_groups: "):
        deflate(
            query_scores=np.eye(4),
            fresh_scores=np.ones((5, 4)),
            fresh_groups=groups,  # type: ignore[arg-type]
            rng=np.random.default_rng(1),
        )


@pytest.mark.parametrize(
    ("query", "fresh"),
    [
        (np.ones((5, 2)), np.ones((5, 3))),
        (np.ones((5, 0)), np.ones((5, 0))),
        (np.ones(5), np.ones(5)),
        (np.ones((1, 2)), np.ones((5, 2))),
        (np.full((5, 2), np.nan), np.ones((5, 2))),
        (np.ones((5, 2)), np.full((5, 2), np.inf)),
    ],
)
def test_unusable_scores_are_refused(
    query: NDArray[np.float64], fresh: NDArray[np.float64]
) -> None:
    with pytest.raises(ValueError, match="needed"):
        deflate(query_scores=query, fresh_scores=fresh, rng=np.random.default_rng(1))


def test_drawn_luck_of_equally_correlated_models_is_the_formula() -> None:
    """Seed 19: sd .0126, rho .8, k = 100. 2,000 draws have a standard error of .0124/sqrt(2000) = .00028, of
    which .0014 are five; the fresh covariance of 40,000 items adds less.
    """
    rng = np.random.default_rng(19)
    common, apart = rng.standard_normal((41_000, 1)), rng.standard_normal((41_000, 100))
    scores = 0.4 * (np.sqrt(0.8) * common + np.sqrt(0.2) * apart)

    found = deflate(query_scores=scores[:1000], fresh_scores=scores[1000:], rng=rng)

    sd = 0.4 / np.sqrt(1000)
    formula = sd * np.sqrt(1 - 0.8) * expected_maximum(k=100)
    assert formula == pytest.approx(0.0142, abs=5e-5)
    assert found.luck_bound == pytest.approx(formula, abs=0.0016)


def test_a_lead_of_luck_is_deflated_to_even_odds() -> None:
    """Best of 20 coins' equals against one more, 200 times, seed 20: mean probability near one half.

    Over leagues the lead less its expectation is about normal, so the probability has sd at most .5 and
    the mean of 200 at most .036: .18 is five of them. Not deflated it is above .9.
    """
    rng = np.random.default_rng(20)
    deflated, plain = [], []
    for _ in range(200):
        columns = rng.random((1200, 21)) < 0.7
        found = deflated_probability(
            query_scores=columns[:400, :20],
            fresh_scores=columns[400:, :20],
            query_reference=columns[:400, 20],
            fresh_reference=columns[400:, 20],
            rng=rng,
        )
        deflated.append(found.probability)
        plain.append(sps.norm.cdf(found.lead / found.standard_error))

    assert np.mean(deflated) == pytest.approx(0.5, abs=0.18)
    assert np.mean(plain) > 0.85


def test_a_real_lead_stays() -> None:
    rng = np.random.default_rng(21)
    columns = rng.random((3000, 3)) < np.array([0.6, 0.8, 0.6])

    found = deflated_probability(
        query_scores=columns[:1000, :2],
        fresh_scores=columns[1000:, :2],
        query_reference=columns[:1000, 2],
        fresh_reference=columns[1000:, 2],
        rng=rng,
    )

    differences = columns[:1000, 1].astype(float) - columns[:1000, 2]
    assert found.lead == pytest.approx(differences.mean())
    assert found.standard_error == pytest.approx(sps.sem(differences))
    assert found.probability > 0.999


@pytest.mark.parametrize(("winner", "probability"), [(0.0, 0.0), (1.0, 0.5), (2.0, 1.0)])
def test_a_lead_without_spread_is_decided_by_its_sign(winner: float, probability: float) -> None:
    found = deflated_probability(
        query_scores=np.full((5, 1), winner),
        fresh_scores=np.full((5, 1), winner),
        query_reference=np.ones(5),
        fresh_reference=np.ones(5),
        rng=np.random.default_rng(1),
    )

    assert found.probability == probability


def test_a_reference_on_other_items_is_refused() -> None:
    with pytest.raises(ValueError, match="reference"):
        deflated_probability(
            query_scores=np.ones((5, 1)),
            fresh_scores=np.ones((5, 1)),
            query_reference=np.ones(4),
            fresh_reference=np.ones(5),
            rng=np.random.default_rng(1),
        )


@pytest.mark.parametrize("name", ["query_reference", "fresh_reference"])
def test_a_reference_that_is_no_number_is_refused(name: str) -> None:
    given = {"query_reference": np.ones(5), "fresh_reference": np.ones(5), name: np.full(5, np.nan)}

    with pytest.raises(ValueError, match=f"{name}.*finite"):
        deflated_probability(
            query_scores=np.ones((5, 1)),
            fresh_scores=np.ones((5, 1)),
            rng=np.random.default_rng(1),
            **given,
        )


def test_a_place_in_the_middle_has_no_luck_and_the_last_has_bad_luck() -> None:
    """Order statistics of 9 normals: 1.485, 0 and -1.485 standard errors; five errors of .013 are .07."""
    rng = np.random.default_rng(21)
    n, m = 1_000, 50_000
    columns = rng.random((n + m, 9)) < 0.8
    order = np.argsort(-columns[:n].mean(axis=0), kind="stable")
    sd = np.sqrt(0.8 * 0.2 / n)

    luck = [
        deflate(
            query_scores=columns[:n],
            fresh_scores=columns[n:],
            rng=np.random.default_rng(1),
            final=int(order[place]),
        ).luck_bound
        / sd
        for place in (0, 4, 8)
    ]

    assert luck == pytest.approx([1.485, 0.0, -1.485], abs=0.07)


def test_the_metric_itself_is_deflated_where_items_are_influence_values() -> None:
    rng = np.random.default_rng(22)
    query, fresh = rng.random((100, 3)), rng.random((200, 3))

    found = deflate(
        query_scores=query,
        fresh_scores=fresh,
        rng=rng,
        final=1,
        query_exact=[0.2, 0.9, 0.4],
        fresh_exact=[0.2, 0.3, 0.4],
    )

    assert found.deflated == pytest.approx(0.9 - found.expected_luck)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"final": 3}, "final is 3, there are 3 submissions"),
        ({"final": -1}, "final is -1"),
        ({"query_exact": [1.0]}, "query_exact: one score for each submission"),
        ({"fresh_exact": [1.0, np.nan, 0.0]}, "fresh_exact: every value must be finite"),
    ],
)
def test_refuses_what_has_no_place(change: dict[str, object], message: str) -> None:
    given: dict[str, object] = {"query_scores": np.ones((5, 3)), "fresh_scores": np.ones((5, 3))}
    with pytest.raises(ValueError, match=message):
        deflate(rng=np.random.default_rng(1), **{**given, **change})  # type: ignore[arg-type]
