"""The versions of a holdout's labels: how one is stored, and which one counts.

Nothing is edited: corrected labels are a version with a ciphertext, keys and a commitment of their own.
"""

import datetime as dt
import hashlib
from collections.abc import Sequence

from vault.models import Holdout, LabelVersion, SealedBlob, SealingKey
from vault.sealing import crypto, sealed_labels, sealing_keys


def newest(*, holdout: Holdout) -> LabelVersion:
    versions = LabelVersion.objects.filter(holdout=holdout).order_by("-number")
    return versions.select_related("holdout__benchmark")[0]


def numbered(*, holdout: Holdout, number: int) -> LabelVersion:
    versions = LabelVersion.objects.select_related("holdout__benchmark")
    return versions.get(holdout=holdout, number=number)


def store(
    *,
    holdout: Holdout,
    number: int,
    plaintext: bytes,
    keys: Sequence[SealingKey],
    now: dt.datetime,
    reason: str = "",
    n_labelled: int | None = None,
) -> LabelVersion:
    """Seal one version's labels for these keys, with its commitment."""
    disclosed = sealed_labels.disclosure(plaintext, classes=holdout.benchmark.classes)
    version = LabelVersion.objects.create(
        holdout=holdout,
        number=number,
        n_labelled=holdout.n_items if n_labelled is None else n_labelled,
        arrived_at=now,
        reason=reason,
        commitment=sealed_labels.commitment_of(disclosed),
    )
    sealed = crypto.encrypt(plaintext)
    sha256 = hashlib.sha256(sealed.ciphertext).hexdigest()
    SealedBlob.objects.create(
        version=version, cipher=crypto.CIPHER, ciphertext=sealed.ciphertext, sha256=sha256
    )
    for key in keys:
        sealing_keys.wrap(
            version=version, data_key=sealed.data_key, ciphertext_sha256=sha256, key=key
        )
    return version
