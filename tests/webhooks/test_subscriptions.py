"""A team's webhooks: whether there are any, their secrets' rotation, and their removal beside other work."""

import datetime as dt
import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from tests.vault.api.stage import a_world, scored
from tests.vault.factories import World, acting_as, make_keys
from vault.errors import WebhooksDisabledError
from vault.models import Team
from webhooks import outbox, subscriptions
from webhooks.models import Webhook, WebhookDelivery

pytestmark = pytest.mark.usefixtures("transactional_db", "signing")

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def world(tmp_path: Path, settings: Any) -> World:
    settings.MEDIA_ROOT = str(tmp_path / "files")
    make_keys(directory=tmp_path, settings=settings)
    return a_world()


@pytest.fixture
def team(world: World) -> Team:
    return world.team("bots")


@pytest.fixture
def webhook(team: Team, world: World) -> Webhook:
    return subscriptions.register(
        team=team,
        url="https://ci.example.org/",
        events=[subscriptions.SUBMISSION_FINISHED],
        now=world.now - HOUR,
    )


def rotate(webhook: Webhook, now: dt.datetime) -> None:
    with acting_as("web"), transaction.atomic():
        held = subscriptions.held(team=webhook.team, webhook_id=webhook.pk)
        assert held is not None
        subscriptions.rotate_secret(webhook=held, grace=HOUR, now=now)


def test_without_a_key_they_are_off(settings: Any, webhook: Webhook, world: World) -> None:
    assert subscriptions.are_on()
    settings.WEBHOOK_KEY = ""
    assert not subscriptions.are_on()
    with pytest.raises(WebhooksDisabledError):
        rotate(webhook, world.now)
    assert Webhook.objects.get().secret_version == 1


def test_rotation_counts_on_and_dates_the_end_of_the_old_secret(
    webhook: Webhook, world: World
) -> None:
    rotate(webhook, world.now)
    rotate(webhook, world.now + HOUR)

    found = Webhook.objects.get()
    assert (found.secret_version, found.old_secret_until) == (3, world.now + 2 * HOUR)


def test_rotations_at_once_give_each_a_secret(webhook: Webhook, world: World) -> None:
    def one() -> None:
        try:
            rotate(webhook, world.now)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert Webhook.objects.get().secret_version == 5


def test_removed_while_the_dispatcher_looks(webhook: Webhook, team: Team, world: World) -> None:
    """The look waits for the removal, and notes nothing for what is gone."""
    scored(world, team)
    noted: list[int] = []

    def look() -> None:
        try:
            noted.append(outbox.note_events(now=world.now))
        finally:
            connection.close()

    looking = threading.Thread(target=look)
    with transaction.atomic():
        held = subscriptions.held(team=team, webhook_id=webhook.pk)
        assert held is not None
        looking.start()
        looking.join(timeout=0.5)
        assert noted == []
        subscriptions.remove(webhook=held)
    looking.join()

    assert noted == [0]
    assert not WebhookDelivery.objects.exists()


def test_webhook_of_others_is_not_held(webhook: Webhook, world: World) -> None:
    with transaction.atomic():
        assert subscriptions.held(team=world.team("rival"), webhook_id=webhook.pk) is None
