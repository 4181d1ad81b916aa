"""A team's page in the admin shows its webhooks beside what the vault knows of it."""

import pytest
from django.utils import timezone

from tests.vault.admin.stage import client_of, installation, url
from tests.vault.factories import acting_as
from vault.models import Team
from vault.people.groups import RESEARCHER
from webhooks import signing, subscriptions

__all__ = ["installation"]  # a fixture of the admin's tests

pytestmark = pytest.mark.usefixtures("installation", "signing")


def page(team: Team) -> str:
    with acting_as("researcher"):
        return str(client_of(RESEARCHER).get(url("vault_team_change", team.pk)).content.decode())


def test_team_without_a_webhook_has_none() -> None:
    shown = page(Team.objects.create(name="alpha"))

    assert "This team has no webhook." in shown
    assert "This team has no token." in shown


def test_webhook_is_shown_with_what_waits_and_without_its_secret() -> None:
    team = Team.objects.create(name="alpha")
    webhook = subscriptions.register(
        team=team,
        url="https://ci.example.org/hook",
        events=[subscriptions.ROUND_CLOSED],
        now=timezone.now(),
    )
    subscriptions.test(webhook=webhook, now=timezone.now())

    shown = page(team)

    for expected in ("https://ci.example.org/hook", "round.closed", "active"):
        assert expected in shown
    assert signing.secret(webhook=webhook) not in shown
