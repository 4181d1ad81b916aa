"""Signed heads of a benchmark's journal: what they say, whether they verify, and those that were kept.

The signature is Ed25519 (RFC 8032); `cryptography` verifies it, which is an extra of this distribution.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from holdout.answers import record
from holdout.credentials import write_private
from holdout.errors import AnswerError, HeadError, SettingsError
from holdout.records import SignedHead

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    CAN_VERIFY = True
except ImportError:  # pragma: no cover
    CAN_VERIFY = False

FORMAT = "holdout-vault journal head 1"
MISSING = (
    "signatures are verified by the package `cryptography`, which is not installed: "
    "pip install 'holdout-client[verify]'"
)
_END = "-----END PUBLIC KEY-----"
# Of Ed25519 as SubjectPublicKeyInfo in DER; 32 bytes of the key follow.
_DER = bytes.fromhex("302a300506032b6570032100")


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    id: str
    pem: str


def check_can_verify() -> None:
    if not CAN_VERIFY:
        raise SettingsError(MISSING)


def public_keys(text: str) -> list[PublicKey]:
    """The Ed25519 keys of a PEM text, each under its id: what was kept, or what the service says."""
    check_can_verify()
    keys = []
    for part in text.split(_END)[:-1]:
        pem = f"{part.strip()}\n{_END}\n"
        try:
            key = load_pem_public_key(pem.encode())
        except ValueError:
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise SettingsError("a public key is damaged, or is no Ed25519 key")
        identity = hashlib.sha256(_DER + key.public_bytes_raw()).hexdigest()
        keys.append(PublicKey(id=identity, pem=pem))
    return keys


def message(head: SignedHead) -> bytes:
    """What is signed: six lines, each with its end."""
    members = (head.benchmark, str(head.number), head.hash, head.signed_at, head.key)
    # A member with a line end could say what another one says.
    if any(not each.isprintable() for each in members):
        raise AnswerError("the answer is no signed head: it holds a control character")
    return "".join(f"{each}\n" for each in (FORMAT, *members)).encode(errors="replace")


def verify(head: SignedHead, keys: Sequence[PublicKey], *, whose: str) -> None:
    """`HeadError` unless one of the keys signed exactly this."""
    check_can_verify()
    key = next((each for each in keys if each.id == head.key), None)
    if key is None:
        raise HeadError(
            f"head {head.number} is signed by the key {head.key[:12]}, which is not {whose}"
        )
    public = load_pem_public_key(key.pem.encode())
    assert isinstance(public, Ed25519PublicKey)
    try:
        public.verify(base64.b64decode(head.signature, validate=True), message(head))
    except (ValueError, InvalidSignature):
        raise HeadError(f"the signature of head {head.number} does not verify") from None


@dataclass(frozen=True, kw_only=True)
class KeptHeads:
    """A file of heads, one JSON object in each line, which the service's `verify_journal` reads as well."""

    path: Path
    every: list[SignedHead]

    def of(self, benchmark: str) -> list[SignedHead]:
        """By number."""
        found = [each for each in self.every if each.benchmark == benchmark]
        return sorted(found, key=lambda head: head.number)

    def check(self, head: SignedHead) -> None:
        """`HeadError` if the latest head contradicts a kept one."""
        for kept in self.of(head.benchmark):
            self.check_same(head, kept)
            if kept.number > head.number:
                raise HeadError(
                    f"the latest head is {head.number}, and head {kept.number}, signed {kept.signed_at}, "
                    f"is kept in {self.path}: the journal was cut",
                    evidence=[asdict(kept), asdict(head)],
                )

    def check_same(self, head: SignedHead, kept: SignedHead) -> None:
        """`HeadError` if two of one number have not one hash."""
        if kept.number == head.number and kept.hash != head.hash:
            raise HeadError(
                f"head {head.number} has another hash than the one kept in {self.path}, signed "
                f"{kept.signed_at}: the journal was rewritten",
                evidence=[asdict(kept), asdict(head)],
            )

    def add(self, head: SignedHead) -> bool:
        """Whether it was new. The file is replaced whole, never left half."""
        if any(
            (each.number, each.hash) == (head.number, head.hash) for each in self.of(head.benchmark)
        ):
            return False
        lines = [json.dumps(asdict(each)) + "\n" for each in (*self.every, head)]
        write_private(self.path, "".join(lines))
        return True


def kept_heads(path: Path) -> KeptHeads:
    """No file is an empty one. A damaged one is an error: what it held would be forgotten in silence."""
    if not path.exists():
        return KeptHeads(path=path, every=[])
    every = []
    for place, line in enumerate(path.read_text(errors="replace").splitlines(), start=1):
        if line.strip():
            try:
                every.append(record(SignedHead, _parsed(line)))
            except AnswerError:
                raise SettingsError(f"{path}, line {place}, is no signed head") from None
    return KeptHeads(path=path, every=every)


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
