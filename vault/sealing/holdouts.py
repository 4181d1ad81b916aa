"""The life of sealed labels, and the only place that touches them.

A shard is wrapped for the active audit key, a query shard for the active scoring key as well: what a key
may open is decided by cryptography first and by status second. Every opening is committed to the journal
before a label is decrypted. No message holds a label.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from django.db import connection, transaction

from stats.drawing import SEED_BYTES
from vault import holdout_ledger, journal, panel
from vault.errors import LabelsUnavailableError, TransitionError
from vault.files.label_tables import LabelTable
from vault.holdout_kinds import decides
from vault.models import Benchmark, Holdout, LabelVersion, SealedBlob, SealingKey
from vault.sealing import (
    batches,
    benchmark_sheet,
    boxes,
    crypto,
    draws,
    envelope_states,
    label_report,
    label_versions,
    prepared,
    proposals,
    sealed_labels,
    sealing_keys,
)
from vault.sealing.boxes import Box
from vault.sealing.drawn_units import Shard
from vault.sealing.label_report import Report
from vault.sealing.prepared import PreparedShard
from vault.sealing.sealed_labels import Disclosure, OpenLabels
from vault.sealing.sealing_keys import AUDIT, SCORING, Purpose
from vault.sealing.terms import Terms, check_labels
from vault.statuses import FINALS_LOCKED, HoldoutStatus, RoundStatus, before


def report(
    *, benchmark: Benchmark, labels: LabelTable, shards: Sequence[Shard], stratify: bool
) -> Report:
    """Refuse what cannot be sealed; of the rest, what whoever seals it should know and confirm first."""
    terms = benchmark_sheet.terms_of(benchmark)
    check_labels(terms=terms, labels=labels)
    counts = draws.fixed_counts(terms=terms, labels=labels, shards=shards, stratify=stratify)
    panel.check_new(benchmark=benchmark, ids=labels.ids)
    found = label_report.report_of(
        labels=labels,
        classes=terms.classes,
        shards=shards,
        stratify=stratify,
        loss_cap=terms.loss_cap,
    )
    if not decides(shards[0].kind):
        return found
    # Of the benchmark's metric, which a file of public keys does not name.
    more = proposals.lines(
        labels=labels,
        counts=counts,
        metric=benchmark.primary_metric,
        unit=holdout_ledger.unit_of(benchmark=benchmark),
        delta0=benchmark.delta0,
    )
    return replace(found, lines=(*found.lines, *more))


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
    got. `stratify` draws from each class separately. The draw is made of 32 bytes that `rng` gives.
    """
    terms = benchmark_sheet.terms_of(benchmark)
    with transaction.atomic():
        # One draw at a time: each panel is made of the one before it.
        Benchmark.objects.select_for_update(no_key=True).get(pk=benchmark.pk)
        keys = {purpose: sealing_keys.active(purpose=purpose) for purpose in _purposes(shards)}
        before = panel.latest(benchmark=benchmark)
        # It refuses what cannot be drawn, before a panel is written.
        made = prepared.prepare(
            terms=terms,
            labels=labels,
            shards=shards,
            n_before=0 if before is None else before.n_items,
            seed=rng.bytes(SEED_BYTES),
            stratify=stratify,
        )
        published = panel.publish(benchmark=benchmark, ids=labels.ids)
        return batches.store(
            benchmark=benchmark,
            published=published,
            batch=made,
            boxes=[
                _box(terms, own, [keys[purpose] for purpose in _purposes([shard])])
                for shard, own in zip(shards, made.shards, strict=True)
            ],
            record=boxes.closed(
                sealed=made.record,
                keys=[keys[AUDIT]],
                info=lambda sha256: crypto.info_of_draw(
                    slug=terms.slug, batch=made.batch, sha256=sha256
                ),
            ),
            actor=actor,
            now=now,
        )


def _box(terms: Terms, shard: PreparedShard, keys: Sequence[SealingKey]) -> Box:
    return boxes.closed(
        sealed=shard.sealed,
        keys=keys,
        info=lambda sha256: crypto.info_of_labels(
            slug=terms.slug, holdout_id=shard.id, number=1, sha256=sha256
        ),
    )


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
    *,
    holdout: Holdout,
    purpose: Purpose,
    reason: dict[str, Any],
    actor: str,
    now: dt.datetime,
    repeats: bool = False,
    as_sealed: bool = False,
) -> OpenLabels:
    """Decrypt a holdout's newest labels for a worker that holds the key. Not inside a transaction.

    `as_sealed`: those of version 1, which the draw was made of.
    """
    current = _current(holdout)
    check_may_open(holdout=current, purpose=purpose, repeats=repeats)
    version = (label_versions.first if as_sealed else label_versions.newest)(holdout=current)
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
    data_key, _ = sealing_keys.unwrap(of=version, purpose=AUDIT, ciphertext_sha256=sha256)
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


def open_to_correct(
    *, holdout: Holdout, correction: uuid.UUID, actor: str, now: dt.datetime
) -> tuple[bytes, int]:
    """Decrypt a holdout's newest labels, whatever its status, to be sealed again: with their number.

    Every holdout of a batch is opened for a correction, so that nobody learns which of them it changes. By a
    worker that holds the audit key, and not inside a transaction.
    """
    version = label_versions.newest(holdout=holdout)
    reason = {"correction": str(correction)}
    plaintext, _ = _open(version, AUDIT, reason=reason, actor=actor, now=now)
    return plaintext, version.number


def disclose(*, holdout: Holdout, actor: str, now: dt.datetime) -> None:
    """RETIRED -> DISCLOSED, together with the row that names the stored file."""
    _move(holdout, HoldoutStatus.DISCLOSED, actor=actor, now=now)


def _purposes(shards: Sequence[Shard]) -> list[Purpose]:
    is_query = any(shard.status == HoldoutStatus.QUERY for shard in shards)
    return [AUDIT, SCORING] if is_query else [AUDIT]


def _current(holdout: Holdout) -> Holdout:
    return Holdout.objects.select_related("benchmark").get(pk=holdout.pk)


@transaction.atomic
def _move(holdout: Holdout, status: HoldoutStatus, *, actor: str, now: dt.datetime) -> None:
    """Compare and set, with its journal entry."""
    current = _current(holdout).status
    if problem := envelope_states.not_usable(holdouts=[holdout]):
        raise TransitionError(f"the holdout does not serve: {problem}")
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


def check_may_open(*, holdout: Holdout, purpose: Purpose, repeats: bool = False) -> None:
    """Refuse the labels to a key that has no business with them while the holdout has this status.

    An audit that `repeats` another opens what has retired since, and what answers a later round that has
    stopped receiving: until then that round's teams could gain by what an audit finds.
    """
    if repeats and purpose == AUDIT:
        _check_may_repeat(holdout)
        return
    is_query = holdout.status == HoldoutStatus.QUERY
    if purpose == SCORING and is_query:
        # Before its envelope is verified there is nothing that this key could open.
        return
    if problem := envelope_states.not_usable(holdouts=[holdout]):
        raise LabelsUnavailableError(f"the holdout does not serve: {problem}")
    if purpose == AUDIT and holdout.status == HoldoutStatus.FRESH:
        return
    if purpose == AUDIT and is_query:
        serving = holdout.rounds.exclude(status=RoundStatus.CANCELLED)
        statuses = set(serving.values_list("status", flat=True))
        # Only where nothing is answered any more may an audit see query labels.
        if statuses and statuses <= set(FINALS_LOCKED):
            return
    raise LabelsUnavailableError(
        f"the {purpose} key does not open a holdout in status {holdout.status} now"
    )


def _check_may_repeat(holdout: Holdout) -> None:
    if holdout.status in (HoldoutStatus.FRESH, HoldoutStatus.RETIRED):
        return
    is_asked = holdout.rounds.filter(status=RoundStatus.OPEN).exists()
    if holdout.status == HoldoutStatus.QUERY and not is_asked:
        return
    why = "an open round asks it" if is_asked else f"it is {holdout.status}"
    raise LabelsUnavailableError(f"the audit key does not open a holdout again: {why}")


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
    data_key, kid = sealing_keys.unwrap(of=version, purpose=purpose, ciphertext_sha256=blob.sha256)
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
    return crypto.decrypt(boxes.unchanged(blob), data_key), entry
