"""Ranks: intervals of all at once, and how the order of the board agrees with that elsewhere."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audits import rounds as audit_rounds
from audits.checks import ranks
from audits.collected import Entrant
from audits.models import Finding, Publication
from stats.draw import draw
from tests.audits import awaited_round, stage
from tests.audits.histories import collected, context, entrant, right
from tests.audits.reported import cells_of, judged, reports_html, run_with, text_of
from tests.vault.factories import NOW, World, acting_as, make_world
from vault import history, unranking
from vault.models import Holdout, ProspectiveResult, Team

OF_TEN = [0.60 + 0.03 * team for team in range(10)]


def team_of(
    team_id: int, *, released: float | None, fresh: float, n: int = 1_000, **given: Any
) -> Entrant:
    """A team of one file that is right on this share of the fresh items."""
    items = (np.arange(n) < round(fresh * n))[:, None]
    found = entrant(team_id, items[:50], items, **given)
    return replace(found, history=replace(found.history, released=released))


def test_each_rank_has_its_interval() -> None:
    """By hand: two finals that answer alike, and one that is wrong on half of the items more."""
    teams = [
        team_of(team, released=0.5, fresh=fresh) for team, fresh in ((7, 0.9), (8, 0.9), (9, 0.4))
    ]

    (found,) = ranks.check(collected(*teams), context())

    assert found.team_id is None
    assert found.evidence["teams"] == [7, 8, 9]
    assert (found.evidence["low"], found.evidence["high"]) == ([1, 1, 3], [2, 2, 3])
    # The board showed all alike: there is no order that could agree with another.
    assert found.evidence["agreement"] == []


def test_compares_the_board_with_new_labels() -> None:
    """Two neighbours of ten changed places: 43 of 45 pairs agree."""
    swapped = [*OF_TEN[:8], OF_TEN[9], OF_TEN[8]]
    pairs = zip(OF_TEN, swapped, strict=True)
    teams = [team_of(i, released=one, fresh=other) for i, (one, other) in enumerate(pairs)]

    (found,) = ranks.check(collected(*teams), context())

    (new,) = found.evidence["agreement"]
    assert new["holdout"] == ranks.NEW
    assert new["tau"] == pytest.approx((44 - 1) / 45)
    assert new["interval"][0] < new["tau"] <= new["interval"][1]
    assert new["shake_up"] * 10 == pytest.approx(0.2)
    assert (new["top"], new["n_stayed"]) == (5, 5)


def test_losses_are_turned_round() -> None:
    """What is released, and scores elsewhere, are in the metric's units: a lower loss is better."""
    teams = [
        replace(
            team_of(i, released=1 - fresh, fresh=fresh, elsewhere={"later": fresh}),
        )
        for i, fresh in enumerate(OF_TEN)
    ]

    (found,) = ranks.check(collected(*teams, metric="log_loss"), context())

    assert [each["tau"] for each in found.evidence["agreement"]] == pytest.approx([1.0, -1.0])


def test_other_holdouts_are_compared_by_themselves() -> None:
    """A later period in which the order is reversed, and labels that arrived of three teams only."""
    teams = [
        team_of(i, released=fresh, fresh=fresh, elsewhere={"later": 1 - fresh})
        for i, fresh in enumerate(OF_TEN)
    ]
    awaited = {"arrived": {0: 0.1, 1: 0.2, 2: 0.3, 99: 0.9}}

    (found,) = ranks.check(collected(*teams, awaited=awaited), context())

    new, later, arrived = found.evidence["agreement"]
    assert [each["holdout"] for each in (new, later, arrived)] == [ranks.NEW, "later", "arrived"]
    assert (later["tau"], arrived["tau"]) == pytest.approx((-1.0, 1.0))
    assert arrived["n_teams"] == 3
    # The bootstrap of three teams covers nothing.
    assert arrived["interval"] is None


def test_ties_at_the_line_leave_the_best_uncounted() -> None:
    released = [0.5, 0.5, 0.5, 0.9]
    teams = [team_of(i, released=r, fresh=OF_TEN[i]) for i, r in enumerate(released)]

    (found,) = ranks.check(collected(*teams), context())

    assert found.evidence["agreement"][0]["n_stayed"] is None


def test_scores_that_differ_in_their_last_bits_are_equal() -> None:
    released = [0.1 + 0.2, 0.3, 0.3]
    teams = [team_of(i, released=r, fresh=OF_TEN[i]) for i, r in enumerate(released)]

    (found,) = ranks.check(collected(*teams), context())

    assert found.evidence["agreement"] == []


def test_unranked_teams_and_withdrawn_finals_have_no_rank() -> None:
    teams = [team_of(i, released=fresh, fresh=fresh) for i, fresh in enumerate(OF_TEN[:4])]
    teams[1] = replace(teams[1], final=None)

    (found,) = ranks.check(collected(*teams, unranked=frozenset({3})), context())

    assert found.evidence["teams"] == [0, 2]
    assert found.evidence["agreement"][0]["n_teams"] == 2


def test_groups_that_were_drawn_whole_count_once() -> None:
    """Of 20 groups of 50 items two teams part three: three coins, where single items are 150."""
    groups = {"query_clusters": np.arange(50), "fresh_clusters": 50 + np.repeat(np.arange(20), 50)}
    teams = [team_of(i, released=f, fresh=f) for i, f in enumerate((0.85, 0.7))]

    low = [
        ranks.check(collected(*teams, draw=drawn), context())[0].evidence["low"]
        for drawn in (draw(n=50, m=1_000), draw(n=50, m=1_000, **groups))
    ]

    assert low == [[1, 2], [1, 1]]


def test_intervals_are_around_the_exact_scores() -> None:
    """Influence values have another mean than the metric: the worse by the metric is ranked worse."""
    teams = [team_of(i, released=f, fresh=f) for i, f in enumerate((0.9, 0.4))]
    exact = [np.array([0.2]), np.array([0.7])]
    teams = [
        replace(each, columns=replace(each.columns, fresh_exact=score))
        for each, score in zip(teams, exact, strict=True)
    ]

    (found,) = ranks.check(collected(*teams), context())

    assert found.evidence["low"] == [2, 1]


def test_nothing_of_one_team_or_none() -> None:
    rng = np.random.default_rng(3)

    assert ranks.check(collected(n=10, m=0), context()) == []
    assert ranks.check(collected(entrant(1, right(rng, 50, 1), right(rng, 50, 1))), context()) == []


@pytest.fixture
def world(vault_keys: None) -> World:
    return make_world("ranks")


def compared(**given: Any) -> dict[str, Any]:
    whole = {
        **{"holdout": ranks.NEW, "n_teams": 12, "tau": 0.7123, "interval": [0.5171, 0.8571]},
        **{"shake_up": 1.4 / 12, "top": 6, "n_stayed": 5},
    }
    return {**whole, **given}


def test_the_report_says_how_far_its_order_can_be_relied_on(world: World) -> None:
    run = run_with(world)
    for name, fresh in (("a", 0.7), ("b", 0.8)):
        judged(run, "NO_EVIDENCE", name=name, released=fresh, fresh=fresh)
    evidence = {
        "teams": [Team.objects.get(name=name).pk for name in "ab"],
        "low": [1, 1],
        "high": [2, 2],
        "agreement": [compared(), compared(holdout=str(world.fresh.pk), interval=None, tau=0.4)],
    }
    Finding.objects.create(run=run, check_name="ranks", evidence=evidence)

    html = reports_html(run)
    text = text_of(html)

    assert [cells_of(html, name)[0] for name in "ba"] == ["1 [1, 2]", "2 [1, 2]"]
    assert "agrees with that on new labels with tau .71 [.52, .86] (95 %)." in text
    assert "Its interval covers which teams such as these took part." in text
    assert "On average a team moved by 1.4 places among 12." in text
    assert "Of the best 6 on the board 5 stayed among the best 6 there." in text
    assert (
        "agrees with tau .40 on another holdout (random shard of the query pool; 12 teams)" in text
    )
    assert "By them 2 of 2 teams may be the best." in text


def test_one_who_can_be_the_best_is_named_and_few_teams_have_no_interval(world: World) -> None:
    run = run_with(world)
    judged(run, "NO_EVIDENCE", name="a")
    evidence = {
        "teams": [Team.objects.get(name="a").pk],
        "low": [1],
        "high": [1],
        "agreement": [compared(interval=None, n_teams=3, top=1, n_stayed=0)],
    }
    Finding.objects.create(run=run, check_name="ranks", evidence=evidence)

    text = text_of(reports_html(run))

    assert "with tau .71. Tau is 1" in text
    assert "With 3 teams there are too few for an interval." in text
    assert "The best on the board is not the best there." in text
    assert "By them only a can be the best." in text


def test_a_report_without_it_says_nothing(world: World) -> None:
    run = run_with(world)
    judged(run, "NO_EVIDENCE")

    assert "tau of the board" not in text_of(reports_html(run))
    assert "with tau" not in text_of(reports_html(run))
    assert "all at once" not in reports_html(run)


def test_a_later_period_is_called_so(world: World) -> None:
    run = run_with(world)
    judged(run, "NO_EVIDENCE")
    Holdout.objects.filter(pk=world.fresh.pk).update(kind="temporal")
    evidence = {"agreement": [compared(holdout=str(world.fresh.pk))]}
    Finding.objects.create(run=run, check_name="ranks", evidence=evidence)

    text = text_of(reports_html(run))

    assert (
        "agrees with tau .71 [.52, .86] (95 %) on another holdout (later period; 12 teams)" in text
    )
    assert "new labels with tau" not in text


@pytest.mark.usefixtures("vault_keys")
def test_labels_that_arrive_afterwards_count_as_everybody_reads_them() -> None:
    """The newest rows that are shown, rounded; before there are any nothing. By the audit worker's rights."""
    given = awaited_round.published("ranks-later")
    world = given.world
    with acting_as("audit"):
        assert history.round_history(round=world.round).awaited == {}

    for places in (range(120), range(120, 160)):
        given.now += awaited_round.DAY
        given.delivered(places)
    out = world.teams["fair"]
    unranking.unrank(round=world.round, team=out, reason="one model twice", actor="o", now=NOW)

    with acting_as("audit"):
        found = history.round_history(round=world.round)
    rows = ProspectiveResult.objects.filter(look__label_version=2)
    assert found.awaited == {
        str(given.holdout.pk): dict(rows.values_list("team_id", "value")),
    }
    assert len(rows) == 2
    assert found.unranked == frozenset({out.pk})


@pytest.mark.usefixtures("vault_keys")
def test_nothing_exact_is_published() -> None:
    """An exact tau, or a rank by exact scores, would undo the rounding of a coarse publication."""
    world = stage.audited(stage.closing(stage.small_round("ranks-told")))
    run = audit_rounds.latest_run(round=world.round)
    found = Finding.objects.get(run=run, check_name="ranks")
    (new,) = found.evidence["agreement"]
    assert f"{new['tau']:.2f}".replace("0.", ".") in run.report.html
    stage.published(world)

    told = str(Publication.objects.get(round=world.round).document)
    assert [each for each in ("shake_up", "agreement", "rank_interval") if each in told] == []
    assert [each for each in ("claimed", "kept_interval", "missing_interval") if each in told] == []
