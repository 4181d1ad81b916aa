"""A delivered batch is known by its ciphertext: replays, spellings, and batches that came before that."""

import base64
import hashlib
import json
from importlib import import_module

import pytest
from django.db import connection
from django.utils import timezone

from tests.audits import awaited_round
from tests.audits.awaited_round import Awaited
from tests.vault.api.stage import problem
from tests.vault.api.test_prospective import send
from tests.vault.factories import acting_as
from vault import label_providers
from vault.models import BatchEnvelope, LabelBatch

pytestmark = pytest.mark.usefixtures("vault_keys", "api_site")

MIGRATION = import_module("vault.migrations.0046_batches_by_ciphertext")


@pytest.fixture
def given(vault_keys: None, api_site: None) -> Awaited:
    made = awaited_round.published("later")
    made.now = timezone.now()
    return made


def test_an_older_batch_that_is_replayed_in_another_spelling_takes_nothing_back(
    given: Awaited,
) -> None:
    """Nor does one that another provider of the benchmark sends."""
    old = given.envelope(given.rows(range(30), label="1"))
    first = send(given, old, **{"Idempotency-Key": "one"})
    given.advance()
    assert send(given, given.envelope(given.rows(range(30), label="0"))).status_code == 202
    given.advance()
    with acting_as("researcher"):
        _, token = label_providers.add(
            benchmark=given.world.benchmark,
            name="second",
            expires_at=None,
            actor="ada",
            now=given.now,
        )
    members = json.loads(old)
    turned = dict(reversed(members.items()))
    key = {"Idempotency-Key": "one"}

    for body, how in (
        (json.dumps(members).encode(), {}),
        (json.dumps(members).encode(), key),
        (json.dumps(turned, indent=4).encode(), {}),
        (json.dumps(members | {"wrapped_key": base64.b64encode(bytes(80)).decode()}).encode(), {}),
    ):
        again = send(given, body, **how)
        assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
        assert again["Idempotency-Replayed"] == "true"
    assert send(given, old, token=token)["Idempotency-Replayed"] == "true"
    assert problem(send(given, b"{}", **key)) == (422, "idempotency_key_reused")
    given.advance()
    assert list(LabelBatch.objects.order_by("sequence").values_list("status", "version")) == [
        ("ACCEPTED", 1),
        ("ACCEPTED", 2),
    ]


def test_batches_that_came_before_are_known_by_their_ciphertext(given: Awaited) -> None:
    """Of two with one ciphertext, which could be then, the first is."""
    bodies = [given.envelope(given.rows([place])) for place in (0, 1)]
    batches = [given.deliver(given.rows([place])) for place in (2, 3)]
    twice = LabelBatch.objects.create(
        holdout=given.holdout,
        provider=given.provider,
        sequence=3,
        received_at=given.now,
        sha256="c" * 64,
    )
    first = BatchEnvelope.objects.get(batch=batches[0])
    BatchEnvelope.objects.create(
        batch=twice, kid=first.kid, wrapped_key=first.wrapped_key, ciphertext=first.ciphertext
    )
    expected = [each.sha256 for each in batches]
    for batch, body in zip(batches, bodies, strict=True):
        LabelBatch.objects.filter(pk=batch.pk).update(sha256=hashlib.sha256(body).hexdigest())

    for _ in range(2):
        with connection.cursor() as cursor:
            cursor.execute(MIGRATION.BY_CIPHERTEXT)

        hashes = LabelBatch.objects.order_by("sequence").values_list("sha256", flat=True)
        assert list(hashes) == [*expected, "c" * 64]
