"""An unranked team is unranked everywhere: on the board, in the published document and in the report."""

import re
from typing import Any

import pytest
from django.test import Client

from audits import publication, rounds, standing
from audits.models import Publication, Report
from tests.audits import stage
from tests.audits.test_publication import check_against_description
from tests.vault.factories import NOW, World, acting_as
from vault import leaderboard, unranking
from vault.models import PublishedResult

pytestmark = [pytest.mark.usefixtures("vault_keys", "api_site")]

REASON = "two accounts of one person"


def unrank(world: World, name: str) -> None:
    with acting_as("researcher"):
        unranking.unrank(
            round=world.round, team=world.teams[name], reason=REASON, actor="ada", now=NOW
        )


def shown(world: World) -> dict[str, Any]:
    """The document as everybody reads it."""
    pk = Publication.objects.get(round=world.round).pk
    with acting_as("web"):
        answer: dict[str, Any] = Client().get(f"/api/v1/audits/{pk}/").json()["document"]
    return answer


def agrees_with_the_board(world: World) -> dict[str, dict[str, Any]]:
    """Rows by name, after a look at the board."""
    with acting_as("web"):
        board = {row.team: row for row in leaderboard.board(round=world.round)}
    rows = {row["team"]: row for row in shown(world)["teams"]}
    for name, row in rows.items():
        on_board = board[name]
        assert (row["rank_after"], row["tier"]) == (on_board.rank, on_board.tier)
        assert row["is_unranked"] == on_board.is_unranked
        assert row["unranked_reason"] == on_board.unranked_reason
    start = f"{world.benchmark.slug}-"
    return {name.removeprefix(start): row for name, row in rows.items()}


# Of the files: a draw after which two finals share the first rank.
TIED = 20


@pytest.mark.parametrize("is_before", [True, False])
def test_ranks_and_tiers_are_of_ranked_teams(is_before: bool) -> None:
    """Of three finals one of the best two is taken out, before the audit or after publication: 1, –, 2."""
    world = stage.closing(stage.small_round(f"taken-{str(is_before).lower()}", draw=TIED))
    if is_before:
        unrank(world, "once")
    stage.published(stage.audited(world))
    if not is_before:
        rows = agrees_with_the_board(world)
        assert [rows[each]["rank_after"] for each in ("improving", "once", "attacker")] == [1, 1, 3]
        unrank(world, "once")

    rows = agrees_with_the_board(world)

    assert [rows[each]["rank_after"] for each in ("improving", "once", "attacker")] == [1, None, 2]
    assert (rows["once"]["tier"], rows["once"]["unranked_reason"]) == (None, REASON)
    assert sorted(rows[each]["tier"] for each in ("improving", "attacker")) in ([1, 1], [1, 2])
    # Everything that is said of the team itself stays.
    assert rows["once"]["fresh"] is not None
    assert rows["once"]["verdict"] == "NO_EVIDENCE"
    document = shown(world)
    check_against_description(document)
    # The attacker led on the board: of the two that rank, the order is the opposite one.
    assert document["tau"] == -1.0


def test_who_is_ranked_again_stands_where_it_stood() -> None:
    world = stage.published(stage.audited(stage.closing(stage.small_round("again"))))
    before = shown(world)
    unrank(world, "improving")
    assert shown(world) != before
    with acting_as("researcher"):
        unranking.rank_again(
            round=world.round,
            team=world.teams["improving"],
            reason="it was another person",
            actor="ada",
            now=NOW,
        )

    assert shown(world) == before
    agrees_with_the_board(world)


def test_an_empty_tier_is_closed() -> None:
    """Who is left behind the only team of the first tier is in the first tier."""
    document = {
        "teams": [
            {"team": "a", "fresh": 0.9, "released": 0.9, "tier": 1},
            {"team": "b", "fresh": 0.8, "released": 0.7, "tier": 2},
            {"team": "c", "fresh": 0.7, "released": 0.8, "tier": 3},
            {"team": "d", "fresh": None, "released": 0.6, "tier": None},
        ]
    }
    world = stage.small_round("empty", n_query=20, n_fresh=40)

    found = standing.placed(
        document=document, unranked={"a": REASON, "d": REASON}, benchmark=world.benchmark
    )

    places = {row["team"]: (row["rank_after"], row["tier"]) for row in found["teams"]}
    assert places == {"a": (None, None), "b": (1, 1), "c": (2, 2), "d": (None, None)}
    assert found["tau"] == -1.0


def test_a_stored_figure_may_be_a_long_whole_number() -> None:
    """R2 has no lower end, and a database gives -3e19 back without a point."""
    teams = [
        {"team": "a", "fresh": -39094414654286520000, "released": 0.9, "tier": 2},
        {"team": "b", "fresh": 0.8, "released": -39094414654286520000, "tier": 1},
    ]
    world = stage.small_round("long", n_query=20, n_fresh=40)

    found = standing.placed(document={"teams": teams}, unranked={}, benchmark=world.benchmark)

    assert [row["rank_after"] for row in found["teams"]] == [2, 1]
    assert found["tau"] == -1.0


def test_the_report_marks_who_is_unranked() -> None:
    """Last, without a rank before or after, and in no slope; the reason stands with the team."""
    world = stage.closing(stage.small_round("marked"))
    unrank(world, "improving")

    stage.audited(world)

    html = Report.objects.get(run=rounds.latest_run(round=world.round)).html.replace("\n", "")
    rows = [row for row in re.findall(r"<tr>(.*?)</tr>", html) if "#team-" in row]
    ranks = [re.findall(r"<td>(.*?)</td>", row)[:2] for row in rows]
    assert [rank.split(" ")[0] for rank, _ in ranks] == ["1", "2", "unranked"]
    assert ranks[2][1].strip() == "–"
    assert "marked-improving</a>" in rows[2]
    assert f"Unranked by the organizers when the audit ran: {REASON}" in html
    assert "marked-improving: 1 on the board" not in html
    assert "of the 2 teams with both scores have another rank on new labels" in html


def test_what_unranking_tells_is_not_of_the_labels() -> None:
    world = stage.closing(stage.small_round("nothing-told"))
    unrank(world, "once")
    stage.audited(world)
    run = rounds.latest_run(round=world.round)
    shown = publication.document(round=world.round, audit=run)
    without = {
        **shown,
        "teams": [
            {key: value for key, value in row.items() if "unranked" not in key}
            for row in shown["teams"]
        ],
    }

    assert publication.nats(round=world.round, shown=shown) == pytest.approx(
        publication.nats(round=world.round, shown=without)
    )
    assert not PublishedResult.objects.exists()
