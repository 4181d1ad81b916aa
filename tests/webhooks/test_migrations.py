"""A database from when webhooks belonged to the vault keeps them, and what people may do with them."""

import datetime as dt
import uuid

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from tests.vault.factories import acting_as
from vault.models import Team
from webhooks.models import Webhook, WebhookDelivery

pytestmark = pytest.mark.django_db

BEFORE = ("vault", "0025_organizers_hand_in_references")
MOVED_OUT = ("vault", "0026_webhooks_move_out")
TAKEN_OVER = ("webhooks", "0001_from_the_vault")
NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


class Move:
    """The two migrations alone, there and back: what came after them stays."""

    def __init__(self) -> None:
        self.loader = MigrationLoader(connection)

    def state(self, *nodes: tuple[str, str]) -> ProjectState:
        return self.loader.project_state(list(nodes))

    def unapply(self) -> ProjectState:
        for node, before in ((TAKEN_OVER, MOVED_OUT), (MOVED_OUT, BEFORE)):
            settle_constraints()
            with connection.schema_editor() as editor:
                self.loader.get_migration(*node).unapply(self.state(before), editor)
        return self.state(BEFORE)

    def apply(self) -> None:
        for node, before in ((MOVED_OUT, BEFORE), (TAKEN_OVER, MOVED_OUT)):
            settle_constraints()
            with connection.schema_editor() as editor:
                self.loader.get_migration(*node).apply(self.state(before), editor)
        settle_constraints()


def settle_constraints() -> None:
    """A table with checks that wait for the end of the transaction cannot be altered."""
    connection.check_constraints()


def tables() -> set[str]:
    return {name for name in connection.introspection.table_names() if "webhook" in name}


def details() -> dict[str, list[str]]:
    """Of each table its columns, indexes and constraints by name."""
    found = {}
    with connection.cursor() as cursor:
        for table in sorted(tables()):
            columns = connection.introspection.get_table_description(cursor, table)
            constraints = connection.introspection.get_constraints(cursor, table)
            found[table] = sorted([*(each.name for each in columns), *constraints])
    return found


def test_webhooks_of_the_vault_are_kept() -> None:
    team = Team.objects.create(name="bots")
    move = Move()
    old = move.unapply().apps
    assert tables() == {"vault_webhook", "vault_webhookdelivery"}
    webhook = old.get_model("vault", "Webhook").objects.create(
        team_id=team.pk,
        url="https://ci.example.org/",
        events=["round.closed"],
        secret_version=3,
        created_at=NOW,
        noted_until=NOW,
    )
    subject = str(uuid.uuid4())
    delivery = old.get_model("vault", "WebhookDelivery").objects.create(
        webhook=webhook, event="webhook.test", subject=subject, occurred_at=NOW, next_attempt_at=NOW
    )

    move.apply()

    assert tables() == {"webhooks_webhook", "webhooks_webhookdelivery"}
    with acting_as("web"):
        kept = Webhook.objects.get()
        waiting = WebhookDelivery.objects.get(status="WAITING")
    # Its secret is derived from its id and the version.
    assert (kept.pk, kept.secret_version, kept.team) == (webhook.pk, 3, team)
    assert (waiting.pk, waiting.subject, waiting.webhook) == (delivery.pk, subject, kept)


def test_permission_that_somebody_was_given_is_kept() -> None:
    user = User.objects.create_user("ada")
    user.user_permissions.add(Permission.objects.get(codename="view_webhook"))
    move = Move()

    move.unapply()
    assert User.objects.get(pk=user.pk).get_all_permissions() == {"vault.view_webhook"}
    move.apply()

    assert User.objects.get(pk=user.pk).get_all_permissions() == {"webhooks.view_webhook"}
    types = ContentType.objects.filter(model__startswith="webhook")
    assert {each.app_label for each in types} == {"webhooks"}


def test_way_back_and_forth_leaves_everything_as_it_was() -> None:
    move, before = Move(), details()

    move.unapply()
    move.apply()

    assert details() == before
