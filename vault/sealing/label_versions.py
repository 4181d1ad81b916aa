"""The versions of a holdout's labels: how one is stored, and which one counts.

Nothing is edited: corrected labels are a version with a ciphertext, keys and a commitment of their own.
"""

import datetime as dt
from collections.abc import Sequence

from vault.models import Holdout, LabelVersion, SealedBlob, SealingKey, WrappedKey
from vault.sealing import boxes, crypto, sealed_labels
from vault.sealing.boxes import Box


def newest(*, holdout: Holdout) -> LabelVersion:
    versions = LabelVersion.objects.filter(holdout=holdout).order_by("-number")
    return versions.select_related("holdout__benchmark")[0]


def first(*, holdout: Holdout) -> LabelVersion:
    """Return what the holdout was sealed with."""
    return LabelVersion.objects.select_related("holdout__benchmark").get(holdout=holdout, number=1)


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
    return keep(
        holdout=holdout,
        number=number,
        commitment=sealed_labels.commitment_of(disclosed),
        box=boxes.closed(
            sealed=crypto.encrypt(crypto.padded(plaintext)),
            keys=keys,
            info=lambda sha256: crypto.info_of_labels(
                slug=holdout.benchmark.slug, holdout_id=holdout.pk, number=number, sha256=sha256
            ),
        ),
        now=now,
        reason=reason,
        n_labelled=n_labelled,
    )


def keep(
    *,
    holdout: Holdout,
    number: int,
    commitment: str,
    box: Box,
    now: dt.datetime,
    reason: str = "",
    n_labelled: int | None = None,
) -> LabelVersion:
    """Store one version of labels that are sealed already, here or where they live."""
    version = LabelVersion.objects.create(
        holdout=holdout,
        number=number,
        n_labelled=holdout.n_items if n_labelled is None else n_labelled,
        arrived_at=now,
        reason=reason,
        commitment=commitment,
    )
    SealedBlob.objects.create(
        version=version, cipher=crypto.CIPHER, ciphertext=box.ciphertext, sha256=box.sha256
    )
    for key, envelope in box.wraps:
        WrappedKey.objects.create(
            version=version, sealing_key=key, suite=crypto.SUITE, envelope=envelope
        )
    return version
