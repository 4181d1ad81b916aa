"""A made-up service: answers in the order given, a clock that only sleeping moves, and what was asked."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from holdout import Client
from holdout.transport import Transport

TOKEN = "hv_a-secret-that-nobody-may-see"
URL = "https://vault.example"

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


@dataclass(kw_only=True)
class Service:
    answers: list[Answer] = field(default_factory=list)
    asked: list[httpx.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    now: float = 1000.0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        self.bodies.append(request.read())
        assert self.answers, f"nobody expected {request.method} {request.url}"
        given = self.answers.pop(0)
        if isinstance(given, Exception):
            raise given
        return given(request) if callable(given) else given

    def transport(self, *, patience: float = 120.0, seed: int = 1) -> Transport:
        return Transport(
            http=httpx.Client(transport=httpx.MockTransport(self.answer)),
            patience=patience,
            sleep=self.sleep,
            clock=lambda: self.now,
            chance=random.Random(seed),
        )

    def client(self, *, patience: float = 120.0, seed: int = 1) -> Client:
        transport = self.transport(patience=patience, seed=seed)
        return Client(url=URL, token=TOKEN, transport=transport)


def answer(content: Any, status: int = 200, **headers: str) -> httpx.Response:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, content=json.dumps(content).encode(), headers=fields)


def problem(
    status: int, code: str, *, retry_after: int | None = None, **data: Any
) -> httpx.Response:
    headers = {"Content_Type": "application/problem+json"}
    if retry_after is not None:
        headers["Retry_After"] = str(retry_after)
    members = {"status": status, "code": code, "detail": f"said {code}", **data}
    return answer(members, status, **headers)


def page(*results: Any, following: str | None = None) -> httpx.Response:
    return answer({"next": following, "previous": None, "results": list(results)})


def a_submission(status: str = "QUEUED", **members: Any) -> dict[str, Any]:
    return {
        "id": "0195a4f0-5b1c-7d8e-9f00-112233445566",
        "benchmark": "rain",
        "round": 2,
        "sequence": 5,
        "status": status,
        "sha256": "0" * 64,
        "submitted_at": "2026-03-01T12:00:00Z",
        "finished_at": None,
        "released": 0.75 if status == "SCORED" else None,
        "outcome": "scored" if status == "SCORED" else None,
        "error_code": None,
        "is_final": False,
        "something_new": {"that": "this version does not know"},
        **members,
    }


def a_round(number: int = 2, status: str = "OPEN") -> dict[str, Any]:
    return {
        "number": number,
        "status": status,
        "opens_at": "2026-03-01T00:00:00Z",
        "closes_at": "2026-04-01T00:00:00Z",
        "mechanism": "exact",
        "resolution": 0.01,
    }


def file_answer(content: bytes, media_type: str = "text/csv") -> httpx.Response:
    return httpx.Response(200, content=content, headers={"Content-Type": media_type})


def a_verdict() -> dict[str, Any]:
    return {"is_valid": True, "panel_version": 2, "n_items": 1, "sha256": "0"}


LEFT = "88 of 100 queries are left in this round; 3 of 5 in 24 hours can be used now."


def a_budget() -> dict[str, Any]:
    return {
        "round": 1,
        "summary": LEFT,
        "window": {"seconds": 86400, "limit": 5, "used": 2},
        "total": {"limit": 100, "used": 12},
        "concurrent": {"limit": 2, "used": 0},
        "next_slot_at": None,
        "accepted_improvements": {"limit": 5, "used": 1},
        "nats": {"reserved": 41.2, "used": 5.3, "told": 4.2},
        "proven_error": None,
        "is_blind": False,
    }


def a_board(team: str = "team-[a]") -> dict[str, Any]:
    row = {"rank": 1, "team": team, "released": 0.5, "attempts": 3, "fresh": None, "verdict": None}
    return {
        "round": 1,
        "status": "OPEN",
        "is_published": False,
        "resolution": 0.01,
        "rows": [row],
    }


def an_audit() -> dict[str, Any]:
    row = {
        "team": "a",
        "fresh": 0.7,
        "fresh_interval": [0.67, 0.73],
        "no_figure": None,
        "rank_after": 1,
        "tier": 1,
        "query": 0.78,
        "overstatement": 0.06,
        "overstatement_interval": [0.05, 0.07],
        "luck": 0.02,
        "p_adjusted": ".002",
        "minimum_detectable_effect": 0.04,
        "attempts": 300,
        "verdict": "CONFIRMED",
        "sentence": "CONFIRMED: the final.",
    }
    document = {
        "benchmark": "rain",
        "round": 1,
        "metric": "accuracy",
        "fresh_resolution": 0.0061,
        "shift_gate": "not_tested",
        "headline": "1 CONFIRMED, 0 INVALID, 0 without evidence of 1",
        "how_to_read": "Positive means that it looks better on the board.",
        "teams": [row],
    }
    return {"id": 3, "round": 1, "published_at": "2026-03-02T00:00:00Z", "document": document}


def a_token(token_id: int = 7, **members: Any) -> dict[str, Any]:
    return {
        "id": token_id,
        "label": "nightly",
        "prefix": "hv_abc",
        "scopes": ["read"],
        "created_at": "2026-03-01T00:00:00Z",
        "expires_at": None,
        "last_used_at": None,
        "made_by": None,
        "is_current": True,
        **members,
    }
