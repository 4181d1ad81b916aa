"""The life of sealed labels, and the only place that touches them.

A shard is wrapped for the active audit key, a query shard for the active scoring key as well: what a key
may open is decided by cryptography first and by status second. Every opening is committed to the journal
before a label is decrypted. No message holds a label.
"""

import datetime as dt
import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection, transaction
from numpy.typing import NDArray

from vault import crypto, journal, label_files, panel, sealed_labels, sealing_keys
from vault.errors import LabelsUnavailableError, SealingError, TransitionError
from vault.label_files import LabelTable
from vault.models import Benchmark, Holdout, Panel, SealedBlob, SealingKey
from vault.sealed_labels import Disclosure, OpenLabels
from vault.sealing_keys import AUDIT, SCORING, Purpose
from vault.statuses import TRANSITIONS, HoldoutKind, HoldoutStatus, RoundStatus

__all__ = [
    "Disclosure",
    "OpenLabels",
    "Purpose",
    "Shard",
    "check_commitment",
    "disclose",
    "freshen",
    "open_labels",
    "promote",
    "retire",
    "seal",
]

LOCKED_ROUNDS = (RoundStatus.CLOSED, RoundStatus.AUDITED, RoundStatus.PUBLISHED)


@dataclass(frozen=True, kw_only=True)
class Shard:
    kind: str
    status: str
    # None: all the items that the other shards leave.
    n: int | None


def seal(
    *,
    benchmark: Benchmark,
    labels: LabelTable,
    shards: Sequence[Shard],
    rng: np.random.Generator,
    actor: str,
    now: dt.datetime,
) -> list[Holdout]:
    """One random draw of every item into one of the shards; the panel grows by all of them."""
    _check_labels(benchmark, labels)
    sizes = _sizes(shards, len(labels.ids))
    with transaction.atomic():
        Benchmark.objects.select_for_update().get(pk=benchmark.pk)
        keys = {purpose: sealing_keys.active(purpose=purpose) for purpose in _purposes(shards)}
        published = panel.publish(benchmark=benchmark, ids=labels.ids)
        draw = _draw(labels, published, sizes, rng)
        batch = uuid.uuid4()
        holdouts = []
        for shard, (rows, positions) in zip(shards, draw, strict=True):
            holdout = _new_holdout(
                benchmark, published, shard, batch=batch, labels=labels, n=len(rows), now=now
            )
            plaintext = sealed_labels.pack(
                _take(labels, rows), positions=positions, classes=benchmark.classes
            )
            _store(holdout, plaintext, [keys[purpose] for purpose in _purposes([shard])])
            holdouts.append(holdout)
        journal.append(
            benchmark_id=benchmark.pk,
            kind="seal",
            actor=actor,
            payload=_seal_payload(batch, published, holdouts),
            now=now,
        )
    return holdouts


def open_labels(
    *, holdout: Holdout, purpose: Purpose, reason: dict[str, Any], actor: str, now: dt.datetime
) -> OpenLabels:
    """Decrypt one holdout for a worker that holds the key. Not inside a transaction."""
    current = _current(holdout)
    _check_may_open(current, purpose)
    plaintext = _open(current, purpose, reason=reason, actor=actor, now=now)
    return sealed_labels.unpack(plaintext)


def freshen(*, holdout: Holdout, actor: str, now: dt.datetime) -> None:
    """SEALED -> FRESH: from here on audits may open it."""
    with transaction.atomic():
        _move(holdout, HoldoutStatus.FRESH, actor=actor, now=now)


def promote(*, holdout: Holdout, actor: str, now: dt.datetime) -> None:
    """FRESH -> QUERY: the audit worker wraps the data key for the scoring key. No label is opened."""
    with transaction.atomic():
        _move(holdout, HoldoutStatus.QUERY, actor=actor, now=now)
        if holdout.kind != HoldoutKind.IID:
            raise TransitionError("only an iid holdout can answer queries")
        sha256 = SealedBlob.objects.values_list("sha256", flat=True).get(holdout=holdout)
        data_key, _ = sealing_keys.unwrap(holdout=holdout, purpose=AUDIT, ciphertext_sha256=sha256)
        sealing_keys.wrap(
            holdout=holdout,
            data_key=data_key,
            ciphertext_sha256=sha256,
            key=sealing_keys.active(purpose=SCORING),
        )


def retire(*, holdout: Holdout, actor: str, now: dt.datetime) -> None:
    with transaction.atomic():
        _move(holdout, HoldoutStatus.RETIRED, actor=actor, now=now)


def disclose(*, holdout: Holdout, actor: str, now: dt.datetime) -> Disclosure:
    """RETIRED -> DISCLOSED, by the audit worker; the caller publishes what is returned."""
    current = _current(holdout)
    if current.status != HoldoutStatus.RETIRED:
        raise TransitionError(f"a holdout in status {current.status} is not disclosed")
    plaintext = _open(current, AUDIT, reason={"disclose": True}, actor=actor, now=now)
    disclosed = sealed_labels.disclosure(plaintext, classes=current.benchmark.classes)
    with transaction.atomic():
        _move(current, HoldoutStatus.DISCLOSED, actor=actor, now=now)
    return disclosed


def check_commitment(*, commitment: str, disclosed: Disclosure) -> bool:
    """Whether the disclosed labels are those that were committed to."""
    return sealed_labels.commitment_of(disclosed) == commitment


def _check_labels(benchmark: Benchmark, labels: LabelTable) -> None:
    values = labels.labels
    extra = [*labels.slices.values(), labels.times, labels.groups]
    if any(len(column) != len(values) for column in [labels.ids, *extra] if column is not None):
        raise SealingError("the columns have different lengths")
    if benchmark.task == Benchmark.Task.REGRESSION:
        is_sound = values.dtype.kind == "f" and bool(np.isfinite(values).all())
    else:
        is_code = values.dtype.kind in "iu" and values.size > 0
        is_sound = is_code and bool(((values >= 0) & (values < len(benchmark.classes))).all())
    if not is_sound:
        raise SealingError("a label is not one that the benchmark can have")


def _sizes(shards: Sequence[Shard], n_items: int) -> list[int]:
    """Sizes that use up every item."""
    kinds = {shard.kind for shard in shards}
    if len(kinds) != 1:
        raise SealingError("the shards of one draw are of one kind")
    if kinds == {HoldoutKind.IID} and len(shards) < 2:
        # A panel that grows by one holdout's items would say which they are.
        raise SealingError("an iid draw makes at least two shards")
    for shard in shards:
        _check_shard(shard)
    if sum(shard.n is None for shard in shards) > 1:
        raise SealingError("only one shard can take the rest")
    named = sum(shard.n or 0 for shard in shards)
    sizes = [n_items - named if shard.n is None else shard.n for shard in shards]
    if min(sizes) < 1 or sum(sizes) != n_items:
        raise SealingError(
            f"the shards hold {named} items and the file {n_items}: every item belongs to "
            "one shard, and no shard is empty"
        )
    return sizes


def _check_shard(shard: Shard) -> None:
    statuses = {HoldoutStatus.SEALED, HoldoutStatus.FRESH}
    if shard.kind == HoldoutKind.IID:
        statuses.add(HoldoutStatus.QUERY)
    if shard.kind not in HoldoutKind.values or shard.status not in statuses:
        raise SealingError(f"a {shard.kind} shard cannot be sealed as {shard.status}")


def _purposes(shards: Sequence[Shard]) -> list[Purpose]:
    is_query = any(shard.status == HoldoutStatus.QUERY for shard in shards)
    return [AUDIT, SCORING] if is_query else [AUDIT]


def _draw(
    labels: LabelTable, published: Panel, sizes: list[int], rng: np.random.Generator
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Rows of the label table and panel positions of each shard, by position.

    The draw is made over items in panel order, so it depends on the seed and the set of items, and
    not on the order of the label file.
    """
    where = pc.index_in(labels.ids, value_set=panel.ids(published)).to_numpy().astype(np.int64)
    in_order = np.argsort(where)
    drawn = np.split(rng.permutation(len(where)), np.cumsum(sizes)[:-1])
    rows = [in_order[np.sort(part)] for part in drawn]
    return [(part, where[part]) for part in rows]


def _take(labels: LabelTable, rows: NDArray[np.int64]) -> LabelTable:
    chosen = pa.array(rows)
    return LabelTable(
        ids=labels.ids.take(chosen),
        labels=labels.labels[rows],
        slices={name: column.take(chosen) for name, column in labels.slices.items()},
        times=None if labels.times is None else labels.times.take(chosen),
        groups=None if labels.groups is None else labels.groups.take(chosen),
    )


def _new_holdout(
    benchmark: Benchmark,
    published: Panel,
    shard: Shard,
    *,
    batch: uuid.UUID,
    labels: LabelTable,
    n: int,
    now: dt.datetime,
) -> Holdout:
    # The period of the whole draw: that of one shard would tell something about its items.
    period = label_files.period(labels)
    return Holdout(
        benchmark=benchmark,
        panel=published,
        kind=shard.kind,
        status=shard.status,
        n_items=n,
        batch=batch,
        slice_names=sorted(labels.slices),
        period_start=period[0] if period else None,
        period_end=period[1] if period else None,
        sealed_at=now,
    )


def _store(holdout: Holdout, plaintext: bytes, keys: list[SealingKey]) -> None:
    disclosed = sealed_labels.disclosure(plaintext, classes=holdout.benchmark.classes)
    holdout.commitment = sealed_labels.commitment_of(disclosed)
    holdout.save(force_insert=True)
    sealed = crypto.encrypt(plaintext)
    sha256 = hashlib.sha256(sealed.ciphertext).hexdigest()
    SealedBlob.objects.create(
        holdout=holdout, cipher=sealed.cipher, ciphertext=sealed.ciphertext, sha256=sha256
    )
    for key in keys:
        sealing_keys.wrap(
            holdout=holdout, data_key=sealed.data_key, ciphertext_sha256=sha256, key=key
        )


def _seal_payload(batch: uuid.UUID, published: Panel, holdouts: list[Holdout]) -> dict[str, Any]:
    return {
        "batch": str(batch),
        "panel": published.version,
        "panel_sha256": published.sha256,
        "holdouts": [
            {
                "id": str(holdout.pk),
                "kind": str(holdout.kind),
                "status": str(holdout.status),
                "n_items": holdout.n_items,
                "commitment": holdout.commitment,
            }
            for holdout in holdouts
        ],
    }


def _current(holdout: Holdout) -> Holdout:
    return Holdout.objects.select_related("benchmark").get(pk=holdout.pk)


def _move(holdout: Holdout, status: HoldoutStatus, *, actor: str, now: dt.datetime) -> None:
    """Compare and set, with its journal entry, inside the caller's transaction."""
    sources = [before for before in HoldoutStatus.values if status in TRANSITIONS[before]]
    before = _current(holdout).status
    moved = Holdout.objects.filter(pk=holdout.pk, status__in=sources).update(status=status)
    if not moved:
        raise TransitionError(f"a holdout in status {before} cannot become {status}")
    holdout.status = status
    journal.append(
        benchmark_id=holdout.benchmark_id,
        kind="holdout_status",
        actor=actor,
        payload={"holdout": str(holdout.pk), "before": before, "after": str(status)},
        now=now,
    )


def _check_may_open(holdout: Holdout, purpose: Purpose) -> None:
    is_query = holdout.status == HoldoutStatus.QUERY
    if purpose == SCORING and is_query:
        return
    if purpose == AUDIT and holdout.status == HoldoutStatus.FRESH:
        return
    if purpose == AUDIT and is_query:
        statuses = set(holdout.rounds.values_list("status", flat=True))
        if statuses and statuses <= set(LOCKED_ROUNDS):
            return
    raise LabelsUnavailableError(
        f"the {purpose} key does not open a holdout in status {holdout.status} now"
    )


def _open(
    holdout: Holdout, purpose: Purpose, *, reason: dict[str, Any], actor: str, now: dt.datetime
) -> bytes:
    """The plaintext, after the journal entry that tells of it is committed."""
    if connection.in_atomic_block or not connection.get_autocommit():
        raise LabelsUnavailableError(
            "labels are not opened inside a transaction: the journal entry must be committed first"
        )
    blob = SealedBlob.objects.get(holdout=holdout)
    data_key, kid = sealing_keys.unwrap(
        holdout=holdout, purpose=purpose, ciphertext_sha256=blob.sha256
    )
    with transaction.atomic(durable=True):
        journal.append(
            benchmark_id=holdout.benchmark_id,
            kind="open_labels",
            actor=actor,
            payload={
                "holdout": str(holdout.pk),
                "status": holdout.status,
                "purpose": purpose,
                "kid": kid,
                "reason": reason,
            },
            now=now,
        )
    ciphertext = bytes(blob.ciphertext)
    if blob.cipher != crypto.CIPHER or hashlib.sha256(ciphertext).hexdigest() != blob.sha256:
        raise LabelsUnavailableError("the sealed blob was changed")
    return crypto.decrypt(ciphertext, data_key)
