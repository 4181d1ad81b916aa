"""The database holds a round's times to their steps, and auditing to the audit worker."""

import datetime as dt
from typing import Any

import pytest
from django.db import ProgrammingError, transaction

from tests.vault.factories import NOW, World, acting_as, make_world
from vault.models import Round

pytestmark = [pytest.mark.usefixtures("vault_keys")]

ROLES = ("researcher", "scoring", "audit")
TIMES = ("opened_at", "stopped_at", "closed_at", "audited_at", "published_at", "cancelled_at")


@pytest.fixture
def world() -> World:
    return make_world("times")


def refused(role: str, **columns: Any) -> None:
    with (
        acting_as(role),
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
    ):
        Round.objects.update(**columns)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("time", TIMES)
def test_no_role_sets_a_time_without_its_step(world: World, role: str, time: str) -> None:
    refused(role, **{time: NOW})


@pytest.mark.parametrize("role", ["researcher", "scoring"])
@pytest.mark.parametrize(("before", "after"), [("CLOSED", "AUDITED"), ("AUDITED", "PUBLISHED")])
def test_only_the_audit_worker_audits_and_publishes(
    world: World, role: str, before: str, after: str
) -> None:
    Round.objects.update(status=before)

    refused(role, status=after)
    with acting_as("audit"):
        Round.objects.update(status=after, **{f"{after.lower()}_at": NOW})
    assert Round.objects.get().status == after


def test_a_round_stops_at_its_end_at_the_latest(world: World) -> None:
    Round.objects.update(status="OPEN")
    late = world.round.closes_at + dt.timedelta(seconds=1)

    refused("scoring", status="CLOSING", stopped_at=late)
    with acting_as("scoring"):
        Round.objects.update(status="CLOSING", stopped_at=world.round.closes_at)


def test_a_time_that_was_set_stays(world: World) -> None:
    Round.objects.update(status="OPEN", opened_at=NOW)

    refused("scoring", opened_at=NOW + dt.timedelta(days=1))
    refused("scoring", status="CLOSING", opened_at=NOW + dt.timedelta(days=1))
