"""Envelope encryption: AES-256-GCM for the data, HPKE (RFC 9180) for the data's key.

Anybody who has a public key can seal; only the holder of the private key can open. A data key encrypts
one plaintext and is never used again, so chunk numbers may serve as nonces.

A ciphertext is a run of chunks of 1 MiB of plaintext, each with its own tag. The number of the chunk and
whether it is the last one are authenticated, so chunks can be neither reordered nor dropped.
"""

import hashlib
import secrets
import uuid
from collections.abc import Iterator
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke, serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vault.errors import LabelsUnavailableError

CIPHER = "AES-256-GCM/1MiB"
SUITE = "HPKE/X25519/HKDF-SHA256/AES-256-GCM"

_CHUNK = 1 << 20
_TAG = 16
_HPKE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


class Encrypted(NamedTuple):
    ciphertext: bytes
    data_key: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.ciphertext).hexdigest()


def generate_private_key() -> bytes:
    """Make a private key as PEM text, the form in which it is kept in its file."""
    return X25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def public_key_of(private_key: bytes) -> bytes:
    """Return the 32 raw bytes of the public half."""
    return _load(private_key).public_key().public_bytes_raw()


def private_keys_in(content: bytes) -> list[bytes]:
    """Take a key file apart: the newest key stands first, older generations may follow."""
    end = b"-----END PRIVATE KEY-----"
    return [part + end + b"\n" for part in content.split(end) if part.strip()]


def kid_of(public_key: bytes) -> str:
    return hashlib.sha256(public_key).hexdigest()


def encrypt(plaintext: bytes) -> Encrypted:
    data_key = secrets.token_bytes(32)
    cipher = AESGCM(data_key)
    chunks = [cipher.encrypt(*each) for each in _chunks(plaintext, _CHUNK)]
    return Encrypted(ciphertext=b"".join(chunks), data_key=data_key)


def decrypt(ciphertext: bytes, data_key: bytes) -> bytes:
    cipher = AESGCM(data_key)
    try:
        return b"".join([cipher.decrypt(*each) for each in _chunks(ciphertext, _CHUNK + _TAG)])
    except InvalidTag:
        raise LabelsUnavailableError("the ciphertext was changed, or its key is another") from None


def _chunks(content: bytes, size: int) -> Iterator[tuple[bytes, memoryview, bytes]]:
    """Cut into chunks: of each the nonce, the content, and its place, which is authenticated."""
    view = memoryview(content)
    # An empty plaintext is one empty chunk, so that nothing at all never decrypts.
    n_chunks = max(1, -(-len(view) // size))
    for index in range(n_chunks):
        place = index.to_bytes(8, "big") + (b"\1" if index == n_chunks - 1 else b"\0")
        yield index.to_bytes(12, "big"), view[index * size : (index + 1) * size], place


def padded(content: bytes, *, least: int = 0) -> bytes:
    """Fill up with zeros to one of few lengths: that of a ciphertext shall tell next to nothing.

    A length is a multiple of a sixteenth of the power of two below it, and of 4 KiB. `least` is one that
    everybody can compute, where the content's own would tell of labels.
    """
    length = max(len(content), least, 1)
    step = max(4096, (1 << (length.bit_length() - 1)) >> 4)
    return content + bytes(length + -length % step - len(content))


def info_of_labels(*, slug: str, holdout_id: uuid.UUID, number: int, sha256: str) -> bytes:
    """Bind an envelope to one benchmark, holdout, version and ciphertext: anywhere else it does not open."""
    parts = ["holdout-vault 1", slug, str(holdout_id), sha256]
    if number != 1:
        # Envelopes from before there were versions name none; they are all of the first.
        parts.append(str(number))
    return "\n".join(parts).encode()


def info_of_draw(*, slug: str, batch: uuid.UUID, sha256: str) -> bytes:
    """Bind an envelope to the record of one draw."""
    return "\n".join(["holdout-vault draw 1", slug, str(batch), sha256]).encode()


def info_of_correction(*, slug: str, batch: uuid.UUID, request_id: uuid.UUID, sha256: str) -> bytes:
    """Bind an envelope to one request for a correction, and to its ciphertext."""
    place = [slug, str(batch), str(request_id), sha256]
    return "\n".join(["holdout-vault correction 1", *place]).encode()


def wrap(data_key: bytes, public_key: bytes, info: bytes) -> bytes:
    """Put the data key in an envelope for one public key, good only together with `info`."""
    return _HPKE.encrypt(data_key, X25519PublicKey.from_public_bytes(public_key), info)


def unwrap(envelope: bytes, private_key: bytes, info: bytes) -> bytes:
    try:
        return _HPKE.decrypt(envelope, _load(private_key), info)
    except (InvalidTag, ValueError):
        raise LabelsUnavailableError("the envelope does not open with this key") from None


def _load(private_key: bytes) -> X25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(private_key, password=None)
    except (ValueError, TypeError):
        raise LabelsUnavailableError("the private key file holds no private key") from None
    if not isinstance(key, X25519PrivateKey):
        raise LabelsUnavailableError("the private key is not an X25519 key")
    return key
