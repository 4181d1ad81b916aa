"""Growth of the gap: who is found, at which level, and what is said."""

from dataclasses import replace

import numpy as np
import pytest

from audits.checks import growth
from audits.collected import Entrant
from stats.draw import draw
from stats.gate import Gate
from stats.mechanisms import MECHANISMS, Outcome
from tests.audits.histories import Matrix, climbed, collected, context, entrant, right, unmoved

K = 30


def climber(rng: np.random.Generator, team_id: int = 1) -> Entrant:
    """Four more query items right with each of 29 files, and none of the new ones."""
    base, other = right(rng, 1_000, 1)[:, 0], right(rng, 2_000, 1)[:, 0]
    return entrant(team_id, climbed(base, n_steps=K - 1, step=4), unmoved(other, n_steps=K - 1))


def honest(rng: np.random.Generator, team_id: int, k: int = 20) -> Entrant:
    return entrant(team_id, right(rng, 500, k), right(rng, 1_000, k))


FIRED = Gate(difference=0.1, z=9.0, p_value=0.0, fired=True)


def test_a_gap_that_grows_steadily_is_found(rng: np.random.Generator) -> None:
    (found,) = growth.check(collected(climber(rng)), context())

    assert found.team_id == 1
    assert found.evidence["found"] is True
    assert found.evidence["slope"]["p_adjusted"] < 1e-6
    assert found.p_value is not None
    assert found.p_value <= growth.LEVEL
    # A quarter of thirty is seven files; three steps of four items are the middle of the first one.
    assert found.evidence["quarter"] == 7
    rise = found.evidence["last_gap"] - found.evidence["first_gap"]
    assert rise == pytest.approx(23 * 0.004, abs=1e-6)
    assert found.evidence["since"] == 2


def test_a_sudden_rise_says_with_which_file_it_begins(rng: np.random.Generator) -> None:
    query, fresh = right(rng, 1_000, 1), right(rng, 2_000, 1)
    files = np.repeat(query, K, axis=1)
    files[:100, 24:] = True

    (found,) = growth.check(collected(entrant(1, files, np.repeat(fresh, K, axis=1))), context())

    assert found.evidence["found"] is True
    assert found.evidence["since"] == 25


def test_teams_without_answers_are_found_no_more_than_the_level_says(
    rng: np.random.Generator,
) -> None:
    """Forty rounds of five such teams at level .01 a round: three with somebody have probability .007."""
    n_rounds = 0
    for _ in range(40):
        teams = [honest(rng, number) for number in range(5)]
        findings = growth.check(collected(*teams), context())
        n_rounds += any(each.evidence["found"] for each in findings)

    assert n_rounds <= 2


def test_p_values_are_adjusted_for_all_teams(rng: np.random.Generator) -> None:
    team = climber(rng)
    others = [honest(rng, number) for number in range(2, 12)]

    (alone,) = growth.check(collected(team), context())
    among = growth.check(collected(team, *others), context())

    assert len(among) == 11
    for name in ("slope", "range"):
        ratio = among[0].evidence[name]["p_adjusted"] / among[0].evidence[name]["p_value"]
        assert ratio >= 11
        assert alone.evidence[name]["p_adjusted"] <= 2 * alone.evidence[name]["p_value"]


def test_nobody_is_found_where_the_sets_differ(rng: np.random.Generator) -> None:
    (found,) = growth.check(collected(climber(rng)), context(gate=FIRED))

    assert found.evidence["found"] is False
    assert "since" not in found.evidence


def test_groups_that_were_drawn_whole_count_once(rng: np.random.Generator) -> None:
    """Each item eight times makes nothing surer."""
    query, fresh = right(rng, 100, 20), right(rng, 200, 20)
    many = [np.repeat(each, 8, axis=0) for each in (query, fresh)]
    drawn = draw(
        n=800,
        m=1_600,
        query_clusters=np.repeat(np.arange(100), 8),
        fresh_clusters=np.repeat(np.arange(100, 300), 8),
    )

    (once,) = growth.check(collected(entrant(1, query, fresh)), context())
    (grouped,) = growth.check(collected(entrant(1, *many), draw=drawn), context())

    for name in ("slope", "range"):
        assert grouped.evidence[name]["p_value"] == pytest.approx(once.evidence[name]["p_value"])


def answered(team: Entrant, outcomes: list[Outcome]) -> Entrant:
    submissions = [
        replace(each, outcome=outcome.value)
        for each, outcome in zip(team.history.submissions, outcomes, strict=True)
    ]
    return replace(team, history=replace(team.history, submissions=submissions))


def test_a_ladder_tells_how_often_it_accepted(rng: np.random.Generator) -> None:
    """The first file and what came after the cap were not compared."""
    told = [Outcome.IMPROVED, Outcome.IMPROVED, *[Outcome.NO_IMPROVEMENT] * 17, Outcome.CAP_USED]
    (found,) = growth.check(collected(answered(honest(rng, 1), told)), context())

    accepted = found.evidence["accepted"]
    assert (accepted["accepted"], accepted["k"]) == (1, 18)
    assert accepted["by_chance"] == pytest.approx(0.02275, abs=1e-5)


def test_other_mechanisms_accept_nothing(rng: np.random.Generator) -> None:
    account = replace(
        context().account,
        mechanism=MECHANISMS["exact"],
        parameters=MECHANISMS["exact"].parameters(),
    )
    (found,) = growth.check(collected(honest(rng, 1)), context(account=account))

    assert found.evidence["accepted"] is None


@pytest.mark.parametrize(
    ("query", "fresh"),
    [(np.ones((10, 19)), np.ones((20, 19))), (np.ones((10, 30)), np.ones((0, 30)))],
)
def test_nothing_of_few_files_or_without_new_labels(query: Matrix, fresh: Matrix) -> None:
    assert growth.check(collected(entrant(1, query, fresh)), context()) == []


def test_equal_files_have_no_gap_that_grows() -> None:
    team = entrant(1, np.ones((10, 20)), np.ones((20, 20)))

    (found,) = growth.check(collected(team), context())

    assert found.evidence["found"] is False
