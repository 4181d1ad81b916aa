"""Webhooks over HTTP: a team's own alone, their secrets shown once, and no address of a local network."""

import base64
import datetime as dt
import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from tests.vault.api.stage import Caller, a_world, problem
from tests.vault.factories import World, make_keys
from vault.models import IdempotentAnswer, Team
from webhooks import api, messages, subscriptions
from webhooks.models import Webhook, WebhookDelivery

pytestmark = pytest.mark.usefixtures("db", "api_site", "signing")

URL = "https://ci.example.org/hook"


@pytest.fixture
def world(tmp_path: Path, settings: Any) -> World:
    settings.MEDIA_ROOT = str(tmp_path / "files")
    make_keys(directory=tmp_path, settings=settings)
    return a_world()


@pytest.fixture
def team(world: World) -> Team:
    return world.team("bots")


@pytest.fixture
def bot(team: Team) -> Caller:
    return Caller(team)


def send(bot: Caller, path: str, content: Any = None, **headers: str) -> Any:
    body = b"" if content is None else json.dumps(content).encode()
    return bot.post(path, body, content_type="application/json", headers=headers)


def remove(bot: Caller, webhook_id: str) -> Any:
    return bot.ask("DELETE", f"/api/v1/webhooks/{webhook_id}/")


def test_webhook_is_made_listed_shown_and_removed(bot: Caller) -> None:
    response = send(bot, "webhooks/", {"url": URL, "events": ["round.closed", "round.closed"]})

    made = response.json()
    assert response.status_code == 201
    assert (made["url"], made["events"], made["is_active"]) == (URL, ["round.closed"], True)
    secret = made.pop("secret")
    assert bot.get("webhooks/").json()["results"] == [made]
    assert bot.get(f"webhooks/{made['id']}/").json() == made
    assert bot.get(f"webhooks/{made['id']}/deliveries/").json()["results"] == []
    for path in ("webhooks/", f"webhooks/{made['id']}/", f"webhooks/{made['id']}/deliveries/"):
        assert secret not in bot.get(path).content.decode()

    assert remove(bot, made["id"]).status_code == 204
    assert bot.get("webhooks/").json()["results"] == []
    assert problem(remove(bot, made["id"])) == (404, "not_found")


def taken_by(secret: str, headers: dict[str, str], content: bytes) -> bool:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + content
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return f"v1,{expected}" in headers["webhook-signature"].split(" ")


def test_secret_signs_and_the_old_one_beside_it_for_a_while(bot: Caller) -> None:
    made = send(bot, "webhooks/", {"url": URL}).json()
    assert made["events"] == sorted(subscriptions.EVENTS)
    assert made["old_secret_until"] is None

    rotated = send(bot, f"webhooks/{made['id']}/rotate/", {"grace_seconds": 60}).json()

    until = dt.datetime.fromisoformat(rotated["old_secret_until"])
    assert dt.timedelta(seconds=50) < until - timezone.now() <= dt.timedelta(seconds=60)
    delivery = WebhookDelivery(webhook=Webhook.objects.get())
    for now, is_old_taken in ((timezone.now(), True), (until, False)):
        headers = messages.headers(delivery=delivery, content=b"x", now=now)
        assert taken_by(rotated["secret"], headers, b"x")
        assert taken_by(made["secret"], headers, b"x") == is_old_taken


def test_rotation_that_is_sent_again_is_one(bot: Caller) -> None:
    made = send(bot, "webhooks/", {"url": URL}).json()
    path = f"webhooks/{made['id']}/rotate/"

    first = send(bot, path, **{"Idempotency-Key": "k"})
    again = send(bot, path, **{"Idempotency-Key": "k"})

    assert (first.status_code, again.json()) == (200, first.json())
    assert first.json()["secret"] != made["secret"]
    kept = IdempotentAnswer.objects.get()
    assert first.json()["secret"].encode() not in bytes(kept.body)
    assert Webhook.objects.get().secret_version == 2


@pytest.mark.parametrize("grace", [-1, 604_801, 0.5, True, "60", None])
def test_rotation_names_a_grace_that_does_not_fit(bot: Caller, grace: Any) -> None:
    made = send(bot, "webhooks/", {"url": URL}).json()

    response = send(bot, f"webhooks/{made['id']}/rotate/", {"grace_seconds": grace})

    assert problem(response) == (422, "invalid_parameter")
    assert response.json()["field"] == "grace_seconds"
    assert Webhook.objects.get().secret_version == 1


def test_lost_answer_is_shown_again_and_is_not_kept_in_the_clear(bot: Caller) -> None:
    first = send(bot, "webhooks/", {"url": URL}, **{"Idempotency-Key": "k"})
    again = send(bot, "webhooks/", {"url": URL}, **{"Idempotency-Key": "k"})

    assert again.json() == first.json()
    assert Webhook.objects.count() == 1
    assert first.json()["secret"].encode() not in bytes(IdempotentAnswer.objects.get().body)


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({}, "url"),
        ({"url": ""}, "url"),
        ({"url": 7}, "url"),
        ({"url": "http://ci.example.org/"}, "url"),
        ({"url": "https://localhost/"}, "url"),
        ({"url": "https://ci.example.org:6379/"}, "url"),
        ({"url": "https://2130706433/"}, "url"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "url"),
        ({"url": "https://169.254.169.254/latest/meta-data/"}, "url"),
        ({"url": "https://user:pass@ci.example.org/"}, "url"),
        ({"url": "https://ci.example.org/" + "x" * 500}, "url"),
        ({"url": URL, "events": []}, "events"),
        ({"url": URL, "events": ["webhook.test"]}, "events"),
        ({"url": URL, "events": [["round.closed"]]}, "events"),
        ({"url": URL, "events": "round.closed"}, "events"),
        ({"url": URL, "secret": "x"}, "secret"),
    ],
)
def test_content_that_does_not_fit_names_the_field(
    bot: Caller, content: dict[str, Any], field: str
) -> None:
    response = send(bot, "webhooks/", content)

    assert problem(response) == (422, "invalid_parameter")
    assert response.json()["field"] == field
    assert Webhook.objects.count() == 0


def test_number_is_bounded(bot: Caller) -> None:
    made = [
        send(bot, "webhooks/", {"url": URL}).status_code for _ in range(subscriptions.MAX_WEBHOOKS)
    ]

    refused = send(bot, "webhooks/", {"url": URL})

    assert made == [201] * subscriptions.MAX_WEBHOOKS
    assert problem(refused) == (409, "too_many_webhooks")
    assert refused.json()["limit"] == subscriptions.MAX_WEBHOOKS


def test_installation_without_a_key_says_so(bot: Caller, settings: Any) -> None:
    made = send(bot, "webhooks/", {"url": URL}).json()
    settings.WEBHOOK_KEY = ""

    assert problem(send(bot, "webhooks/", {"url": URL})) == (403, "webhooks_disabled")
    assert problem(send(bot, f"webhooks/{made['id']}/rotate/")) == (403, "webhooks_disabled")
    assert [each["id"] for each in bot.get("webhooks/").json()["results"]] == [made["id"]]


def test_test_is_queued_and_seen_once(bot: Caller) -> None:
    made = send(bot, "webhooks/", {"url": URL}).json()

    first = send(bot, f"webhooks/{made['id']}/test/")
    again = send(bot, f"webhooks/{made['id']}/test/")

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert (first.json()["event"], first.json()["status"]) == ("webhook.test", "WAITING")
    WebhookDelivery.objects.update(status="DELIVERED", next_attempt_at=None)
    assert send(bot, f"webhooks/{made['id']}/test/").json()["id"] == first.json()["id"]
    assert WebhookDelivery.objects.count() == 1


def test_webhooks_of_others_are_not_found(world: World, bot: Caller) -> None:
    made = send(bot, "webhooks/", {"url": URL}).json()
    rival = Caller(world.team("rival"))

    for response in (
        rival.get(f"webhooks/{made['id']}/"),
        rival.get(f"webhooks/{made['id']}/deliveries/"),
        send(rival, f"webhooks/{made['id']}/rotate/"),
        send(rival, f"webhooks/{made['id']}/test/"),
        remove(rival, made["id"]),
    ):
        assert problem(response) == (404, "not_found")
    assert rival.get("webhooks/").json()["results"] == []
    assert Webhook.objects.count() == 1


def test_token_that_only_reads_changes_nothing(team: Team, bot: Caller) -> None:
    made = send(bot, "webhooks/", {"url": URL}).json()
    reader = Caller(team, scopes=["read"])

    for response in (
        send(reader, "webhooks/", {"url": URL}),
        send(reader, f"webhooks/{made['id']}/rotate/"),
        send(reader, f"webhooks/{made['id']}/test/"),
        remove(reader, made["id"]),
    ):
        assert problem(response) == (403, "forbidden")
    assert reader.get(f"webhooks/{made['id']}/").status_code == 200
    assert (Webhook.objects.count(), WebhookDelivery.objects.count()) == (1, 0)


@pytest.mark.parametrize(
    ("host", "fits"),
    [
        ("a" * 63 + ".example.org", True),
        ("a" * 64 + ".example.org", False),
        ("example." + "b" * 64, False),
        ("[2001:db8::1]:8443", True),
    ],
)
def test_the_description_says_how_long_parts_of_a_host_may_be(host: str, fits: bool) -> None:
    url = api.NEW.schema["properties"]["url"]

    assert bool(re.search(url["pattern"], f"https://{host}/hook")) == fits
