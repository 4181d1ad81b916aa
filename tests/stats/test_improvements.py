"""The ledger of improvements: steps that add up, and intervals that cover what is kept."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stats.improvements import Step, accepted, improvements
from stats.metrics import Scorer
from stats.paired import mcnemar, paired_auc, paired_difference
from stats.scored_files import score_files
from stats.split_scores import split_score


def ledger(query: NDArray[Any], fresh: NDArray[Any], **given: Any) -> Any:
    return improvements(
        query_exact=query.mean(axis=0),
        fresh_exact=fresh.mean(axis=0),
        query_items=query,
        fresh_items=fresh,
        **given,
    )


def test_by_hand() -> None:
    """Three files on four query and five fresh items: +2/4 and +1/4 claimed, +1/5 and -1/5 kept."""
    query = np.array([[0, 1, 1], [0, 1, 1], [0, 0, 1], [1, 1, 1]])
    fresh = np.array([[0, 1, 1], [0, 0, 0], [1, 1, 0], [1, 1, 1], [0, 0, 0]])

    found = ledger(query, fresh)

    first, second = found.steps
    assert (first.claimed, first.kept, first.missing) == pytest.approx((0.5, 0.2, 0.3))
    assert (second.claimed, second.kept, second.missing) == pytest.approx((0.25, -0.2, 0.45))
    assert (found.total.claimed, found.total.kept) == pytest.approx((0.75, 0.0))
    assert (found.n_others, found.others_claimed, found.others_kept) == (0, 0, 0)
    by_hand = paired_difference(scores=fresh[:, 1], reference_scores=fresh[:, 0])
    assert first.kept_interval is not None
    assert first.kept_interval.low == pytest.approx(by_hand.interval.low)
    assert first.kept_interval.high == pytest.approx(by_hand.interval.high)
    # One fresh item for each of the two: 2 of 2 tables are as uneven.
    assert found.p_value == 1.0


@pytest.mark.parametrize("most", [1, 3, 12])
def test_steps_add_up_to_the_whole(most: int) -> None:
    """Twenty steps, seed 171, whichever are told one by one."""
    rng = np.random.default_rng(171)
    query, fresh = rng.random((60, 21)), rng.random((90, 21))

    found = ledger(query, fresh, most=most)

    assert len(found.steps) == most
    assert found.n_others == 20 - most
    claimed = sum(each.claimed for each in found.steps) + found.others_claimed
    kept = sum(each.kept for each in found.steps) + found.others_kept
    assert claimed == pytest.approx(found.total.claimed)
    assert kept == pytest.approx(found.total.kept)
    assert found.total.missing == pytest.approx(claimed - kept)
    least = min(each.claimed for each in found.steps)
    everything = np.sort(np.diff(query.mean(axis=0)))
    assert least == pytest.approx(everything[-most])
    assert [each.file for each in found.steps] == sorted(each.file for each in found.steps)


def covers(step: Step, kept: float, missing: float) -> tuple[bool, bool]:
    assert step.kept_interval is not None
    assert step.missing_interval is not None
    return (
        step.kept_interval.low <= kept <= step.kept_interval.high,
        step.missing_interval.low <= missing <= step.missing_interval.high,
    )


def test_intervals_cover_what_is_kept_and_missing() -> None:
    """500 pairs of files of accuracy .70 and .75, seed 172.

    Binomial(500, .95) is below 453 once in 6 x 10^4.
    """
    rng = np.random.default_rng(172)
    found = []
    for _ in range(500):
        difficulty = rng.random((700, 1))
        own = rng.random((700, 2))
        items = np.where(rng.random((700, 1)) < 0.6, difficulty, own) < (0.70, 0.75)
        (step,) = ledger(items[:300], items[300:]).steps
        found.append(covers(step, 0.05, 0.0))

    kept, missing = np.array(found).sum(axis=0)
    assert min(kept, missing) >= 453


def test_what_is_kept_is_covered_whatever_the_query_labels_chose() -> None:
    """Of 40 files that are alike in truth the luckiest on query items: 300 times, seed 173.

    Nothing is kept, as 95 of 100 intervals say: below 268 once in 4 x 10^4. What is missing is no longer
    covered by its own interval, as the page of methods says: chance chose the file.
    """
    rng = np.random.default_rng(173)
    found = []
    for _ in range(300):
        items = rng.random((600, 41)) < 0.7
        best = 1 + int(items[:200, 1:].mean(axis=0).argmax())
        (step,) = ledger(items[:200, [0, best]], items[200:, [0, best]]).steps
        found.append(covers(step, 0.0, 0.0))

    kept, missing = np.array(found).sum(axis=0)
    assert kept >= 268
    assert missing < 240


def test_an_auc_has_the_interval_of_its_own_test() -> None:
    """Influence values against DeLong's test of both AUCs on the same 3,000 fresh items, seed 174."""
    rng = np.random.default_rng(174)
    labels = (rng.random(5_000) < 0.3).astype(np.int64)
    shared = rng.normal(size=5_000)
    files = [1 / (1 + np.exp(-(a * labels + shared + rng.normal(size=5_000)))) for a in (1.0, 1.2)]
    scorer = Scorer(metric="roc_auc", n_classes=2)
    scored = score_files(
        scorer=scorer,
        split=split_score(scorer=scorer, labels=labels),
        labels=labels,
        predictions=files,
        n=2_000,
    )

    (step,) = improvements(
        query_exact=scored.query_exact,
        fresh_exact=scored.fresh_exact,
        query_items=scored.query,
        fresh_items=scored.fresh,
    ).steps

    fresh = slice(2_000, None)
    exact = paired_auc(
        labels=labels[fresh], scores=files[1][fresh], reference_scores=files[0][fresh]
    )
    assert step.kept == pytest.approx(exact.estimate)
    assert step.kept_interval is not None
    assert step.kept_interval.low == pytest.approx(exact.interval.low, abs=0.05 * exact.se)
    assert step.kept_interval.high == pytest.approx(exact.interval.high, abs=0.05 * exact.se)


def test_without_items_there_is_no_interval() -> None:
    found = improvements(query_exact=[0.5, 0.6], fresh_exact=[0.5, 0.55])

    assert found.steps == [found.total]
    assert (found.total.kept_interval, found.total.missing_interval, found.p_value) == (None,) * 3


def test_files_that_answer_alike_on_fresh_items_have_no_interval() -> None:
    """That no item parts them is no certainty that none does."""
    query = np.array([[0, 1], [1, 1], [1, 1]])

    found = ledger(query, np.ones((5, 2)))

    assert found.total.kept == 0
    assert (found.total.kept_interval, found.total.missing_interval) == (None, None)
    assert found.p_value == 1.0


def test_the_p_value_is_of_first_and_last() -> None:
    rng = np.random.default_rng(175)
    fresh = rng.random((400, 4)) < (0.6, 0.9, 0.5, 0.7)

    found = ledger(rng.random((50, 4)), fresh)

    assert found.p_value == mcnemar(correct=fresh[:, 3], reference_correct=fresh[:, 0])
    assert ledger(rng.random((50, 2)), rng.random((50, 2))).p_value is None


@pytest.mark.parametrize(
    ("released", "improved", "files"),
    [
        pytest.param([0.5, 0.6, 0.6, 0.55, 0.7], [False] * 5, [0, 1, 4], id="every-score"),
        pytest.param([None, 0.5, None, 0.6], [False, True, False, True], [1, 3], id="ladder"),
        pytest.param([None] * 4, [True, False, True, False], [0, 2], id="one-bit"),
        pytest.param([None, None], [False, False], [], id="blind"),
        pytest.param([0.3, 0.1 + 0.2], [False, False], [0], id="last-bits"),
        pytest.param([-0.5, -0.6, -0.4], [False] * 3, [0, 2], id="losses"),
    ],
)
def test_what_was_released_higher_than_all_before(
    released: list[float | None], improved: list[bool], files: list[int]
) -> None:
    assert accepted(released=released, is_improved=improved, tie=1e-9) == files


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"query_exact": [1.0], "fresh_exact": [1.0]}, "two or more files"),
        ({"query_exact": [1.0, 2.0], "fresh_exact": [1.0]}, "two or more files"),
        ({"query_exact": [1.0, np.nan], "fresh_exact": [1.0, 2.0]}, "query_exact"),
        ({"most": 0}, "most"),
        ({"query_items": np.ones((5, 3)), "fresh_items": np.ones((5, 2))}, "a column for each"),
        ({"query_items": np.ones((5, 2)), "fresh_items": np.ones((1, 2))}, "two items or more"),
    ],
)
def test_impossible_steps_are_refused(given: dict[str, Any], said: str) -> None:
    whole = {"query_exact": [0.5, 0.6], "fresh_exact": [0.5, 0.6], **given}
    with pytest.raises(ValueError, match=said):
        improvements(**whole)


def test_impossible_releases_are_refused() -> None:
    with pytest.raises(ValueError, match="is_improved"):
        accepted(released=[0.5], is_improved=[], tie=0.0)
    with pytest.raises(ValueError, match="released"):
        accepted(released=[np.inf], is_improved=[True], tie=0.0)
