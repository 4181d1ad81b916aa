"""Envelopes: taken in by the admin's process, which can open none, and looked into by the audit worker.

What can be checked without a key is checked before anything is stored. The inside, positions, classes,
commitments and the draw itself, is verified by the worker that can open it; until then the shards serve
nothing, and the scoring key has no envelope of any. The journal says what came of it.
"""

import datetime as dt
import math
import uuid
from collections.abc import Sequence

import pyarrow as pa
from django.db import transaction

from stats.drawing import MIN_ITEMS, MIN_UNITS
from vault import panel
from vault.errors import SealingError
from vault.holdout_kinds import decides
from vault.models import Benchmark, Draw, Holdout, SealedEnvelope, SealingKey
from vault.sealing import (
    attempts,
    batches,
    benchmark_sheet,
    draws,
    envelopes,
    kind_rules,
    sealing_keys,
)
from vault.sealing.boxes import Box
from vault.sealing.drawn_units import Shard
from vault.sealing.envelopes import Blob, Envelope
from vault.sealing.members import shown
from vault.sealing.sealing_keys import AUDIT


def check(*, benchmark: Benchmark, envelope: Envelope) -> None:
    """Refuse what the service can see to be wrong without a key, naming the member. Writes nothing."""
    terms = benchmark_sheet.terms_of(benchmark)
    said = (envelope.benchmark, envelope.task, tuple(envelope.classes))
    for name, is_, should in zip(
        ("benchmark", "task", "classes"), said, (terms.slug, terms.task, terms.classes), strict=True
    ):
        if is_ != should:
            raise _wrong(
                name, f"it is made for {shown(repr(is_))}, and here it is {shown(repr(should))}"
            )
    _check_panel(benchmark, envelope)
    _check_key(envelope)
    _check_shards(envelope)
    ids = [shard.id for shard in envelope.shards]
    if (
        Holdout.objects.filter(pk__in=ids).exists()
        or Draw.objects.filter(pk=envelope.batch).exists()
    ):
        raise SealingError("this envelope is sealed here already")
    panel.check_new(benchmark=benchmark, ids=envelope.ids)


@transaction.atomic
def receive(
    *, benchmark: Benchmark, envelope: Envelope, size: int, actor: str, now: dt.datetime
) -> list[Holdout]:
    """Store an envelope's shards, which serve nothing before the audit worker has verified them."""
    # One batch at a time: each panel is made of the one before it.
    Benchmark.objects.select_for_update(no_key=True).get(pk=benchmark.pk)
    check(benchmark=benchmark, envelope=envelope)
    key = sealing_keys.active(purpose=AUDIT)
    published = panel.publish(benchmark=benchmark, ids=envelope.ids)
    sealed = batches.store(
        benchmark=benchmark,
        published=published,
        batch=envelope,
        boxes=[_box(shard.blob, key) for shard in envelope.shards],
        record=_box(envelope.record, key),
        actor=actor,
        now=now,
        envelope=envelope.sha256,
    )
    SealedEnvelope.objects.create(
        draw_id=envelope.batch, sha256=envelope.sha256, size=size, actor=actor, at=now
    )
    return sealed


def due() -> list[uuid.UUID]:
    """List the batches into whose envelopes nobody has looked yet, those that ended a worker last.

    One that ends the worker keeps none of the others waiting.
    """
    received = SealedEnvelope.objects.filter(status=SealedEnvelope.Status.RECEIVED)
    waiting = list(received.order_by("at").values_list("draw_id", flat=True))
    ended = attempts.ended(subjects=waiting)
    return sorted(waiting, key=lambda batch: ended.get(batch, 0))


def _check_panel(benchmark: Benchmark, envelope: Envelope) -> None:
    """Hold the batch to the panel that it was sealed behind: its positions follow from that."""
    latest = panel.latest(benchmark=benchmark)
    if envelope.panel != benchmark_sheet.known_panel(latest):
        here = "there is none" if latest is None else f"it is version {latest.version}"
        raise _wrong(
            "panel",
            f"it was sealed behind another version of the panel, and here {here}: fetch the public keys "
            "again and seal anew",
        )
    kind = "integer" if envelope.ids.type == pa.int64() else "string"
    if latest is not None and latest.id_kind != kind:
        raise _wrong("ids.kind", f"the item ids of this benchmark are of kind {latest.id_kind}")


def _check_key(envelope: Envelope) -> None:
    key = sealing_keys.active(purpose=AUDIT)
    paths = [f"holdouts[{i}].blob" for i in range(len(envelope.shards))]
    blobs = [*(shard.blob for shard in envelope.shards), envelope.record]
    for path, blob in zip([*paths, "record"], blobs, strict=True):
        if blob.kid != key.kid:
            raise _wrong(
                f"{path}.keys[0].kid",
                f"it is not the active audit key, {key.kid[:16]}: fetch the public keys again and seal anew",
            )


def _check_shards(envelope: Envelope) -> None:
    """Refuse shards that no draw here would have made."""
    shards = envelope.shards
    if not shards:
        raise _wrong("holdouts", "there is no shard")
    draws.check_shards(
        shards=[Shard(kind=each.kind, status=each.status, n=each.n_items) for each in shards]
    )
    kind_rules.check_labelled(kind=shards[0].kind)
    for each in shards:
        kind_rules.check_period(
            kind=each.kind,
            period=envelope.period,
            trained_until=each.trained_until,
            label_delay_days=each.label_delay_days,
        )
    if decides(shards[0].kind) and len(shards) < 2:
        raise _wrong("holdouts", "an iid draw makes at least two shards")
    if sum(each.n_items for each in shards) != len(envelope.ids):
        raise _wrong("holdouts", f"they do not add up to the {len(envelope.ids):,} items")
    for i, each in enumerate(shards):
        _check_worth(f"holdouts[{i}]", each, draws_groups=envelope.draws_groups)
    _check_distinct("id", [str(each.id) for each in shards])
    _check_distinct("commitment", [each.commitment for each in shards])
    _check_distinct("slice_names", envelope.slice_names)


def _check_distinct(name: str, values: Sequence[str]) -> None:
    if len(set(values)) != len(values):
        raise _wrong(name, "one occurs twice")


def _check_worth(path: str, shard: envelopes.EnvelopedShard, *, draws_groups: bool) -> None:
    if decides(shard.kind) and shard.n_items < MIN_ITEMS:
        raise _wrong(f"{path}.n_items", f"an iid shard needs at least {MIN_ITEMS} items")
    units, effective = shard.n_units, shard.n_effective
    if not draws_groups:
        if units is not None or effective is not None:
            raise _wrong(f"{path}.n_units", "only where groups are drawn there are numbers of them")
        return
    if units is None or units > shard.n_items:
        raise _wrong(f"{path}.n_units", "it is not 1 to the number of items")
    if decides(shard.kind) and units < MIN_UNITS:
        raise _wrong(f"{path}.n_units", f"an iid shard needs at least {MIN_UNITS} groups")
    if effective is None or not math.isfinite(effective) or not 1 <= effective <= shard.n_items:
        raise _wrong(f"{path}.n_effective", "it is not 1 to the number of items")


def _box(blob: Blob, key: SealingKey) -> Box:
    return Box(ciphertext=blob.ciphertext, sha256=blob.sha256, wraps=[(key, blob.wrapped)])


def _wrong(path: str, problem: str) -> SealingError:
    return SealingError(f"{path} of the envelope: {problem}", field=path)
