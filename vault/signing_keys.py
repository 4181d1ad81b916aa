"""Keys that sign journal heads (Ed25519): public halves in the database, the private one in a file.

Only the audit worker is given that file. Every start registers the key in it: a new one is a new generation,
which signs from then on, and what older ones signed stays verifiable.
"""

import base64
import binascii
import datetime as dt
import hashlib
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.db import transaction

from vault import locks, private_key_files
from vault.errors import SigningKeyError
from vault.models import SigningKey


def create(*, private_key_file: Path, now: dt.datetime) -> SigningKey:
    """Register the key in the file, which signs from now on; a new one is drawn if there is no file.

    Doing it again with the same file changes nothing, so an installation may do it at every start.
    """
    private = _load(private_key_files.kept(private_key_file, draw=_generate))
    kid = _kid_of(private.public_key())
    with transaction.atomic():
        locks.hold_signing_keys()
        newest = SigningKey.objects.order_by("-generation").first()
        known = SigningKey.objects.filter(kid=kid).first()
        if known is None:
            return SigningKey.objects.create(
                kid=kid,
                generation=1 if newest is None else newest.generation + 1,
                public_key=_pem_of(private.public_key()),
                created_at=now,
            )
        # One that was replaced, perhaps because others have it, does not come back by an old backup.
        if newest is not None and newest.kid != kid:
            raise SigningKeyError(
                f"the signing key in {private_key_file} is of generation {known.generation}, and "
                f"generation {newest.generation} has replaced it: put that key's file back, or move "
                "this one away for a new key"
            )
    return known


class Signer:
    """The key of this process, once it is known to be the newest generation."""

    def __init__(self) -> None:
        """Read the key from its file; it is kept no longer than this object."""
        name = settings.SIGNING_PRIVATE_KEY_FILE
        if not name:
            raise SigningKeyError("this process holds no signing key")
        try:
            content = Path(name).read_bytes()
        except OSError as error:
            raise SigningKeyError(
                f"the signing key file cannot be read: {error.strerror}"
            ) from None
        self._private = _load(content)
        kid = _kid_of(self._private.public_key())
        newest = SigningKey.objects.order_by("-generation").first()
        if newest is None or newest.kid != kid:
            raise SigningKeyError(
                f"this process holds the signing key {kid[:12]}, which is not the newest that is "
                "registered; see `manage.py create_signing_key`"
            )
        self.key = newest

    def sign(self, message: bytes) -> str:
        return base64.b64encode(self._private.sign(message)).decode()


def is_signed(*, key: SigningKey, message: bytes, signature: str) -> bool:
    """Tell whether this key signed exactly this message."""
    try:
        public = serialization.load_pem_public_key(key.public_key.encode())
        if not isinstance(public, Ed25519PublicKey) or _kid_of(public) != key.kid:
            return False
        public.verify(base64.b64decode(signature, validate=True), message)
    except (ValueError, binascii.Error, InvalidSignature):
        return False
    return True


def _generate() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _load(content: bytes) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError):
        raise SigningKeyError(
            "the signing key file holds no private key: put the key's copy back, or move the file away for a "
            "new generation (docs/deploy.md)"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningKeyError("the signing key is not an Ed25519 key")
    return key


def _pem_of(public: Ed25519PublicKey) -> str:
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def _kid_of(public: Ed25519PublicKey) -> str:
    der = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(der).hexdigest()
