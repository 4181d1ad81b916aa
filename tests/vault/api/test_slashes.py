"""Slashes too few or too many: who reads is led on, who sends is told, and nobody leaves this host."""

from typing import Any
from urllib.parse import unquote

import pytest

from tests.vault.api.stage import Caller, problem
from tests.vault.factories import World
from vault.api.nowhere import MAX_PATH, meant_path

BOARD = "/api/v1/benchmarks/weather/leaderboard"


def asked(method: str, path: str) -> Any:
    # The test client would take what follows two slashes for a host.
    bare, _, query = path.partition("?")
    return Caller().ask(method, f"/?{query}" if query else "/", PATH_INFO=unquote(bare))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/v1", "/api/v1/"),
        ("/api/v1/benchmarks", "/api/v1/benchmarks/"),
        ("/api/v1/benchmarks//", "/api/v1/benchmarks/"),
        (f"{BOARD}?round=1&format=csv", f"{BOARD}/?round=1&format=csv"),
        (f"{BOARD}?next=//evil.example/%0d%0a", f"{BOARD}/?next=//evil.example/%0d%0a"),
        ("/healthz/", "/healthz"),
        ("/problems/not_found/", "/problems/not_found"),
        ("/api/v1/openapi.json/", "/api/v1/openapi.json"),
        # A service's address with a slash at its end, before a path that begins with one.
        ("//api/v1/benchmarks/", "/api/v1/benchmarks/"),
        ("//", "/"),
        # Whether it is there is not looked up.
        ("/api/v1/benchmarks/nowhere", "/api/v1/benchmarks/nowhere/"),
    ],
)
def test_readers_are_led_on(world: World, method: str, path: str, expected: str) -> None:
    response = asked(method, path)

    assert (response.status_code, response["Location"]) == (308, expected)
    assert response["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_senders_are_told(world: World, method: str) -> None:
    response = asked(method, "/api/v1/benchmarks/weather/submissions")

    assert problem(response) == (404, "not_found")
    assert "Location" not in response
    hint = "Do you mean /api/v1/benchmarks/weather/submissions/?"
    assert response.json()["detail"].endswith(hint)


@pytest.mark.parametrize(
    "path",
    [
        *("//evil.example", "//evil.example/", "//evil.example//", "///evil.example/%2e%2e"),
        *("/%2F/evil.example", "/%5Cevil.example/", "/\\evil.example", "//evil.example/api/v1"),
        *("//user@evil.example/api/v1/", "/http:/evil.example", "/http://evil.example/api/v1"),
        *("/api", "/nowhere", "/api/v1/benchmarks/a b"),
    ],
)
def test_nobody_is_led_away(path: str) -> None:
    for method in ("GET", "POST"):
        response = asked(method, path)
        assert problem(response) == (404, "not_found")
        assert response.json()["detail"] == "There is nothing here."


def test_whatever_is_meant_begins_with_one_slash() -> None:
    for path in ("", "/", "//", "///", "/api/v1///", "////api//v1////benchmarks"):
        meant = meant_path(path)
        assert meant is None or (meant.startswith("/") and not meant.startswith("//"))


def test_very_long_address_is_not_repeated() -> None:
    path = f"/api/v1/benchmarks/{'a' * MAX_PATH}"

    assert problem(asked("GET", path)) == (404, "not_found")


def test_what_is_there_is_answered_as_ever(world: World) -> None:
    assert asked("GET", f"{BOARD}/").status_code == 200
    assert meant_path("/nowhere/at/all") is None
