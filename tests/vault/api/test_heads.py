"""Signed heads as anybody gets them, and nobody for whom the benchmark is not."""

import base64
import datetime as dt
import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from tests.vault.api.stage import Caller, problem
from tests.vault.factories import NOW, make_world
from tests.vault.signing import append, make_signing_key, signed
from vault import signed_heads
from vault.api.representations.heads import SIGNED_HEAD, SIGNING_KEY
from vault.models import Benchmark, SignedHead, Team

pytestmark = pytest.mark.usefixtures("vault_keys", "api_site")

ANYONE = Caller()
HEAD = "benchmarks/weather/journal/head/"


@pytest.fixture
def heads(tmp_path: Path, settings: Any, vault_keys: None) -> list[SignedHead]:
    """Of one benchmark three, the last under a second key."""
    make_signing_key(directory=tmp_path, settings=settings, now=NOW)
    benchmark = make_world("weather").benchmark
    found = [signed(benchmark, NOW)]
    append(benchmark, NOW, "round_closed")
    found.append(signed(benchmark, NOW + dt.timedelta(microseconds=1)))
    make_signing_key(directory=tmp_path, settings=settings, now=NOW, name="second")
    append(benchmark, NOW, "round_closed")
    return [*found, signed(benchmark, NOW)]


def test_the_latest_is_answered_and_an_earlier_one_by_its_number(heads: list[SignedHead]) -> None:
    latest = ANYONE.get(HEAD)

    assert latest.json() == {
        "benchmark": "weather",
        "number": heads[-1].number,
        "hash": heads[-1].hash,
        "signed_at": "2026-03-01T12:00:00Z",
        "key": heads[-1].key_id,
        "signature": heads[-1].signature,
    }
    first = ANYONE.get(f"{HEAD}?number={heads[0].number}").json()
    assert first["hash"] == heads[0].hash
    listed = ANYONE.get("benchmarks/weather/journal/heads/").json()["results"]
    assert [listed[0], listed[-1]] == [first, latest.json()]
    assert [each["number"] for each in listed] == [each.number for each in heads]


def test_an_answer_is_a_line_of_a_file_that_the_command_reads(heads: list[SignedHead]) -> None:
    content = ANYONE.get(HEAD).content

    (statement,) = signed_heads.read(content.decode())
    assert signed_heads.trusted([statement])


@pytest.mark.parametrize(
    "number", ["0", "1", "99999999", "999999999", "-1", "x", "", "\u0661", "1.0"]
)
def test_a_number_that_was_not_signed_is_not_found(heads: list[SignedHead], number: str) -> None:
    assert problem(ANYONE.get(f"{HEAD}?number={number}")) == (404, "not_found")


def test_an_answer_is_asked_for_again_by_its_etag(heads: list[SignedHead]) -> None:
    etag = ANYONE.get(HEAD)["ETag"]

    again = ANYONE.get(HEAD, **{"If-None-Match": etag})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    assert again["Cache-Control"] == "no-cache"
    assert "Authorization" in again["Vary"]
    assert again["Access-Control-Allow-Origin"] == "*"
    benchmark = Benchmark.objects.get()
    append(benchmark, NOW, "round_published")
    signed(benchmark, NOW)
    news = ANYONE.get(HEAD, **{"If-None-Match": etag})
    assert news.status_code == 200
    assert news["ETag"] != etag


def test_another_head_than_is_asked_for_is_a_problem(heads: list[SignedHead]) -> None:
    refused = ANYONE.get(HEAD, **{"If-Match": '"another"'})
    assert problem(refused) == (412, "precondition_failed")
    # There is no Last-Modified that a date could be compared with.
    old = {"If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}
    assert ANYONE.get(HEAD, **old).status_code == 200


def test_there_is_none_before_the_first_is_signed() -> None:
    make_world("weather")

    assert problem(ANYONE.get(HEAD)) == (404, "not_found")
    assert ANYONE.get("benchmarks/weather/journal/heads/").json()["results"] == []
    assert ANYONE.get("signing-keys/").json()["results"] == []


def test_a_private_benchmark_shows_its_heads_to_its_teams_alone(heads: list[SignedHead]) -> None:
    Benchmark.objects.update(visibility="private")
    stranger = Caller(Team.objects.create(name="stranger"))
    insider = Caller(Team.objects.create(name="reference", is_reference=True))

    for path in (HEAD, f"{HEAD}?number={heads[0].number}", "benchmarks/weather/journal/heads/"):
        assert problem(ANYONE.get(path)) == (404, "not_found")
        assert problem(stranger.get(path)) == (404, "not_found")
        assert insider.get(path).status_code == 200
    etag = insider.get(HEAD)["ETag"]
    assert problem(ANYONE.get(HEAD, **{"If-None-Match": etag})) == (404, "not_found")


def test_the_keys_of_all_generations_are_public(heads: list[SignedHead]) -> None:
    keys = ANYONE.get("signing-keys/").json()["results"]

    assert [each["generation"] for each in keys] == [1, 2]
    assert [each["id"] for each in keys] == [heads[0].key_id, heads[-1].key_id]
    assert all("PRIVATE" not in each["public_key"] for each in keys)


def test_examples_hang_together() -> None:
    public = serialization.load_pem_public_key(SIGNING_KEY.example["public_key"].encode())
    der = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )

    assert hashlib.sha256(der).hexdigest() == SIGNING_KEY.example["id"]
    assert SIGNED_HEAD.example["key"] == SIGNING_KEY.example["id"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")
def test_a_head_verifies_with_openssl_as_the_documents_say(
    heads: list[SignedHead], tmp_path: Path
) -> None:
    """Without a line of ours: the lines of docs/signed-heads.md."""
    head, keys = ANYONE.get(HEAD).json(), ANYONE.get("signing-keys/").json()["results"]
    (pem,) = (each["public_key"] for each in keys if each["id"] == head["key"])
    (tmp_path / "key.pem").write_text(pem)
    (tmp_path / "signature").write_bytes(base64.b64decode(head["signature"]))
    lines = [str(head[name]) for name in ("benchmark", "number", "hash", "signed_at", "key")]

    def verified(*said: str) -> bool:
        (tmp_path / "message").write_text("".join(f"{line}\n" for line in said))
        command = (
            "openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in message -sigfile signature"
        )
        done = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=False)
        return done.returncode == 0

    assert verified("holdout-vault journal head 1", *lines)
    assert not verified("holdout-vault journal head 2", *lines)
