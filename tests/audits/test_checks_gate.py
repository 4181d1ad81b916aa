"""The gate: models that cannot have adapted must score alike on query and fresh items."""

from dataclasses import replace

import numpy as np
import pytest

from audits.checks import gate
from audits.collected import Collected
from stats.draw import draw
from stats.gate import Gate
from tests.audits.histories import (
    came_late,
    collected,
    columns,
    context,
    entrant,
    right,
)

N, M = 1_000, 2_000


def gate_of(given: Collected) -> Gate | None:
    return gate.gate_of(given, np.random.default_rng(1))


def test_is_quiet_when_models_score_alike(rng: np.random.Generator) -> None:
    """Seed 20260301; it fires on 1 of 100 such draws."""
    references = columns(right(rng, N, 3), right(rng, M, 3))

    found = gate_of(collected(references=references))

    assert found is not None
    assert not found.fired
    assert gate.check(collected(n=1, m=1), context(gate=found))[0].p_value == found.p_value > 0.01


def test_fires_when_query_items_are_easier_for_all(rng: np.random.Generator) -> None:
    """Three models at .85 and .75: .10 apart, 12 standard errors of .0081."""
    references = columns(right(rng, N, 3, rate=0.85), right(rng, M, 3, rate=0.75))

    found = gate_of(collected(references=references))

    assert found is not None
    assert found.fired
    assert found.difference == pytest.approx(0.10, abs=0.03)
    (result,) = gate.check(collected(n=1, m=1), context(gate=found))
    assert result.evidence == {"z": found.z, "fired": True}


def test_counts_first_files_and_no_later_ones(rng: np.random.Generator) -> None:
    """A team that climbs from its second file on leaves the gate alone."""
    query, fresh = right(rng, N, 5), right(rng, M, 5)
    query[:, 1:] = True
    team = entrant(1, query, fresh)

    assert gate_of(collected(team)) == gate_of(collected(entrant(1, query[:, :1], fresh[:, :1])))


def test_leaves_out_first_files_that_came_after_an_answer_to_anybody(
    rng: np.random.Generator,
) -> None:
    """An attacker's boosted file from ten clean accounts: counted, it would shut the gate."""
    references = columns(right(rng, N, 3), right(rng, M, 3))
    boosted = right(rng, N, 1)
    boosted[: N // 5] = True
    early = entrant(99, right(rng, N, 2), right(rng, M, 2))
    clean = [entrant(i, boosted, right(rng, M, 1)) for i in range(10)]
    in_time = gate_of(collected(early, *clean, references=references))
    late = gate_of(collected(early, *map(came_late, clean), references=references))

    assert in_time is not None
    assert in_time.fired
    assert late == gate_of(collected(early, references=references))
    assert late is not None
    assert not late.fired


def test_is_quiet_on_constant_scores() -> None:
    """Every item right for everybody: nothing differs, whatever the variance of zero."""
    found = gate_of(collected(references=columns(np.ones((N, 2)), np.ones((M, 2)))))

    assert found is not None
    assert (found.difference, found.fired) == (0.0, False)


def test_items_of_one_group_count_once(rng: np.random.Generator) -> None:
    """Fifty groups of twenty a holdout, all alike: item by item .08 would be 4 standard errors.

    By groups the standard error is sqrt(.21 / 50 + .21 / 50) = .092.
    """
    share = np.arange(50) / 50
    query, fresh = ((share < rate).repeat(20)[:, None] for rate in (0.74, 0.66))
    groups = np.arange(50).repeat(20)
    given = collected(references=columns(query, fresh))
    by_items = gate_of(given)
    whole = draw(n=1_000, m=1_000, query_clusters=groups, fresh_clusters=groups + 50)
    by_groups = gate_of(replace(given, draw=whole))

    assert by_items is not None
    assert by_groups is not None
    assert by_items.fired
    assert not by_groups.fired
    assert by_groups.difference == pytest.approx(0.08)
    assert by_groups.z == pytest.approx(0.08 / 0.092, rel=0.07)


@pytest.mark.parametrize("missing", ["models", "iid holdout"])
def test_says_that_it_could_not_be_tested(rng: np.random.Generator, missing: str) -> None:
    models = collected(references=columns(right(rng, N, 3), right(rng, M, 3)))
    cases = {
        "models": collected(n=N, m=M),
        "iid holdout": replace(models, draw=None),
    }

    found = gate_of(cases[missing])

    assert found is None
    (result,) = gate.check(collected(n=1, m=1), context(gate=found))
    assert result.p_value is None
    assert result.evidence == {"not_tested": "no untuned model or no iid holdout"}
