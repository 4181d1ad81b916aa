"""The accusation on small histories with a known outcome; and what it does at the edges."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audits.checks import accusation
from audits.collected import Collected, Entrant
from stats import accusation as judge
from stats.split_scores import Mean
from stats.team_tests import BEST_SCORED, FAMILY_WISE_ERROR, FINAL, ORGANIZER, OWN_FILES, TeamTests
from tests.audits.histories import (
    DELTA0,
    MINUTE,
    Matrix,
    climbed,
    collected,
    columns,
    context,
    entrant,
    generator,
    history,
    right,
    saw_answers_first,
    unmoved,
)

N, M = 500, 1_000
FINAL_BY_ORGANIZER = (FINAL, ORGANIZER)
FINAL_BY_OWN = (FINAL, OWN_FILES)


def found_in(given: Collected) -> dict[int, TeamTests]:
    return accusation.run(given, generator(accusation.NAME))


def accused(given: Collected) -> list[int]:
    return [team for team, each in found_in(given).items() if each.accuses(delta0=DELTA0)]


def evidence_of(given: Collected) -> dict[int, dict[str, Any]]:
    found = accusation.check(given, context(tests=found_in(given)))
    return {each.team_id: each.evidence for each in found if each.team_id is not None}


def improving(rng: np.random.Generator, n_items: int, k: int) -> Matrix:
    """A model that changes a tenth of its answers at a time."""
    items = right(rng, n_items, k)
    for position in range(1, k):
        kept = rng.random(n_items) < 0.9
        items[kept, position] = items[kept, position - 1]
    return items


def honest(rng: np.random.Generator, team_id: int, *, k: int = 6, **given: Any) -> Entrant:
    return entrant(team_id, improving(rng, N, k), improving(rng, M, k), **given)


def climb(rng: np.random.Generator) -> tuple[Matrix, Matrix]:
    """Eighty query items turned right in steps of 4; nothing on fresh items: overstated by .16."""
    base, other = right(rng, N, 1, rate=0.7)[:, 0], right(rng, M, 1, rate=0.7)[:, 0]
    return climbed(base, n_steps=20, step=4), unmoved(other, n_steps=20)


def climber(rng: np.random.Generator, team_id: int, **given: Any) -> Entrant:
    return entrant(team_id, *climb(rng), **given)


def league(rng: np.random.Generator, *, references: int = 3) -> Collected:
    """Five honest teams and one climber, number 6."""
    stood = columns(right(rng, N, references), right(rng, M, references)) if references else None
    return collected(*(honest(rng, i) for i in range(1, 6)), climber(rng, 6), references=stood)


def with_entrant(given: Collected, added: Entrant) -> Collected:
    return replace(given, entrants=[*given.entrants, added], n_teams=given.n_teams + 1)


def test_the_attacker_alone_is_accused(rng: np.random.Generator) -> None:
    """Seed 20260301. By chance an honest team would be accused in 1 % of leagues at most."""
    tests = found_in(league(rng))

    assert [team for team, each in tests.items() if each.accuses(delta0=DELTA0)] == [6]
    attacker = tests[6].tests[FINAL_BY_OWN]
    assert attacker.overstatement == pytest.approx(0.16)
    assert attacker.adjusted <= FAMILY_WISE_ERROR
    assert attacker.luck < attacker.overstatement - DELTA0
    assert tests[6].k == 21
    assert tests[6].shown(delta0=DELTA0).which == FINAL
    assert 6 in judge.triage(tests=tests)


def test_a_boosted_file_behind_an_honest_declared_final_is_found(rng: np.random.Generator) -> None:
    """The climb was on the board all the time; the first file, which is honest, was declared."""
    given = with_entrant(league(rng), climber(rng, 7, final=0))

    tests = found_in(given)[7]

    shown = tests.shown(delta0=DELTA0)
    assert tests.accuses(delta0=DELTA0)
    assert tests.best == 20
    assert (shown.which, shown.test.file) == (BEST_SCORED, 20)
    # The final itself is compared with the organizer's files, and nothing is wrong with it.
    assert not tests.tests[FINAL_BY_ORGANIZER].accuses(delta0=DELTA0)
    result = next(
        each for each in accusation.check(given, context(tests={7: tests})) if each.team_id == 7
    )
    assert result.estimate == shown.test.overstatement
    accusing = [each for each in result.evidence["tests"] if each["accuses"]]
    assert accusing
    assert {(each["which"], each["file"]) for each in accusing} == {("best_scored", 21)}


def test_a_team_without_a_final_is_judged_by_its_best_scored_file(
    rng: np.random.Generator,
) -> None:
    """It withdrew everything: its files were scored all the same."""
    attacker, clean = climber(rng, 7, final=None), honest(rng, 8, final=None)
    given = with_entrant(with_entrant(league(rng), attacker), clean)

    tests = found_in(given)

    for team in (7, 8):
        assert {which for which, _ in tests[team].tests} == {BEST_SCORED}
        assert tests[team].shown(delta0=DELTA0).which == BEST_SCORED
    assert tests[7].accuses(delta0=DELTA0)
    assert not tests[8].accuses(delta0=DELTA0)


def test_a_clean_second_account_is_shown_against_the_organizer(rng: np.random.Generator) -> None:
    """The boosted file first, then a tweak of it: own files show nothing and could show little.

    What is shown is the test with the organizer's files, and the larger effect that could have been missed.
    """
    query, fresh = climb(rng)
    tweak = [np.column_stack([items[:, -1], items[:, -1]]) for items in (query, fresh)]
    for items in tweak:
        items[::50, 1] ^= True
    given = with_entrant(league(rng), entrant(7, *tweak))

    tests = found_in(given)[7]

    shown = tests.shown(delta0=DELTA0)
    assert shown.kind == ORGANIZER
    assert not tests.tests[FINAL_BY_OWN].accuses(delta0=DELTA0)
    own, theirs = (
        tests.tests[key].minimum_detectable_effect(delta0=DELTA0)
        for key in (FINAL_BY_OWN, FINAL_BY_ORGANIZER)
    )
    assert own < theirs
    assert shown.minimum_detectable_effect == theirs
    (result,) = accusation.check(given, context(tests={7: tests}))
    assert result.minimum_detectable_effect == theirs
    assert result.estimate == tests.tests[FINAL_BY_ORGANIZER].overstatement


def test_an_evader_is_accused_by_the_references(rng: np.random.Generator) -> None:
    """The climber's last file as the only file of a clean account: nothing of its own to compare."""
    query, fresh = climb(rng)
    given = with_entrant(league(rng), entrant(7, query[:, -1:], fresh[:, -1:]))

    tests = found_in(given)

    assert {kind for _, kind in tests[7].tests} == {ORGANIZER}
    assert tests[7].accuses(delta0=DELTA0)


def test_what_was_published_of_the_holdout_is_compared_with(rng: np.random.Generator) -> None:
    """A file that everybody could read of an earlier round explains what a copy of it shows."""
    query, fresh = climb(rng)
    known = columns(query[:, -1:], fresh[:, -1:])
    copy = [np.column_stack([items[:, -1], items[:, -1]]) for items in (query, fresh)]
    for items in copy:
        items[::50, 1] ^= True
    given = with_entrant(league(rng, references=0), entrant(7, *copy, final=1))

    unknown = found_in(replace(given, compared_with=columns(right(rng, N, 1), right(rng, M, 1))))
    told = found_in(replace(given, compared_with=known))

    assert unknown[7].tests[FINAL_BY_ORGANIZER].overstatement == pytest.approx(0.16, abs=0.1)
    assert unknown[7].accuses(delta0=DELTA0)
    assert told[7].tests[FINAL_BY_ORGANIZER].overstatement == pytest.approx(0, abs=0.02)
    assert not told[7].accuses(delta0=DELTA0)


def test_damaged_teams_count_for_holm(rng: np.random.Generator) -> None:
    """They were teams when the round closed: a file that breaks later eases nobody's level."""
    given = collected(
        climber(rng, 1),
        references=columns(right(rng, N, 3), right(rng, M, 3)),
        damaged=[history(team_id=team, k=1, final=0) for team in range(2, 12)],
    )
    assert given.n_teams == 11

    among_many = found_in(given)[1].tests[FINAL_BY_OWN]
    alone = found_in(replace(given, damaged=[], n_teams=1))[1].tests[FINAL_BY_OWN]

    # Of eleven teams two files each, of one two: a bet that stops at the first level, .005 / (2 T).
    assert 0 < among_many.p_value <= judge.ALPHA / 22 < alone.p_value <= judge.ALPHA / 2
    assert among_many.adjusted == pytest.approx(44 * among_many.p_value)
    assert alone.adjusted == pytest.approx(4 * alone.p_value, rel=1)


def test_figures_of_a_team_do_not_depend_on_the_company(rng: np.random.Generator) -> None:
    """Other teams change the level and which draws are made, and no estimate and no interval."""
    given = league(rng)
    alone = replace(given, entrants=given.entrants[-1:])

    in_company, single = (found_in(each)[6].shown(delta0=DELTA0).test for each in (given, alone))

    assert (in_company.overstatement, in_company.low, in_company.high) == pytest.approx(
        (single.overstatement, single.low, single.high)
    )


def test_p_values_are_those_of_the_seed(rng: np.random.Generator) -> None:
    given = league(rng)

    assert found_in(given) == found_in(given)


def test_one_file_has_the_references_alone(rng: np.random.Generator) -> None:
    stood = columns(right(rng, N, 3), right(rng, M, 3))

    tests = found_in(collected(honest(rng, 1, k=1), references=stood))

    assert set(tests[1].tests) == {FINAL_BY_ORGANIZER, (BEST_SCORED, ORGANIZER)}


@pytest.mark.parametrize("why", ["one file", "had seen an answer"])
def test_without_references_own_files_decide_or_nothing(rng: np.random.Generator, why: str) -> None:
    team = {
        "one file": honest(rng, 1, k=1),
        "had seen an answer": saw_answers_first(honest(rng, 1)),
    }[why]

    tests = found_in(collected(team, honest(rng, 2)))

    assert list(tests) == [2]
    assert {kind for _, kind in tests[2].tests} == {OWN_FILES}


def test_who_had_seen_an_answer_is_compared_with_the_organizer(rng: np.random.Generator) -> None:
    stood = columns(right(rng, N, 3), right(rng, M, 3))

    tests = found_in(collected(saw_answers_first(climber(rng, 1)), references=stood))

    assert {kind for _, kind in tests[1].tests} == {ORGANIZER}


def test_own_files_need_no_clock_that_two_machines_share(rng: np.random.Generator) -> None:
    """The first answer bears a time before its file's: the worker's clock is behind the web's."""
    team = honest(rng, 1)
    first, *rest = team.history.submissions
    skewed = replace(first, released_at=first.submitted_at - MINUTE / 600)
    past = replace(team.history, submissions=[skewed, *rest])

    assert 1 in found_in(collected(replace(team, history=past)))


def test_a_final_that_is_the_first_file_has_its_best_scored_file_tested(
    rng: np.random.Generator,
) -> None:
    """There are no other files to compare the first one with, but the best one has it."""
    tests = found_in(collected(climber(rng, 1, final=0)))

    assert (BEST_SCORED, OWN_FILES) in tests[1].tests
    assert tests[1].accuses(delta0=DELTA0)


def test_nothing_decides_without_fresh_items_of_the_draw(rng: np.random.Generator) -> None:
    given = replace(league(rng), draw=None)

    assert found_in(given) == {}
    assert judge.triage(tests={}) == set()
    assert accusation.check(given, context()) == []


def test_nobody_took_part() -> None:
    assert found_in(collected(n=N, m=M)) == {}


def test_copies_of_one_file_cannot_be_told_apart() -> None:
    """No reference differs from the file anywhere, so there is nothing to test it with."""
    team = entrant(1, np.tile(np.arange(N) % 2, (4, 1)).T, np.tile(np.arange(M) % 2, (4, 1)).T)

    assert found_in(collected(team)) == {}


def test_constant_scores_accuse_nobody() -> None:
    """All right for the references and all wrong for the teams, on both holdouts alike."""
    stood = columns(np.ones((N, 2)), np.ones((M, 2)))
    teams = [entrant(i, np.zeros((N, 3)), np.zeros((M, 3))) for i in (1, 2)]

    assert found_in(collected(*teams, references=stood)) == {}


def test_a_linearised_metric_brings_its_exact_difference(rng: np.random.Generator) -> None:
    given = league(rng)
    exact = np.linspace(0.5, 0.9, 21)
    own = replace(given.entrants[-1].columns, query_exact=exact, fresh_exact=exact - 0.2)
    own.fresh_exact[0] = exact[0]
    entrants = [*given.entrants[:-1], replace(given.entrants[-1], columns=own)]
    score = Mean(is_exact=False, n_items=N + M)

    tests = found_in(replace(given, score=score, entrants=entrants))

    # A single set of references: the first file. With the mean of the first ones it could be another.
    found = tests[6].tests[FINAL_BY_OWN]
    first_alone = (exact[-1] - (exact[-1] - 0.2)) - 0.0
    assert 0 < found.overstatement <= first_alone + 0.05


def test_too_small_an_exact_difference_accuses_nobody(rng: np.random.Generator) -> None:
    """What the linearisation shows has to be there by the metric itself."""
    given = league(rng)
    own = given.entrants[-1].columns
    same = replace(own, fresh_exact=own.query_exact)
    entrants = [*given.entrants[:-1], replace(given.entrants[-1], columns=same)]
    score = Mean(is_exact=False, n_items=N + M)

    found = found_in(replace(given, score=score, entrants=entrants))[6].tests[FINAL_BY_OWN]

    assert found.adjusted <= FAMILY_WISE_ERROR
    assert found.excess_low > DELTA0
    assert found.overstatement == pytest.approx(0)
    assert not found.accuses(delta0=DELTA0)


def test_findings_tell_every_test(rng: np.random.Generator) -> None:
    """Invariant 12: each test carries the least effect that it would have found."""
    given = league(rng)
    tests = found_in(given)

    results = accusation.check(given, context(tests=tests))

    assert [each.team_id for each in results] == [1, 2, 3, 4, 5, 6]
    for each in results:
        team = tests[each.team_id or 0]
        shown = team.shown(delta0=DELTA0)
        assert (each.estimate, each.low, each.high) == (
            shown.test.overstatement,
            shown.test.low,
            shown.test.high,
        )
        assert each.p_value == shown.test.adjusted
        assert each.minimum_detectable_effect == shown.minimum_detectable_effect
        assert each.evidence["k"] == team.k
        told = each.evidence["tests"]
        assert {(row["which"], row["kind"]) for row in told} == set(team.tests)
        for row in told:
            of = team.tests[row["which"], row["kind"]]
            assert row["file"] == of.file + 1
            assert 1 <= row["file"] <= team.k
            assert row["interval"] == [of.low, of.high]
            assert row["interval"][0] <= row["overstatement"] <= row["interval"][1]
            assert row["minimum_detectable_effect"] > 0
            assert 0 < row["p_value"] <= row["p_adjusted"] <= 1
            assert not row["p_is_screened"] or row["p_value"] == 1
            assert row["n_draws"] >= judge.N_FIRST
            assert row["accuses"] == of.accuses(delta0=DELTA0)
            beside = row["compared_with"]
            assert sum(one["weight"] for one in beside) == pytest.approx(1)
            excess = sum(one["weight"] * (one["query"] - one["fresh"]) for one in beside)
            assert excess == pytest.approx(of.reference_excess)
            whose = [one.get("own_file") or (one["team_id"], one["file"]) for one in beside]
            own = [[1], [1, 2, 3]]
            assert (
                (whose in own)
                if row["kind"] == OWN_FILES
                else whose == [(900, n) for n in (1, 2, 3)]
            )


def test_frozen_files_are_all_named_whatever_they_weigh(rng: np.random.Generator) -> None:
    """Copies count as one; that they do is found on labels of which names must tell nothing."""
    one = right(rng, N, 1), right(rng, M, 1)
    copies = columns(*(np.hstack([items, items, items]) for items in one))
    given = collected(honest(rng, 1), honest(rng, 2), references=copies)

    for team in evidence_of(given).values():
        for test in team["tests"]:
            if test["kind"] == ORGANIZER:
                assert [each["file"] for each in test["compared_with"]] == [1, 2, 3]
                assert sum(each["weight"] for each in test["compared_with"]) == pytest.approx(1)


def test_a_final_that_is_best_is_one_test_told_twice(rng: np.random.Generator) -> None:
    told = evidence_of(league(rng))[6]["tests"]

    rows = {(each["which"], each["kind"]): each for each in told}
    for kind in (OWN_FILES, ORGANIZER):
        one, other = rows[FINAL, kind], rows[BEST_SCORED, kind]
        assert {**one, "which": ""} == {**other, "which": ""}
