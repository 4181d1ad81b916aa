"""Envelopes that were changed on their way, cut, or made up: each is refused, by the member that is wrong."""

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from tests.vault.sealed_weather import make_benchmark, make_keys
from tests.vault.sealing.sealed_offline import seal, take_in
from vault.errors import SealingError
from vault.models import Benchmark, Holdout, JournalEntry, Panel, SealedBlob, SealedEnvelope
from vault.sealing import envelopes, sealing_keys

pytestmark = pytest.mark.django_db

Change = Callable[[dict[str, Any]], Any]


@pytest.fixture
def weather(tmp_path: Path, settings: Settings) -> Benchmark:
    make_keys(tmp_path, settings)
    return make_benchmark()


@pytest.fixture
def content(tmp_path: Path, weather: Benchmark) -> bytes:
    return seal(tmp_path, weather)


def changed(content: bytes, change: Change) -> bytes:
    """The file with another head, in canonical spelling."""
    name, head, blobs = content.split(b"\n", 2)
    members = json.loads(head)
    change(members)
    return b"\n".join([name, envelopes.canonical(members), blobs])


def nothing_is_stored() -> bool:
    return not any(
        table.objects.exists()
        for table in (Holdout, Panel, SealedBlob, SealedEnvelope, JournalEntry)
    )


def test_it_is_stored_as_it_says(weather: Benchmark, content: bytes) -> None:
    found = envelopes.read(content)
    sealed = take_in(weather, content)

    assert [each.pk for each in sealed] == [each.id for each in found.shards]
    assert [each.commitment for each in sealed] == [each.commitment for each in found.shards]
    assert Panel.objects.get().n_items == 60
    entry = json.loads(JournalEntry.objects.get(kind="seal").payload)
    assert entry["envelope"] == hashlib.sha256(content).hexdigest()
    assert entry["seed_sha256"] == found.seed_sha256
    assert SealedEnvelope.objects.get().status == "RECEIVED"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda head: head.update(extra=1), "extra"),
        (lambda head: head.pop("seed_sha256"), "seed_sha256"),
        (lambda head: head.update(batch="1"), "batch"),
        (lambda head: head.update(cipher="ROT13"), "cipher"),
        (lambda head: head.update(suite="RSA"), "suite"),
        (lambda head: head.update(draws_groups="no"), "draws_groups"),
        (lambda head: head.update(period=["2026-02-01", "2026-01-01"]), "period"),
        (lambda head: head.update(slice_names=[1]), "slice_names"),
        (lambda head: head["ids"].update(size=5), "ids.sha256"),
        (lambda head: head["ids"].update(kind="float"), "ids.kind"),
        (lambda head: head["ids"].update(kind="integer"), "ids"),
        (lambda head: head["holdouts"][0].update(label="rain"), "holdouts[0].label"),
        (lambda head: head["holdouts"][1].update(n_items=0), "holdouts[1].n_items"),
        (lambda head: head["holdouts"][1].update(n_items=True), "holdouts[1].n_items"),
        (lambda head: head["holdouts"][0].update(commitment="00"), "holdouts[0].commitment"),
        (lambda head: head["holdouts"][0]["blob"].update(keys=[]), "holdouts[0].blob.keys"),
        (
            lambda head: head["holdouts"][0]["blob"]["keys"][0].update(purpose="scoring"),
            "holdouts[0].blob.keys[0].purpose",
        ),
        (lambda head: head["record"].update(size=10**9), "record.size"),
        (lambda head: head.update(record=3), "record"),
        (lambda head: head["holdouts"][0].update(n_effective=10**400), "holdouts[0].n_effective"),
        (lambda head: head["holdouts"][0].update(kind="\ud800"), "holdouts[0].kind"),
        (lambda head: head["holdouts"][0].update(status="a" * 17), "holdouts[0].status"),
        (lambda head: head.update(benchmark="a\0b"), "benchmark"),
        (lambda head: head.update(benchmark="a" * 1_000_000), "benchmark"),
        (lambda head: head.update(task="\udfff"), "task"),
        (lambda head: head.update(classes=["dry", "\ud800"]), "classes[1]"),
        (lambda head: head.update(slice_names=["a", "a\0b"]), "slice_names[1]"),
        (lambda head: head.update(slice_names=["\ud800"]), "slice_names[0]"),
        (lambda head: head.update(slice_names=["a" * 201]), "slice_names[0]"),
        (lambda head: head.update(slice_names=list(map(str, range(1001)))), "slice_names"),
        (lambda head: head.update({"\ud800": 1}), "\N{REPLACEMENT CHARACTER}"),
        (lambda head: head.update({"z" * 1_000_000: 1}), "z" * 199 + "…"),
    ],
)
def test_a_member_that_is_wrong_is_named(
    weather: Benchmark, content: bytes, change: Change, path: str
) -> None:
    with pytest.raises(SealingError) as refused:
        envelopes.read(changed(content, change))

    assert refused.value.data["field"] == path
    assert len(refused.value.message.encode()) < 300
    assert nothing_is_stored()


def test_bytes_that_are_wrong_are_refused(content: bytes) -> None:
    name, head, blobs = content.split(b"\n", 2)
    for wrong in (
        b"",
        b"holdout-vault-envelope/2\n" + content[len(name) + 1 :],
        name,
        content + b"x",
        content[:-1],
        name + b"\n" + json.dumps(json.loads(head)).encode() + b"\n" + blobs,
        content[:-9] + bytes([content[-9] ^ 1]) + content[-8:],
        base64.b64encode(content),
    ):
        with pytest.raises(SealingError):
            envelopes.read(wrong)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda head: head.update(benchmark="snow"), "benchmark of the envelope"),
        (lambda head: head.update(classes=["a" * 100_000]), "a…, and here it is .'dry', 'rain'."),
        (lambda head: head.update(classes=["dry", "snow"]), "classes of the envelope"),
        (lambda head: head.update(task="multiclass"), "task of the envelope"),
        (lambda head: head["holdouts"][0].update(status="RETIRED"), "cannot be sealed as RETIRED"),
        (lambda head: head["holdouts"][0].update(kind="temporal"), "of one kind"),
        (lambda head: head["holdouts"][0].update(kind="other"), "of one kind"),
        (lambda head: head["holdouts"][0].update(n_items=21), "do not add up"),
        (lambda head: head["holdouts"][0].update(n_units=3), "only where groups are drawn"),
        (
            lambda head: head["holdouts"][0].update(commitment=head["holdouts"][1]["commitment"]),
            "commitment of the envelope: one occurs twice",
        ),
        (
            lambda head: head["holdouts"][2]["blob"]["keys"][0].update(kid="ab" * 32),
            "holdouts[2].blob.keys[0].kid",
        ),
        (lambda head: head.update(slice_names=["a", "a"]), "slice_names"),
        (lambda head: head.update(draws_groups=True), "n_units"),
        (
            lambda head: head.update(
                panel={"version": 1, "n_items": 5, "sha256": "ab" * 32, "id_kind": "string"}
            ),
            "another version of the panel",
        ),
    ],
)
def test_what_the_service_knows_better_is_refused(
    weather: Benchmark, content: bytes, change: Change, reason: str
) -> None:
    with pytest.raises(SealingError, match=reason.replace("[", r"\[")):
        take_in(weather, changed(content, change))

    assert nothing_is_stored()


def test_the_same_envelope_is_taken_in_once(weather: Benchmark, content: bytes) -> None:
    take_in(weather, content)

    with pytest.raises(SealingError, match="another version of the panel"):
        take_in(weather, content)

    assert Holdout.objects.count() == 3
    assert Panel.objects.count() == 1


def test_a_batch_of_known_items_is_refused(
    tmp_path: Path, weather: Benchmark, content: bytes
) -> None:
    take_in(weather, content)
    again = seal(tmp_path, weather, name="again")

    with pytest.raises(SealingError, match="an item is sealed already"):
        take_in(weather, again)


def test_an_envelope_for_an_older_key_is_refused(
    tmp_path: Path, weather: Benchmark, content: bytes
) -> None:
    sealing_keys.create(purpose="audit", private_key_file=tmp_path / "new.pem")

    with pytest.raises(SealingError, match="not the active audit key"):
        take_in(weather, content)
