"""A round is opened by hand on time, or before it when that is confirmed."""

import datetime as dt
import re

import pytest
from django.conf import settings
from django.contrib.messages import get_messages
from django.utils import timezone

from tests.vault.admin.stage import client_of, url
from tests.vault.admin.test_rounds import act
from tests.vault.factories import World, acting_as, make_world
from vault import sentences
from vault.models import Round
from vault.people.groups import ORGANIZER

pytestmark = pytest.mark.usefixtures("installation")


@pytest.fixture
def world() -> World:
    """Its round is planned, and its time has come."""
    end = timezone.now() + dt.timedelta(days=30)
    return make_world("weather", n_query=30, n_fresh=40, closes_at=end)


def test_opening_before_the_announced_time_has_to_be_confirmed(world: World) -> None:
    announced = timezone.now() + dt.timedelta(days=2)
    Round.objects.update(opens_at=announced, mechanism="exact")
    said = f"{announced:%Y-%m-%d %H:%M} UTC"

    refused = act(world.round, "open").content.decode()

    assert f"Open it before {said}, the announced time" in refused
    assert f"Its announced time is {said}: tick this to open it now." in refused
    assert world.round.status == "PLANNED"

    answer = act(world.round, "open", before_time="on")
    assert world.round.status == "OPEN"
    waits = f"teams hand in from {sentences.moment(at=announced, now=timezone.now())}"
    (message,) = [str(each) for each in get_messages(answer.wsgi_request) if "Opened" in str(each)]
    assert message == f"Opened {world.round}: {waits}."
    with acting_as("researcher"):
        client = client_of(ORGANIZER)
        page = client.get(url("vault_round_change", world.round.pk)).content.decode()
        listed = client.get(url("vault_round_changelist")).content.decode()
        of_benchmark = client.get(url("vault_benchmark_change", world.benchmark.pk))
    assert f"It was opened before its announced time: {waits}, and not before." in page
    # The cells that are wide wrap: what stands right of them is in sight on a small screen.
    assert 'class="field-standing"' in listed
    assert 'class="field-closes' in listed
    css = (settings.BASE_DIR / "vault/static/vault/admin.css").read_text()
    wrapped = ",".join(re.findall(r"([^{}]*)\{ white-space: normal;", css)).split(",")
    assert {"#result_list .field-closes", "#result_list .field-standing"} <= {
        each.strip() for each in wrapped
    }
    for shown in (page, listed, of_benchmark.content.decode()):
        assert f"OPEN, {waits}" in shown
    Round.objects.update(opens_at=timezone.now())
    with acting_as("researcher"):
        assert (
            "teams hand in from"
            not in client.get(url("vault_round_change", world.round.pk)).content.decode()
        )


def test_the_form_does_not_say_that_teams_may_hand_in_before(world: World) -> None:
    Round.objects.update(opens_at=timezone.now() + dt.timedelta(days=2))

    shown = client_of(ORGANIZER).get(url("vault_round_act", world.round.pk, "open"))

    assert "or from the announced time on if that lies ahead" in shown.content.decode()


def test_closing_before_the_announced_end_has_to_be_confirmed(world: World) -> None:
    """It cannot be undone either."""
    world.open()
    said = f"{world.round.closes_at:%Y-%m-%d %H:%M} UTC"

    refused = act(world.round, "close").content.decode()

    assert f"Close it before {said}, the announced end" in refused
    assert f"Its announced end is {said}: tick this to close it now." in refused
    assert world.round.status == "OPEN"

    act(world.round, "close", before_end="on")
    assert world.round.status == "CLOSING"


def test_closing_after_the_announced_end_asks_for_no_confirmation(world: World) -> None:
    world.open()
    Round.objects.update(closes_at=timezone.now())
    world.round.refresh_from_db()

    assert act(world.round, "close").status_code == 302
    assert world.round.status == "CLOSING"


def test_opening_on_time_asks_for_no_confirmation(world: World) -> None:
    page = client_of(ORGANIZER).get(url("vault_round_act", world.round.pk, "open"))

    assert "before_time" not in page.content.decode()
