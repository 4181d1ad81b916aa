"""The dispatcher: one at a time, every attempt settled, and no message in the way of another."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from tests.vault import sessions
from tests.vault.api.stage import a_world, scored
from tests.vault.factories import World, acting_as, make_keys
from vault import locks
from vault.models import Team
from webhooks import dispatch, sending, subscriptions
from webhooks.models import Webhook, WebhookDelivery
from webhooks.sending import Attempt

pytestmark = pytest.mark.usefixtures("db", "signing")

DONE = Attempt(status=204, result="status 204")


class Receivers:
    """What was sent where; `answers` says what comes back, by address."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Mapping[str, str], dict[str, Any]]] = []
        self.answers: dict[str, Callable[[], Attempt]] = {}

    def send(
        self, *, url: str, headers: Mapping[str, str], content: bytes, allowed: Any, ports: Any
    ) -> Attempt:
        self.sent.append((url, headers, json.loads(content)))
        return self.answers.get(url, lambda: DONE)()


@pytest.fixture
def receivers(monkeypatch: pytest.MonkeyPatch) -> Receivers:
    made = Receivers()
    monkeypatch.setattr(sending, "send", made.send)
    return made


@pytest.fixture
def world(tmp_path: Path, settings: Any) -> World:
    settings.MEDIA_ROOT = str(tmp_path / "files")
    make_keys(directory=tmp_path, settings=settings)
    made = a_world()
    for name in ("bots", "rival"):
        made.team(name)
    return made


def webhook_of(team: Team, name: str = "hook") -> Webhook:
    return subscriptions.register(
        team=team,
        url=f"https://ci.example.org/{name}",
        events=[subscriptions.SUBMISSION_FINISHED],
        now=timezone.now(),
    )


def run() -> int:
    with acting_as("web"):
        return dispatch.run(clock=timezone.now)


def test_finished_submission_is_told_and_signed(world: World, receivers: Receivers) -> None:
    webhook = webhook_of(world.teams["bots"])
    submission = scored(world, world.teams["bots"])

    assert (run(), run()) == (1, 0)

    ((url, headers, content),) = receivers.sent
    assert url == webhook.url
    assert content["type"] == "submission.finished"
    assert content["data"]["id"] == str(submission.pk)
    assert headers["webhook-id"] == str(webhook.deliveries.get().pk)
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 5
    assert webhook.deliveries.get().status == "DELIVERED"


def test_nothing_is_sent_while_webhooks_are_off(
    world: World, receivers: Receivers, settings: Any
) -> None:
    webhook_of(world.teams["bots"])
    scored(world, world.teams["bots"])
    settings.WEBHOOK_KEY = ""

    assert run() == 0
    assert WebhookDelivery.objects.count() == 0


def test_another_dispatcher_leaves_it_to_the_first(world: World, receivers: Receivers) -> None:
    webhook_of(world.teams["bots"])
    scored(world, world.teams["bots"])
    key = (locks._DISPATCHER, 0)
    with sessions.of_another_process() as other:
        sessions.hold(other, *key)
        assert run() == 0
        assert receivers.sent == []

    sessions.wait_until_free(*key)
    assert run() == 1


def test_failure_waits_and_the_word_is_kept(world: World, receivers: Receivers) -> None:
    webhook = webhook_of(world.teams["bots"])
    scored(world, world.teams["bots"])
    receivers.answers[webhook.url] = lambda: Attempt(status=None, result="no connection")

    assert (run(), run()) == (1, 0)

    delivery = webhook.deliveries.get()
    assert (delivery.status, delivery.last_result) == ("WAITING", "no connection")


def test_receiver_that_is_gone_is_told_no_more(world: World, receivers: Receivers) -> None:
    webhook = webhook_of(world.teams["bots"])
    for number in (1, 2):
        scored(world, world.teams["bots"], number)
    receivers.answers[webhook.url] = lambda: Attempt(status=410, result="status 410")

    assert run() == 1

    webhook.refresh_from_db()
    assert not webhook.is_active
    assert set(webhook.deliveries.values_list("status", flat=True)) == {"FAILED"}
    assert run() == 0


@pytest.mark.parametrize("defect", [RuntimeError, SystemExit])
def test_message_that_cannot_be_sent_is_not_in_the_way(
    world: World, receivers: Receivers, defect: type[BaseException]
) -> None:
    broken, fine = webhook_of(world.teams["bots"]), webhook_of(world.teams["rival"], "fine")
    for name in ("bots", "rival"):
        scored(world, world.teams[name])

    def fail() -> Attempt:
        raise defect("a defect")

    receivers.answers[broken.url] = fail

    assert run() == 2
    assert broken.deliveries.get().last_result == "it could not be sent"
    assert fine.deliveries.get().status == "DELIVERED"


def test_slow_receiver_holds_up_its_own_team_alone(world: World, receivers: Receivers) -> None:
    slow, fast = webhook_of(world.teams["bots"]), webhook_of(world.teams["rival"], "fast")
    for number in (1, 2, 3):
        for name in ("bots", "rival"):
            scored(world, world.teams[name], number)
    others_done = threading.Event()

    def wait() -> Attempt:
        assert others_done.wait(20)
        return DONE

    def count() -> Attempt:
        if sum(url == fast.url for url, _, _ in receivers.sent) == 3:
            others_done.set()
        return DONE

    receivers.answers = {slow.url: wait, fast.url: count}

    assert run() == 6
    assert set(slow.deliveries.values_list("status", flat=True)) == {"DELIVERED"}


def test_dispatcher_stops_beginning_after_its_time(
    world: World, receivers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "MAX_SECONDS", -1.0)
    webhook = webhook_of(world.teams["bots"])
    scored(world, world.teams["bots"])

    assert run() == 0
    assert webhook.deliveries.get().n_attempts == 0


def test_removed_webhook_is_no_longer_told(world: World, receivers: Receivers) -> None:
    """Also when it is removed while a message is on its way."""
    webhook = webhook_of(world.teams["bots"])
    scored(world, world.teams["bots"])
    address = webhook.url

    def removed() -> Attempt:
        return DONE

    receivers.answers[address] = removed
    settle = dispatch._settle

    def settle_late(delivery: WebhookDelivery, future: Future[Attempt]) -> None:
        subscriptions.remove(webhook=Webhook.objects.get(pk=webhook.pk))
        settle(delivery, future)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dispatch, "_settle", settle_late)
        assert run() == 1

    assert (Webhook.objects.count(), WebhookDelivery.objects.count()) == (0, 0)
    assert run() == 0
