"""Sealing a batch where the labels live: without a service, and for one holdout and one key."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import BASE_DIR
from vault.errors import EnvelopeError, LabelsUnavailableError
from vault.files import batch_tables
from vault.sealing import batch_format, batch_sealing, crypto

HEADER = ",".join(batch_tables.COLUMNS)
BODY = f"{HEADER}\nday-1,1,2026-05-02T06:00:00Z,2026-05-03T09:30:00Z\n".encode()


def sealed(tmp_path: Path, body: bytes, *more: str) -> "tuple[int, Path, bytes, str]":
    """Exit code, envelope, private key and what was said, of a process without Django's settings."""
    private = crypto.generate_private_key()
    file, envelope = tmp_path / "batch.csv", tmp_path / "batch.json"
    file.write_bytes(body)
    key = base64.b64encode(crypto.public_key_of(private)).decode()
    given = ["--benchmark", "rain", "--holdout", "h1", "--audit-key", key, "-o", str(envelope)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(BASE_DIR)}
    done = subprocess.run(
        [sys.executable, "-m", "vault.sealing.batch_sealing", str(file), *given, *more],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, envelope, private, done.stderr


def opened(envelope: bytes, private: bytes, *, holdout: str = "h1") -> bytes:
    read = batch_format.read(envelope)
    info = batch_format.info(
        benchmark="rain",
        holdout=holdout,
        ciphertext_sha256=batch_sealing.hashlib.sha256(read.ciphertext).hexdigest(),  # type: ignore[attr-defined]
    )
    data_key = crypto.unwrap(read.wrapped_key, private, info)
    return batch_format.unpadded(crypto.decrypt(read.ciphertext, data_key))


def test_what_is_sealed_opens_with_the_one_key_for_the_one_holdout(tmp_path: Path) -> None:
    code, envelope, private, said = sealed(tmp_path, BODY)

    assert (code, said) == (0, "")
    content = envelope.read_bytes()
    assert b"day-1" not in content
    assert set(json.loads(content)) >= {"format", "kid", "ciphertext"}
    assert opened(content, private) == BODY
    with pytest.raises(LabelsUnavailableError):
        opened(content, crypto.generate_private_key())
    with pytest.raises(LabelsUnavailableError):
        opened(content, private, holdout="h2")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"id,label\n1,2\n", "the first row is id,label,event_time,arrived_at"),
        (b"", "the first row is"),
        (f"{HEADER}\n1,2\n".encode(), "every row has 4 fields"),
        (b"\xff\xfe", "not CSV in UTF-8"),
    ],
)
def test_a_wrong_file_is_refused_without_an_envelope(
    tmp_path: Path, body: bytes, reason: str
) -> None:
    code, envelope, _, said = sealed(tmp_path, body)

    assert code == 2
    assert reason in said
    assert not envelope.exists()


def test_a_wrong_key_is_refused(tmp_path: Path) -> None:
    assert sealed(tmp_path, BODY, "--audit-key", "!")[0] == 2
    code, _, _, said = sealed(tmp_path, BODY, "--audit-key", "AAAA")
    assert code == 2
    assert "32 bytes" in said


def test_a_batch_that_was_cut_is_none() -> None:
    for cut in (b"", b"\0" * 7, (9).to_bytes(8, "big") + b"short"):
        with pytest.raises(EnvelopeError, match="holds no batch"):
            batch_format.unpadded(cut)
