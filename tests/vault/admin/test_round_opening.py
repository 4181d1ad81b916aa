"""A round is opened by hand on time, or before it when that is confirmed."""

import datetime as dt

import pytest
from django.utils import timezone

from tests.vault.admin.stage import client_of, url
from tests.vault.admin.test_rounds import act
from tests.vault.factories import World, make_world
from vault.groups import ORGANIZER
from vault.models import Round

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

    act(world.round, "open", before_time="on")
    assert world.round.status == "OPEN"


def test_opening_on_time_asks_for_no_confirmation(world: World) -> None:
    page = client_of(ORGANIZER).get(url("vault_round_act", world.round.pk, "open"))

    assert "before_time" not in page.content.decode()
