"""The pages that hand out public keys and take envelopes in: what follows is said first."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.vault.admin.stage import client_of, url
from tests.vault.factories import NOW, acting_as
from tests.vault.sealing.sealed_offline import LABELS, seal
from vault.models import Benchmark, CorrectionRequest, Holdout, Panel, SealedEnvelope
from vault.people.groups import ORGANIZER, RESEARCHER
from vault.sealing import envelopes

pytestmark = pytest.mark.usefixtures("installation")


@pytest.fixture
def benchmark() -> Benchmark:
    return Benchmark.objects.create(
        slug="rain",
        title="Rain",
        task="binary",
        classes=["dry", "rain"],
        prediction_form="label",
        primary_metric="accuracy",
    )


@pytest.fixture
def content(tmp_path: Path, benchmark: Benchmark) -> bytes:
    return seal(tmp_path, benchmark)


def send(benchmark: Benchmark, content: bytes, person: str = ORGANIZER, **given: Any) -> Any:
    client = client_of(person)
    with acting_as("researcher"):
        return client.post(
            url("vault_holdout_envelope"),
            {
                "benchmark": benchmark.pk,
                "file": SimpleUploadedFile("sealed.envelope", content),
                **given,
            },
        )


def proof_of(answer: Any) -> str:
    found = re.search(r'name="proof" value="([^"]+)"', answer.content.decode())
    assert found
    return found[1]


def test_what_follows_is_said_first_and_nothing_is_done(
    benchmark: Benchmark, content: bytes
) -> None:
    answer = send(benchmark, content)
    page = answer.content.decode()

    assert answer.status_code == 200
    assert "version 1: 0 items, then these 60" in page
    assert "the audit worker looks inside after the upload" in page
    for shard in envelopes.read(content).shards:
        assert shard.commitment in page
    assert not Holdout.objects.exists()
    assert not Panel.objects.exists()


def test_the_second_time_it_is_taken_in_and_its_page_says_what_came_of_it(
    benchmark: Benchmark, content: bytes
) -> None:
    proof = proof_of(send(benchmark, content))
    answer = send(benchmark, content, proof=proof, confirm="on")

    assert answer.status_code == 302
    assert SealedEnvelope.objects.get().actor == ORGANIZER
    holdout = Holdout.objects.get(status="FRESH")

    def shown() -> str:
        page = client_of(RESEARCHER).get(url("vault_holdout_change", holdout.pk))
        return str(page.content.decode())

    assert "where the labels live" in shown()
    assert "waits for the audit worker" in shown()
    # In one transaction, as tests of the admin are, no envelope is opened: the verdict is written down.
    SealedEnvelope.objects.update(status="REFUSED", problem="its ids are others", judged_at=NOW)
    assert "it may never serve: its ids are others" in shown()


@pytest.mark.parametrize(
    ("status", "reason"), [("RECEIVED", "has not verified"), ("REFUSED", "its ids are others")]
)
def test_labels_that_may_not_serve_are_not_corrected(
    benchmark: Benchmark, content: bytes, status: str, reason: str
) -> None:
    """The worker cannot open them, and would try for ever."""
    send(benchmark, content, proof=proof_of(send(benchmark, content)), confirm="on")
    problem = "its ids are others" if status == "REFUSED" else ""
    SealedEnvelope.objects.update(status=status, problem=problem)
    holdout = Holdout.objects.get(status="FRESH")
    first = envelopes.read(content).ids[0].as_py()
    given = {"what": "void", "ids": first, "reason": "x", "for_good": "on"}
    with acting_as("researcher"):
        answer = client_of(ORGANIZER).post(url("vault_holdout_act", holdout.pk, "correct"), given)

    assert answer.status_code == 200
    assert reason in answer.content.decode()
    assert not CorrectionRequest.objects.exists()


@pytest.mark.parametrize("given", [{"confirm": "on"}, {"proof": "x:y:z", "confirm": "on"}])
def test_nobody_confirms_what_was_not_shown(
    benchmark: Benchmark, content: bytes, given: dict[str, str]
) -> None:
    assert send(benchmark, content, **given).status_code == 200
    assert not Holdout.objects.exists()


def test_a_tick_holds_for_one_file(tmp_path: Path, benchmark: Benchmark, content: bytes) -> None:
    proof = proof_of(send(benchmark, content))
    other = seal(tmp_path, benchmark, LABELS, name="other")

    assert send(benchmark, other, proof=proof, confirm="on").status_code == 200
    assert send(benchmark, content, proof=proof).status_code == 200
    assert not Holdout.objects.exists()


def test_a_wrong_file_is_refused_by_its_member(benchmark: Benchmark, content: bytes) -> None:
    page = send(benchmark, content[:-1]).content.decode()
    assert "record.size of the envelope" in page.lower()
    page = send(benchmark, b"id,label").content.decode()
    assert "no envelope of this service" in page
    assert not Holdout.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda head: head["holdouts"][0].update(n_effective=10**400),
        lambda head: head["holdouts"][0].update(status="\ud800"),
        lambda head: head["holdouts"][0].update(kind="a" * 1_000_000),
        lambda head: head.update({"\ud800": 1}),
        lambda head: head.update(slice_names=["\ud800"]),
        lambda head: head.update(slice_names=["a\0b"]),
        lambda head: head.update(slice_names=[str(i) for i in range(100_000)]),
        lambda head: head.update(classes=["a" * 1_000_000]),
    ],
)
def test_a_hostile_head_is_refused_on_a_page_of_the_usual_size(
    benchmark: Benchmark, content: bytes, change: Any
) -> None:
    name, line, blobs = content.split(b"\n", 2)
    head = json.loads(line)
    change(head)
    usual = len(send(benchmark, content[:-1]).content)
    answer = send(benchmark, b"\n".join([name, envelopes.canonical(head), blobs]))

    assert answer.status_code == 200
    assert "of the envelope" in answer.content.decode().lower()
    assert b'name="proof"' not in answer.content
    assert len(answer.content) < usual + 2_000


def test_of_many_slices_the_first_are_shown(benchmark: Benchmark, content: bytes) -> None:
    name, line, blobs = content.split(b"\n", 2)
    head = {**json.loads(line), "slice_names": [f"slice-{i}" for i in range(1000)]}
    page = send(benchmark, b"\n".join([name, envelopes.canonical(head), blobs])).content.decode()

    assert "slice-19 and 980 more" in page


def test_researchers_look_and_do_not_act(benchmark: Benchmark, content: bytes) -> None:
    assert send(benchmark, content, RESEARCHER).status_code == 403
    assert client_of(RESEARCHER).get(url("vault_holdout_envelope")).status_code == 403
    assert client_of(RESEARCHER).get(url("vault_holdout_keys", "rain")).status_code == 200


def test_public_keys_are_the_ones_of_the_api(benchmark: Benchmark) -> None:
    with acting_as("researcher"):
        answer = client_of(ORGANIZER).get(url("vault_holdout_keys", "rain"))
        missing = client_of(ORGANIZER).get(url("vault_holdout_keys", "snow"))
    told = json.loads(answer.content)

    assert missing.status_code == 404
    assert "rain-sealing-keys.json" in answer["Content-Disposition"]
    assert [each["purpose"] for each in told["keys"]] == ["audit", "scoring"]
    assert told["classes"] == ["dry", "rain"]
    assert "PRIVATE" not in answer.content.decode()
