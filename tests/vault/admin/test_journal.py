"""The journal in the admin: what happened, and whether anybody rewrote it."""

from django.db import connection
from django.test import Client

from tests.vault.admin.stage import Stage, client_of, url
from tests.vault.factories import acting_as
from vault.people.groups import RESEARCHER


def verified(client: Client) -> str:
    with acting_as("researcher"):
        return str(client.get(url("vault_journalentry_verify")).content.decode())


def test_a_sound_chain_is_verified_with_its_head(stage: Stage) -> None:
    last = stage.world.benchmark.journal.order_by("-sequence").first()
    assert last is not None

    page = verified(client_of(RESEARCHER))

    assert "<td>verified</td>" in page
    assert last.hash in page


def test_chains_are_drawn_as_a_list_is(stage: Stage) -> None:
    """Without what the admin has for forms, of which the page has none."""
    page = verified(client_of(RESEARCHER))

    assert "admin/css/changelists" in page
    assert "admin/css/forms" not in page


def test_an_edited_entry_is_told(stage: Stage) -> None:
    """Invariant 8: whoever switched the trigger off is found by the chain."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "ALTER TABLE vault_journalentry DISABLE TRIGGER vault_journalentry_no_change"
        )
        cursor.execute("UPDATE vault_journalentry SET actor = 'nobody' WHERE sequence = 2")

    page = verified(client_of(RESEARCHER))

    assert "BROKEN: entry 2 was changed" in page
    # The installation's chain, which is another, is sound.
    assert page.count("<td>verified</td>") == 1


def test_entries_are_shown_whole(stage: Stage) -> None:
    entry = stage.world.benchmark.journal.get(kind="seal")
    client = client_of(RESEARCHER)

    with acting_as("researcher"):
        page = client.get(url("vault_journalentry_change", entry.pk)).content.decode()

    assert stage.world.query.commitment in page
    assert entry.previous_hash in page
    assert entry.hash in page
