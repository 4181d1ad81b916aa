"""Webhooks against the live service: a receiver on loopback is told, verifies, fails, and is told again."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import numpy as np
import pytest

from service.processes import Service
from tests.service.staging import Stage, client, csv_file, query
from tests.service.test_kill import kill_group
from tests.webhooks.test_signing import documented_check

pytestmark = pytest.mark.service

PATIENCE = 60
is_genuine = documented_check()


@dataclass(frozen=True)
class Message:
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def content(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


@dataclass
class Receiver:
    """Keeps what it is told; `answers` gives the next statuses, then 204; None hangs for a while."""

    url: str
    messages: list[Message] = field(default_factory=list)
    answers: list[int | None] = field(default_factory=list)

    def wait_for(self, fits: Callable[[Message], bool], n: int = 1) -> list[Message]:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = [each for each in list(self.messages) if fits(each)]
            if len(found) >= n:
                return found
            time.sleep(0.05)
        raise AssertionError(f"not told {n} times: {[each.body for each in self.messages]}")


def of_type(event: str) -> Callable[[Message], bool]:
    return lambda message: bool(message.content["type"] == event)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.messages.append(Message(headers=headers, body=body, at=time.monotonic()))
            status = made.answers.pop(0) if made.answers else 204
            if status is None:
                left.wait(30)
                return
            self.send_response(status)
            self.send_header("Content-Length", "0")
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    left = threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Receiver(url=f"http://127.0.0.1:{server.server_port}/hook")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield made
        left.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def team(service: Service, stage: Callable[..., Stage]) -> Iterator[tuple[httpx.Client, str]]:
    slug = f"hooks-{time.time_ns()}"
    (token,) = stage(slug, teams=1, total=100, concurrent=100).tokens.values()
    with client(service, token) as http:
        yield http, slug


def register(http: httpx.Client, receiver: Receiver, *events: str) -> dict[str, Any]:
    response = http.post("webhooks/", json={"url": receiver.url, "events": list(events)})
    assert response.status_code == 201, response.text
    return dict(response.json())


def submit(http: httpx.Client, slug: str, seed: int) -> str:
    response = http.post(
        f"benchmarks/{slug}/submissions/",
        content=csv_file(np.random.default_rng(seed)),
        headers={"Content-Type": "text/csv"},
    )
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


def deliveries(http: httpx.Client, webhook: dict[str, Any]) -> list[dict[str, Any]]:
    return list(http.get(f"webhooks/{webhook['id']}/deliveries/").json()["results"])


def test_receiver_is_told_what_the_api_shows(
    team: tuple[httpx.Client, str], receiver: Receiver
) -> None:
    http, slug = team
    webhook = register(http, receiver, "submission.finished")
    submission = submit(http, slug, 1)

    (message,) = receiver.wait_for(of_type("submission.finished"))

    assert is_genuine(message.headers, message.body, webhook["secret"])
    assert not is_genuine(message.headers, message.body + b" ", webhook["secret"])
    assert message.headers["content-type"] == "application/json"
    assert "authorization" not in message.headers
    shown = http.get(f"submissions/{submission}/").json()
    assert message.content["data"] == shown
    assert message.content["timestamp"] == shown["finished_at"]
    deadline = time.monotonic() + PATIENCE
    while (listed := deliveries(http, webhook))[0]["status"] != "DELIVERED":
        assert time.monotonic() < deadline, listed
        time.sleep(0.1)
    assert [each["last_result"] for each in listed] == ["status 204"]
    assert listed[0]["id"] == message.headers["webhook-id"]


@pytest.mark.parametrize("first", [503, 302])
def test_failed_message_comes_again(
    team: tuple[httpx.Client, str], receiver: Receiver, first: int
) -> None:
    """A redirect is a failure as well, and nobody goes where it leads."""
    http, _ = team
    webhook = register(http, receiver, "submission.finished")
    receiver.answers = [first]

    response = http.post(f"webhooks/{webhook['id']}/test/")
    assert response.status_code == 202
    once, again = receiver.wait_for(of_type("webhook.test"), 2)

    assert once.headers["webhook-id"] == again.headers["webhook-id"] == response.json()["id"]
    assert again.at - once.at > 4.5
    for each in (once, again):
        assert is_genuine(each.headers, each.body, webhook["secret"])
    assert len(receiver.messages) == 2


def test_message_outlives_the_worker_that_was_sending_it(
    service: Service, team: tuple[httpx.Client, str], receiver: Receiver
) -> None:
    http, _ = team
    webhook = register(http, receiver, "submission.finished")
    receiver.answers = [None]
    http.post(f"webhooks/{webhook['id']}/test/")
    receiver.wait_for(of_type("webhook.test"))

    kill_group(service, "worker-webhooks")

    _, again = receiver.wait_for(of_type("webhook.test"), 2)
    assert is_genuine(again.headers, again.body, webhook["secret"])
    assert deliveries(http, webhook)[0]["n_attempts"] == 2


def test_secret_is_rotated_without_a_gap(
    team: tuple[httpx.Client, str], receiver: Receiver
) -> None:
    http, slug = team
    webhook = register(http, receiver, "submission.finished")
    path = f"webhooks/{webhook['id']}/rotate/"

    second = http.post(path, json={"grace_seconds": 3600}).json()["secret"]
    submit(http, slug, 1)
    (message,) = receiver.wait_for(of_type("submission.finished"))
    third = http.post(path, json={"grace_seconds": 0}).json()["secret"]
    submit(http, slug, 2)
    _, last = receiver.wait_for(of_type("submission.finished"), 2)

    secrets = (webhook["secret"], second, third)
    assert [is_genuine(message.headers, message.body, each) for each in secrets] == [
        True,
        True,
        False,
    ]
    assert [is_genuine(last.headers, last.body, each) for each in secrets] == [False, False, True]


def test_receiver_that_is_gone_is_told_no_more(
    team: tuple[httpx.Client, str], receiver: Receiver
) -> None:
    http, _ = team
    webhook = register(http, receiver, "submission.finished")
    receiver.answers = [410]
    http.post(f"webhooks/{webhook['id']}/test/")
    receiver.wait_for(of_type("webhook.test"))

    deadline = time.monotonic() + PATIENCE
    while http.get(f"webhooks/{webhook['id']}/").json()["is_active"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert deliveries(http, webhook)[0]["status"] == "FAILED"


def test_round_is_told_of_when_it_opens_closes_and_is_published(
    service: Service,
    team: tuple[httpx.Client, str],
    receiver: Receiver,
    stage: Callable[..., Stage],
) -> None:
    """Of a benchmark that everybody may see; the sweeper closes the round when its time has come."""
    http, _ = team
    webhook = register(http, receiver, "round.opened", "round.closed", "round.published")
    slug = f"told-{time.time_ns()}"

    def about_it(message: Message) -> bool:
        return bool(message.content["data"]["benchmark"] == slug)

    stage(slug, teams=1)
    receiver.wait_for(about_it)
    query(
        service,
        "UPDATE vault_round SET closes_at = now() FROM vault_benchmark benchmark "
        "WHERE benchmark.id = benchmark_id AND slug = %s RETURNING 1",
        slug,
    )
    opened, closed = receiver.wait_for(about_it, 2)

    assert opened.content["type"] == "round.opened"
    assert opened.content["data"]["status"] == "OPEN"
    assert closed.content["type"] == "round.closed"
    assert closed.content["data"]["status"] in ("CLOSED", "AUDITED")
    (round,) = http.get(f"benchmarks/{slug}/rounds/").json()["results"]
    assert {"benchmark": slug, **round, "status": "?"} == {**closed.content["data"], "status": "?"}

    # Publishing is an organizer's decision in the admin: here only its trace is set.
    wait_for_status(http, slug, "AUDITED")
    query(
        service,
        "UPDATE vault_round SET status = 'PUBLISHED', published_at = now() FROM vault_benchmark benchmark "
        "WHERE benchmark.id = benchmark_id AND slug = %s RETURNING 1",
        slug,
    )
    told = receiver.wait_for(about_it, 3)
    assert told[2].content["type"] == "round.published"
    assert told[2].content["data"]["status"] == "PUBLISHED"
    assert all(is_genuine(each.headers, each.body, webhook["secret"]) for each in told)


def wait_for_status(http: httpx.Client, slug: str, status: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        (round,) = http.get(f"benchmarks/{slug}/rounds/").json()["results"]
        if round["status"] == status:
            return
        assert time.monotonic() < deadline, round
        time.sleep(0.2)


@pytest.mark.parametrize(
    "url",
    [
        *("http://169.254.169.254/latest/meta-data/", "https://10.0.0.1/", "https://[::1]/"),
        *(
            "https://[::ffff:192.168.0.1]/",
            "https://0/",
            "ftp://127.0.0.1/",
            "https://a@127.0.0.1/",
        ),
    ],
)
def test_addresses_of_no_business_are_refused(team: tuple[httpx.Client, str], url: str) -> None:
    http, _ = team

    response = http.post("webhooks/", json={"url": url})

    assert (response.status_code, response.json()["field"]) == (422, "url")
