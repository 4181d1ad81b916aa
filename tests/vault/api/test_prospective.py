"""Awaited labels over the API: who may deliver them, what is taken, and what everybody reads of them."""

import base64
import dataclasses
import hashlib
import json
import threading
from typing import Any

import numpy as np
import pytest
from django.db import ProgrammingError, connection
from django.utils import timezone

from audits import prospective
from tests.audits import awaited_round
from tests.audits.awaited_round import Awaited
from tests.vault.api.stage import Caller, problem
from tests.vault.factories import acting_as
from vault import label_providers
from vault.models import (
    BatchEnvelope,
    Benchmark,
    JournalEntry,
    LabelBatch,
    LabelProvider,
    ProspectiveResult,
    ProspectiveScore,
    SealedBlob,
    Team,
)
from vault.sealing import batch_format, crypto, disclosures, label_versions

pytestmark = pytest.mark.usefixtures("vault_keys", "api_site")

ANYONE = Caller()
JSON = "application/json"


@pytest.fixture
def given(vault_keys: None, api_site: None) -> Awaited:
    made = awaited_round.published("later")
    made.now = timezone.now()
    return made


def provider_of(token: str) -> Caller:
    caller = Caller()
    caller.headers["Authorization"] = f"Bearer {token}"
    return caller


def address(given: Awaited) -> str:
    return f"benchmarks/{given.world.benchmark.slug}/prospective/{given.holdout.pk}/"


def send(given: Awaited, body: bytes, *, token: str | None = None, **headers: str) -> Any:
    caller = provider_of(given.token if token is None else token)
    return caller.post(f"{address(given)}batches/", body, JSON, headers=headers)


def test_five_batches_through_the_api_become_rows_for_everybody(given: Awaited) -> None:
    """The API tells the provider what became of each, and everybody the rows beside the published ones."""
    for number in range(5):
        given.now = timezone.now()
        answer = send(given, given.envelope(given.rows(range(40 * number, 40 * number + 40))))
        assert answer.status_code == 202
        received = answer.json()
        assert (received["status"], received["version"]) == ("RECEIVED", None)
        given.advance()
        shown = provider_of(given.token).get(answer["Location"].removeprefix("/api/v1/")).json()
        assert (shown["status"], shown["version"], shown["n_rows"]) == (
            "ACCEPTED",
            number + 1,
            40,
        )

    state = ANYONE.get(address(given)).json()
    assert (state["status"], state["n_items"], state["n_labelled"]) == ("RETIRED", 200, 200)
    path = f"benchmarks/later/rounds/{given.world.round.number}/prospective/"
    answer = ANYONE.get(path)
    (of_holdout,) = answer.json()["holdouts"]
    assert [look["n_labelled"] for look in of_holdout["looks"]] == [120, 160, 200]
    stored = ProspectiveResult.objects.filter(look__label_version=5, team__name="later-good").get()
    (row,) = [each for each in of_holdout["looks"][-1]["rows"] if each["team"] == "later-good"]
    assert (row["score"], row["interval"]) == (stored.value, [stored.low, stored.high])
    assert row["bounds"] == [stored.bound_low, stored.bound_high]
    assert ANYONE.get(path, **{"If-None-Match": answer["ETag"]}).status_code == 304


def test_a_benchmark_shows_items_that_have_no_commitment_yet(given: Awaited) -> None:
    def shown() -> dict[str, Any]:
        listed = ANYONE.get("benchmarks/later/").json()["holdouts"]
        (found,) = [each for each in listed if each["kind"] == "prospective"]
        return dict(found)

    assert (shown()["commitment"], shown()["n_items"]) == (None, 200)
    for batch in (range(40), range(40, 80)):
        given.delivered(batch)
        assert shown()["commitment"] == label_versions.newest(holdout=given.holdout).commitment


def test_a_complete_holdout_is_disclosed_with_what_was_committed_to(given: Awaited) -> None:
    """The last version, with its times: as any holdout that retired."""
    for batch in (range(100), range(100, 200)):
        given.delivered(batch)
    with acting_as("researcher"):
        disclosures.request(
            holdout=given.holdout, reason="it is over", actor="olivia", now=given.now
        )
    with acting_as("audit"):
        assert disclosures.carry_out(holdout_id=given.holdout.pk, clock=lambda: given.now)

    file = ANYONE.get(f"benchmarks/later/holdouts/{given.holdout.pk}/labels/").json()
    assert file["text"].splitlines()[0] == "id,label,slice:arrived_at,slice:version,time"
    assert len(file["text"].splitlines()) == 201
    computed = hashlib.sha256(bytes.fromhex(file["salt"]) + file["text"].encode()).hexdigest()
    (shown,) = [
        each
        for each in ANYONE.get("benchmarks/later/").json()["holdouts"]
        if each["kind"] == "prospective"
    ]
    assert computed == file["commitment"] == shown["commitment"]


def test_the_public_key_of_the_answer_is_the_one_to_seal_for(given: Awaited) -> None:
    key = ANYONE.get(address(given)).json()["audit_key"]

    public = base64.b64decode(key["public_key"])
    assert crypto.kid_of(public) == key["kid"]
    assert key["suite"] == batch_format.SUITE == crypto.SUITE
    assert batch_format.CIPHER == crypto.CIPHER


def test_who_may_not_deliver_hears_why(given: Awaited) -> None:
    """A team, whatever its scopes, a stranger, and a provider whose token has ended."""
    body, path = given.envelope(given.rows(range(3))), f"{address(given)}batches/"
    team = Caller(given.world.teams["fair"])
    assert problem(team.post(path, body, JSON)) == (403, "forbidden")
    assert "labels:write" in team.post(path, body, JSON).json()["detail"]
    assert problem(ANYONE.post(path, body, JSON)) == (401, "not_authenticated")
    assert problem(send(given, body, token="hvl_" + "x" * 43)) == (401, "invalid_token")

    with acting_as("researcher"):
        label_providers.revoke(provider=given.provider, actor="olivia", now=timezone.now())
    assert problem(send(given, body)) == (401, "invalid_token")
    LabelProvider.objects.update(revoked_at=None, expires_at=timezone.now())
    assert problem(send(given, body)) == (401, "invalid_token")
    assert not LabelBatch.objects.exists()


def test_a_provider_is_no_team(given: Awaited) -> None:
    provider = provider_of(given.token)
    for path in ("budget/", "submissions/"):
        refused = provider.get(f"benchmarks/later/{path}")
        assert problem(refused) == (401, "invalid_token")
    assert problem(provider.get("tokens/")) == (401, "invalid_token")


def test_another_benchmark_is_not_found(given: Awaited) -> None:
    """Neither by its address nor by an envelope that is sealed for it."""
    other = awaited_round.closed("other")
    body = other.envelope(other.rows(range(3)))
    assert problem(send(other, body, token=given.token)) == (404, "not_found")
    batch = send(other, body).json()["id"]
    path = f"{address(other)}batches/{batch}/"
    assert problem(provider_of(given.token).get(path)) == (404, "not_found")

    refused = send(given, body)
    assert problem(refused) == (422, "invalid_envelope")
    assert refused.json()["field"] == "benchmark"
    elsewhere = given.envelope(given.rows(range(3)), holdout=str(other.holdout.pk))
    assert send(given, elsewhere).json()["field"] == "holdout"
    # Renamed, it reaches the worker, and no key opens it.
    renamed = json.loads(elsewhere) | {"holdout": str(given.holdout.pk)}
    assert send(given, json.dumps(renamed).encode()).status_code == 202
    given.advance()
    assert LabelBatch.objects.get(holdout=given.holdout).status == "REFUSED"


def test_a_private_benchmark_is_shown_to_its_provider(given: Awaited) -> None:
    Benchmark.objects.update(visibility="private")

    assert problem(ANYONE.get(address(given))) == (404, "not_found")
    stranger = Caller(Team.objects.create(name="stranger"))
    assert problem(stranger.get(address(given))) == (404, "not_found")
    assert provider_of(given.token).get(address(given)).status_code == 200


def test_what_is_sent_again_is_the_same_batch(given: Awaited) -> None:
    body = given.envelope(given.rows(range(3)))
    first = send(given, body, **{"Idempotency-Key": "one"})

    for headers in ({"Idempotency-Key": "one"}, {"Idempotency-Key": "two"}, {}):
        again = send(given, body, **headers)
        assert (again.status_code, again.json()) == (202, first.json())
        assert again["Idempotency-Replayed"] == "true"
    assert LabelBatch.objects.count() == 1

    other = send(given, given.envelope(given.rows([9])), **{"Idempotency-Key": "one"})
    assert problem(other) == (422, "idempotency_key_reused")
    assert problem(send(given, body, **{"Idempotency-Key": ""})) == (400, "invalid_idempotency_key")
    assert LabelBatch.objects.count() == 1
    entry = JournalEntry.objects.get(kind="batch_received")
    assert entry.actor == f"provider {given.provider.name}"
    assert json.loads(entry.payload) == {
        "holdout": str(given.holdout.pk),
        "batch": first.json()["id"],
        "sha256": batch_format.read(body).ciphertext_sha256,
    }


def test_two_at_once_come_one_after_the_other(given: Awaited) -> None:
    """Of one envelope one batch, of eight others eight, numbered without a gap."""
    same = given.envelope(given.rows([0]))
    bodies = [same, same, *(given.envelope(given.rows([i])) for i in range(1, 9))]
    statuses: list[int] = []

    def deliver(body: bytes) -> None:
        try:
            statuses.append(send(given, body).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=deliver, args=[body]) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert statuses == [202] * 10
    numbers = LabelBatch.objects.order_by("sequence").values_list("sequence", flat=True)
    assert list(numbers) == list(range(1, 10))


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"format": "other/1"}, "format"),
    ({"suite": "none"}, "suite"),
    ({"cipher": "none"}, "cipher"),
    ({"kid": "0" * 64}, "kid"),
    ({"wrapped_key": "!"}, "wrapped_key"),
    ({"wrapped_key": "AAAA"}, "wrapped_key"),
    ({"ciphertext": "a"}, "ciphertext"),
    ({"ciphertext": 7}, "ciphertext"),
    ({"extra": "x"}, ""),
]


@pytest.mark.parametrize(("changed", "field"), WRONG)
def test_what_nobody_could_open_is_refused_at_once(
    given: Awaited, changed: dict[str, Any], field: str
) -> None:
    body = json.dumps(json.loads(given.envelope(given.rows([0]))) | changed).encode()

    refused = send(given, body)

    assert problem(refused) == (422, "invalid_envelope")
    assert refused.json()["field"] == field
    assert not LabelBatch.objects.exists()


def test_a_body_that_is_no_envelope_is_refused(given: Awaited) -> None:
    for body in (b"", b"[]", b"{", b'{"format": 1, "format": 2}', b"\xff", b"[" * 100_000):
        assert problem(send(given, body))[0] == 422
    path = f"{address(given)}batches/"
    csv = provider_of(given.token).post(path, b"id,label\n", "text/csv")
    assert problem(csv) == (415, "unsupported_media_type")


def test_a_body_that_is_too_large_is_not_read(given: Awaited, monkeypatch: Any) -> None:
    monkeypatch.setattr(batch_format, "MAX_ENVELOPE_BYTES", 100)

    assert problem(send(given, given.envelope(given.rows([0])))) == (413, "content_too_large")


def test_labels_are_taken_once_finals_are_locked(vault_keys: None) -> None:
    """Not while a prediction can still change, and not when all are there."""
    early = awaited_round.planned("early")
    early.now = timezone.now()
    refused = send(early, early.envelope(early.rows([0])))
    assert problem(refused) == (409, "labels_not_awaited")
    assert "once the finals" in refused.json()["detail"]

    late = awaited_round.published("late")
    late.now = timezone.now()
    late.delivered(range(200))
    assert problem(send(late, late.envelope(late.rows([0])))) == (409, "labels_not_awaited")


def test_a_refusal_names_rows_to_its_provider_alone(given: Awaited) -> None:
    wrong = given.rows([0, 1], label="SENTINEL")
    batch = send(given, given.envelope(wrong)).json()["id"]
    given.advance()
    with acting_as("researcher"):
        _, token = label_providers.add(
            benchmark=given.world.benchmark,
            name="second",
            expires_at=None,
            actor="olivia",
            now=timezone.now(),
        )
    path = f"{address(given)}batches/{batch}/"

    shown = provider_of(given.token).get(path).json()
    assert [each["row"] for each in shown["problems"]] == [2, 3]
    assert "SENTINEL" not in json.dumps(shown)
    assert problem(provider_of(token).get(path)) == (404, "not_found")
    assert problem(Caller(given.world.teams["fair"]).get(path)) == (403, "forbidden")


def test_the_web_process_gets_no_label(given: Awaited, settings: Any) -> None:
    """Its role reads no envelope, its environment holds no key, and what it may read tells none."""
    given.delivered(range(120))
    settings.AUDIT_PRIVATE_KEY_FILE = settings.SCORING_PRIVATE_KEY_FILE = ""
    for model in (BatchEnvelope, SealedBlob, ProspectiveScore):
        with acting_as("web"), pytest.raises(ProgrammingError, match="permission denied"):
            list(model.objects.all())
    with acting_as("researcher"), pytest.raises(ProgrammingError, match="permission denied"):
        list(BatchEnvelope.objects.all())
    for role in ("web", "researcher"):
        with acting_as(role), pytest.raises(ProgrammingError, match="permission denied"):
            LabelBatch.objects.update(status="ACCEPTED")
    with pytest.raises(Exception, match="holds no audit key"):
        prospective.advance(holdout_id=given.holdout.pk, clock=timezone.now)


def test_the_length_of_a_batch_tells_no_label() -> None:
    texts = [b"id,label,event_time,arrived_at\n1,%s,a,b\n" % name for name in (b"no", b"perhaps")]

    lengths = {
        len(batch_format.padded(text, labels=[text.split(b",")[4].decode()])) for text in texts
    }
    assert len(lengths) == 1
    for text in texts:
        assert batch_format.unpadded(batch_format.padded(text, labels=["x"])) == text


def test_rounds_without_rows_say_so(given: Awaited) -> None:
    number = given.world.round.number
    path = f"benchmarks/later/rounds/{number}/prospective/"
    assert ANYONE.get(path).json()["holdouts"][0]["looks"] == []
    assert problem(ANYONE.get("benchmarks/later/rounds/99/prospective/")) == (404, "not_found")
    assert problem(ANYONE.get(f"benchmarks/later/rounds/{10**12}/prospective/"))[0] == 404
    open_one = awaited_round.planned("open")
    open_path = f"benchmarks/open/rounds/{open_one.world.round.number}/prospective/"
    assert problem(ANYONE.get(open_path)) == (404, "not_found")


def test_two_rows_do_not_tell_one_label(given: Awaited) -> None:
    """Two sets of labels that differ in one late item bring equal answers until twenty more have come."""
    path = f"benchmarks/later/rounds/{given.world.round.number}/prospective/"
    given.delivered(range(120))
    before = ANYONE.get(path).content
    given.delivered([120], label="0")
    first = ANYONE.get(path).content
    given.delivered([120], label="1")

    assert before == first == ANYONE.get(path).content


def test_an_envelope_that_was_changed_is_refused_by_the_worker(given: Awaited) -> None:
    whole = batch_format.read(given.envelope(given.rows(range(3))))
    rng = np.random.default_rng(1)
    for _ in range(4):
        place = int(rng.integers(len(whole.ciphertext)))
        bent = bytearray(whole.ciphertext)
        bent[place] ^= 1
        body = batch_format.written(dataclasses.replace(whole, ciphertext=bytes(bent)))
        assert send(given, body).status_code == 202
    given.advance()

    assert set(LabelBatch.objects.values_list("status", flat=True)) == {"REFUSED"}
