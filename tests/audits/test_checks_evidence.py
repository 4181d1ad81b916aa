"""Evidence over rounds: products of e-values, which rounds count, and what is said."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from audits import rounds as audit_rounds
from audits.checks import evidence
from audits.collected import Collected, Opened
from audits.models import Finding, Publication
from stats.gate import Gate
from stats.team_tests import BEST_SCORED, FINAL, ORGANIZER, OWN_FILES
from tests.audits import stage
from tests.audits.histories import collected, context, entrant
from tests.audits.reported import judged, reports_html, run_with, text_of
from tests.audits.test_judged_rounds import second_round
from tests.vault.factories import World, make_world
from vault import budget
from vault.models import Team

FIRED = Gate(difference=0.1, z=9.0, p_value=0.0, fired=True)
BEST = (BEST_SCORED, ORGANIZER)


def teams(*team_ids: int, holdout: str = "third") -> Collected:
    query = Opened(
        positions=np.arange(3),
        labels=np.zeros(3, np.int64),
        groups=None,
        strata=None,
        versions={holdout: 1},
    )
    made = [entrant(team_id, np.ones((3, 1)), np.ones((3, 1))) for team_id in team_ids]
    return collected(*made, query=query)


def p_of(**p_values: float) -> dict[int, Any]:
    """By a team's name such as t1 the p of its best-scored file against the references."""
    return {int(name[1:]): of_files({BEST: p}) for name, p in p_values.items()}


def of_files(p_values: dict[tuple[str, str], float]) -> Any:
    tests = {key: SimpleNamespace(p_value=p) for key, p in p_values.items()}
    return SimpleNamespace(tests=tests)


def before(*rounds: tuple[int, str, float]) -> Any:
    """Findings of earlier rounds, in their order: team, query holdout and e-value."""
    found = [
        Finding(team_id=team_id, evidence={"query_holdout": holdout, "e_value": e_value})
        for team_id, holdout, e_value in rounds
    ]
    return lambda name: found if name == "evidence_over_rounds" else []


def test_rounds_are_multiplied_per_team() -> None:
    """1/(2 sqrt p): p = .01 is worth 5, p = 1 a half."""
    earlier = before((1, "first", 4.0), (2, "first", 0.5), (1, "second", 2.0), (9, "second", 90.0))

    found = evidence.check(teams(1, 2), context(tests=p_of(t1=0.01, t2=1.0), earlier=earlier))

    assert [each.team_id for each in found] == [1, 2]
    first, second = (each.evidence for each in found)
    assert (first["e_value"], first["product"], first["rounds_counted"]) == (5, 40, 3)
    assert (second["e_value"], second["product"], second["rounds_counted"]) == (0.5, 0.25, 2)
    # e-BH of two at .05: one of them needs 40.
    assert (first["stands_out"], second["stands_out"]) == (True, False)
    assert first["query_holdout"] == "third"


def test_the_more_teams_the_more_is_needed_to_stand_out() -> None:
    others = {f"t{number}": 1.0 for number in range(2, 8)}
    earlier = before(*((number, "first", 8.0) for number in range(1, 8)))

    found = evidence.check(
        teams(*range(1, 8)), context(tests=p_of(t1=0.01, **others), earlier=earlier)
    )

    assert found[0].evidence["product"] == 40
    assert not any(each.evidence["stands_out"] for each in found)


def test_of_rounds_on_one_query_holdout_one_counts() -> None:
    """They are of the same items: their e-values are no product."""
    earlier = before((1, "first", 4.0), (1, "first", 8.0), (1, "third", 16.0))

    (found,) = evidence.check(teams(1), context(tests=p_of(t1=0.25), earlier=earlier))

    assert (found.evidence["product"], found.evidence["rounds_counted"]) == (4, 2)


def test_a_first_round_stands_out_by_no_e_value() -> None:
    (found,) = evidence.check(teams(1), context(tests=p_of(t1=1e-6)))

    assert (found.evidence["product"], found.evidence["rounds_counted"]) == (500, 1)
    assert found.evidence["stands_out"] is False


def test_only_the_best_scored_file_against_the_references_counts() -> None:
    """A final is chosen after answers, and own files know nothing of a winner that was taken over."""
    other = of_files({(FINAL, ORGANIZER): 1e-6, (BEST_SCORED, OWN_FILES): 1e-6})

    assert evidence.check(teams(1, 2), context(tests={1: other})) == []


def test_a_round_whose_gate_fired_does_not_count() -> None:
    tests = p_of(t1=1e-6)

    assert evidence.check(teams(1), context(tests=tests, gate=FIRED)) == []
    assert (
        len(evidence.check(teams(1), context(tests=tests, gate=replace(FIRED, fired=False)))) == 1
    )


@pytest.fixture
def world(vault_keys: None) -> World:
    return make_world("evidence")


def told(world: World, **of_teams: tuple[int, float, float, bool]) -> str:
    run = run_with(world)
    for name, (rounds_counted, e_value, product, stands_out) in of_teams.items():
        judged(run, "NO_EVIDENCE", name=name)
        Finding.objects.create(
            run=run,
            team=Team.objects.get(name=name),
            check_name="evidence_over_rounds",
            evidence={
                **{"rounds_counted": rounds_counted, "e_value": e_value, "product": product},
                **{"stands_out": stands_out, "query_holdout": "q"},
            },
        )
    return text_of(reports_html(run))


def test_the_report_lists_teams_whose_product_is_large(world: World) -> None:
    text = told(world, a=(3, 5.0, 21.5, False), b=(4, 2.236, 1234.5, True), c=(2, 0.5, 0.25, False))

    assert "Of 3 teams with audits of two rounds or more those are listed" in text
    assert "b 4 2.24 1,234 yes a 3 5.00 21.50 no" in text
    assert "Of those that stand out among all 3 teams at most .05 are honest on average" in text
    assert "c 2" not in text


def test_where_nothing_stands_out_one_line_says_so(world: World) -> None:
    text = told(world, a=(1, 45.0, 45.0, False), b=(2, 2.0, 3.5, False))

    assert "nothing stands out: of 1 team with audits of two rounds or more" in text
    assert "the largest product of e-values is 3.50, below 20 (level .05)." in text
    assert "fair bet" not in text


def test_after_one_round_nothing_is_said(world: World) -> None:
    assert "Over rounds" not in told(world, a=(1, 45.0, 45.0, False))


@pytest.mark.usefixtures("vault_keys")
def test_a_second_round_goes_on_from_the_first_and_publishes_nothing() -> None:
    """By the audit worker's rights; the first round's run is read again, and no verdict depends on it."""
    world = second_round("evidence-on")
    (before_it,) = Finding.objects.filter(
        check_name="evidence_over_rounds", team__name="evidence-on-first"
    )
    team = before_it.team
    assert team is not None
    rng = np.random.default_rng(5)
    budget.admit(round=world.round, team=team, k=None, is_blind=False, actor="test", now=world.now)
    world.answered(team, stage.noisy(world, rng, accuracy=0.8))
    stage.audited(stage.closing(world))

    run = audit_rounds.latest_run(round=world.round)
    assert run.shift_gate == "quiet"
    found = Finding.objects.get(run=run, check_name="evidence_over_rounds", team=team)
    assert found.evidence["rounds_counted"] == 2
    assert found.evidence["product"] == pytest.approx(
        before_it.evidence["e_value"] * found.evidence["e_value"]
    )
    assert before_it.evidence["query_holdout"] != found.evidence["query_holdout"]
    new = Finding.objects.get(run=run, check_name="evidence_over_rounds", team=world.teams["later"])
    assert new.evidence["rounds_counted"] == 1
    assert "Evidence over rounds" in run.report.html
    stage.published(world)
    document = str(Publication.objects.get(round=world.round).document)
    assert [each for each in ("e_value", "product", "stands_out") if each in document] == []
