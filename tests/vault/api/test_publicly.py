"""A page of another site may show the board; it gets nothing that a token is needed for."""

import hashlib
from typing import Any

import pytest

from audits.models import Publication
from audits.published_shape import DOCUMENT
from config.description import OPERATIONS
from tests.vault.api.stage import Caller, a_world, file_number, handed_in
from tests.vault.disclosed_holdouts import written
from tests.vault.factories import NOW, World
from vault.api.openapi.operation import Access
from vault.files import content_files
from vault.models import (
    AwaitedLabels,
    Benchmark,
    DisclosedDraw,
    DisclosedFile,
    Draw,
    Round,
    SignedHead,
    SigningKey,
)

EARLIER = 0
ORIGIN = {"Origin": "https://page.example"}
ALLOW = "Access-Control-Allow-Origin"
PATHS = sorted(path for (path, _), each in OPERATIONS.items() if each.access is Access.PUBLIC)


@pytest.fixture
def world() -> World:
    world = a_world()
    Publication.objects.create(
        round=world.round,
        benchmark=world.benchmark,
        document=DOCUMENT.example,
        published_at=NOW,
    )
    written(world.query)
    content = b'{"format": "holdout-vault-draw/1"}\n'
    sha256 = hashlib.sha256(content).hexdigest()
    DisclosedDraw.objects.create(
        draw=Draw.objects.get(),
        sha256=sha256,
        size=len(content),
        file_key=content_files.store(
            directory="disclosed", content=content, sha256=sha256, suffix=".json"
        ),
        at=NOW,
    )
    AwaitedLabels.objects.create(holdout=world.query, first_position=0, mature_share=1.0)
    # Beside the open round, an earlier one whose results are out.
    earlier = Round.objects.get(pk=world.round.pk)
    earlier.pk, earlier.number, earlier.status = None, EARLIER, "PUBLISHED"
    earlier.save()
    key = SigningKey.objects.create(kid="0" * 64, generation=1, public_key="PEM", created_at=NOW)
    for benchmark, slug in ((world.benchmark, world.benchmark.slug), (None, "@installation")):
        SignedHead.objects.create(
            benchmark=benchmark,
            slug=slug,
            number=1,
            hash="0" * 64,
            signed_at=NOW,
            key=key,
            signature="A" * 86 + "==",
        )
    return world


def asked(path: str, method: str = "GET", caller: Caller | None = None) -> Any:
    audit = Publication.objects.get().pk
    holdout = DisclosedFile.objects.get().pk
    names = {
        "{slug}": "weather",
        "{audit_id}": audit,
        "{holdout_id}": holdout,
        "{batch}": Draw.objects.get().batch,
        "{number}": EARLIER,
        "{round}": 1,
    }
    concrete = path
    for name, value in names.items():
        concrete = concrete.replace(name, str(value))
    return (caller or Caller()).ask(method, concrete, headers=ORIGIN)


@pytest.mark.parametrize("path", PATHS)
def test_pages_may_read_what_is_public(world: World, path: str) -> None:
    for method in ("GET", "HEAD"):
        response = asked(path, method)
        assert (response.status_code, response[ALLOW]) == (200, "*")
        assert "Access-Control-Allow-Credentials" not in response


def test_board_and_audits_are_among_them() -> None:
    assert {
        "/api/v1/benchmarks/{slug}/leaderboard/",
        "/api/v1/benchmarks/{slug}/audits/",
        "/api/v1/audits/{audit_id}/",
    } <= set(PATHS)


def test_pages_may_read_why_nothing_is_there(world: World) -> None:
    Benchmark.objects.update(visibility="PRIVATE")

    response = asked("/api/v1/benchmarks/{slug}/leaderboard/")

    assert (response.status_code, response[ALLOW]) == (404, "*")


def test_a_page_is_not_given_leave_to_send_a_token(world: World) -> None:
    response = asked("/api/v1/benchmarks/{slug}/leaderboard/", "OPTIONS")

    assert ALLOW not in response
    assert "Access-Control-Allow-Headers" not in response


def test_nothing_of_a_team_is_for_pages(world: World) -> None:
    team = world.team("ours")
    bot, submission = Caller(team), handed_in(world, team)

    for path in ("benchmarks/{slug}/submissions/", "benchmarks/{slug}/budget/", "tokens/"):
        assert ALLOW not in asked(f"/api/v1/{path}", caller=bot)
    assert ALLOW not in asked(f"/api/v1/submissions/{submission.pk}/", caller=bot)
    assert ALLOW not in bot.post("benchmarks/weather/submissions/", file_number(2), headers=ORIGIN)
