"""The labels of a disclosed holdout, for whoever may see its benchmark; of no other holdout, for anybody."""

import hashlib
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.vault.api.stage import Caller, problem
from tests.vault.disclosed_holdouts import REASON, ask, carry_out, disclosed, ended, written
from tests.vault.factories import World, make_world
from vault.files import content_files
from vault.models import Benchmark, DisclosedFile, Holdout
from vault.statuses import HoldoutStatus

pytestmark = [pytest.mark.usefixtures("vault_keys")]

ANYONE = Caller()


@pytest.fixture
def world(vault_keys: None) -> World:
    return disclosed()


def path_of(world: World, holdout: Holdout | None = None) -> str:
    return f"benchmarks/{world.benchmark.slug}/holdouts/{(holdout or world.query).pk}/labels/"


def refused(response: Any, status: int, code: str) -> None:
    assert problem(response) == (status, code)


def shown(world: World) -> dict[str, Any]:
    """The public holdouts, by id."""
    listed = ANYONE.get(f"benchmarks/{world.benchmark.slug}/").json()["holdouts"]
    return {each["id"]: each for each in listed}


def test_a_stranger_checks_the_commitment(world: World) -> None:
    """Ten lines, from what the API says alone."""
    holdout = shown(world)[str(world.query.pk)]
    response = ANYONE.ask("GET", holdout["disclosed"]["url"])

    told = response.json()
    salt, text = bytes.fromhex(told["salt"]), told["text"]
    assert len(salt) == 32
    assert hashlib.sha256(salt + text.encode()).hexdigest() == holdout["commitment"]
    assert hashlib.sha256(response.content).hexdigest() == holdout["disclosed"]["sha256"]
    assert len(response.content) == holdout["disclosed"]["size"]
    assert len(text.splitlines()) == holdout["n_items"] + 1


def test_the_benchmark_says_which_holdouts_are_disclosed(world: World) -> None:
    listed = shown(world)

    found = listed[str(world.query.pk)]
    assert found["status"] == "DISCLOSED"
    assert found["disclosed"] == {
        "url": f"/api/v1/{path_of(world)}",
        "sha256": DisclosedFile.objects.get().sha256,
        "size": DisclosedFile.objects.get().size,
        "disclosed_at": "2026-03-01T12:00:00Z",
        "reason": REASON,
    }
    assert listed[str(world.fresh.pk)]["disclosed"] is None


def test_caches_ask_again_and_hear_that_nothing_changed(world: World) -> None:
    first = ANYONE.get(path_of(world))
    again = ANYONE.get(path_of(world), **{"If-None-Match": first["ETag"]})
    other = ANYONE.get(path_of(world), **{"If-None-Match": '"x"'})
    head = ANYONE.ask("HEAD", f"/api/v1/{path_of(world)}")

    assert first["ETag"] == f'"{DisclosedFile.objects.get().sha256}"'
    assert first["Content-Type"] == "application/json"
    assert (again.status_code, again.content, other.status_code) == (304, b"", 200)
    assert (head.status_code, head.content) == (200, b"")
    for each in (first, again, head):
        assert each["Cache-Control"] == "no-cache"
        assert {"Accept", "Authorization"} <= set(each["Vary"].split(", "))
        assert each["Access-Control-Allow-Origin"] == "*"


def test_it_comes_in_one_form(world: World) -> None:
    assert ANYONE.get(path_of(world), Accept="application/json").status_code == 200
    refused(ANYONE.get(path_of(world), Accept="text/csv"), 406, "not_acceptable")


def test_a_private_benchmark_shows_it_to_its_teams_alone(world: World) -> None:
    Benchmark.objects.update(visibility="private")
    make_world("elsewhere", seed=2)
    admitted = Caller(world.team("reference", is_reference=True))

    assert admitted.get(path_of(world)).status_code == 200
    refused(ANYONE.get(path_of(world)), 404, "not_found")


@pytest.mark.parametrize("status", [each for each in HoldoutStatus if each != "DISCLOSED"])
def test_nothing_of_any_other_holdout_is_fetched(vault_keys: None, status: str) -> None:
    """Whoever asks, and even where a file is there already: a worker may die before the status moves."""
    world = make_world("weather", n_query=30, n_fresh=40)
    team = Caller(world.team("ours"))
    reference = Caller(world.team("reference", is_reference=True))
    written(world.query)
    Holdout.objects.update(status=status)

    for who in (ANYONE, team, reference):
        for holdout in (world.query, world.fresh):
            refused(who.get(path_of(world, holdout)), 404, "not_found")
        assert who.ask("HEAD", f"/api/v1/{path_of(world)}").status_code == 404


def test_what_is_asked_for_is_not_there_before_it_is_done(vault_keys: None) -> None:
    world = ended()
    ask(world)

    refused(ANYONE.get(path_of(world)), 404, "not_found")
    assert shown(world)[str(world.query.pk)]["disclosed"] is None
    carry_out(world)
    assert ANYONE.get(path_of(world)).status_code == 200


def test_of_another_benchmark_it_is_not_found(world: World) -> None:
    other = make_world("elsewhere", seed=2)

    refused(ANYONE.get(path_of(other, world.query)), 404, "not_found")
    refused(ANYONE.get(f"benchmarks/weather/holdouts/{uuid.UUID(int=1)}/labels/"), 404, "not_found")
    refused(ANYONE.get("benchmarks/weather/holdouts/../labels/"), 404, "not_found")


def test_a_stored_file_that_was_changed_is_not_served(world: World, settings: Any) -> None:
    """Whoever can write files changes no label that is public."""
    file = DisclosedFile.objects.get()
    path = f"{settings.MEDIA_ROOT}/{file.file_key}"
    content = content_files.load(file_key=file.file_key)
    Path(path).write_bytes(content.replace(b",0\\n", b",1\\n", 1))

    answer = Caller(expects_500=True).get(path_of(world))

    assert answer.status_code >= 500
    assert b"item-" not in answer.content
