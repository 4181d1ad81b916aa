"""Key pairs of the workers: the public half in the database, the private half in a file of one worker.

A private key is read from its file when it is needed and kept nowhere else. The web and the admin process
are given no such file.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from vault import private_key_files
from vault.errors import LabelsUnavailableError, SealingError
from vault.models import Draw, LabelVersion, SealedBlob, SealingKey, WrappedKey
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
    content = private_key_files.kept(private_key_file, draw=crypto.generate_private_key)
    # Behind it older generations may stand, which open what is not yet wrapped anew.
    newest = next(iter(crypto.private_keys_in(content)), content)
    public_key = crypto.public_key_of(newest)
    kid = crypto.kid_of(public_key)
    with transaction.atomic():
        known = SealingKey.objects.select_for_update().filter(kid=kid).first()
        if known is not None and known.purpose != purpose:
            raise SealingError("one key cannot serve both scoring and audit")
        others = SealingKey.objects.filter(purpose=purpose, is_active=True).exclude(kid=kid)
        # Before the new one: the table takes one active key of a purpose.
        others.update(is_active=False)
        of_purpose = SealingKey.objects.filter(purpose=purpose)
        newest_one = of_purpose.aggregate(last=Max("generation", default=0))["last"]
        key, _ = SealingKey.objects.update_or_create(
            kid=kid,
            defaults={"is_active": True},
            create_defaults={
                "purpose": purpose,
                "public_key": public_key,
                "generation": newest_one + 1,
            },
        )
    return key


def renew(*, purpose: Purpose, private_key_file: Path) -> SealingKey:
    """Put a new key before those in the file and register it; the older ones still open what they did."""
    aside = private_key_file.with_name(f".{private_key_file.name}.new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(crypto.generate_private_key() + private_key_file.read_bytes())
        file.flush()
        os.fsync(descriptor)
    # Whole, or not at all: a process that reads the file meanwhile finds the old ring or the new one.
    aside.replace(private_key_file)
    return create(purpose=purpose, private_key_file=private_key_file)


def active(*, purpose: Purpose) -> SealingKey:
    key = SealingKey.objects.filter(purpose=purpose, is_active=True).first()
    if key is None:
        raise SealingError(f"there is no active {purpose} key; see `manage.py create_sealing_key`")
    return key


@dataclass(frozen=True, kw_only=True)
class Fitting:
    """A private key of this process, and the envelope that was made for it."""

    private: bytes
    kid: str
    envelope: bytes


def private_keys(*, purpose: Purpose) -> list[bytes]:
    """Read the keyring of this process: its newest key first, then older generations of the same purpose."""
    files = {SCORING: settings.SCORING_PRIVATE_KEY_FILE, AUDIT: settings.AUDIT_PRIVATE_KEY_FILE}
    if not files[purpose]:
        raise LabelsUnavailableError(f"this process holds no {purpose} key")
    try:
        return crypto.private_keys_in(Path(files[purpose]).read_bytes())
    except OSError as error:
        raise LabelsUnavailableError(
            f"the {purpose} key file cannot be read: {error.strerror}"
        ) from None


def private_key_of(*, purpose: Purpose, kid: str) -> bytes:
    """Find the generation of this process's keyring that something was sealed for."""
    for private in private_keys(purpose=purpose):
        if crypto.kid_of(crypto.public_key_of(private)) == kid:
            return private
    raise LabelsUnavailableError(f"this process holds no {purpose} key {kid[:12]}")


def wrap(
    *, version: LabelVersion, data_key: bytes, ciphertext_sha256: str, key: SealingKey
) -> None:
    """Wrap a data key of labels for a further key, in a transaction that has entered it in the journal."""
    if not SealedBlob.objects.filter(version=version, sha256=ciphertext_sha256).exists():
        raise LabelsUnavailableError("the labels were encrypted anew meanwhile: do it again")
    WrappedKey.objects.create(
        version=version,
        sealing_key=key,
        suite=crypto.SUITE,
        envelope=crypto.wrap(data_key, bytes(key.public_key), info_of(version, ciphertext_sha256)),
    )


def unwrap(
    *, of: LabelVersion | Draw, purpose: Purpose, ciphertext_sha256: str
) -> tuple[bytes, str]:
    """Unwrap the data key of a version's labels or of a draw's record, and name the private key."""
    found = fitting(of=of, purpose=purpose)
    info = info_of(of, ciphertext_sha256)
    return crypto.unwrap(found.envelope, found.private, info), found.kid


def fitting(*, of: LabelVersion | Draw, purpose: Purpose) -> Fitting:
    """Find the newest key of this process for which something is sealed."""
    wraps = of.wrapped_keys.filter(sealing_key__purpose=purpose, suite=crypto.SUITE)
    envelopes = dict(wraps.values_list("sealing_key", "envelope"))
    for private in private_keys(purpose=purpose):
        kid = crypto.kid_of(crypto.public_key_of(private))
        if kid in envelopes:
            return Fitting(private=private, kid=kid, envelope=bytes(envelopes[kid]))
    raise LabelsUnavailableError(f"the holdout is not sealed for this {purpose} key")


def info_of(of: LabelVersion | Draw, ciphertext_sha256: str) -> bytes:
    """Say what envelopes of a ciphertext are bound to."""
    if isinstance(of, LabelVersion):
        return crypto.info_of_labels(
            slug=of.holdout.benchmark.slug,
            holdout_id=of.holdout_id,
            number=of.number,
            sha256=ciphertext_sha256,
        )
    return crypto.info_of_draw(slug=of.benchmark.slug, batch=of.batch, sha256=ciphertext_sha256)
