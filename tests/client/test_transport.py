"""Retries: what is repeated, after how long, and when it ends."""

import ssl
import statistics

import httpx
import pytest
from holdout.answers import retry_after
from holdout.errors import (
    BudgetExhaustedError,
    InvalidFileError,
    NetworkError,
    ProblemError,
    RefusedError,
    ServiceError,
)
from holdout.transport import JITTER

from tests.client.service import Service, answer, problem

LOST = httpx.ConnectError("no route to 10.0.0.7")


@pytest.mark.parametrize(
    "passing",
    [
        problem(503, "parser_busy", retry_after=7),
        problem(503, "unavailable", retry_after=7),
        problem(429, "throttled", retry_after=7),
        problem(429, "parse_throttled", retry_after=7),
        problem(429, "budget_concurrent_exhausted", retry_after=7),
        problem(429, "budget_window_exhausted", retry_after=7),
        problem(409, "idempotency_key_in_use", retry_after=7),
    ],
)
def test_never_sooner_than_the_service_says(passing: httpx.Response) -> None:
    service = Service(answers=[passing, answer({"done": True})])

    assert service.transport().ask("GET", "https://vault.example/x").json() == {"done": True}

    (slept,) = service.slept
    assert 7 <= slept <= 7 * (1 + JITTER)


def test_bots_do_not_come_back_together() -> None:
    """The spread of 200 bots that were told the same; a constant would have none."""
    waits = []
    for seed in range(200):
        service = Service(answers=[problem(503, "unavailable", retry_after=8), answer({})])
        service.transport(seed=seed).ask("GET", "https://vault.example/x")
        waits += service.slept

    assert statistics.pstdev(waits) > 0.4
    assert min(waits) >= 8


def test_lost_network_is_tried_again_ever_more_rarely() -> None:
    service = Service(answers=[*[LOST] * 5, answer({})])

    service.transport().ask("GET", "https://vault.example/x")

    longest = [0.5, 1, 2, 4, 8]
    assert len(service.slept) == 5
    assert all(one / 4 <= slept <= one for slept, one in zip(service.slept, longest, strict=True))


def test_patience_ends() -> None:
    service = Service(answers=[LOST] * 100)

    with pytest.raises(NetworkError) as raised:
        service.transport(patience=60).ask("GET", "https://vault.example/x")

    assert 20 < service.now - 1000 <= 60
    assert "10.0.0.7" not in str(raised.value)


def test_wait_that_is_longer_than_patience_is_not_begun() -> None:
    service = Service(answers=[problem(429, "budget_window_exhausted", retry_after=3600)])

    with pytest.raises(BudgetExhaustedError):
        service.transport(patience=60).ask("GET", "https://vault.example/x")

    assert service.slept == []


def test_used_up_total_stops_at_once() -> None:
    service = Service(answers=[problem(429, "budget_total_exhausted", limit=5, used=5)])

    with pytest.raises(BudgetExhaustedError) as raised:
        service.transport(patience=1e9).ask("GET", "https://vault.example/x")

    assert (service.slept, raised.value.next_slot_at) == ([], None)


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (problem(422, "invalid_file", problems=[]), InvalidFileError),
        (problem(401, "invalid_token"), RefusedError),
        (problem(403, "round_closed"), RefusedError),
        (problem(404, "not_found"), RefusedError),
        (problem(409, "wrong_status"), RefusedError),
        (problem(422, "idempotency_key_reused"), RefusedError),
        (problem(500, "internal_error"), ServiceError),
        (httpx.Response(404, content=b"<html>"), RefusedError),
        (httpx.Response(500, content=b"[]"), ServiceError),
        (httpx.Response(302, headers={"Location": "https://evil.example/"}), ServiceError),
    ],
)
def test_what_does_not_pass_is_not_repeated(
    refusal: httpx.Response, kind: type[ProblemError]
) -> None:
    service = Service(answers=[refusal])

    with pytest.raises(ProblemError) as raised:
        service.transport().ask("GET", "https://vault.example/x")

    assert type(raised.value) is kind
    assert len(service.asked) == 1


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize(
    "content", [b"<html>", b'{"code": 7}', b'{"code": "forbidden"}', b"[1]", b""]
)
def test_proxy_without_a_problem_document_is_tried_again(status: int, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    told = httpx.Response(status, content=content, headers={**headers, "Retry-After": "7"})
    service = Service(answers=[httpx.Response(status, content=content), told, answer({})])

    assert service.transport().ask("GET", "https://vault.example/x").status_code == 200

    first, second = service.slept
    assert 0 < first <= 0.5
    assert 7 <= second <= 7 * (1 + JITTER)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_proxy_is_not_asked_for_ever(status: int) -> None:
    service = Service(answers=[httpx.Response(status, content=b"<html>")] * 100)

    with pytest.raises(ServiceError) as raised:
        service.transport(patience=60).ask("GET", "https://vault.example/x")

    assert raised.value.code == f"http_{status}"
    assert 20 < service.now - 1000 <= 60
    assert len(service.asked) < 20


@pytest.mark.parametrize("text", ["0", "Sun, 06 Nov 1994 08:49:37 GMT"])
def test_proxy_that_says_at_once_is_asked_ever_more_rarely(text: str) -> None:
    hasty = httpx.Response(503, headers={"Retry-After": text})
    service = Service(answers=[hasty] * 100)

    with pytest.raises(ServiceError):
        service.transport(patience=60).ask("GET", "https://vault.example/x")

    assert len(service.asked) < 20


def test_window_without_a_next_slot_is_not_waited_for() -> None:
    """The round closes before one is free: whoever has time to wait for a slot has none to wait for."""
    service = Service(answers=[problem(429, "budget_window_exhausted")])

    with pytest.raises(BudgetExhaustedError) as raised:
        service.transport(patience=1e9).ask("GET", "https://vault.example/x", queueing=1e9)

    assert (service.slept, raised.value.next_slot_at) == ([], None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7.0), ("", None), ("soon", None), ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0)],
)
def test_retry_after_is_a_number_or_a_date(text: str, seconds: float | None) -> None:
    assert retry_after(httpx.Response(503, headers={"Retry-After": text})) == seconds


def test_a_full_budget_is_waited_for_beyond_patience_only_if_that_is_asked_for() -> None:
    full = [problem(429, "budget_window_exhausted", retry_after=100)] * 3
    service = Service(answers=[*full, LOST, answer({"done": True})])

    found = service.transport(patience=60).ask("GET", "https://vault.example/x", queueing=500)

    assert found.json() == {"done": True}


def test_a_service_that_is_away_is_not_waited_for_as_long_as_a_full_budget() -> None:
    service = Service(answers=[LOST] * 100)

    with pytest.raises(NetworkError):
        service.transport(patience=5).ask("GET", "https://vault.example/x", queueing=500)

    assert service.now - 1000 <= 5


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (httpx.ProxyError("407 Proxy Authentication Required"), "the proxy answers 407"),
        (httpx.ProxyError("403 Forbidden"), "the proxy answers 403"),
    ],
)
def test_a_proxy_that_refuses_is_not_asked_again(failure: httpx.ProxyError, words: str) -> None:
    service = Service(answers=[failure])

    with pytest.raises(NetworkError, match=words):
        service.transport().ask("GET", "https://vault.example/x")

    assert service.slept == []


def test_a_proxy_that_fails_is_asked_again() -> None:
    service = Service(answers=[httpx.ProxyError("502 Bad Gateway"), answer({"done": True})])

    assert service.transport().ask("GET", "https://vault.example/x").json() == {"done": True}


def test_a_certificate_that_is_not_trusted_is_told_at_once() -> None:
    failure = httpx.ConnectError("no")
    failure.__cause__ = ssl.SSLCertVerificationError(1, "self-signed")
    failure.__cause__.verify_message = "self-signed certificate"
    service = Service(answers=[failure])

    with pytest.raises(NetworkError, match="not trusted: self-signed certificate"):
        service.transport().ask("GET", "https://vault.example/x")


def test_a_connection_is_waited_for_no_longer_than_patience() -> None:
    service = Service(answers=[answer({})])

    service.transport(patience=3).ask("GET", "https://vault.example/x")

    assert service.asked[0].extensions["timeout"]["connect"] == pytest.approx(3)
