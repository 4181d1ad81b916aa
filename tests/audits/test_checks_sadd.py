"""The accusation on small histories with a known outcome; and what it does at the edges."""

from dataclasses import replace

import numpy as np
import pytest

from audits.checks import sadd
from audits.collect import Collected, Entrant
from stats import accusation
from tests.audits.histories import (
    DELTA0,
    MINUTE,
    climbed,
    collected,
    columns,
    entrant,
    generator,
    right,
    saw_answers_first,
    unmoved,
)

N, M = 500, 1_000


def honest(rng: np.random.Generator, team_id: int, *, k: int = 6) -> Entrant:
    """A model that changes a tenth of its answers at a time, on both holdouts alike."""
    query, fresh = right(rng, N, k), right(rng, M, k)
    for items in (query, fresh):
        for position in range(1, k):
            kept = rng.random(len(items)) < 0.9
            items[kept, position] = items[kept, position - 1]
    return entrant(team_id, query, fresh)


def climber(rng: np.random.Generator, team_id: int) -> Entrant:
    """Eighty query items turned right in steps of 4; nothing on fresh items: inflated by .16."""
    base, other = right(rng, N, 1, rate=0.7)[:, 0], right(rng, M, 1, rate=0.7)[:, 0]
    return entrant(team_id, climbed(base, n_steps=20, step=4), unmoved(other, n_steps=20))


def league(rng: np.random.Generator, *, references: int = 3) -> Collected:
    """Five honest teams and one climber, number 6."""
    stood = columns(right(rng, N, references), right(rng, M, references)) if references else None
    return collected(*(honest(rng, i) for i in range(1, 6)), climber(rng, 6), references=stood)


def test_the_attacker_alone_is_accused(rng: np.random.Generator) -> None:
    """Seed 20260301. By chance an honest team would be accused in 1 % of leagues at most."""
    tests = sadd.run(league(rng), generator)

    assert [team for team, each in tests.items() if each.accuses(delta0=DELTA0)] == [6]
    attacker = tests[6]
    assert attacker.own_first is not None
    assert attacker.own_first.sadd.inflation == pytest.approx(0.16)
    assert attacker.own_first.sadd.k == 21
    assert attacker.shown is attacker.own_first.sadd
    assert 6 in accusation.triage(tests=tests)


def test_the_real_shuffle_is_made_for_whom_the_gaussian_form_accuses(
    rng: np.random.Generator,
) -> None:
    tests = sadd.run(league(rng), generator)

    for team, each in tests.items():
        for tested in (each.own_first, each.organiser):
            assert tested is not None
            gaussian = tested.adjusted <= accusation.ALPHA and tested.sadd.excess_low > DELTA0
            assert (tested.shuffled is not None) == gaussian, team
    accused = tests[6].own_first
    assert accused is not None
    assert accused.shuffled is not None
    assert accused.shuffled.n_draws == accusation.N_SHUFFLES
    assert accused.shuffled.p_value == pytest.approx(1 / (accusation.N_SHUFFLES + 1))


def test_an_accusation_needs_every_part(rng: np.random.Generator) -> None:
    """Above the level, within luck, or without a real shuffle that agrees: nobody is accused."""
    accused = sadd.run(league(rng), generator)[6].own_first
    assert accused is not None
    assert accused.shuffled is not None
    shuffled = accused.shuffled
    weaker = [
        replace(accused, adjusted=0.0051),
        replace(accused, sadd=replace(accused.sadd, excess_low=DELTA0)),
        replace(accused, shuffled=None),
        replace(accused, shuffled=replace(shuffled, p_value=0.0051)),
        replace(accused, shuffled=replace(shuffled, excess_low=DELTA0)),
    ]

    assert accused.accuses(delta0=DELTA0)
    assert not any(each.accuses(delta0=DELTA0) for each in weaker)


def test_figures_do_not_depend_on_the_company(rng: np.random.Generator) -> None:
    """Other teams change how many tests Holm counts, and no team's own estimate and interval."""
    given = league(rng)
    alone = replace(given, entrants=given.entrants[-1:])

    in_company, single = sadd.run(given, generator)[6].shown, sadd.run(alone, generator)[6].shown

    assert (in_company.inflation, in_company.low, in_company.high) == (
        single.inflation,
        single.low,
        single.high,
    )


def test_p_values_are_those_of_the_seed(rng: np.random.Generator) -> None:
    given = league(rng)

    assert sadd.run(given, generator) == sadd.run(given, generator)


def test_the_p_value_is_twice_the_smaller_of_both(rng: np.random.Generator) -> None:
    for each in sadd.run(league(rng), generator).values():
        assert each.own_first is not None
        assert each.organiser is not None
        both = each.own_first.sadd.p_value, each.organiser.sadd.p_value
        assert each.p_value == min(1.0, 2 * min(both))


def test_one_submission_has_the_references_alone(rng: np.random.Generator) -> None:
    stood = columns(right(rng, N, 3), right(rng, M, 3))

    tests = sadd.run(collected(honest(rng, 1, k=1), references=stood), generator)

    assert tests[1].own_first is None
    assert tests[1].organiser is not None
    assert tests[1].shown is tests[1].organiser.sadd


@pytest.mark.parametrize("why", ["one file", "final is the first", "had seen an answer"])
def test_without_references_own_first_decides_or_nothing(
    rng: np.random.Generator, why: str
) -> None:
    team = {
        "one file": honest(rng, 1, k=1),
        "final is the first": replace(honest(rng, 1), final=0),
        "had seen an answer": saw_answers_first(honest(rng, 1)),
    }[why]

    tests = sadd.run(collected(team, honest(rng, 2)), generator)

    assert list(tests) == [2]
    assert tests[2].organiser is None


def test_own_first_needs_no_clock_that_two_machines_share(rng: np.random.Generator) -> None:
    """The first answer bears a time before its file's: the worker's clock is behind the web's."""
    team = honest(rng, 1)
    first, *rest = team.history.submissions
    skewed = replace(first, released_at=first.submitted_at - MINUTE / 600)
    history = replace(team.history, submissions=[skewed, *rest])

    assert 1 in sadd.run(collected(replace(team, history=history)), generator)


def test_a_team_without_a_final_is_not_tested(rng: np.random.Generator) -> None:
    given = collected(replace(climber(rng, 1), final=None), honest(rng, 2))

    assert list(sadd.run(given, generator)) == [2]


def test_nothing_decides_without_fresh_items_of_the_draw(rng: np.random.Generator) -> None:
    given = replace(league(rng), can_decide=False)

    assert sadd.run(given, generator) == {}
    assert accusation.triage(tests={}) == set()
    assert sadd.check({}) == []


def test_an_evader_is_accused_by_the_references(rng: np.random.Generator) -> None:
    """The climber's last file as the only file of a clean account: nothing of its own to compare."""
    boosted = climber(rng, 6)
    own = boosted.columns
    evader = entrant(7, own.query[:, -1:], own.fresh[:, -1:])
    given = league(rng)

    tests = sadd.run(replace(given, entrants=[*given.entrants, evader]), generator)

    assert tests[7].own_first is None
    assert tests[7].accuses(delta0=DELTA0)


def test_copies_of_one_file_cannot_be_told_apart() -> None:
    """Ties everywhere: an inflation of exactly nothing with p = 1."""
    team = entrant(1, np.tile(np.arange(N) % 2, (4, 1)).T, np.tile(np.arange(M) % 2, (4, 1)).T)

    found = sadd.run(collected(team), generator)[1]

    assert (found.shown.inflation, found.shown.low, found.shown.high) == (0.0, 0.0, 0.0)
    assert found.p_value == 1.0
    assert not found.accuses(delta0=DELTA0)


def test_constant_scores_accuse_nobody(rng: np.random.Generator) -> None:
    stood = columns(np.ones((N, 2)), np.ones((M, 2)))
    teams = [entrant(i, np.zeros((N, 3)), np.zeros((M, 3))) for i in (1, 2)]

    tests = sadd.run(collected(*teams, references=stood), generator)

    assert [each.p_value for each in tests.values()] == [1.0, 1.0]


def test_a_metric_that_is_no_mean_brings_its_exact_difference(rng: np.random.Generator) -> None:
    given = league(rng)
    exact = np.linspace(0.5, 0.9, 21)
    own = replace(given.entrants[-1].columns, query_exact=exact, fresh_exact=exact - 0.2)
    own.fresh_exact[0] = exact[0]
    entrants = [*given.entrants[:-1], replace(given.entrants[-1], columns=own)]

    tests = sadd.run(replace(given, is_mean=False, entrants=entrants), generator)

    assert tests[6].own_first is not None
    # (.9 - .5) on query items less (.7 - .5) on fresh ones.
    assert tests[6].own_first.sadd.inflation == pytest.approx(0.2)


def test_findings_tell_both_tests(rng: np.random.Generator) -> None:
    """Invariant 12: each test carries the least effect that it would have found."""
    tests = sadd.run(league(rng), generator)

    results = sadd.check(tests)

    assert [each.team_id for each in results] == [1, 2, 3, 4, 5, 6]
    for each in results:
        shown = tests[each.team_id or 0].shown
        assert (each.estimate, each.low, each.high) == (shown.inflation, shown.low, shown.high)
        assert each.minimum_detectable_effect is not None
        for kind in (accusation.OWN_FIRST, accusation.ORGANISER):
            assert each.evidence[kind]["minimum_detectable_effect"] > 0
            assert each.evidence[kind]["p_value"] <= each.evidence[kind]["p_value_holm"]
