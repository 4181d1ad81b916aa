"""The life of sealed labels, and the only place that touches them.

A shard is wrapped for the active audit key, a query shard for the active scoring key as well: what a key
may open is decided by cryptography first and by status second. Every opening is committed to the journal
before a label is decrypted. No message holds a label.
"""

import datetime as dt
import hashlib
import uuid
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow.compute as pc
from django.db import connection, transaction
from numpy.typing import NDArray

from stats.effective_number import effective_number
from vault import journal, panel
from vault.errors import LabelsUnavailableError, SealingError, TransitionError
from vault.files import label_tables
from vault.files.label_tables import LabelTable
from vault.files.parsing import positions
from vault.holdout_kinds import decides
from vault.models import Benchmark, Holdout, LabelVersion, Panel, SealedBlob
from vault.sealing import (
    crypto,
    drawn_units,
    draws,
    label_report,
    label_versions,
    sealed_labels,
    sealing_keys,
)
from vault.sealing.drawn_units import Shard
from vault.sealing.label_report import Report
from vault.sealing.sealed_labels import Disclosure, OpenLabels
from vault.sealing.sealing_keys import AUDIT, SCORING, Purpose
from vault.statuses import HoldoutStatus, RoundStatus, before

# Rounds in which nothing is answered any more: only then may an audit see query labels.
LOCKED_ROUNDS = (RoundStatus.CLOSED, RoundStatus.AUDITED, RoundStatus.PUBLISHED)


def report(
    *, benchmark: Benchmark, labels: LabelTable, shards: Sequence[Shard], stratify: bool
) -> Report:
    """Refuse what cannot be sealed; of the rest, what whoever seals it should know and confirm first."""
    _check_labels(benchmark, labels)
    draws.fixed_counts(benchmark=benchmark, labels=labels, shards=shards, stratify=stratify)
    panel.check_new(benchmark=benchmark, ids=labels.ids)
    is_regression = benchmark.task == Benchmark.Task.REGRESSION
    return label_report.report_of(
        labels=labels,
        classes=() if is_regression else benchmark.classes,
        shards=shards,
        stratify=stratify,
        loss_cap=benchmark.loss_cap,
    )


def seal(
    *,
    benchmark: Benchmark,
    labels: LabelTable,
    shards: Sequence[Shard],
    rng: np.random.Generator,
    actor: str,
    now: dt.datetime,
    stratify: bool = False,
) -> list[Holdout]:
    """Draw every item at random into one of the shards; the panel grows by all of them.

    Whole groups are drawn if the table has groups: then sizes are targets, and `n_items` is what each holdout
    got. `stratify` draws from each class separately.
    """
    _check_labels(benchmark, labels)
    counts = draws.fixed_counts(
        benchmark=benchmark, labels=labels, shards=shards, stratify=stratify
    )
    with transaction.atomic():
        # One draw at a time: each panel is made of the one before it.
        Benchmark.objects.select_for_update(no_key=True).get(pk=benchmark.pk)
        keys = {purpose: sealing_keys.active(purpose=purpose) for purpose in _purposes(shards)}
        published = panel.publish(benchmark=benchmark, ids=labels.ids)
        where = positions(labels.ids, panel.ids(published))
        drawn = draws.draw(
            labels=labels, positions=where, counts=counts, stratify=stratify, rng=rng
        )
        common = _of_all(benchmark, published, labels, stratify=stratify, now=now)
        holdouts = []
        for shard, rows in zip(shards, drawn, strict=True):
            own = labels.take(rows)
            holdout = Holdout.objects.create(
                **common,
                **_worth(own, where[rows]),
                kind=shard.kind,
                status=shard.status,
                n_items=len(rows),
                trained_until=shard.trained_until,
                label_delay_days=shard.label_delay_days,
            )
            plaintext = sealed_labels.pack(own, positions=where[rows], classes=benchmark.classes)
            label_versions.store(
                holdout=holdout,
                number=1,
                plaintext=plaintext,
                keys=[keys[purpose] for purpose in _purposes([shard])],
                now=now,
            )
            holdouts.append(holdout)
        journal.append(
            benchmark_id=benchmark.pk,
            kind="seal",
            actor=actor,
            payload=_seal_payload(published, holdouts),
            now=now,
        )
    return holdouts


def how_drawn(*, holdout: Holdout) -> list[str]:
    """Say it in sentences, for whoever sealed it."""
    sentences = []
    if holdout.draws_groups:
        sentences.append(
            "Whole groups were drawn, so a number of items may differ from the one asked for."
        )
    if holdout.stratified:
        sentences.append("Each class was drawn from separately.")
    return sentences


def open_labels(
    *, holdout: Holdout, purpose: Purpose, reason: dict[str, Any], actor: str, now: dt.datetime
) -> OpenLabels:
    """Decrypt a holdout's newest labels for a worker that holds the key. Not inside a transaction."""
    current = _current(holdout)
    check_may_open(holdout=current, purpose=purpose)
    version = label_versions.newest(holdout=current)
    plaintext, entry = _open(version, purpose, reason=reason, actor=actor, now=now)
    return sealed_labels.unpack(
        plaintext, draws_groups=current.draws_groups, entry=entry, version=version.number
    )


def freshen(*, holdout: Holdout, actor: str, now: dt.datetime) -> None:
    """SEALED -> FRESH: from here on audits may open it."""
    _move(holdout, HoldoutStatus.FRESH, actor=actor, now=now)


@transaction.atomic
def promote(*, holdout: Holdout, actor: str, now: dt.datetime) -> None:
    """FRESH -> QUERY: the audit worker wraps the data key for the scoring key. No label is opened."""
    _move(holdout, HoldoutStatus.QUERY, actor=actor, now=now)
    if not decides(holdout.kind):
        raise TransitionError("only an iid holdout can answer queries")
    version = label_versions.newest(holdout=holdout)
    sha256 = SealedBlob.objects.values_list("sha256", flat=True).get(version=version)
    data_key, _ = sealing_keys.unwrap(version=version, purpose=AUDIT, ciphertext_sha256=sha256)
    key = sealing_keys.active(purpose=SCORING)
    sealing_keys.wrap(version=version, data_key=data_key, ciphertext_sha256=sha256, key=key)


def retire(*, holdout: Holdout, actor: str, now: dt.datetime) -> None:
    _move(holdout, HoldoutStatus.RETIRED, actor=actor, now=now)


def open_retired(*, holdout: Holdout, actor: str, now: dt.datetime) -> Disclosure:
    """Decrypt what the commitment of a RETIRED holdout's newest labels was computed of, to be published.

    By a worker that holds the audit key, and not inside a transaction.
    """
    current = _current(holdout)
    if current.status != HoldoutStatus.RETIRED:
        raise TransitionError(f"a holdout in status {current.status} is not disclosed")
    version = label_versions.newest(holdout=current)
    plaintext, _ = _open(version, AUDIT, reason={"disclose": True}, actor=actor, now=now)
    return sealed_labels.disclosure(plaintext, classes=current.benchmark.classes)


def disclose(*, holdout: Holdout, actor: str, now: dt.datetime) -> None:
    """RETIRED -> DISCLOSED, together with the row that names the stored file."""
    _move(holdout, HoldoutStatus.DISCLOSED, actor=actor, now=now)


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


def _purposes(shards: Sequence[Shard]) -> list[Purpose]:
    is_query = any(shard.status == HoldoutStatus.QUERY for shard in shards)
    return [AUDIT, SCORING] if is_query else [AUDIT]


def _of_all(
    benchmark: Benchmark, published: Panel, labels: LabelTable, *, stratify: bool, now: dt.datetime
) -> dict[str, Any]:
    """Gather what the holdouts of one draw have in common."""
    # The period of the whole draw: that of one shard would tell something about its items.
    period = label_tables.period(labels)
    return {
        "benchmark": benchmark,
        "panel": published,
        "batch": uuid.uuid4(),
        "draws_groups": labels.groups is not None,
        "stratified": stratify,
        "slice_names": sorted(labels.slices),
        "period_start": period[0] if period else None,
        "period_end": period[1] if period else None,
        "sealed_at": now,
    }


def _worth(labels: LabelTable, where: NDArray[np.int64]) -> dict[str, Any]:
    """Count what bounds divide by, which nobody could later without opening the labels."""
    if labels.groups is None:
        return {}
    units = drawn_units.unit_names(groups=labels.groups, positions=where)
    sizes = pc.value_counts(units).field("counts").to_numpy()
    return {"n_units": len(sizes), "n_effective": effective_number(sizes=sizes)}


def _seal_payload(published: Panel, holdouts: list[Holdout]) -> dict[str, Any]:
    return {
        "batch": str(holdouts[0].batch),
        "draws_groups": holdouts[0].draws_groups,
        "stratified": holdouts[0].stratified,
        "panel": published.version,
        "panel_sha256": published.sha256,
        "holdouts": [
            {
                "id": str(holdout.pk),
                "kind": str(holdout.kind),
                "status": str(holdout.status),
                "n_items": holdout.n_items,
                "n_units": holdout.n_units,
                "n_effective": holdout.n_effective,
                "commitment": holdout.commitment,
            }
            for holdout in holdouts
        ],
    }


def _current(holdout: Holdout) -> Holdout:
    return Holdout.objects.select_related("benchmark").get(pk=holdout.pk)


@transaction.atomic
def _move(holdout: Holdout, status: HoldoutStatus, *, actor: str, now: dt.datetime) -> None:
    """Compare and set, with its journal entry."""
    current = _current(holdout).status
    moved = Holdout.objects.filter(pk=holdout.pk, status__in=before(status)).update(status=status)
    if not moved:
        raise TransitionError(f"a holdout in status {current} cannot become {status}")
    holdout.status = status
    journal.append(
        benchmark_id=holdout.benchmark_id,
        kind="holdout_status",
        actor=actor,
        payload={"holdout": str(holdout.pk), "before": current, "after": str(status)},
        now=now,
    )


def check_may_open(*, holdout: Holdout, purpose: Purpose) -> None:
    """Refuse the labels to a key that has no business with them while the holdout has this status."""
    is_query = holdout.status == HoldoutStatus.QUERY
    if purpose == SCORING and is_query:
        return
    if purpose == AUDIT and holdout.status == HoldoutStatus.FRESH:
        return
    if purpose == AUDIT and is_query:
        serving = holdout.rounds.exclude(status=RoundStatus.CANCELLED)
        statuses = set(serving.values_list("status", flat=True))
        if statuses and statuses <= set(LOCKED_ROUNDS):
            return
    raise LabelsUnavailableError(
        f"the {purpose} key does not open a holdout in status {holdout.status} now"
    )


def _open(
    version: LabelVersion, purpose: Purpose, *, reason: dict[str, Any], actor: str, now: dt.datetime
) -> tuple[bytes, int]:
    """Decrypt, after the journal's entry about it is committed: the plaintext, and the entry's number."""
    if connection.in_atomic_block or not connection.get_autocommit():
        raise LabelsUnavailableError(
            "labels are not opened inside a transaction: the journal entry must be committed first"
        )
    holdout = version.holdout
    blob = SealedBlob.objects.get(version=version)
    data_key, kid = sealing_keys.unwrap(
        version=version, purpose=purpose, ciphertext_sha256=blob.sha256
    )
    # Durable: Django itself refuses a transaction around it, which could take the entry back.
    with transaction.atomic(durable=True):
        entry = journal.append(
            benchmark_id=holdout.benchmark_id,
            kind="open_labels",
            actor=actor,
            payload={
                "holdout": str(holdout.pk),
                "version": version.number,
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
    return crypto.decrypt(ciphertext, data_key), entry
