"""The typed client: one submission however often it is asked for, and waits that end."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from holdout import Client, NetworkError, Provenance, SettingsError, WaitTimeoutError
from holdout.prediction_files import idempotency_key, opened

from tests.client.service import (
    TOKEN,
    URL,
    Service,
    a_board,
    a_budget,
    a_round,
    a_submission,
    a_token,
    an_audit,
    answer,
    page,
    problem,
)

ROWS = b"id,label\nitem-1,0\nitem-2,1\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "predictions.csv"
    path.write_bytes(ROWS)
    return path


def keys(service: Service) -> list[str]:
    return [each.headers["Idempotency-Key"] for each in service.asked if each.method == "POST"]


def test_submission_is_whole_and_has_a_key(file: Path) -> None:
    service = Service(
        answers=[page(a_round(1, "PUBLISHED"), a_round()), answer(a_submission(), 202)]
    )

    made = service.client().submit(
        file, benchmark="rain", provenance=Provenance(commit="abc", validation_score=0.5)
    )

    request = service.asked[1]
    assert (made.status, made.is_pending, made.benchmark) == ("QUEUED", True, "rain")
    assert service.bodies[1] == ROWS
    assert request.headers["Content-Length"] == str(len(ROWS))
    assert "Transfer-Encoding" not in request.headers
    assert request.headers["Content-Type"] == "text/csv"
    assert dict(request.url.params) == {"commit": "abc", "validation_score": "0.5"}
    expected = idempotency_key(
        file=opened(file),
        benchmark="rain",
        round=2,
        provenance=Provenance(validation_score=0.5, commit="abc"),
    )
    assert keys(service) == [f'"{expected}"']


def test_lost_answer_is_asked_for_under_the_same_key(file: Path) -> None:
    """The whole body goes out again."""
    service = Service(
        answers=[
            page(a_round()),
            httpx.ReadError("lost"),
            problem(409, "idempotency_key_in_use", retry_after=1),
            answer(a_submission(), 202, Idempotency_Replayed="true"),
            answer(a_submission("SCORED")),
        ]
    )

    made = service.client().submit(file, benchmark="rain")

    assert made.status == "SCORED"
    assert service.bodies[1:4] == [ROWS] * 3
    assert len(set(keys(service))) == 1


@pytest.mark.parametrize("void", ["CANCELLED", "FAILED"])
def test_after_a_cancelled_one_the_key_is_fresh(file: Path, void: str) -> None:
    service = Service(
        answers=[
            page(a_round()),
            answer(a_submission(), 202, Idempotency_Replayed="true"),
            answer(a_submission(void)),
            answer(a_submission(), 202),
        ]
    )

    assert service.client().submit(file, benchmark="rain").status == "QUEUED"

    first, second = keys(service)
    assert first != second


def test_key_is_that_of_the_work(file: Path) -> None:
    """The service refuses a key that comes back with other work; another run's address is none."""
    work = {
        "file": opened(file),
        "benchmark": "b",
        "round": 1,
        "provenance": Provenance(commit="a", ci_run_url="https://ci.example/1"),
    }
    again = {"provenance": Provenance(commit="a", ci_run_url="https://ci.example/2")}
    parquet = replace(opened(file), content_type="application/vnd.apache.parquet")
    others: list[dict[str, Any]] = [
        {"file": parquet},
        {"file": replace(opened(file), sha256="x")},
        {"benchmark": "x"},
        {"round": 2},
        {"provenance": Provenance(commit="x")},
        {"provenance": Provenance(commit="a", validation_score=0.5)},
        {"attempt": 2},
    ]

    made = {idempotency_key(**{**work, **each}) for each in [{}, {}, again, *others]}

    assert len(made) == 1 + len(others)


def test_parquet_is_known_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "p.PARQUET").write_bytes(b"PAR1")

    assert opened(tmp_path / "p.PARQUET").content_type == "application/vnd.apache.parquet"


def test_large_file_goes_out_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    seen: list[int] = []
    path.write_bytes(b"x" * 600_000)
    service = Service(answers=[page(a_round()), answer(a_submission(), 202)])

    service.client().submit(path, benchmark="rain", progress=seen.append)

    assert len(seen) == 3
    assert sum(seen) == len(service.bodies[1]) == 600_000


def test_wait_asks_to_be_held_back_and_comes_again_as_told() -> None:
    service = Service(
        answers=[
            answer(a_submission(), ETag='"1"', Retry_After="3"),
            httpx.Response(304, headers={"ETag": '"1"', "Retry-After": "9"}),
            answer(a_submission("SCORED"), ETag='"2"'),
        ]
    )
    watched: list[str] = []

    made = service.client().wait("x", watch=lambda given: watched.append(given.status))

    assert (made.status, made.released) == ("SCORED", 0.75)
    assert watched == ["QUEUED", "QUEUED", "SCORED"]
    assert [each.headers["Prefer"] for each in service.asked] == ["wait=20"] * 3
    assert [each.headers.get("If-None-Match") for each in service.asked] == [None, '"1"', '"1"']
    assert 3 <= service.slept[0] <= 3.75
    assert 9 <= service.slept[1] <= 11.25


def test_wait_outlives_a_service_that_is_away() -> None:
    service = Service(
        answers=[
            httpx.ConnectError("away"),
            problem(503, "unavailable", retry_after=5),
            answer(a_submission("SCORED")),
        ]
    )

    assert service.client(patience=20).wait("x", timeout=100).status == "SCORED"


def test_wait_has_no_more_patience_than_was_said() -> None:
    service = Service(answers=[httpx.ConnectError("away")] * 100)

    with pytest.raises(NetworkError):
        service.client(patience=5).wait("x", timeout=600)

    assert service.now - 1000 <= 5


def test_wait_ends() -> None:
    pending = answer(a_submission(), Retry_After="4")
    service = Service(answers=[pending] * 50)

    with pytest.raises(WaitTimeoutError):
        service.client().wait("x", timeout=30)

    assert service.now - 1000 == pytest.approx(30)
    assert service.asked[-1].headers["Prefer"] != "wait=20"


def test_wait_gives_no_request_much_longer_than_its_timeout() -> None:
    """A service that takes the request and says nothing must not hold the pipeline."""
    service = Service(answers=[answer(a_submission("SCORED"))])

    service.client().wait("x", timeout=2)

    assert service.asked[0].extensions["timeout"]["read"] <= 2 + 5


def test_pages_are_walked_on_this_service_alone() -> None:
    following = "http://evil.example/api/v1/benchmarks/rain/submissions/?cursor=abc&page_size=500"
    service = Service(
        answers=[
            page(a_submission(sequence=5), following=following),
            page(a_submission(sequence=4)),
        ]
    )

    found = list(service.client().submissions("rain", status="SCORED"))

    assert [each.sequence for each in found] == [5, 4]
    assert {each.url.host for each in service.asked} == {"vault.example"}
    assert service.asked[1].url.params["cursor"] == "abc"


@pytest.mark.parametrize("act", ["cancel", "declare_final", "withdraw"])
def test_acts_have_a_key_each_that_survives_a_retry(act: str) -> None:
    lost = httpx.ReadError("lost")
    service = Service(answers=[lost, answer(a_submission()), answer(a_submission())])
    client = service.client()

    getattr(client, act)("x")
    getattr(client, act)("x")

    sent = [each.headers["Idempotency-Key"] for each in service.asked]
    assert sent[0] == sent[1] != sent[2]


def test_token_is_sent_and_never_shown() -> None:
    service = Service(answers=[page(), problem(401, "invalid_token")])
    client = service.client()

    client.tokens()
    with pytest.raises(Exception, match="said invalid_token") as raised:
        client.tokens()

    assert service.asked[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in repr(client) + repr(raised.value) + str(raised.value)


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        ("https://vault.example/", True),
        ("http://127.0.0.1:8000", True),
        ("http://localhost:8000", True),
        ("http://[::1]:8000", True),
        ("http://vault.example", False),
        ("http://127.0.0.1.evil.example", False),
        ("ftp://vault.example", False),
        ("http://[::1", False),
        ("https://vault.example:port", False),
        ("vault.example", False),
        ("", False),
    ],
)
def test_token_travels_by_tls_or_on_this_machine(url: str, is_taken: bool) -> None:
    if is_taken:
        Client(url=url, token=TOKEN).close()
        return
    with pytest.raises(SettingsError) as raised:
        Client(url=url, token=TOKEN)
    assert TOKEN not in str(raised.value)


@pytest.mark.parametrize(
    "token", ["hv_secret\n", "hv_secret x", "hv_secret\u00e9", "hv_secret\x00"]
)
def test_token_that_no_header_can_hold(token: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Client(url=URL, token=token)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("url", [URL, f"{URL}/", f"{URL}/api/v1", f"{URL}/api/v1/"])
def test_address_of_the_service_or_of_its_api(url: str) -> None:
    service = Service(answers=[page()])

    Client(url=url, token=TOKEN, transport=service.transport()).tokens()

    assert service.asked[0].url.path == "/api/v1/tokens/"


def test_plain_http_can_be_allowed() -> None:
    Client(url="http://vault.internal", token=TOKEN, insecure_http=True).close()


def test_other_reads_are_documents() -> None:
    service = Service(
        answers=[answer(a_board()), answer(a_budget()), page(an_audit()), answer(an_audit())]
    )
    client = service.client()

    assert client.leaderboard("rain", round=4)["rows"][0]["attempts"] == 3
    assert client.budget("rain")["total"] == {"limit": 100, "used": 12}
    assert client.audits("rain")[0]["id"] == 3
    assert client.audit(3)["document"]["benchmark"] == "rain"
    assert [each.url.path for each in service.asked] == [
        "/api/v1/benchmarks/rain/leaderboard/",
        "/api/v1/benchmarks/rain/budget/",
        "/api/v1/benchmarks/rain/audits/",
        "/api/v1/audits/3/",
    ]
    assert service.asked[0].url.params["round"] == "4"


def test_rotation_sends_json() -> None:
    service = Service(answers=[answer(a_token(8, token="hv_new"), 201)])

    assert service.client().rotate_token(7, grace_seconds=60)["token"] == "hv_new"

    assert json.loads(service.bodies[0]) == {"grace_seconds": 60}
    assert str(service.asked[0].url) == f"{URL}/api/v1/tokens/7/rotate/"


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("a?b", "a%3Fb"),
        ("a#b", "a%23b"),
        ("a b", "a%20b"),
        ("%2e%2e", "%252e%252e"),
        ("a%2Fb", "a%252Fb"),
        ("Grüße", "Gr%C3%BC%C3%9Fe"),
        ("\udcff", "%3F"),
        ("a;b=c&d@e:f", "a%3Bb%3Dc%26d%40e%3Af"),
    ],
)
def test_name_of_any_kind_stays_one_part_of_the_path(name: str, sent: str) -> None:
    service = Service(answers=[answer(a_budget()), answer(a_submission())])
    client = service.client()

    client.budget(name)
    client.submission(name)

    assert [each.url.raw_path.decode() for each in service.asked] == [
        f"/api/v1/benchmarks/{sent}/budget/",
        f"/api/v1/submissions/{sent}/",
    ]


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "rain/submissions", "/", "a\\b"])
def test_name_that_leads_elsewhere_is_not_asked_for(name: str, file: Path) -> None:
    client = Service().client()
    calls: list[Callable[[], object]] = [
        lambda: client.budget(name),
        lambda: client.validate(file, benchmark=name),
        lambda: client.submit(file, benchmark=name),
        lambda: client.wait(name),
        lambda: client.cancel(name),
        lambda: client.withdraw(name),
        lambda: client.template(name),
    ]

    for call in calls:
        with pytest.raises(SettingsError, match="no name"):
            call()
