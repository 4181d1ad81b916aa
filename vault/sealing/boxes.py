"""A ciphertext together with the envelopes of its key, one for each sealing key that may open it."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vault.errors import LabelsUnavailableError
from vault.models import DrawRecord, SealedBlob, SealedCorrection, SealingKey
from vault.sealing import crypto
from vault.sealing.crypto import Encrypted


@dataclass(frozen=True, kw_only=True)
class Box:
    ciphertext: bytes
    sha256: str
    wraps: Sequence[tuple[SealingKey, bytes]]


def closed(*, sealed: Encrypted, keys: Sequence[SealingKey], info: Callable[[str], bytes]) -> Box:
    """Wrap the data's key for these keys; `info` says of a ciphertext's hash what envelopes are bound to."""
    sha256 = sealed.sha256
    wraps = [
        (key, crypto.wrap(sealed.data_key, bytes(key.public_key), info(sha256))) for key in keys
    ]
    return Box(ciphertext=sealed.ciphertext, sha256=sha256, wraps=wraps)


def unchanged(blob: SealedBlob | DrawRecord | SealedCorrection) -> bytes:
    """Give the ciphertext, if it is the one whose hash was stored with it."""
    ciphertext = bytes(blob.ciphertext)
    if blob.cipher != crypto.CIPHER or hashlib.sha256(ciphertext).hexdigest() != blob.sha256:
        raise LabelsUnavailableError("the sealed blob was changed")
    return ciphertext
