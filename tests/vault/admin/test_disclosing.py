"""An organizer has a retired holdout disclosed: what follows is said, and the worker is asked."""

from typing import Any

import celery
import kombu.exceptions
import pytest

from tests.vault.admin.stage import client_of, url
from tests.vault.admin.test_rounds import kinds, post
from tests.vault.disclosed_holdouts import REASON, ended, retire, written
from tests.vault.factories import World, acting_as, make_world
from vault.models import Benchmark, DisclosureRequest, Holdout, Round
from vault.people.groups import ORGANIZER, RESEARCHER

pytestmark = pytest.mark.usefixtures("installation")

CONFIRMED = {"reason": REASON, "for_good": "on"}


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any, str]]:
    """What the broker was given."""
    found: list[tuple[str, Any, str]] = []

    def send(self: Any, name: str, *, kwargs: Any, queue: str, **_: Any) -> None:
        found.append((name, kwargs, queue))

    monkeypatch.setattr(celery.Celery, "send_task", send)
    return found


@pytest.fixture
def world(installation: None) -> World:
    return ended()


def address(world: World) -> str:
    return url("vault_holdout_act", world.query.pk, "disclose")


def page(world: World, person: str = ORGANIZER) -> str:
    with acting_as("researcher"):
        answer = client_of(person).get(url("vault_holdout_change", world.query.pk))
    return str(answer.content.decode())


def read(world: World) -> str:
    with acting_as("researcher"):
        answer = client_of(ORGANIZER).get(address(world), follow=True)
    return " ".join(answer.content.decode().split())


def test_the_page_says_what_follows(world: World) -> None:
    text = read(world)

    assert "Everybody will see which 30 items of the panel are in this holdout" in text
    assert "This is not taken back" in text
    assert "Other holdouts of the same draw stay shut" in text
    assert str(world.fresh.pk)[:8] in text
    assert "its audits are published, and are not made again here once the labels are" in text
    assert "Publish the labels of 30 items for good" in text
    assert "Everybody reads it beside the file." in text


def test_of_a_private_benchmark_the_page_says_who_will_see_it(world: World) -> None:
    Benchmark.objects.update(visibility="private")

    assert "Every team of this private benchmark will see which 30 items" in read(world)


def test_it_is_asked_for_with_reason_and_confirmation(
    world: World, sent: list[tuple[str, Any, str]]
) -> None:
    for lacking in ({"reason": REASON}, {"for_good": "on"}, {"reason": " ", "for_good": "on"}):
        assert "Nothing was done" in post(address(world), **lacking).content.decode()
    assert not DisclosureRequest.objects.exists()

    assert post(address(world), **CONFIRMED).status_code == 302

    row = DisclosureRequest.objects.get()
    assert (row.holdout, row.reason, row.actor) == (world.query, REASON, ORGANIZER)
    assert kinds() == ["disclosure_requested"]
    holdout_id = str(world.query.pk)
    assert sent == [("vault.tasks.disclose_holdout", {"holdout_id": holdout_id}, "audit")]
    # The admin's process opens nothing and moves nothing.
    world.query.refresh_from_db()
    assert world.query.status == "RETIRED"
    text = page(world)
    assert REASON in text
    assert "waits for the audit worker" in text
    assert "/act/disclose/" not in text
    assert "once, while a holdout is RETIRED" in read(world)


def test_it_is_shown_once_it_is_done(world: World) -> None:
    file = written(world.query)

    text = page(world)

    assert file.sha256 in text
    assert "waits for the audit worker" not in text


def test_without_a_broker_the_sweeper_comes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise kombu.exceptions.OperationalError

    monkeypatch.setattr(celery.Celery, "send_task", fail)

    assert post(address(world), **CONFIRMED).status_code == 302
    assert DisclosureRequest.objects.exists()


@pytest.mark.parametrize("status", ["SEALED", "FRESH", "QUERY", "DISCLOSED"])
def test_no_other_status_offers_it(world: World, status: str) -> None:
    Holdout.objects.filter(pk=world.query.pk).update(status=status)

    assert "/act/disclose/" not in page(world)
    post(address(world), **CONFIRMED)
    assert not DisclosureRequest.objects.exists()


@pytest.mark.parametrize("status", ["PLANNED", "OPEN", "CLOSING", "CLOSED", "AUDITED"])
def test_a_round_that_is_not_over_is_named(
    installation: None, status: str, sent: list[tuple[str, Any, str]]
) -> None:
    world = make_world("weather", n_query=30, n_fresh=40)
    retire(world)
    Round.objects.update(status=status)

    assert f"round 1 ({status}) does: publish or cancel that first" in read(world)
    refused = post(address(world), **CONFIRMED).content.decode()
    assert f"The holdout is still needed by round 1 ({status})" in refused
    assert (DisclosureRequest.objects.count(), sent) == (0, [])


def test_only_organizers_disclose(world: World) -> None:
    with acting_as("researcher"):
        answer = client_of(RESEARCHER).post(address(world), CONFIRMED)

    assert answer.status_code == 403
    assert "/act/disclose/" not in page(world, RESEARCHER)
    assert not DisclosureRequest.objects.exists()
