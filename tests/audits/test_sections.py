"""The sections below a report's table of teams: holdouts, tests, and what explains them."""

import re
from html import unescape
from typing import Any

import pytest

from audits.models import Finding
from tests.audits.reported import cells_of, judged, page_of, reports_html, run_with, text_of
from tests.vault.factories import World, make_world
from vault.models import Team


@pytest.fixture
def world(vault_keys: None) -> World:
    return make_world("sections")


def test_p_values_have_one_form(world: World) -> None:
    """Of a team's test none above .05, whether a screen stopped there or not; others in two digits."""
    run = run_with(world)
    found = judged(run, "NO_EVIDENCE", p_value=0.11)
    test: dict[str, Any] = {
        **{"which": "final", "kind": "organiser", "file": 1, "interval": [0.0, 0.1], "n_draws": 1},
        **{"overstatement": 0.05, "luck": 0.1, "excess_low": -0.05, "p_is_screened": False},
    }
    tests = [{**test, "p_adjusted": value} for value in (0.11, 0.0123, 0.00001)]
    tests.append({**test, "p_adjusted": 1.0, "p_is_screened": True})
    Finding.objects.create(
        run=run, team=found.team, check_name="accusation", evidence={"k": 1, "tests": tests}
    )
    gate = {"z": 0.7, "fired": False}
    Finding.objects.create(
        run=run, check_name="shift_gate", estimate=0.35, p_value=0.4812, evidence=gate
    )
    pairs = {"query": [1, 2], "fresh": [3, 4]}
    Finding.objects.create(
        run=run, team=found.team, check_name="discordant_pairs", p_value=0.00342, evidence=pairs
    )

    html = reports_html(run)

    assert cells_of(html, "somebody")[8] == "&gt; .05"
    shown = re.findall(r'<td class="number">([^<]*)</td><td class="number">1</td>', html)
    assert shown == ["&gt; .05", ".012", "&lt; .0001", "&gt; .05"]
    assert "z = 0.70, p = .48, level .01" in html
    assert '<td>1 / 2</td><td>3 / 4</td><td class="number">.0034</td>' in html


def test_teams_are_called_alike_in_every_section(world: World) -> None:
    """By their titles, and by title and name where two have the same: a finding has their accounts."""
    run = run_with(world)
    titles = {"one": "The Forest", "two": "the forest", "three": "Other"}
    for name, title in titles.items():
        found = judged(run, "NO_EVIDENCE", name=name)
        Team.objects.filter(name=name).update(title=title)
        evidence = {"is_intact": False, "identical_files_with": sorted(set(titles) - {name})}
        Finding.objects.create(run=run, team=found.team, check_name="integrity", evidence=evidence)

    html = reports_html(run)

    assert '<th scope="row">Other</th><td>The Forest (one), the forest (two)</td>' in html
    assert '<th scope="row">The Forest (one)</th><td>Other, the forest (two)</td>' in html
    assert "is damaged: The Forest (one), Other, the forest (two)." in text_of(html)


@pytest.mark.parametrize(
    ("bound", "said"),
    [
        (
            0.2643,
            "every score of the 1,234 queries that were used is within .2643 of its expectation with "
            "probability .95 (the round's page in the admin has the bound for all queries that were "
            "admitted).",
        ),
        (None, "that guarantees nothing of the scores of the 1,234 queries that were used."),
    ],
)
def test_the_ledger_says_of_which_queries_its_bound_is(
    world: World, bound: float | None, said: str
) -> None:
    """The admin's bound counts the admitted queries, and is another number."""
    run = run_with(world)
    Finding.objects.create(
        run=run,
        check_name="ledger",
        estimate=bound,
        evidence={"nats": 10.0, "n_submissions": 1_234, "guarantees_something": bound is not None},
    )

    assert said in unescape(text_of(page_of(run)))


def test_groups_of_accounts_are_told_with_their_level_and_their_pace(world: World) -> None:
    run = run_with(world)
    one, two = (judged(run, "NO_EVIDENCE", name=name).team for name in ("one", "two"))
    assert one is not None
    assert two is not None
    Team.objects.filter(pk=one.pk).update(title="The <Forest>")
    pace = {"k": 20, "first_at": "2026-03-01T12:00+00:00", "per_hour": 2.5, "night_share": 0.25}
    group = {
        "accounts": [
            {**pace, "team_id": one.pk, "variation": 1.04},
            {**pace, "team_id": two.pk, "variation": None},
        ],
        "similarity": [0.91, 0.97],
        "test": {
            **{"difference": 0.0213, "luck": 0.0101, "p_value": 0.001, "p_adjusted": 0.001},
            **{"left_out": [[one.pk, 0.002], [two.pk, 0.003]], "left_out_adjusted": 0.003},
            "n_draws": 10_000,
        },
        "rejects": True,
        "rejects_without_each": True,
    }
    evidence = {"n_accounts": 2, "similarity": "kappa", "threshold": 0.9, "is_read": True}
    found = Finding.objects.create(
        run=run, check_name="account_groups", evidence={**evidence, "groups": [group]}
    )

    html = reports_html(run)

    assert "The &lt;Forest&gt; and two" in html
    assert ".0213 better on query labels" in html
    assert "same model plus edits, not same people" in html
    assert "No statement stands unless reviewers linked the accounts" in html
    assert '<td class="number">2.5</td><td class="number">1.04</td>' in html

    found.evidence = {**evidence, "groups": []}
    found.save(update_fields=["evidence"])
    html = reports_html(run)
    assert "no two of 2 finals err alike" in html
    assert "same model plus edits" not in html


def test_nearly_repeated_files_are_listed_where_there_are_any(world: World) -> None:
    run = run_with(world)
    for name, n in (("prober", 18), ("other", 0)):
        found = judged(run, "NO_EVIDENCE", name=name)
        evidence = {"is_intact": True, "n_files": 20, "near_duplicates": n}
        Finding.objects.create(run=run, team=found.team, check_name="integrity", evidence=evidence)

    html = reports_html(run)
    assert re.search(r'>prober</t[hd]><td class="number">18</td><td class="number">20</td>', html)
    assert not re.search(r'>other</t[hd]><td class="number">0</td>', html)


def test_a_worn_holdout_says_so(world: World) -> None:
    run = run_with(world)
    evidence = {
        **{"nats": 90.0, "n_submissions": 3, "wear": "85% of it", "is_worn": True},
        "nats_by_source": {"told": 12.34, "answered": 77.66, "reserved": 90.0, "planned": None},
    }
    Finding.objects.create(run=run, check_name="ledger", evidence=evidence)

    html = reports_html(run)
    assert "12.3 nats of it were told by publications" in html
    assert "From 80% of what was reserved on a holdout is worn" in html
