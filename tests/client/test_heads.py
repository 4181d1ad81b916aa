"""Signed heads: verified offline, kept in a file, and what a service that takes one back is told."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from holdout import heads
from holdout.exit_codes import ExitCode

from tests.client.command import run
from tests.client.service import Service, answer, page, problem

OURS, THEIRS = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))


def pem_of(private: Any) -> str:
    public = private.public_key()
    return str(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def id_of(private: Any) -> str:
    der = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def a_head(number: int = 7, *, by: Ed25519PrivateKey = OURS, **changes: Any) -> dict[str, Any]:
    """Signed before what `changes` changes."""
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    digest = changes.pop("told", digest)
    at, key = "2026-03-01T12:00:00Z", id_of(by)
    of = changes.pop("of", "rain")
    text = f"holdout-vault journal head 1\n{of}\n{number}\n{digest}\n{at}\n{key}\n"
    return {
        "benchmark": of,
        "number": number,
        "hash": digest,
        "signed_at": at,
        "key": key,
        "signature": base64.b64encode(by.sign(text.encode())).decode(),
        **changes,
    }


def a_key(private: Any = OURS, **changes: Any) -> dict[str, Any]:
    return {"id": id_of(private), "generation": 1, "public_key": pem_of(private), **changes}


@pytest.fixture
def key(tmp_path: Path) -> str:
    path = tmp_path / "keys.pem"
    path.write_text(pem_of(OURS))
    return str(path)


@pytest.fixture
def keep(tmp_path: Path) -> Path:
    return tmp_path / "heads.jsonl"


def verified(*answers: Any, options: tuple[str, ...] = ()) -> Any:
    service = Service(answers=list(answers))
    given = run(service, "verify-head", "-b", "rain", *options)
    assert not service.answers
    return given


def test_a_kept_key_verifies_without_asking_for_one(key: str) -> None:
    given = verified(answer(a_head()), options=("--public-key", key))

    assert given.exit_code == ExitCode.OK
    assert "The signature verifies" in given.stderr
    assert "came from the service itself" not in given.stderr
    assert "Without --keep nothing is compared" in given.stderr


def test_a_served_key_proves_only_consistency_and_says_so() -> None:
    given = verified(answer(a_head()), page(a_key(THEIRS), a_key()))

    assert given.exit_code == ExitCode.OK
    assert "proves only that its answers agree with each other" in given.stderr


def test_the_installations_chain_is_asked_for_by_its_name(key: str, keep: Path) -> None:
    first = a_head(of="@installation")
    keep.write_text(json.dumps(a_head(9)) + "\n" + json.dumps(first) + "\n")
    service = Service(answers=[answer(a_head(8, of="@installation")), answer(first)])
    options = ("--public-key", key, "--keep", str(keep))
    given = run(service, "verify-head", "-b", "@installation", *options)

    assert given.exit_code == ExitCode.OK
    assert [each.url.path for each in service.asked] == ["/api/v1/journal/head/"] * 2
    assert len(keep.read_text().splitlines()) == 3


def test_machines_are_told_which_key_it_was(key: str) -> None:
    served = verified(answer(a_head()), page(a_key()), options=("--json",))
    own = verified(answer(a_head()), options=("--public-key", key, "--json"))

    assert json.loads(served.stdout)["verified_with"] == "served_key"
    assert json.loads(own.stdout) == {**a_head(), "verified_with": "kept_key", "is_new": False}


@pytest.mark.parametrize(
    "changes",
    [
        {"benchmark": "snow"},
        {"number": 8},
        {"hash": "0" * 64},
        {"signed_at": "2026-03-01T12:00:01Z"},
        {"key": "1" * 64},
        {"signature": "A" * 86 + "=="},
        {"signature": "?"},
        {"signature": ""},
    ],
)
@pytest.mark.parametrize("is_served", [True, False])
def test_a_changed_member_fails(
    changes: dict[str, Any], is_served: bool, key: str, keep: Path
) -> None:
    options = ("--keep", str(keep), *(() if is_served else ("--public-key", key)))
    # Of another benchmark, nothing else is looked at.
    keys = [page(a_key())] if is_served and "benchmark" not in changes else []

    given = verified(answer({**a_head(), **changes}), *keys, options=options)

    assert given.exit_code == ExitCode.NOT_VERIFIED
    assert not keep.exists()


def test_what_another_service_signed_fails_against_a_kept_key(key: str) -> None:
    given = verified(answer(a_head(by=THEIRS)), options=("--public-key", key))

    assert given.exit_code == ExitCode.NOT_VERIFIED
    assert f"signed by the key {id_of(THEIRS)[:12]}, which is not in {key}" in given.stderr


def test_an_older_generation_stays_good_for_what_it_signed(tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_text(f"the first\n\n{pem_of(THEIRS)}\n{pem_of(OURS)}")

    for by in (OURS, THEIRS):
        given = verified(answer(a_head(by=by)), options=("--public-key", str(both)))
        assert given.exit_code == ExitCode.OK


def test_a_served_key_under_a_wrong_id_fails() -> None:
    given = verified(answer(a_head()), page(a_key(public_key=pem_of(THEIRS))))

    assert given.exit_code == ExitCode.NOT_VERIFIED
    assert "shows a key that is not" in given.stderr


@pytest.mark.parametrize(
    "content",
    [
        "",
        "notes",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        pem_of(X25519PrivateKey.from_private_bytes(b"1" * 32)),
    ],
)
def test_a_file_without_a_key_is_a_mistake_of_the_caller(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.pem"
    path.write_text(content)

    given = verified(options=("--public-key", str(path)))

    assert given.exit_code == ExitCode.USAGE


def test_heads_are_kept_and_compared(key: str, keep: Path) -> None:
    options = ("--public-key", key, "--keep", str(keep))

    first = verified(answer(a_head(7)), options=options)
    again = verified(answer(a_head(7)), options=options)
    later = verified(answer(a_head(9)), answer(a_head(7)), options=options)

    assert [each.exit_code for each in (first, again, later)] == [0, 0, 0]
    assert "added to" in first.stderr
    assert "already in" in again.stderr
    assert [json.loads(line)["number"] for line in keep.read_text().splitlines()] == [7, 9]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([a_head(6)], "the latest head is 6, and head 7, signed"),
        ([a_head(7, told="0" * 64)], "head 7 has another hash than the one kept in"),
        ([a_head(9), a_head(7, told="0" * 64)], "head 7 has another hash than the one kept in"),
        ([a_head(9), problem(404, "not_found")], "the service no longer knows head 7"),
        ([a_head(9), a_head(8)], "answers another head than 7"),
        ([a_head(9), a_head(7, hash="0" * 64)], "the signature of head 7 does not verify"),
    ],
)
def test_what_was_taken_back_fails_and_is_shown(
    key: str, keep: Path, answers: list[Any], said: str
) -> None:
    options = ("--public-key", key, "--keep", str(keep))
    verified(answer(a_head(7)), options=options)
    before = keep.read_text()
    told = [answer(each) if isinstance(each, dict) else each for each in answers]

    given = verified(*told, options=options)

    assert given.exit_code == ExitCode.NOT_VERIFIED
    assert said in given.stderr.replace("\n", " ")
    assert keep.read_text() == before
    if "another hash" in said or "latest head" in said:
        assert given.stderr.count('"signature"') == 2


def test_a_kept_line_that_was_changed_accuses_nobody(key: str, keep: Path) -> None:
    keep.write_text(json.dumps({**a_head(7), "number": 9}) + "\n")

    given = verified(answer(a_head(8)), options=("--public-key", key, "--keep", str(keep)))

    assert given.exit_code == ExitCode.NOT_VERIFIED
    assert f"{keep}: the signature of head 9 does not verify" in given.stderr.replace("\n", " ")
    assert "the journal was" not in given.stderr


def test_evidence_is_in_the_document_of_the_error(key: str, keep: Path) -> None:
    options = ("--public-key", key, "--keep", str(keep), "--json")
    verified(answer(a_head(7)), options=options)

    given = verified(answer(a_head(6)), options=options)

    error = json.loads(given.stdout)["error"]
    assert error["code"] == "head_not_verified"
    assert error["evidence"] == [a_head(7), a_head(6)]


def test_heads_of_other_benchmarks_may_stand_in_the_file(key: str, keep: Path) -> None:
    keep.write_text(json.dumps(a_head(70, benchmark="snow")) + "\n\n")

    given = verified(answer(a_head(7)), options=("--public-key", key, "--keep", str(keep)))

    assert given.exit_code == ExitCode.OK
    assert len(keep.read_text().splitlines()) == 2


def test_a_new_key_of_the_service_is_mentioned(keep: Path) -> None:
    keep.write_text(json.dumps(a_head(7)) + "\n")

    given = verified(
        answer(a_head(9, by=THEIRS)),
        page(a_key(), a_key(THEIRS)),
        answer(a_head(7)),
        options=("--keep", str(keep)),
    )

    assert given.exit_code == ExitCode.OK
    assert f"signed by another key, {id_of(OURS)[:12]}" in given.stderr


@pytest.mark.parametrize("line", ["notes", "[]", "{}", "[" * 100_000])
def test_a_damaged_file_is_named_and_left_alone(key: str, keep: Path, line: str) -> None:
    keep.write_text(f"{json.dumps(a_head())}\n{line}\n")
    before = keep.read_text()

    given = verified(options=("--public-key", key, "--keep", str(keep)))

    assert given.exit_code == ExitCode.USAGE
    assert "line 2, is no signed head" in given.stderr.replace("\n", " ")
    assert keep.read_text() == before


def test_a_member_with_a_line_end_is_no_head(key: str) -> None:
    sneaky = a_head(7, hash="0\n1", signed_at="1")

    given = verified(answer(sneaky), options=("--public-key", key))

    assert given.exit_code == ExitCode.SERVICE_FAILURE


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setattr(heads, "CAN_VERIFY", False)

    given = verified(options=("--public-key", key))

    assert given.exit_code == ExitCode.USAGE
    assert "pip install 'holdout-client[verify]'" in given.stderr


def test_nothing_signed_yet_is_a_refusal(key: str) -> None:
    given = verified(problem(404, "not_found"), options=("--public-key", key))

    assert given.exit_code == ExitCode.REFUSED
