"""Publishing the seed of a draw and the report on it, once the last of its shards is disclosed.

The seed tells which items are in which shard, so while one shard is shut it stays sealed for the audit key.
Disclosing a shard is an organizer's act; that of the last one brings the draw with it. Killed between any two
steps, the worker does the rest when it comes again: the file is the same each time.
"""

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from vault import journal, locks
from vault.errors import LabelsUnavailableError, TransitionError
from vault.files import content_files
from vault.models import DisclosedDraw, Draw, Holdout, Panel
from vault.sealing import boxes, crypto, prepared, sealing_keys
from vault.sealing.sealing_keys import AUDIT
from vault.statuses import HoldoutStatus

ACTOR = "worker-audit"
DIRECTORY = "disclosed"

Clock = Callable[[], dt.datetime]


def due() -> list[uuid.UUID]:
    """List the draws whose shards are all disclosed, and which are not published themselves."""
    shut = Holdout.objects.exclude(status=HoldoutStatus.DISCLOSED).values("batch")
    disclosed = Holdout.objects.filter(status=HoldoutStatus.DISCLOSED).values("batch")
    waiting = Draw.objects.filter(disclosed=None, batch__in=disclosed).exclude(batch__in=shut)
    return list(waiting.order_by("batch").values_list("batch", flat=True))


def carry_out(*, batch: uuid.UUID, clock: Clock) -> bool:
    """Publish a draw, once; False while another worker is at it. Not inside a transaction."""
    if connection.in_atomic_block:
        raise LabelsUnavailableError("a draw is not opened inside a transaction")
    with locks.one_batch(batch=batch) as is_alone:
        if not is_alone:
            return False
        if DisclosedDraw.objects.filter(draw=batch).exists():
            return True
        draw = Draw.objects.select_related("benchmark", "record").get(pk=batch)
        shut = Holdout.objects.filter(batch=batch).exclude(status=HoldoutStatus.DISCLOSED)
        if shut.exists():
            raise TransitionError(
                "a draw is disclosed with the last of its shards: its seed tells what is in each"
            )
        content = file_of(draw=draw, record=_opened(draw, now=clock()))
        sha256 = hashlib.sha256(content).hexdigest()
        key = content_files.store(
            directory=DIRECTORY, content=content, sha256=sha256, suffix=".json"
        )
        with transaction.atomic():
            now = clock()
            DisclosedDraw.objects.create(
                draw=draw, sha256=sha256, size=len(content), file_key=key, at=now
            )
            journal.append(
                benchmark_id=draw.benchmark_id,
                kind="draw_disclosed",
                actor=ACTOR,
                payload={"batch": str(batch), "sha256": sha256, "size": len(content)},
                now=now,
            )
    return True


def file_of(*, draw: Draw, record: dict[str, Any]) -> bytes:
    """Write the file that docs/disclosure.md describes; of one draw it has the same bytes each time."""
    members = {
        "format": prepared.DRAW_FORMAT,
        "benchmark": draw.benchmark.slug,
        "batch": str(draw.batch),
        "id_kind": _panel(draw).id_kind,
        "holdouts": draw.holdout_ids,
        "seed": record["seed"],
        "seed_sha256": draw.seed_sha256,
        "draws_groups": record["draws_groups"],
        "stratified": record["stratified"],
        "classes": draw.benchmark.classes,
        "exchangeability": record["exchangeability"],
    }
    return (json.dumps(members, ensure_ascii=False, indent=1) + "\n").encode()


def _panel(draw: Draw) -> Panel:
    return Panel.objects.get(pk=Holdout.objects.filter(batch=draw.batch).values("panel")[:1])


def _opened(draw: Draw, *, now: dt.datetime) -> dict[str, Any]:
    """Decrypt the record, after the journal's entry about it is committed."""
    data_key, kid = sealing_keys.unwrap(
        of=draw, purpose=AUDIT, ciphertext_sha256=draw.record.sha256
    )
    with transaction.atomic(durable=True):
        journal.append(
            benchmark_id=draw.benchmark_id,
            kind="open_draw",
            actor=ACTOR,
            payload={"batch": str(draw.batch), "kid": kid},
            now=now,
        )
    record = prepared.read_record(crypto.decrypt(boxes.unchanged(draw.record), data_key))
    seed = hashlib.sha256(bytes.fromhex(record["seed"])).hexdigest()
    if seed != draw.seed_sha256 or record["holdouts"] != draw.holdout_ids:
        raise LabelsUnavailableError(
            "the seed is not the one that was committed to: nothing was published"
        )
    return record
