"""A drawn batch comes into the database: its holdouts, their labels and the record of the draw.

It is the second half of sealing. The first, `vault.sealing.prepared`, was done here a moment ago, or where
the labels live.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Protocol

from vault import journal
from vault.models import Benchmark, Draw, DrawKey, DrawRecord, Holdout, Panel
from vault.sealing import crypto, label_versions
from vault.sealing.boxes import Box


class Shard(Protocol):
    """What everybody may know of one shard."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def kind(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def n_items(self) -> int: ...
    @property
    def n_units(self) -> int | None: ...
    @property
    def n_effective(self) -> float | None: ...
    @property
    def trained_until(self) -> dt.date | None: ...
    @property
    def label_delay_days(self) -> int | None: ...
    @property
    def commitment(self) -> str: ...


class Batch(Protocol):
    """What everybody may know of one draw."""

    @property
    def batch(self) -> uuid.UUID: ...
    @property
    def seed_sha256(self) -> str: ...
    @property
    def draws_groups(self) -> bool: ...
    @property
    def stratified(self) -> bool: ...
    @property
    def slice_names(self) -> list[str]: ...
    @property
    def period(self) -> tuple[dt.date, dt.date] | None: ...
    @property
    def shards(self) -> Sequence[Shard]: ...


def store(
    *,
    benchmark: Benchmark,
    published: Panel,
    batch: Batch,
    boxes: Sequence[Box],
    record: Box,
    actor: str,
    now: dt.datetime,
    envelope: str = "",
) -> list[Holdout]:
    """Store shards, each with its box, and the draw's record. The caller holds a transaction.

    `envelope` is the hash of the file that they came in; empty if they were sealed here.
    """
    first, last = batch.period or (None, None)
    common: dict[str, Any] = {
        "benchmark": benchmark,
        "panel": published,
        "batch": batch.batch,
        "draws_groups": batch.draws_groups,
        "stratified": batch.stratified,
        "slice_names": batch.slice_names,
        "period_start": first,
        "period_end": last,
        "sealed_at": now,
    }
    holdouts = []
    for shard, box in zip(batch.shards, boxes, strict=True):
        holdout = Holdout(
            **common,
            id=shard.id,
            kind=shard.kind,
            status=shard.status,
            n_items=shard.n_items,
            n_units=shard.n_units,
            n_effective=shard.n_effective,
            trained_until=shard.trained_until,
            label_delay_days=shard.label_delay_days,
        )
        holdout.save(force_insert=True)
        label_versions.keep(
            holdout=holdout, number=1, commitment=shard.commitment, box=box, now=now
        )
        holdouts.append(holdout)
    _store_draw(benchmark, batch, record)
    payload = _payload(published, batch)
    if envelope:
        payload["envelope"] = envelope
    journal.append(benchmark_id=benchmark.pk, kind="seal", actor=actor, payload=payload, now=now)
    return holdouts


def _store_draw(benchmark: Benchmark, batch: Batch, record: Box) -> None:
    draw = Draw.objects.create(
        batch=batch.batch,
        benchmark=benchmark,
        seed_sha256=batch.seed_sha256,
        holdout_ids=[str(shard.id) for shard in batch.shards],
    )
    DrawRecord.objects.create(
        draw=draw, cipher=crypto.CIPHER, ciphertext=record.ciphertext, sha256=record.sha256
    )
    for key, wrapped in record.wraps:
        DrawKey.objects.create(draw=draw, sealing_key=key, suite=crypto.SUITE, envelope=wrapped)


def _payload(published: Panel, batch: Batch) -> dict[str, Any]:
    return {
        "batch": str(batch.batch),
        "seed_sha256": batch.seed_sha256,
        "draws_groups": batch.draws_groups,
        "stratified": batch.stratified,
        "panel": published.version,
        "panel_sha256": published.sha256,
        "holdouts": [
            {
                "id": str(shard.id),
                "kind": shard.kind,
                "status": shard.status,
                "n_items": shard.n_items,
                "n_units": shard.n_units,
                "n_effective": shard.n_effective,
                "commitment": shard.commitment,
            }
            for shard in batch.shards
        ],
    }
