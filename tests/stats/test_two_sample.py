"""Query against fresh items: equal to scipy where it has the test, and the winner's curse shown."""

from typing import Any

import numpy as np
import pytest
import scipy.stats as sps

from stats.intervals import delong
from stats.two_sample import binomial_gap, difference_in_differences, two_sample_auc, welch


def test_welch_is_scipys() -> None:
    rng = np.random.default_rng(151)
    query, fresh = rng.normal(0.2, 1, 30), rng.normal(0, 2, 50)

    found = welch(query_scores=query, fresh_scores=fresh)

    expected = sps.ttest_ind(query, fresh, equal_var=False)
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue)
    interval = expected.confidence_interval()
    assert (found.interval.low, found.interval.high) == pytest.approx((interval.low, interval.high))


def test_scores_without_spread() -> None:
    assert welch(query_scores=[1, 1], fresh_scores=[1, 1]).p_value == 1
    assert welch(query_scores=[1, 1], fresh_scores=[0, 0]).p_value == 0


@pytest.mark.parametrize(("n", "m"), [(10, 7), (4_000, 10_000)])
def test_rounding_errors_are_no_difference(n: int, m: int) -> None:
    """The means of n and of m times .1 differ by rounding, and so did their spread from 0: p < .05."""
    found = welch(query_scores=[0.1] * n, fresh_scores=[0.1] * m)

    assert (found.estimate, found.se, found.p_value) == (0, 0, 1)


def test_what_is_easier_for_both_cancels() -> None:
    rng = np.random.default_rng(152)
    query, fresh = rng.random((200, 2)), rng.random((300, 2))

    given: dict[str, Any] = {
        "query_scores": query[:, 0],
        "query_reference": query[:, 1],
        "fresh_scores": fresh[:, 0],
        "fresh_reference": fresh[:, 1],
    }
    found = difference_in_differences(**given)
    easier = difference_in_differences(
        **{**given, "fresh_scores": fresh[:, 0] + 0.3, "fresh_reference": fresh[:, 1] + 0.3}
    )

    assert found.estimate == pytest.approx(easier.estimate)
    assert found.p_value == pytest.approx(easier.p_value)
    leads = query[:, 0] - query[:, 1], fresh[:, 0] - fresh[:, 1]
    assert found.p_value == pytest.approx(sps.ttest_ind(*leads, equal_var=False).pvalue)


def test_variances_of_two_aucs_add() -> None:
    rng = np.random.default_rng(153)
    labels = rng.random(80) < 0.5, rng.random(90) < 0.5
    scores = [rng.normal(each, 1) for each in labels]

    found = two_sample_auc(
        query_labels=labels[0],
        query_scores=scores[0],
        fresh_labels=labels[1],
        fresh_scores=scores[1],
    )

    parts = [delong(labels=l, scores=s) for l, s in zip(labels, scores, strict=True)]  # noqa: E741
    assert found.estimate == pytest.approx(parts[0].auc - parts[1].auc)
    assert found.se == pytest.approx(np.sqrt(parts[0].variance + parts[1].variance))


def test_the_winner_looks_inflated_without_any_fault() -> None:
    """Finding 6: the best of 20 equal models is rejected in 13 to 30 % of cases at .05.

    400 leagues, seed 154, n = 500 and m = 1,000; Binomial(400, .05) exceeds 45 with p < 1e-5.
    """
    rng = np.random.default_rng(154)
    rejected = 0
    for _ in range(400):
        query = rng.random((500, 20)) < 0.8
        best = query[:, int(np.argmax(query.mean(axis=0)))].astype(float)
        fresh = (rng.random(1000) < 0.8).astype(float)
        rejected += welch(query_scores=best, fresh_scores=fresh).p_value <= 0.05

    assert rejected > 45


def test_binomial_gap_is_uniform_for_first_submissions() -> None:
    """2,000 models that nobody selected, seed 155: the Kolmogorov distance exceeds .05 with p < 1e-4."""
    rng = np.random.default_rng(155)
    query, fresh = rng.binomial(2000, 0.8, 2000) / 2000, rng.binomial(5000, 0.8, 2000) / 5000

    found = binomial_gap(query_accuracy=query, fresh_accuracy=fresh, n=2000, m=5000)

    assert sps.kstest(found.p_values, "uniform").statistic < 0.05
    extreme = binomial_gap(query_accuracy=[0, 1], fresh_accuracy=[0, 1], n=5, m=5)
    assert (extreme.z.tolist(), extreme.p_values.tolist()) == ([0, 0], [1, 1])


def test_binomial_gap_by_hand() -> None:
    """.9 and .8 of 100 each: pooled .85, so .1 / sqrt(.85 .15 .02) = 1.98 standard errors."""
    found = binomial_gap(query_accuracy=[0.9, 0.8], fresh_accuracy=[0.8, 0.9], n=100, m=100)

    assert found.z == pytest.approx([1.980, -1.980], abs=5e-4)
    assert found.p_values == pytest.approx([0.0477, 0.0477], abs=5e-5)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"query_accuracy": [0.5], "fresh_accuracy": [0.5], "n": 0, "m": 1}, "n and m"),
        ({"query_accuracy": [0.5], "fresh_accuracy": [], "n": 1, "m": 1}, "fresh_accuracy"),
        ({"query_accuracy": [1.5], "fresh_accuracy": [0.5], "n": 1, "m": 1}, "in .0, 1"),
    ],
)
def test_impossible_accuracies_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        binomial_gap(**given)


def test_areas_of_what_is_not_a_number_are_refused() -> None:
    good, bad = [0.1, 0.2], [np.nan, 0.2]
    for query, fresh, said in ((bad, good, "query_scores"), (good, bad, "fresh_scores")):
        with pytest.raises(ValueError, match=said):
            two_sample_auc(
                query_labels=[0, 1], query_scores=query, fresh_labels=[0, 1], fresh_scores=fresh
            )


@pytest.mark.parametrize("holdout", ["query", "fresh"])
def test_one_item_of_a_class_says_nothing_of_it(holdout: str) -> None:
    given: dict[str, Any] = {
        "query_labels": [0, 0, 1, 1],
        "query_scores": [0.1, 0.3, 0.2, 0.4],
        "fresh_labels": [0, 0, 1, 1],
        "fresh_scores": [0.1, 0.3, 0.2, 0.4],
        f"{holdout}_labels": [0, 0, 0, 1],
    }

    with pytest.raises(ValueError, match=f"{holdout}_labels: at least two items of each class"):
        two_sample_auc(**given)


def test_impossible_scores_are_refused() -> None:
    with pytest.raises(ValueError, match="fresh_scores"):
        welch(query_scores=[1, 0], fresh_scores=[1])
    with pytest.raises(ValueError, match="query_reference"):
        difference_in_differences(
            query_scores=[1, 0], query_reference=[1], fresh_scores=[1, 0], fresh_reference=[1, 0]
        )


def test_small_scores_have_a_spread() -> None:
    """Squares of 1e-200 are 0: any difference was certain, p = 0."""
    rng = np.random.default_rng(155)
    query, fresh = rng.random(40), rng.random(60) + 0.1

    found = welch(query_scores=query * 2.0**-700, fresh_scores=fresh * 2.0**-700)

    expected = welch(query_scores=query, fresh_scores=fresh)
    assert 0 < found.p_value < 1
    assert (found.p_value, found.statistic) == (expected.p_value, expected.statistic)
    assert found.estimate == expected.estimate * 2.0**-700
    assert found.se == expected.se * 2.0**-700
    assert found.interval.low == expected.interval.low * 2.0**-700


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e150])
def test_p_values_know_no_unit(scale: float) -> None:
    rng = np.random.default_rng(156)
    query, fresh = rng.random(40), rng.random(60) + 0.1

    found = welch(query_scores=query * scale, fresh_scores=fresh * scale)

    expected = welch(query_scores=query, fresh_scores=fresh)
    assert found.p_value == pytest.approx(expected.p_value, rel=1e-9)


def test_a_spread_far_below_the_other_is_none_to_speak_of() -> None:
    """The degrees of freedom were 0 / 0."""
    found = welch(query_scores=[1.0, 1.0], fresh_scores=[0.0, 1e-160, 2e-160])

    assert (found.estimate, found.p_value) == (1.0, 0.0)


def test_four_items_set_apart_prove_little() -> None:
    """A perfect area and a reversed one, of two items of each class: p was 0."""
    given: dict[str, Any] = {"query_labels": [0, 0, 1, 1], "fresh_labels": [0, 0, 1, 1]}

    found = two_sample_auc(**given, query_scores=[0, 0, 1, 1], fresh_scores=[1, 1, 0, 0])
    same = two_sample_auc(**given, query_scores=[0, 0, 1, 1], fresh_scores=[0, 0, 1, 1])

    assert found.p_value > 0.01
    assert (same.estimate, same.p_value) == (0.0, 1.0)
    assert same.interval.low < -0.5
