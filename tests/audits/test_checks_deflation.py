"""Deflation: what choosing the best of k adds to a score."""

from dataclasses import replace

import numpy as np
import pytest
from django.forms.models import model_to_dict

from audits.checks import deflation
from stats.draw import draw
from tests.audits.histories import collected, columns, context, entrant, right


def test_takes_the_luck_of_the_best_from_its_score(rng: np.random.Generator) -> None:
    """Ten equally good, independent models: E[max of 10] = 1.5388 standard errors.

    Seed 20260301. The fresh means, the plug-in's true means, differ by chance, so the expected luck is
    smaller than the bound.
    """
    query, fresh = right(rng, 1_000, 10), right(rng, 2_000, 10)

    winner = int(query.mean(axis=0).argmax())
    (found,) = deflation.check(collected(entrant(3, query, fresh, final=winner)), context())

    se = np.sqrt(0.8 * 0.2 / 1_000)
    assert found.team_id == 3
    assert found.evidence["luck_bound"] == pytest.approx(1.5388 * se, rel=0.1)
    assert 0 < found.evidence["expected_luck"] <= found.evidence["luck_bound"] * 1.05
    best = query.mean(axis=0).max()
    assert found.estimate == pytest.approx(best - found.evidence["expected_luck"])


def test_one_submission_had_no_luck(rng: np.random.Generator) -> None:
    """The mean of 2,000 draws around zero: 4 standard errors are .0011."""
    (found,) = deflation.check(
        collected(entrant(1, right(rng, 1_000, 1), right(rng, 2_000, 1))), context()
    )

    assert found.evidence["expected_luck"] == pytest.approx(0, abs=0.0012)


def test_copies_add_no_luck(rng: np.random.Generator) -> None:
    query, fresh = right(rng, 1_000, 1), right(rng, 2_000, 1)

    (found,) = deflation.check(
        collected(entrant(1, np.repeat(query, 30, axis=1), np.repeat(fresh, 30, axis=1))),
        context(),
    )

    assert found.evidence["luck_bound"] == pytest.approx(0, abs=0.0012)


def test_constant_scores(rng: np.random.Generator) -> None:
    (found,) = deflation.check(collected(entrant(1, np.ones((10, 3)), np.ones((20, 3)))), context())

    assert found.estimate == 1.0
    assert (found.evidence["expected_luck"], found.evidence["luck_bound"]) == (0.0, 0.0)
    assert found.evidence["alike"]["n_independent"] == 1
    assert found.evidence["alike"]["formulas"] is None


def test_a_team_figures_do_not_depend_on_the_others(rng: np.random.Generator) -> None:
    first = entrant(1, right(rng, 100, 5), right(rng, 200, 5))
    second = entrant(2, right(rng, 100, 5), right(rng, 200, 5))

    alone = deflation.check(collected(second), context())
    in_company = deflation.check(collected(first, second), context())

    assert [*map(model_to_dict, in_company)][1:] == [*map(model_to_dict, alone)]


def test_nothing_without_fresh_items_or_a_final(rng: np.random.Generator) -> None:
    unseen = entrant(1, right(rng, 100, 2), np.ones((0, 2)))
    withdrawn = entrant(1, right(rng, 100, 2), right(rng, 100, 2), final=None)

    assert deflation.check(collected(unseen), context()) == []
    assert deflation.check(collected(withdrawn), context()) == []


def test_deflates_the_final_and_not_the_best(rng: np.random.Generator) -> None:
    """A middling final owes nothing to luck, and its own exact score is what is deflated."""
    query, fresh = right(rng, 1_000, 11), right(rng, 20_000, 11)
    order = np.argsort(-query.mean(axis=0), kind="stable")
    team = entrant(1, query, fresh, final=int(order[5]))
    exact = team.columns.query_exact + 0.25
    team = replace(team, columns=replace(team.columns, query_exact=exact))

    (found,) = deflation.check(collected(team), context())

    # The sixth of eleven equally good files has the median's luck: none, to 4 errors of .00013.
    assert found.evidence["luck_bound"] == pytest.approx(0, abs=0.0006)
    assert found.estimate == pytest.approx(exact[order[5]] - found.evidence["expected_luck"])


def test_groups_that_were_drawn_whole_have_their_luck_together(rng: np.random.Generator) -> None:
    """Ten equal files of 125 and 250 groups of eight: sqrt(8) times the luck of single items."""
    query, fresh = right(rng, 125, 10), right(rng, 250, 10)
    many = [np.repeat(each, 8, axis=0) for each in (query, fresh)]
    winner = int(query.mean(axis=0).argmax())
    drawn = draw(
        n=1_000,
        m=2_000,
        query_clusters=np.repeat(np.arange(125), 8),
        fresh_clusters=np.repeat(np.arange(125, 375), 8),
    )

    (found,) = deflation.check(
        collected(entrant(3, many[0], many[1], final=winner), draw=drawn), context()
    )

    assert found.evidence["luck_bound"] == pytest.approx(1.5388 * np.sqrt(0.16 / 125), rel=0.15)


def test_similar_files_owe_luck_as_few_independent_ones(rng: np.random.Generator) -> None:
    """Fifty files that differ from one in a tenth of the items: as lucky as a handful of independent ones."""
    base, other = right(rng, 1_000, 1), right(rng, 2_000, 1)
    query, fresh = (
        np.where(rng.random((len(each), 50)) < 0.1, right(rng, len(each), 50), each)
        for each in (base, other)
    )

    (found,) = deflation.check(collected(entrant(1, query, fresh)), context())
    alike = found.evidence["alike"]

    # Two of them agree unless one of the two was drawn anew and differs: 1 - .19 * .32.
    assert alike["agreement"] == pytest.approx(1 - 0.19 * 0.32, abs=0.01)
    # Correlation about .9^2, so sqrt(1 - .81) times the luck of fifty independent ones, 2.2491.
    assert alike["luck_of_best"] == pytest.approx(2.2491 * 0.436 * np.sqrt(0.16 / 1_000), rel=0.1)
    # E[max] is .8463 for three and 1.0294 for four; theirs is .98.
    assert alike["n_independent"] in (3, 4)
    assert 1 < alike["formulas"]["participation_ratio"] < 3


@pytest.mark.parametrize("k", [2, 12])
def test_independent_files_are_worth_their_number(k: int, rng: np.random.Generator) -> None:
    (found,) = deflation.check(
        collected(entrant(1, right(rng, 1_000, k), right(rng, 20_000, k))), context()
    )

    assert found.evidence["alike"]["n_independent"] == pytest.approx(k, abs=k // 6)


def test_the_lead_over_the_baseline_is_deflated(rng: np.random.Generator) -> None:
    """Files that are as good as the baseline lead it by luck; one that is better by .1 does not."""
    references = columns(right(rng, 2_000, 1), right(rng, 4_000, 1))
    equal = entrant(1, right(rng, 2_000, 20), right(rng, 4_000, 20))
    better = entrant(2, right(rng, 2_000, 20, rate=0.9), right(rng, 4_000, 20, rate=0.9))

    lucky, ahead = deflation.check(collected(equal, better, references=references), context())

    # At most the luck of twenty equal ones, 1.8675 standard errors of .0089.
    assert 0 < lucky.evidence["lead"]["expected_luck"] < 1.8675 * 0.0089 * 1.1
    assert lucky.evidence["lead"]["probability"] < 0.99
    assert ahead.evidence["lead"]["probability"] > 0.999


def test_what_a_metric_has_not_is_left_out(rng: np.random.Generator) -> None:
    """Losses are not right or wrong; without a reference there is no lead; groups are no single items."""
    query, fresh = right(rng, 100, 3), right(rng, 200, 3)
    grouped = draw(
        n=100,
        m=200,
        query_clusters=np.repeat(np.arange(50), 2),
        fresh_clusters=np.repeat(np.arange(50, 150), 2),
    )

    (of_losses,) = deflation.check(collected(entrant(1, -0.3 * query, -0.3 * fresh)), context())
    (of_groups,) = deflation.check(collected(entrant(1, query, fresh), draw=grouped), context())

    assert {*of_losses.evidence} == {*of_groups.evidence} == {"expected_luck", "luck_bound"}
