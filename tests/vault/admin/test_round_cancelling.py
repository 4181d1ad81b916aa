"""An organizer cancels a planned round in the admin, with a reason."""

import datetime as dt

import pytest
from django.utils import timezone

from tests.vault.admin.stage import client_of, url
from tests.vault.admin.test_rounds import act, constants, kinds, plan
from tests.vault.factories import World, acting_as, make_world
from vault.models import Round
from vault.people.groups import ORGANIZER, RESEARCHER

pytestmark = pytest.mark.usefixtures("installation")


@pytest.fixture
def world() -> World:
    """Its round is planned."""
    return make_world("weather", n_query=30, n_fresh=40)


def test_a_planned_round_is_cancelled_with_a_reason(world: World) -> None:
    without = act(world.round, "cancel", reason=" ")
    assert "This field is required" in without.content.decode()
    assert world.round.status == "PLANNED"
    assert act(world.round, "cancel", reason="wrong labels").status_code == 302

    assert world.round.status == "CANCELLED"
    assert kinds() == ["round_cancelled"]
    client = client_of(ORGANIZER)
    with acting_as("researcher"):
        page = client.get(url("vault_round_change", world.round.pk)).content.decode()
        form = client.get(url("vault_round_add")).content.decode()
        again = client.post(
            url("vault_round_act", world.round.pk, "cancel"), {"reason": "x"}, follow=True
        )
    assert "wrong labels" in page
    assert "It was cancelled: nothing is audited." in page
    assert "/act/" not in page
    assert str(world.query.pk) in form
    assert "this is possible while a round is PLANNED" in again.content.decode()
    planned = plan(**constants(world, mechanism="exact", parameters="{}"))
    assert planned.status_code == 302
    assert Round.objects.get(number=2).query_holdout == world.query


def test_only_organizers_cancel_a_round(world: World) -> None:
    with acting_as("researcher"):
        answer = client_of(RESEARCHER).post(
            url("vault_round_act", world.round.pk, "cancel"), {"reason": "x"}
        )

    world.round.refresh_from_db()
    assert (answer.status_code, world.round.status) == (403, "PLANNED")


def test_a_planned_round_whose_end_has_passed_can_only_be_cancelled(world: World) -> None:
    Round.objects.update(closes_at=timezone.now() - dt.timedelta(seconds=1))
    client = client_of(ORGANIZER)

    with acting_as("researcher"):
        page = client.get(url("vault_round_change", world.round.pk)).content.decode()
        answer = client.get(url("vault_round_act", world.round.pk, "open"), follow=True)

    offered = [name for name in ("admit", "open", "close", "cancel") if f"/act/{name}/" in page]
    assert offered == ["cancel"]
    assert "while a round is PLANNED and its end has not passed" in answer.content.decode()
