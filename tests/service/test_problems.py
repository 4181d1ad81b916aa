"""Errors over real HTTP: whatever reaches the API is answered as problem+json, with nothing of the inside.

Bytes are sent by hand where a client would be too polite. What the HTTP server itself refuses (no HTTP,
a request line or headers beyond its limits) it answers in its own words, without a body.
"""

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from service.processes import Service
from tests.service.staging import Stage, client
from vault.api import problem_codes

pytestmark = pytest.mark.service


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def code(self) -> str:
        """The code of a problem that is whole."""
        shown: dict[str, Any] = json.loads(self.body)
        example = problem_codes.example(shown["code"])
        assert self.headers["Content-Type"] == "application/problem+json"
        assert self.headers["Cache-Control"] == "no-store"
        assert set(shown) <= set(example)
        fixed = ("type", "title", "status")
        assert [shown[name] for name in fixed] == [example[name] for name in fixed]
        assert shown["status"] == self.status
        assert shown["detail"]
        return str(shown["code"])


def ask(
    service: Service, line: str, *headers: str, host: str | None = None, body: bytes = b""
) -> Answer:
    """Send a request as it stands here."""
    address, _, port = service.url.removeprefix("http://").partition(":")
    lines = [f"{line} HTTP/1.1", f"Host: {host or address}", "Connection: close", *headers]
    head = "".join(f"{each}\r\n" for each in [*lines, ""])
    with socket.create_connection((address, int(port)), timeout=30) as connection:
        connection.sendall(head.encode("latin-1") + body)
        response = http.client.HTTPResponse(connection, method=line.partition(" ")[0])
        response.begin()
        return Answer(status=response.status, headers=response.headers, body=response.read())


BENCHMARKS = "/api/v1/benchmarks/"
UNKNOWN = "0195a4f0-5b1c-7d8e-9f00-112233445566"


@pytest.mark.parametrize(
    "target",
    [
        "/nowhere",
        "//nowhere.example/",
        "/api/v1/nowhere/",
        "/static/swagger-ui/nothing.js",
        "/static/swagger-ui/%2e%2e/%2e%2e/__init__.py",
        "/problems/no_such_code",
        f"{BENCHMARKS}nowhere/",
        f"{BENCHMARKS}%zz/",
        f"{BENCHMARKS}%/",
        f"{BENCHMARKS}%ff%fe/",
        f"{BENCHMARKS}%00/",
        f"{BENCHMARKS}%25zz/",
        f"/{'a' * 50_000}",
        f"/api/v1/audits/{'9' * 5000}/",
        "http://elsewhere.example/nowhere",
    ],
)
def test_unknown_and_malformed_addresses_are_not_found(service: Service, target: str) -> None:
    answer = ask(service, f"GET {target}")

    assert (answer.status, answer.code()) == (404, "not_found")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/api/v1/benchmarks?a=b", "/api/v1/benchmarks/?a=b"),
        ("//", "/"),
        ("//api/v1/benchmarks", "/api/v1/benchmarks/"),
        ("///healthz//?next=//evil.example", "/healthz?next=//evil.example"),
    ],
)
def test_wrong_slashes_lead_on_at_this_host(service: Service, target: str, expected: str) -> None:
    answer = ask(service, f"GET {target}")

    assert (answer.status, answer.headers["Location"]) == (308, expected)
    assert ask(service, f"POST {target}", "Content-Length: 0").code() == "not_found"


@pytest.mark.parametrize("query", ["x=%zz&y=%ff", "=&&=", "round=%ff", f"x={'a' * 30_000}"])
def test_malformed_queries_that_nobody_reads_do_no_harm(service: Service, query: str) -> None:
    answer = ask(service, f"GET {BENCHMARKS}?{query}")

    assert answer.status == 200


def test_more_parameters_than_are_read_are_malformed(service: Service) -> None:
    answer = ask(service, f"GET {BENCHMARKS}?{'a=1&' * 5000}")

    assert (answer.status, answer.code()) == (400, "malformed_request")


@pytest.mark.parametrize("host", ["evil.example", "a b", "127.0.0.1:8000:1", "-", "[::1"])
def test_other_hosts_are_malformed(service: Service, host: str) -> None:
    for target in (BENCHMARKS, "/nowhere", "/api/v1/docs/", "/problems/not_found"):
        answer = ask(service, f"GET {target}", host=host)

        assert (answer.status, answer.code()) == (400, "malformed_request")
        assert b"evil" not in answer.body


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "FROBNICATE"])
def test_other_methods_are_refused_with_those_that_are_allowed(
    service: Service, method: str
) -> None:
    answer = ask(service, f"{method} {BENCHMARKS}", "Content-Length: 0")

    assert (answer.status, answer.code()) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    for allowed in answer.headers["Allow"].split(", "):
        assert ask(service, f"{allowed} {BENCHMARKS}").status == 200


@pytest.mark.parametrize("accepted", ["application/xml", ";;;q=x", "text/html;q=0"])
def test_what_is_not_offered_is_not_acceptable(service: Service, accepted: str) -> None:
    answer = ask(service, f"GET {BENCHMARKS}", f"Accept: {accepted}")

    assert (answer.status, answer.code()) == (406, "not_acceptable")


@pytest.mark.parametrize("given", ["Basic abc", "Bearer", "Bearer hv_wrong", "Bearer hv_a b"])
def test_bad_credentials_are_told_how_to_do_better(service: Service, given: str) -> None:
    answer = ask(service, f"GET {BENCHMARKS}", f"Authorization: {given}")

    assert (answer.status, answer.code()) == (401, "invalid_token")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_no_credentials_are_asked_for(service: Service) -> None:
    answer = ask(service, f"GET {BENCHMARKS}nowhere/budget/")

    assert (answer.status, answer.code()) == (401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_error_to_a_head_has_no_body(service: Service) -> None:
    answer = ask(service, "HEAD /nowhere")

    assert (answer.status, answer.body) == (404, b"")


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        (["Content-Type: text/csv", "Transfer-Encoding: chunked"], b"0\r\n\r\n", "length_required"),
        (["Content-Type: text/csv", "Content-Length: 999999999999"], b"", "content_too_large"),
        (["Content-Type: image/png", "Content-Length: 0"], b"", "unsupported_media_type"),
        (
            ["Content-Type: text/csv", "Content-Encoding: br", "Content-Length: 0"],
            b"",
            "unsupported_media_type",
        ),
        (
            ["Content-Type: text/csv", "Content-Encoding: gzip", "Content-Length: 4"],
            b"\x1f\x8b\x08\x00",
            "malformed_request",
        ),
        (
            ["Content-Type: multipart/form-data; boundary=x", "Content-Length: 5"],
            b"--y--",
            "malformed_request",
        ),
        (["Content-Type: text/csv", "Content-Length: 4"], b"\xff\n\xfe\n", "invalid_file"),
    ],
)
def test_bodies_that_cannot_be_read_are_refused(
    service: Service,
    stage: Callable[..., Stage],
    headers: list[str],
    body: bytes,
    code: str,
) -> None:
    staged = _staged(stage)
    (token,) = staged.tokens.values()

    target = f"POST {BENCHMARKS}{staged.slug}/validate/"
    answer = ask(service, target, f"Authorization: Bearer {token}", *headers, body=body)

    assert answer.code() == code
    assert answer.status == problem_codes.CATALOGUE[code].status


_STAGED: dict[str, Stage] = {}


def _staged(stage: Callable[..., Stage]) -> Stage:
    if "problems" not in _STAGED:
        _STAGED["problems"] = stage("problems")
    return _STAGED["problems"]


@contextmanager
def without_panels(service: Service) -> Iterator[None]:
    """As if the disk had lost them: the view that reads one raises."""
    panels = service.home / "files" / "panels"
    away = panels.rename(panels.with_name("panels-away"))
    try:
        yield
    finally:
        away.rename(panels)


def test_what_fails_inside_says_nothing_of_it(
    service: Service, stage: Callable[..., Stage]
) -> None:
    target = f"GET {BENCHMARKS}{_staged(stage).slug}/panel/?format=parquet"
    with without_panels(service):
        answer = ask(service, target)

    assert (answer.status, answer.code()) == (500, "internal_error")
    assert b"panels" not in answer.body
    assert ask(service, target).status == 200


def test_flood_is_throttled_and_says_that_it_is_no_query(service: Service) -> None:
    """Each worker process counts, so this asks until one has had enough; from an address of its own."""
    transport = httpx.HTTPTransport(local_address="127.0.0.2")
    with httpx.Client(base_url=service.url, transport=transport) as http:
        answer = http.get("/problems/throttled")
        for _ in range(12_000):
            if answer.status_code != 200:
                break
            answer = http.get("/problems/throttled")

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (429, "throttled")
    assert "not the query budget" in problem["detail"]
    assert int(answer.headers["Retry-After"]) >= problem["retry_after"] > 0


def test_parses_have_a_throttle_that_is_no_query(
    service: Service, stage: Callable[..., Stage]
) -> None:
    staged = stage("parses")
    (token,) = staged.tokens.values()
    with client(service, token) as http:
        http.headers["Content-Type"] = "text/csv"
        answer = http.post(f"benchmarks/{staged.slug}/validate/", content=b"x")
        for _ in range(3000):
            if answer.status_code != 422:
                break
            answer = http.post(f"benchmarks/{staged.slug}/validate/", content=b"x")
        budget = http.get(f"benchmarks/{staged.slug}/budget/")

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (429, "parse_throttled")
    assert "not the query budget" in problem["detail"]
    assert answer.headers["RateLimit-Policy"] == '"parses";q=400;w=60'
    assert answer.headers["RateLimit"].startswith('"parses";r=0;t=')
    assert budget.json()["total"]["used"] == 0


@pytest.mark.parametrize(
    ("path", "headers", "body", "code"),
    [
        ("tokens/", {"Content-Type": "application/json"}, b"{", "malformed_request"),
        ("tokens/", {"Content-Type": "application/json"}, b"[1]", "malformed_request"),
        ("tokens/", {"Content-Type": "application/json"}, b'{"la', "malformed_request"),
        ("tokens/", {"Content-Type": "application/json"}, b'{"x": 1}', "invalid_parameter"),
        ("tokens/", {"Content-Type": "application/xml"}, b"<a/>", "unsupported_media_type"),
        ("tokens/", {"Idempotency-Key": '""'}, b"", "invalid_idempotency_key"),
        ("tokens/", {"Idempotency-Key": '"a'}, b"", "invalid_idempotency_key"),
        ("tokens/0/rotate/", {}, b"", "not_found"),
        (f"submissions/{UNKNOWN}/final/", {}, b"", "not_found"),
    ],
)
def test_small_bodies_and_keys_that_cannot_be_read_are_refused(
    service: Service,
    stage: Callable[..., Stage],
    path: str,
    headers: dict[str, str],
    body: bytes,
    code: str,
) -> None:
    (token,) = _staged(stage).tokens.values()
    lines = [f"{name}: {value}" for name, value in headers.items()]
    length = f"Content-Length: {len(body)}"

    answer = ask(
        service, f"POST /api/v1/{path}", f"Authorization: Bearer {token}", length, *lines, body=body
    )

    assert answer.code() == code


@pytest.mark.parametrize(
    ("line", "status"), [("HELLO", 400), (f"GET /?x={'a' * 100_000}", 414)], ids=["no HTTP", "long"]
)
def test_what_the_server_refuses_has_a_status_and_nothing_else(
    service: Service, line: str, status: int
) -> None:
    answer = ask(service, line)

    assert (answer.status, answer.body) == (status, b"")
