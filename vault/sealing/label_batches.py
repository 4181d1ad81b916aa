"""Opening batches of awaited labels: by the audit worker alone, in their order, each once.

The journal has an entry about each opening before anything is decrypted. An accepted batch becomes the next
version of the holdout's labels, sealed as any other: what was there before, with the rows that came. A
refused one changes nothing, and its provider reads which rows are wrong. Killed between two steps, it is done
again, three times at most.
"""

import datetime as dt
import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from django.db import connection, transaction
from numpy.typing import NDArray

from vault import journal, panel
from vault.errors import EnvelopeError, InvalidFileError, LabelsUnavailableError
from vault.files import batch_tables
from vault.files.batch_tables import Batch
from vault.files.label_tables import LabelTable
from vault.models import BatchEnvelope, Holdout, LabelBatch
from vault.sealing import (
    attempts,
    awaited,
    batch_format,
    benchmark_sheet,
    crypto,
    holdouts,
    label_versions,
    sealed_labels,
    sealing_keys,
)
from vault.sealing.sealed_labels import OpenLabels
from vault.sealing.sealing_keys import AUDIT

ACTOR = "worker-audit"
# Columns of the sealed table, beside the event's time: when a label came, and with which version first.
ARRIVED, SINCE = "arrived_at", "version"

# Both are stored at once, so only a database that lost rows has such a batch.
LOST = "the envelope of the batch is not there any more: send it anew, with a key of its own"

Problem = dict[str, object]
Clock = Callable[[], dt.datetime]


@dataclass(frozen=True, kw_only=True)
class _Merged:
    table: LabelTable
    positions: NDArray[np.int64]


def due() -> list[uuid.UUID]:
    """List the holdouts for which a batch waits."""
    waiting = LabelBatch.objects.filter(status=LabelBatch.Status.RECEIVED)
    return list(waiting.order_by("holdout_id").values_list("holdout_id", flat=True).distinct())


def settle(*, holdout: Holdout, clock: Clock) -> None:
    """Accept or refuse each batch that waits. The caller has the holdout alone, outside any transaction."""
    # Without the key nobody's batch is refused.
    sealing_keys.private_keys(purpose=AUDIT)
    waiting = LabelBatch.objects.filter(holdout=holdout, status=LabelBatch.Status.RECEIVED)
    for batch in waiting.order_by("sequence"):
        envelope = BatchEnvelope.objects.filter(batch=batch).first()
        if envelope is None:
            _refuse(batch, [_problem(LOST)], now=clock())
            continue
        private = sealing_keys.private_key_of(purpose=AUDIT, kid=envelope.kid)
        if attempts.is_given_up(subject=batch.pk):
            _refuse(batch, [_problem(attempts.ENDED)], now=clock())
            continue
        with attempts.counted(subject=batch.pk):
            _judge(batch, envelope, holdout, private, clock=clock)


def _judge(
    batch: LabelBatch, envelope: BatchEnvelope, holdout: Holdout, private: bytes, *, clock: Clock
) -> None:
    try:
        content = _opened(envelope, holdout, private, now=clock())
        rows = _read(content, batch, holdout)
    except InvalidFileError as error:
        _refuse(batch, error.data["problems"], now=clock())
    except (EnvelopeError, LabelsUnavailableError) as error:
        _refuse(batch, [_problem(error.message)], now=clock())
    else:
        _accept(batch, holdout, rows, clock=clock)


def _problem(problem: str) -> Problem:
    return {"row": None, "column": None, "problem": problem}


def _opened(
    envelope: BatchEnvelope, holdout: Holdout, private: bytes, *, now: dt.datetime
) -> bytes:
    """Decrypt, after the journal's entry about it is committed."""
    if connection.in_atomic_block or not connection.get_autocommit():
        raise LabelsUnavailableError("labels are not opened inside a transaction")
    # Durable: Django itself refuses a transaction around it, which could take the entry back.
    with transaction.atomic(durable=True):
        journal.append(
            benchmark_id=holdout.benchmark_id,
            kind="open_batch",
            actor=ACTOR,
            payload={
                "holdout": str(holdout.pk),
                "batch": str(envelope.batch_id),
                "kid": envelope.kid,
            },
            now=now,
        )
    ciphertext = bytes(envelope.ciphertext)
    info = batch_format.info(
        benchmark=holdout.benchmark.slug,
        holdout=str(holdout.pk),
        ciphertext_sha256=hashlib.sha256(ciphertext).hexdigest(),
    )
    data_key = crypto.unwrap(bytes(envelope.wrapped_key), private, info)
    return batch_format.unpadded(crypto.decrypt(ciphertext, data_key))


def _read(content: bytes, batch: LabelBatch, holdout: Holdout) -> Batch:
    round = awaited.round_of(holdout=holdout)
    locked_at = awaited.locked_at(round=round)
    if locked_at is None:
        raise EnvelopeError("the finals that would be measured are not locked", field="")
    return batch_tables.read(
        body=content,
        classes=benchmark_sheet.terms_of(holdout.benchmark).classes,
        items=_items(holdout),
        locked_at=locked_at,
        received_at=batch.received_at,
        max_rows=batch_format.MAX_ROWS,
    )


def _accept(batch: LabelBatch, holdout: Holdout, rows: Batch, *, clock: Clock) -> None:
    """Write the next version and settle the batch: both, or nothing."""
    before = label_versions.newest(holdout=holdout)
    known = None
    if before.number:
        reason = {"batch": str(batch.pk)}
        known = holdouts.open_labels(
            holdout=holdout, purpose=AUDIT, reason=reason, actor=ACTOR, now=clock()
        )
    merged = _merged(holdout, known, rows, number=before.number + 1)
    plaintext = sealed_labels.pack(
        merged.table,
        positions=merged.positions,
        classes=list(benchmark_sheet.terms_of(holdout.benchmark).classes),
    )
    now = clock()
    with transaction.atomic():
        version = label_versions.store(
            holdout=holdout,
            number=before.number + 1,
            plaintext=plaintext,
            keys=[sealing_keys.active(purpose=AUDIT)],
            now=now,
            reason="batch",
            n_labelled=len(merged.positions),
        )
        _settle(
            batch, LabelBatch.Status.ACCEPTED, now=now, n_rows=rows.n_rows, version=version.number
        )
        journal.append(
            benchmark_id=holdout.benchmark_id,
            kind="batch_accepted",
            actor=ACTOR,
            payload={
                "holdout": str(holdout.pk),
                "batch": str(batch.pk),
                "version": version.number,
                "n_labelled": version.n_labelled,
                "commitment": version.commitment,
            },
            now=now,
        )


@transaction.atomic
def _refuse(batch: LabelBatch, problems: list[Problem], *, now: dt.datetime) -> None:
    _settle(batch, LabelBatch.Status.REFUSED, now=now, problems=problems)
    journal.append(
        benchmark_id=batch.holdout.benchmark_id,
        kind="batch_refused",
        actor=ACTOR,
        payload={"holdout": str(batch.holdout_id), "batch": str(batch.pk)},
        now=now,
    )


def _settle(batch: LabelBatch, status: str, *, now: dt.datetime, **columns: object) -> None:
    """Compare and set: a batch is settled once."""
    waiting = LabelBatch.objects.filter(pk=batch.pk, status=LabelBatch.Status.RECEIVED)
    if not waiting.update(status=status, settled_at=now, **columns):
        raise LabelsUnavailableError("the batch was settled meanwhile")


def _merged(holdout: Holdout, known: OpenLabels | None, rows: Batch, *, number: int) -> _Merged:
    """Put the rows over what was known: of an item that comes again the newest label counts."""
    first, n = holdout.awaited.first_position, holdout.n_items
    labels: NDArray[Any] = np.zeros(n, dtype=rows.labels.dtype)
    events, arrived = np.empty(n, dtype=object), np.empty(n, dtype=object)
    since = np.full(n, "", dtype=object)
    if known is not None:
        places = known.positions - first
        assert known.times is not None  # every row of a batch has its times
        labels[places], events[places] = known.labels, known.times
        arrived[places], since[places] = known.slices[ARRIVED], known.slices[SINCE]
    new = rows.places[since[rows.places] == ""]
    # In its place among arrivals an item stays where its first label came.
    since[new] = str(number)
    for place, at in zip(rows.places.tolist(), rows.arrived_at, strict=True):
        if since[place] == str(number):
            arrived[place] = at
    labels[rows.places] = rows.labels
    events[rows.places] = rows.event_times
    has = np.flatnonzero(since != "")
    return _Merged(
        table=LabelTable(
            ids=_items(holdout).take(pa.array(has)),
            labels=labels[has],
            times=pa.array(events[has], pa.string()),
            slices={
                ARRIVED: pa.array(arrived[has], pa.string()),
                SINCE: pa.array(since[has], pa.string()),
            },
        ),
        positions=has + first,
    )


def _items(holdout: Holdout) -> pa.Array:
    first = holdout.awaited.first_position
    items: pa.Array = panel.ids(holdout.panel).slice(first, holdout.n_items)
    return items
