"""Key pairs of the workers: the public half in the database, the private half in a file of one worker.

A private key is read from its file when it is needed and kept nowhere else. The web and the admin process
are given no such file.
"""

from pathlib import Path
from typing import Literal

from django.conf import settings
from django.db import transaction

from vault import private_key_files
from vault.errors import LabelsUnavailableError, SealingError
from vault.models import LabelVersion, SealingKey, WrappedKey
from vault.sealing import crypto

Purpose = Literal["scoring", "audit"]

SCORING: Purpose = "scoring"
AUDIT: Purpose = "audit"
PURPOSES: tuple[Purpose, ...] = (SCORING, AUDIT)


def create(*, purpose: Purpose, private_key_file: Path) -> SealingKey:
    """Register the key in the file, for which is sealed from now on; a new one is drawn if there is no file.

    Older holdouts keep their keys. Doing it again with the same file changes nothing, so an installation may
    do it at every start.
    """
    private = private_key_files.kept(private_key_file, draw=crypto.generate_private_key)
    public_key = crypto.public_key_of(private)
    kid = crypto.kid_of(public_key)
    with transaction.atomic():
        known = SealingKey.objects.select_for_update().filter(kid=kid).first()
        if known is not None and known.purpose != purpose:
            raise SealingError("one key cannot serve both scoring and audit")
        others = SealingKey.objects.filter(purpose=purpose, is_active=True).exclude(kid=kid)
        # Before the new one: the table takes one active key of a purpose.
        others.update(is_active=False)
        key, _ = SealingKey.objects.update_or_create(
            kid=kid,
            defaults={"is_active": True},
            create_defaults={"purpose": purpose, "public_key": public_key},
        )
    return key


def active(*, purpose: Purpose) -> SealingKey:
    key = SealingKey.objects.filter(purpose=purpose, is_active=True).first()
    if key is None:
        raise SealingError(f"there is no active {purpose} key; see `manage.py create_sealing_key`")
    return key


def private_key(*, purpose: Purpose) -> bytes:
    files = {SCORING: settings.SCORING_PRIVATE_KEY_FILE, AUDIT: settings.AUDIT_PRIVATE_KEY_FILE}
    if not files[purpose]:
        raise LabelsUnavailableError(f"this process holds no {purpose} key")
    try:
        return Path(files[purpose]).read_bytes()
    except OSError as error:
        raise LabelsUnavailableError(
            f"the {purpose} key file cannot be read: {error.strerror}"
        ) from None


def wrap(
    *, version: LabelVersion, data_key: bytes, ciphertext_sha256: str, key: SealingKey
) -> None:
    WrappedKey.objects.create(
        version=version,
        sealing_key=key,
        suite=crypto.SUITE,
        envelope=crypto.wrap(data_key, bytes(key.public_key), _info(version, ciphertext_sha256)),
    )


def unwrap(*, version: LabelVersion, purpose: Purpose, ciphertext_sha256: str) -> tuple[bytes, str]:
    """Unwrap the data key of one version's labels, and name the private key that opened it."""
    private = private_key(purpose=purpose)
    kid = crypto.kid_of(crypto.public_key_of(private))
    wrapped = WrappedKey.objects.filter(
        version=version, sealing_key=kid, sealing_key__purpose=purpose, suite=crypto.SUITE
    ).first()
    if wrapped is None:
        raise LabelsUnavailableError(f"the holdout is not sealed for this {purpose} key")
    info = _info(version, ciphertext_sha256)
    return crypto.unwrap(bytes(wrapped.envelope), private, info), kid


def _info(version: LabelVersion, ciphertext_sha256: str) -> bytes:
    """Bind an envelope to one benchmark, holdout, version and ciphertext: anywhere else it does not open."""
    holdout = version.holdout
    parts = ["holdout-vault 1", holdout.benchmark.slug, str(holdout.pk), ciphertext_sha256]
    if version.number != 1:
        # Envelopes from before there were versions name none; they are all of the first.
        parts.append(str(version.number))
    return "\n".join(parts).encode()
