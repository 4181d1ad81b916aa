"""The commands that change nothing: what they show to people and to machines."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.client.command import run
from tests.client.service import Service, a_submission, answer, page

SCORED = a_submission("SCORED")


@pytest.mark.parametrize(
    ("arguments", "answers", "shown"),
    [
        (("status", "x"), [answer(SCORED)], "0.75"),
        (("list", "-b", "rain"), [page(SCORED)], "SCORED"),
        (("cancel", "x"), [answer(a_submission("CANCELLED"))], "CANCELLED"),
        (("withdraw", "x"), [answer(a_submission("WITHDRAWN"))], "WITHDRAWN"),
        (("final", "x"), [answer(a_submission("SCORED", is_final=True))], "final"),
        (("template", "-b", "rain"), [httpx.Response(200, content=b"id\nitem-1\n")], "item-1"),
        (("tokens",), [page({"id": 7, "label": "nightly", "scopes": ["read"]})], "nightly"),
        (("audit", "-b", "rain"), [page({"id": 3, "round": 1, "published_at": "2026"})], "2026"),
        (
            ("leaderboard", "-b", "rain", "--csv"),
            [httpx.Response(200, content=b"rank,team\n1,a\n")],
            "1,a",
        ),
        (
            ("leaderboard", "-b", "rain"),
            [
                answer(
                    {
                        "round": 1,
                        "status": "OPEN",
                        "is_published": False,
                        "resolution": 0.01,
                        "rows": [{"rank": 1, "team": "team-[a]", "released": 0.5, "attempts": 3}],
                    }
                )
            ],
            "team-[a]",
        ),
    ],
)
def test_reading(arguments: tuple[str, ...], answers: list[Any], shown: str) -> None:
    given = run(Service(answers=answers), *arguments)

    assert given.exit_code == 0
    assert shown in given.stdout


def test_budget_is_told_in_words() -> None:
    left = {
        "round": 1,
        "window": {"seconds": 86400, "limit": 5, "used": 2},
        "total": {"limit": 100, "used": 12},
        "concurrent": {"limit": 2, "used": 0},
        "next_slot_at": None,
        "accepted_improvements": {"limit": 5, "used": 1},
        "nats": {"reserved": 41.2, "used": 5.3},
        "proven_error": None,
        "is_blind": False,
    }

    given = run(Service(answers=[answer(left)]), "budget", "-b", "rain")
    as_json = run(Service(answers=[answer(left)]), "budget", "-b", "rain", as_json=True)

    for text in ("2 of 5", "12 of 100", "never in this round", "1 of 5", "no guarantee"):
        assert text in given.stdout
    assert json.loads(as_json.stdout) == left


def test_audit_shows_verdicts() -> None:
    row = {"team": "a", "fresh": 0.7, "verdict": "CONFIRMED", "minimum_detectable_effect": 0.04}
    document = {"benchmark": "rain", "round": 1, "board_verdict": "CONFIRMED", "teams": [row]}

    given = run(Service(answers=[answer({"id": 3, "document": document})]), "audit", "3")

    assert "CONFIRMED" in given.stdout


def test_validate_says_that_it_is_valid(file: str) -> None:
    verdict = {"is_valid": True, "panel_version": 2, "n_items": 1, "sha256": "0"}

    given = run(Service(answers=[answer(verdict)]), "validate", file, "-b", "rain")

    assert "1 items of panel version 2" in given.stderr


def test_template_goes_into_a_file(tmp_path: Path) -> None:
    target = tmp_path / "template.csv"
    service = Service(answers=[httpx.Response(200, content=b"id\nitem-1\n")])

    run(service, "template", "-b", "rain", "-o", str(target))

    assert target.read_bytes() == b"id\nitem-1\n"
