"""Wrapping data keys anew for the newest key of a purpose, so that older private keys can be taken away.

The worker that holds an older key does it: the scoring worker for its envelopes, the audit worker for its
own. Ciphertexts stay as they are; a deep rotation, by the audit worker, encrypts those of labels and draws
again with new data keys, for the case that somebody else has had an old key. One benchmark is one transaction
with its journal entry: killed anywhere, the next run does what is left, and one that finds nothing left
changes nothing. One that cannot be done keeps no other from it.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from vault import journal, locks
from vault.errors import LabelsUnavailableError
from vault.models import (
    BatchEnvelope,
    Benchmark,
    Draw,
    DrawKey,
    DrawRecord,
    LabelVersion,
    SealedBlob,
    SealedCorrection,
    SealingKey,
    WrappedKey,
)
from vault.sealing import batch_format, boxes, crypto, envelope_states, sealing_keys
from vault.sealing.sealing_keys import AUDIT, SCORING, Purpose

Clock = Callable[[], dt.datetime]
Ring = Mapping[str, bytes]
Wrapped = WrappedKey | DrawKey
# What was brought to the audit worker shut, and stays as it came but for the key that opens it.
Brought = SealedCorrection | BatchEnvelope


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """What was wrapped anew, and what was not.

    `missing` are older keys that this process does not hold; `unopened` are draws and shards that were sealed
    elsewhere so that their keys never opened; `undone` are benchmarks, each with the reason.
    """

    to: SealingKey
    n: int
    missing: list[str]
    unopened: list[str]
    undone: list[str]


def rotate(
    *, purpose: Purpose, deep: bool, files: Sequence[Path], actor: str, clock: Clock
) -> Rotated:
    """Wrap all that is sealed for older keys of a purpose for its newest. Not inside a transaction."""
    if deep and purpose != AUDIT:
        raise LabelsUnavailableError("the audit worker alone encrypts anew: it can open everything")
    with locks.one_rotation(purpose=purpose) as is_alone:
        if not is_alone:
            raise LabelsUnavailableError("another process is rotating these keys")
        ring, to, n = _ring(purpose, files), sealing_keys.active(purpose=purpose), 0
        missing, unopened, undone = set[str](), list[str](), list[str]()
        for benchmark in Benchmark.objects.order_by("pk"):
            try:
                done, left, shut = _of_benchmark(
                    benchmark, purpose, to, ring, deep=deep, actor=actor, clock=clock
                )
            except LabelsUnavailableError as error:
                undone.append(f"{benchmark.slug}: {error.message}")
                continue
            n, missing = n + done, missing | left
            unopened += [f"{benchmark.slug}: {each}" for each in shut]
    return Rotated(to=to, n=n, missing=sorted(missing), unopened=unopened, undone=undone)


def _ring(purpose: Purpose, files: Sequence[Path]) -> Ring:
    # A worker has its own; whoever runs this in its place names the files.
    privates = [] if files else sealing_keys.private_keys(purpose=purpose)
    for path in files:
        privates += crypto.private_keys_in(path.read_bytes())
    return {crypto.kid_of(crypto.public_key_of(each)): each for each in privates}


def _of_benchmark(
    benchmark: Benchmark,
    purpose: Purpose,
    to: SealingKey,
    ring: Ring,
    *,
    deep: bool,
    actor: str,
    clock: Clock,
) -> tuple[int, set[str], list[str]]:
    """Do one benchmark: how many envelopes, for which older keys some are left, and what never opened."""
    waiting = _waiting(benchmark, purpose, to)
    mine = [each for each in waiting if _kid(each) in ring]
    left = {_kid(each) for each in waiting} - set(ring)
    if not mine:
        return 0, left, []

    def told(those: Sequence[Wrapped | Brought]) -> dict[str, object]:
        kids = sorted({_kid(each) for each in those})
        return {"purpose": purpose, "from": kids, "to": to.kid, "deep": deep, "n": len(those)}

    # What was brought shut is wrapped anew, and never opened here.
    opened = [each for each in mine if deep and not isinstance(each, Brought)]
    if opened:
        # Labels are decrypted, to be encrypted at once: that, too, is said before.
        with transaction.atomic(durable=True):
            _append(benchmark, "open_for_rotation", told(opened), actor=actor, now=clock())
    with transaction.atomic():
        # First: whoever moves a holdout, wraps another key or rotates the other ring enters that, too, so
        # the journal's head keeps them from reading what is about to be exchanged.
        _append(benchmark, "keys_rotated", told(mine), actor=actor, now=clock())
        shut = []
        for each in mine:
            if isinstance(each, BatchEnvelope | SealedCorrection):
                _pass_on(each, to, ring)
            elif not _renew(each, to, ring, deep=deep):
                shut.append(_name(each))
    return len(mine), left, shut


def _append(
    benchmark: Benchmark, kind: str, told: Mapping[str, object], *, actor: str, now: dt.datetime
) -> None:
    journal.append(benchmark_id=benchmark.pk, kind=kind, actor=actor, payload=dict(told), now=now)


def _kid(wrapped: Wrapped | Brought) -> str:
    return wrapped.kid if isinstance(wrapped, BatchEnvelope) else wrapped.sealing_key_id


def _waiting(benchmark: Benchmark, purpose: Purpose, to: SealingKey) -> list[Wrapped | Brought]:
    labels = WrappedKey.objects.filter(version__holdout__benchmark=benchmark)
    found: list[Wrapped | Brought] = list(
        labels.filter(sealing_key__purpose=purpose)
        .exclude(sealing_key=to)
        .select_related("version__holdout__benchmark")
        .order_by("pk")
    )
    if purpose == AUDIT:
        draws = DrawKey.objects.filter(draw__benchmark=benchmark).exclude(sealing_key=to)
        found += draws.select_related("draw__benchmark").order_by("pk")
        older = SealingKey.objects.filter(purpose=AUDIT).exclude(pk=to.pk)
        # Without their ciphertexts: all of these together are much.
        asked = SealedCorrection.objects.filter(request__benchmark=benchmark, sealing_key__in=older)
        found += asked.select_related("request__benchmark").defer("ciphertext").order_by("pk")
        batches = BatchEnvelope.objects.filter(batch__holdout__benchmark=benchmark)
        # A name that no key has is nobody's: such a batch opens with none.
        named = batches.filter(kid__in=older.values("kid"))
        found += (
            named.select_related("batch__holdout__benchmark").defer("ciphertext").order_by("pk")
        )
    return found


def _name(wrapped: Wrapped) -> str:
    if isinstance(wrapped, WrappedKey):
        return f"shard {wrapped.version.holdout_id}"
    return f"record of the draw {wrapped.draw_id}"


def _renew(wrapped: Wrapped, to: SealingKey, ring: Ring, *, deep: bool) -> bool:
    """Wrap one data key for the newest key; deep: encrypt what it opens with another one.

    False if it came in an envelope that is not verified, and opens nothing.
    """
    of: LabelVersion | Draw
    blob: SealedBlob | DrawRecord
    if isinstance(wrapped, WrappedKey):
        of, batch = wrapped.version, wrapped.version.holdout.batch
        blob = SealedBlob.objects.get(version=of)
    else:
        of, batch = wrapped.draw, wrapped.draw_id
        blob = DrawRecord.objects.get(draw=of)
    try:
        data_key = crypto.unwrap(
            bytes(wrapped.envelope),
            ring[wrapped.sealing_key_id],
            sealing_keys.info_of(of, blob.sha256),
        )
        if deep:
            data_key = _encrypt_anew(of, blob, data_key)
    except LabelsUnavailableError:
        # The scoring worker has keys of verified ones alone.
        if to.purpose != AUDIT or not envelope_states.is_unverified(batch=batch):
            raise
        # As of what is brought later: it still opens with no key, and keeps none in use.
        wrapped.sealing_key = to
        wrapped.save(update_fields=["sealing_key"])
        return False
    _wrap(wrapped, to, data_key, sealing_keys.info_of(of, blob.sha256))
    return True


def _encrypt_anew(of: LabelVersion | Draw, blob: SealedBlob | DrawRecord, data_key: bytes) -> bytes:
    """Put another ciphertext in the place of this one, and make the scoring key's envelope fit it."""
    sealed = crypto.encrypt(crypto.decrypt(boxes.unchanged(blob), data_key))
    blob.ciphertext, blob.sha256 = sealed.ciphertext, sealed.sha256
    blob.save(update_fields=["ciphertext", "sha256"])
    if isinstance(of, LabelVersion):
        for other in of.wrapped_keys.filter(sealing_key__purpose=SCORING):
            scoring = sealing_keys.active(purpose=SCORING)
            _wrap(other, scoring, sealed.data_key, sealing_keys.info_of(of, blob.sha256))
    return sealed.data_key


def _wrap(wrapped: Wrapped, to: SealingKey, data_key: bytes, info: bytes) -> None:
    wrapped.envelope = crypto.wrap(data_key, bytes(to.public_key), info)
    wrapped.sealing_key, wrapped.suite = to, crypto.SUITE
    wrapped.save(update_fields=["envelope", "sealing_key", "suite"])


def _pass_on(brought: Brought, to: SealingKey, ring: Ring) -> None:
    """Wrap the data key of a correction or a batch for the newest key; its ciphertext stays in any case."""
    private, public = ring[_kid(brought)], bytes(to.public_key)
    info = _info_of(brought)
    if isinstance(brought, SealedCorrection):
        brought.envelope = _passed_on(bytes(brought.envelope), private, public, info)
        brought.sealing_key = to
        brought.save(update_fields=["envelope", "sealing_key"])
    else:
        brought.wrapped_key = _passed_on(bytes(brought.wrapped_key), private, public, info)
        brought.kid = to.kid
        brought.save(update_fields=["wrapped_key", "kid"])


def _info_of(brought: Brought) -> bytes:
    """Say what it is bound to, as whoever sealed it did and whoever opens it does."""
    if isinstance(brought, SealedCorrection):
        asked = brought.request
        return crypto.info_of_correction(
            slug=asked.benchmark.slug,
            batch=asked.batch,
            request_id=asked.pk,
            sha256=brought.sha256,
        )
    holdout = brought.batch.holdout
    # Asked for here, and not kept: one ciphertext at a time is held.
    ciphertext = BatchEnvelope.objects.values_list("ciphertext", flat=True).get(pk=brought.pk)
    return batch_format.info(
        benchmark=holdout.benchmark.slug,
        holdout=str(holdout.pk),
        ciphertext_sha256=hashlib.sha256(ciphertext).hexdigest(),
    )


def _passed_on(envelope: bytes, private: bytes, public: bytes, info: bytes) -> bytes:
    try:
        return crypto.wrap(crypto.unwrap(envelope, private, info), public, info)
    except LabelsUnavailableError:
        # Whoever brought it sealed nothing that opens. It still opens with no key, and keeps none in use.
        return envelope
