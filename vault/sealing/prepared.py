"""A batch of labels, drawn, committed to and encrypted: all of sealing that needs no database.

The service does it with labels that are uploaded, `run.py seal` where they live. Nothing is in the clear but
what everybody may know, and the keys of the data, which are wrapped next and then forgotten.
"""

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from vault.errors import SealingError
from vault.files import label_tables
from vault.files.label_tables import LabelTable
from vault.sealing import crypto, drawn_units, draws, exchangeability, sealed_labels
from vault.sealing.crypto import Encrypted
from vault.sealing.drawn_units import Shard
from vault.sealing.terms import Terms, check_labels

DRAW_FORMAT = "holdout-vault-draw/1"


@dataclass(frozen=True, kw_only=True)
class PreparedShard:
    id: uuid.UUID
    kind: str
    status: str
    n_items: int
    # Where groups were drawn whole: how many, and what they are worth.
    n_units: int | None
    n_effective: float | None
    # Of a later period: up to which day teams may train, and how long a label takes.
    trained_until: dt.date | None
    label_delay_days: int | None
    commitment: str
    sealed: Encrypted


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What is stored of a draw, or written into an envelope. `record` is for the audit key alone."""

    batch: uuid.UUID
    seed_sha256: str
    draws_groups: bool
    stratified: bool
    slice_names: list[str]
    period: tuple[dt.date, dt.date] | None
    shards: list[PreparedShard]
    record: Encrypted


def prepare(
    *,
    terms: Terms,
    labels: LabelTable,
    shards: Sequence[Shard],
    n_before: int,
    seed: bytes,
    stratify: bool,
) -> Prepared:
    """Draw every item into one of the shards; `n_before` items are in the panel already.

    Whole groups are drawn if the table has groups: then sizes are targets, and `n_items` is what each shard
    got. `stratify` draws from each class separately.
    """
    check_labels(terms=terms, labels=labels)
    counts = draws.fixed_counts(terms=terms, labels=labels, shards=shards, stratify=stratify)
    where = places(labels=labels, n_before=n_before)
    drawn = draws.draw(labels=labels, positions=where, counts=counts, stratify=stratify, seed=seed)
    batch, ids = uuid.uuid4(), [uuid.uuid4() for _ in shards]
    report = exchangeability.report_of(
        terms=terms, labels=labels, positions=where, drawn=drawn, names=[str(id_) for id_ in ids]
    )
    record = _record(terms, batch, ids, seed, report, labels, stratify=stratify)
    return Prepared(
        batch=batch,
        seed_sha256=hashlib.sha256(seed).hexdigest(),
        draws_groups=labels.groups is not None,
        stratified=stratify,
        slice_names=sorted(labels.slices),
        # The period of the whole draw: that of one shard would tell something about its items.
        period=label_tables.period(labels),
        shards=[
            _shard(terms, id_, shard, labels.take(rows), where[rows])
            for id_, shard, rows in zip(ids, shards, drawn, strict=True)
        ],
        record=record,
    )


def places(*, labels: LabelTable, n_before: int) -> NDArray[np.int64]:
    """Give each item's position in the panel, which will append this batch in the order of its ids."""
    order = pc.sort_indices(labels.ids).to_numpy()
    where = np.empty(len(order), dtype=np.int64)
    where[order] = np.arange(len(order)) + n_before
    return where


def read_record(content: bytes) -> dict[str, Any]:
    """Read what was sealed of a draw: its seed, its shards in order, and the report on it."""
    found = json.loads(content.rstrip(b"\0"))
    if not isinstance(found, dict) or found.get("format") != DRAW_FORMAT:
        raise SealingError("the record of the draw is none")
    return found


def _record(
    terms: Terms,
    batch: uuid.UUID,
    ids: Sequence[uuid.UUID],
    seed: bytes,
    report: dict[str, Any],
    labels: LabelTable,
    *,
    stratify: bool,
) -> Encrypted:
    members = {
        "format": DRAW_FORMAT,
        "batch": str(batch),
        "holdouts": [str(id_) for id_ in ids],
        "seed": seed.hex(),
        "draws_groups": labels.groups is not None,
        "stratified": stratify,
        "exchangeability": report,
    }
    text = json.dumps(members, sort_keys=True, separators=(",", ":"), allow_nan=False)
    # Beyond all that counts of classes and p-values could take.
    names = sum(16 * len(name) + 32 for name in terms.classes)
    return crypto.encrypt(crypto.padded(text.encode(), least=8192 + len(ids) * (1024 + names)))


def _shard(
    terms: Terms, id_: uuid.UUID, shard: Shard, own: LabelTable, where: NDArray[np.int64]
) -> PreparedShard:
    classes = list(terms.classes)
    plaintext = sealed_labels.pack(own, positions=where, classes=classes)
    disclosed = sealed_labels.disclosure(plaintext, classes=classes)
    units, effective = drawn_units.worth(labels=own, positions=where) or (None, None)
    return PreparedShard(
        id=id_,
        kind=str(shard.kind),
        status=str(shard.status),
        n_items=len(own.labels),
        n_units=units,
        n_effective=effective,
        trained_until=shard.trained_until,
        label_delay_days=shard.label_delay_days,
        commitment=sealed_labels.commitment_of(disclosed),
        sealed=crypto.encrypt(crypto.padded(plaintext)),
    )
