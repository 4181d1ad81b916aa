"""What a batch of awaited labels looks like while it is shut: JSON with a ciphertext that one key opens.

The web process reads this much of it and no more, so that it can refuse what nobody could open. The
ciphertext is of `padded` CSV, so that its length tells how many rows there are and not which labels.
"""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from vault.errors import EnvelopeError

FORMAT = "holdout-vault-batch/1"
# As `vault.sealing.crypto` names them, which the web process does not carry.
CIPHER = "AES-256-GCM/1MiB"
SUITE = "HPKE/X25519/HKDF-SHA256/AES-256-GCM"
MAX_ENVELOPE_BYTES = 8 * 1024 * 1024
MAX_ROWS = 50_000
# Every label takes as much room in the ciphertext, if it is no longer than this.
LABEL_ROOM = 64
_LENGTH_BYTES = 8
# An encapsulated key of 32 bytes, the data key of 32 and a tag of 16.
_WRAPPED_BYTES = 80
_MEMBERS = ("format", "benchmark", "holdout", "kid", "suite", "cipher", "wrapped_key", "ciphertext")


@dataclass(frozen=True, kw_only=True)
class Envelope:
    benchmark: str
    holdout: str
    kid: str
    wrapped_key: bytes
    ciphertext: bytes

    @property
    def ciphertext_sha256(self) -> str:
        """What a batch is known by, and its key is bound to."""
        return hashlib.sha256(self.ciphertext).hexdigest()


def read(body: bytes) -> Envelope:
    """Read an envelope as strictly as it is written; `EnvelopeError` names the member that is wrong."""
    try:
        members = json.loads(body, object_pairs_hook=_once_each)
    except (ValueError, RecursionError):
        raise EnvelopeError("the body is not valid JSON", field="") from None
    if not isinstance(members, dict) or set(members) != set(_MEMBERS):
        raise EnvelopeError(f"an envelope has the members {', '.join(_MEMBERS)}", field="")
    for name in _MEMBERS:
        if not isinstance(members[name], str):
            raise EnvelopeError(f"{name} is a text", field=name)
    for name, known in (("format", FORMAT), ("suite", SUITE), ("cipher", CIPHER)):
        if members[name] != known:
            raise EnvelopeError(f"{name} is {known}", field=name)
    wrapped_key = _decoded(members, "wrapped_key")
    if len(wrapped_key) != _WRAPPED_BYTES:
        raise EnvelopeError(f"wrapped_key has {_WRAPPED_BYTES} bytes", field="wrapped_key")
    return Envelope(
        benchmark=members["benchmark"],
        holdout=members["holdout"],
        kid=members["kid"],
        wrapped_key=wrapped_key,
        ciphertext=_decoded(members, "ciphertext"),
    )


def written(envelope: Envelope) -> bytes:
    members = {
        "format": FORMAT,
        "benchmark": envelope.benchmark,
        "holdout": envelope.holdout,
        "kid": envelope.kid,
        "suite": SUITE,
        "cipher": CIPHER,
        "wrapped_key": base64.b64encode(envelope.wrapped_key).decode(),
        "ciphertext": base64.b64encode(envelope.ciphertext).decode(),
    }
    return (json.dumps(members, indent=1) + "\n").encode()


def info(*, benchmark: str, holdout: str, ciphertext_sha256: str) -> bytes:
    """Bind an envelope to one benchmark, holdout and ciphertext: anywhere else it does not open."""
    parts = ["holdout-vault batch 1", benchmark, holdout, ciphertext_sha256]
    return "\n".join(parts).encode()


def padded(content: bytes, *, labels: list[str]) -> bytes:
    """Put the length in front, and fill up as if every label were of one length."""
    room = sum(max(0, LABEL_ROOM - len(label.encode())) for label in labels)
    return len(content).to_bytes(_LENGTH_BYTES, "big") + content + bytes(room)


def unpadded(plaintext: bytes) -> bytes:
    length = int.from_bytes(plaintext[:_LENGTH_BYTES], "big")
    content = plaintext[_LENGTH_BYTES : _LENGTH_BYTES + length]
    if len(plaintext) < _LENGTH_BYTES or len(content) != length:
        raise EnvelopeError("the ciphertext holds no batch", field="ciphertext")
    return content


def _decoded(members: dict[str, Any], name: str) -> bytes:
    try:
        return base64.b64decode(members[name], validate=True)
    except (binascii.Error, ValueError):
        raise EnvelopeError(f"{name} is base64", field=name) from None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a name is doubled")
    return values
