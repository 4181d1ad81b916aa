"""Published audits over the API, as the web process serves them."""

from typing import Any

import pytest
from django.test import Client

from audits.models import Publication
from tests.audits import stage
from tests.vault.factories import NOW, World, acting_as, make_world
from vault.models import Benchmark, Team
from vault.teams import tokens

pytestmark = [pytest.mark.usefixtures("vault_keys", "api_site")]


def get(path: str, *, token: str = "") -> Any:
    client = Client(headers={"Authorization": f"Bearer {token}"} if token else {})
    with acting_as("web"):
        return client.get(f"/api/v1/{path}")


def made(slug: str, *, numbers: tuple[int, ...] = (1,)) -> World:
    """Publications of a benchmark's rounds, as `audits.rounds` would have written them."""
    world = make_world(slug)
    for number in numbers:
        if number > 1:
            world.round.pk, world.round.number = None, number
            world.round.save(force_insert=True)
        Publication.objects.create(
            round=world.round,
            benchmark=world.benchmark,
            document={"round": number, "teams": []},
            published_at=NOW,
        )
    return world


def test_lists_a_benchmark_publications_in_order_of_rounds() -> None:
    made("ordered", numbers=(1, 2))
    made("other")

    response = get("benchmarks/ordered/audits/")

    assert response.status_code == 200
    results = response.json()["results"]
    assert [each["round"] for each in results] == [1, 2]
    assert set(results[0]) == {"id", "round", "published_at", "url", "leaderboard"}
    for each in results:
        assert each["url"] == f"/api/v1/audits/{each['id']}/"
        whole = get(each["url"].removeprefix("/api/v1/")).json()
        assert {name: whole[name] for name in each} == each
        assert each["leaderboard"] == (
            f"/api/v1/benchmarks/ordered/leaderboard/?round={each['round']}"
        )
    assert results[0]["published_at"] == "2026-03-01T12:00:00Z"


def test_shows_the_document_as_it_was_published() -> None:
    world = made("single")
    publication = Publication.objects.get(round=world.round)

    response = get(f"audits/{publication.pk}/")

    assert response.json() == {
        "id": publication.pk,
        "round": 1,
        "published_at": "2026-03-01T12:00:00Z",
        "url": f"/api/v1/audits/{publication.pk}/",
        "leaderboard": "/api/v1/benchmarks/single/leaderboard/?round=1",
        "document": {"round": 1, "teams": [], "tau": None},
        "repeats": [],
    }


def test_nothing_before_the_publication_and_all_of_it_after() -> None:
    """Invariant 5: an audit that is done is not there; the published one is the whole document."""
    world = stage.audited(stage.closing(stage.small_round("timely")))
    assert get("benchmarks/timely/audits/").json()["results"] == []
    assert get("audits/1/").status_code == 404

    stage.published(world)

    (listed,) = get("benchmarks/timely/audits/").json()["results"]
    shown = get(f"audits/{listed['id']}/").json()["document"]
    verdicts = {row["team"]: row["verdict"] for row in shown["teams"]}
    assert verdicts["timely-attacker"] == "CONFIRMED"
    board = get("benchmarks/timely/leaderboard/").json()
    attacker = next(row for row in board["rows"] if row["team"] == "timely-attacker")
    assert attacker["verdict"] == "CONFIRMED"


def test_a_private_benchmark_audit_is_not_found_by_strangers() -> None:
    """Invariant 9: neither its list nor, by counting ids, the document."""
    world = made("private")
    Benchmark.objects.update(visibility=Benchmark.Visibility.PRIVATE)
    publication = Publication.objects.get(round=world.round)
    insider, stranger = world.team("insider"), Team.objects.create(name="stranger")
    keys = [
        tokens.issue(team=team, label="", scopes=("read",), expires_at=None, now=NOW)[1]
        for team in (insider, stranger)
    ]

    for path in ("benchmarks/private/audits/", f"audits/{publication.pk}/"):
        assert get(path).status_code == 404
        assert [get(path, token=key).status_code for key in keys] == [200, 404]


@pytest.mark.parametrize("path", ["audits/999999/", "benchmarks/nowhere/audits/"])
def test_what_is_not_there_is_not_found(path: str) -> None:
    response = get(path)

    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
