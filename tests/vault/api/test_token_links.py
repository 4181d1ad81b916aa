"""The link's page uses nothing by itself; the request behind its button shows the token once."""

import datetime as dt
import json
import uuid
from typing import Any

import pytest
from django.utils import timezone

from config import page_files
from tests.vault.api.stage import Caller, problem
from vault.models import Team, TokenLink
from vault.teams import token_links

STRANGER = Caller()
REDEEM = "token-links/redeem/"


@pytest.fixture
def secret(team: Team) -> str:
    now = timezone.now()
    return token_links.make(
        team=team,
        batch=uuid.UUID(int=1),
        row=2,
        expires_at=now + dt.timedelta(days=7),
        token_expires_at=None,
        actor="organiser",
        now=now,
    )


def redeem(body: Any) -> Any:
    return STRANGER.post(REDEEM, json.dumps(body).encode(), content_type="application/json")


def test_the_page_uses_nothing(secret: str) -> None:
    answer = STRANGER.ask("GET", f"/{token_links.PAGE}")

    page = answer.content.decode()
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "<script>" not in page
    assert " style=" not in page
    assert TokenLink.objects.get().used_at is None


def test_its_files_are_served() -> None:
    directory = page_files.DIRECTORIES["static/token-link/"]

    assert {path.name for path in directory.iterdir()} == {"page.css", "page.js"}
    script = (directory / "page.js").read_text()
    assert f'"/api/v1/{REDEEM}"' in script
    assert "innerHTML" not in script


def test_a_link_shows_its_token_once(secret: str, team: Team) -> None:
    first, second = redeem({"secret": secret}), redeem({"secret": secret})

    assert first.status_code == 201
    assert first["Cache-Control"] == "no-store"
    assert first.json()["team"] == team.name
    assert first.json()["scopes"] == ["read", "submit"]
    assert problem(second) == (410, "token_link_refused")
    assert "This link was used on" in second.json()["detail"]
    caller = Caller()
    caller.headers["Authorization"] = f"Bearer {first.json()['token']}"
    assert [each["is_current"] for each in caller.get("tokens/").json()["results"]] == [True]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"secret": "hvl_" + "x" * 43}, 404, "not_found"),
        ({"secret": ""}, 422, "invalid_parameter"),
        ({}, 422, "invalid_parameter"),
        ({"secret": 7}, 422, "invalid_parameter"),
        ({"secret": "x" * 201}, 422, "invalid_parameter"),
        ({"secret": "a", "team": "b"}, 422, "invalid_parameter"),
        ([], 400, "malformed_request"),
    ],
)
def test_what_is_no_link_is_refused(body: Any, status: int, code: str) -> None:
    assert problem(redeem(body)) == (status, code)
