"""The audit worker looks into envelopes: what it finds right may serve, and gets its scoring key only then.

Killed between any two steps, it does the rest when it comes again; what ends it three times is refused. The
journal says that it looked before anything is decrypted, and what it found; that is no use of a fresh
holdout, as nothing is compared with it.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Sequence

import pyarrow as pa
from django.db import connection, transaction

from vault import journal, locks, panel
from vault.errors import LabelsUnavailableError, SealingError
from vault.models import DrawKey, Holdout, LabelVersion, SealedBlob, SealedEnvelope, WrappedKey
from vault.sealing import attempts, benchmark_sheet, boxes, crypto, inside, sealing_keys
from vault.sealing.inside import Batch, Claim
from vault.sealing.sealing_keys import AUDIT, SCORING
from vault.statuses import HoldoutStatus

ACTOR = "worker-audit"
UNREADABLE = "the key of {} does not open with the audit key that it names"

Clock = Callable[[], dt.datetime]


def carry_out(*, batch: uuid.UUID, clock: Clock) -> bool:
    """Look into one envelope, once; False while another worker is at it. Not inside a transaction."""
    if connection.in_atomic_block:
        raise LabelsUnavailableError("an envelope is not looked into inside a transaction")
    with locks.one_batch(batch=batch) as is_alone:
        if not is_alone:
            return False
        # Before all else that is read: whatever a rotation changes from here on is noticed.
        keys = _keys_of(batch)
        envelope = SealedEnvelope.objects.select_related("draw__benchmark", "draw__record").get(
            pk=batch
        )
        if envelope.status != SealedEnvelope.Status.RECEIVED:
            return True
        versions = _versions(envelope)
        # Without its key this worker can say nothing: the envelope waits.
        kids = {sealing_keys.fitting(of=each, purpose=AUDIT).kid for each in versions}
        kids.add(sealing_keys.fitting(of=envelope.draw, purpose=AUDIT).kid)
        problem, data_keys = "", []
        try:
            data_keys = _attempted(envelope, versions, sorted(kids), now=clock())
        except SealingError as error:
            if _keys_of(batch) != keys:
                raise LabelsUnavailableError(
                    "the envelope's keys were made anew meanwhile: it is looked into again"
                ) from None
            problem = error.message
        _judge(envelope, versions, data_keys, problem=problem, now=clock())
    return True


def _keys_of(batch: uuid.UUID) -> dict[uuid.UUID, tuple[str, bytes, str]]:
    """Give what a rotation exchanges: the audit worker's keys, and the hashes of the ciphertexts."""
    labels = WrappedKey.objects.filter(version__holdout__batch=batch, sealing_key__purpose=AUDIT)
    of_labels = labels.values_list("pk", "sealing_key", "envelope", "version__sealedblob__sha256")
    record = DrawKey.objects.filter(draw=batch, sealing_key__purpose=AUDIT)
    of_record = record.values_list("pk", "sealing_key", "envelope", "draw__record__sha256")
    return {
        pk: (kid, bytes(envelope), sha256) for pk, kid, envelope, sha256 in [*of_labels, *of_record]
    }


def _versions(envelope: SealedEnvelope) -> list[LabelVersion]:
    """Give the labels of each shard, in the order of the draw."""
    found = LabelVersion.objects.filter(holdout__batch=envelope.draw_id, number=1)
    by_id = {
        str(each.holdout_id): each
        for each in found.select_related("holdout__benchmark", "holdout__panel")
    }
    return [by_id[name] for name in envelope.draw.holdout_ids]


def _attempted(
    envelope: SealedEnvelope, versions: Sequence[LabelVersion], kids: list[str], *, now: dt.datetime
) -> list[tuple[bytes, str]]:
    """Look into it, unless that has ended too many workers."""
    if attempts.is_given_up(subject=envelope.pk):
        raise SealingError(attempts.ENDED)
    with attempts.counted(subject=envelope.pk):
        _announce(envelope, versions, kids, now=now)
        return _looked_into(envelope, versions)


def _announce(
    envelope: SealedEnvelope, versions: Sequence[LabelVersion], kids: list[str], *, now: dt.datetime
) -> None:
    with transaction.atomic(durable=True):
        journal.append(
            benchmark_id=envelope.draw.benchmark_id,
            kind="envelope_opened",
            actor=ACTOR,
            payload={
                "batch": str(envelope.draw_id),
                "holdouts": [str(each.holdout_id) for each in versions],
                "kids": kids,
            },
            now=now,
        )


def _looked_into(
    envelope: SealedEnvelope, versions: Sequence[LabelVersion]
) -> list[tuple[bytes, str]]:
    """Check the inside; give each shard's data key and the hash of its ciphertext."""
    data_keys, plaintexts = [], []
    for version in versions:
        blob = SealedBlob.objects.get(version=version)
        try:
            data_key, _ = sealing_keys.unwrap(
                of=version, purpose=AUDIT, ciphertext_sha256=blob.sha256
            )
            plaintexts.append(crypto.decrypt(boxes.unchanged(blob), data_key))
        except LabelsUnavailableError:
            raise SealingError(UNREADABLE.format(f"the shard {version.holdout_id}")) from None
        data_keys.append((data_key, blob.sha256))
    try:
        sealed = envelope.draw.record
        data_key, _ = sealing_keys.unwrap(
            of=envelope.draw, purpose=AUDIT, ciphertext_sha256=sealed.sha256
        )
        record = crypto.decrypt(boxes.unchanged(sealed), data_key)
    except LabelsUnavailableError:
        raise SealingError(UNREADABLE.format("the record of the draw")) from None
    inside.check(batch=_batch(envelope, versions), plaintexts=plaintexts, record=record)
    return data_keys


def _batch(envelope: SealedEnvelope, versions: Sequence[LabelVersion]) -> Batch:
    first = versions[0].holdout
    period = None
    if first.period_start is not None and first.period_end is not None:
        period = (first.period_start, first.period_end)
    ids: pa.Array = panel.ids(first.panel)
    return Batch(
        terms=benchmark_sheet.terms_of(first.benchmark),
        claims=[_claim(each.holdout, each.commitment) for each in versions],
        ids=ids,
        draws_groups=first.draws_groups,
        stratified=first.stratified,
        slice_names=first.slice_names,
        period=period,
        seed_sha256=envelope.draw.seed_sha256,
    )


def _claim(holdout: Holdout, commitment: str) -> Claim:
    return Claim(
        name=str(holdout.pk),
        kind=holdout.kind,
        status=holdout.status,
        n_items=holdout.n_items,
        n_units=holdout.n_units,
        n_effective=holdout.n_effective,
        trained_until=holdout.trained_until,
        label_delay_days=holdout.label_delay_days,
        commitment=commitment,
    )


@transaction.atomic
def _judge(
    envelope: SealedEnvelope,
    versions: Sequence[LabelVersion],
    data_keys: Sequence[tuple[bytes, str]],
    *,
    problem: str,
    now: dt.datetime,
) -> None:
    """Write the verdict, its journal entry and the scoring key's envelopes: all of it, or nothing."""
    status = SealedEnvelope.Status.REFUSED if problem else SealedEnvelope.Status.VERIFIED
    waiting = SealedEnvelope.objects.filter(pk=envelope.pk, status=SealedEnvelope.Status.RECEIVED)
    if not waiting.update(status=status, problem=problem[:300], judged_at=now):
        return
    told = {"batch": str(envelope.draw_id), "envelope": envelope.sha256}
    journal.append(
        benchmark_id=envelope.draw.benchmark_id,
        kind="seal_refused" if problem else "seal_verified",
        actor=ACTOR,
        payload={**told, "problem": problem} if problem else told,
        now=now,
    )
    for version, (data_key, sha256) in zip(versions, data_keys, strict=not problem):
        if not problem and version.holdout.status == HoldoutStatus.QUERY:
            key = sealing_keys.active(purpose=SCORING)
            sealing_keys.wrap(version=version, data_key=data_key, ciphertext_sha256=sha256, key=key)
