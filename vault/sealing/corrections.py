"""Correcting the labels of a batch: an organizer asks for it, the audit worker reseals, nobody learns where.

The admin's process cannot open labels, so what is asked for is sealed for the audit key: which items, and
their new labels. The worker opens every holdout of the batch (its journal entry first) and gives each one a
new version, with one reason for all. The scoring key gets those of query holdouts alone. Which rounds are
scored again, and the versions, are committed together: killed between any two steps, it begins anew,
three times at most.
"""

import datetime as dt
import hashlib
import uuid
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from django.db import transaction
from django.db.models import Q
from numpy.typing import NDArray

from vault import journal, locks, panel, sentences, transcripts
from vault.errors import LabelsUnavailableError, SealingError, TransitionError
from vault.files import id_lists
from vault.files.problems import refuse
from vault.holdout_kinds import WITHOUT_LABELS
from vault.models import (
    Benchmark,
    CorrectionRequest,
    Holdout,
    Release,
    Round,
    SealedCorrection,
    Transcript,
)
from vault.sealing import (
    attempts,
    boxes,
    crypto,
    envelope_states,
    holdouts,
    label_files,
    label_versions,
    sealed_labels,
    sealing_keys,
)
from vault.sealing.sealing_keys import AUDIT, SCORING
from vault.statuses import HoldoutStatus, RoundStatus

ACTOR = "worker-audit"
# Of the items of a batch: whoever leaves out more needs another label file.
MAX_VOID_SHARE = 0.5
# Of a batch: what all of it scores again tells of the labels, and who may ask for it could ask much.
MAX_CORRECTIONS = 10

Clock = Callable[[], dt.datetime]
What = CorrectionRequest.What


@dataclass(frozen=True, kw_only=True)
class Content:
    """Items to be left out, or with labels those to get other ones."""

    ids: pa.Array
    labels: NDArray[Any] | None = None

    @property
    def what(self) -> What:
        return What.VOID if self.labels is None else What.REPLACE


def read_items(*, holdout: Holdout, body: bytes, content_type: str) -> Content:
    """Read items of the holdout's batch that are to be left out; any other id is refused with its row."""
    batch = panel.new_ids(holdout.panel)
    kind = label_files.id_kind_of(holdout.panel)
    ids = id_lists.read(body=body, content_type=content_type, id_kind=kind, among=batch)
    if len(ids) > MAX_VOID_SHARE * len(batch):
        raise SealingError(
            f"{len(ids):,} of the batch's {len(batch):,} items are more than half of it: so many are not "
            "left out of scoring",
            field="file",
        )
    return Content(ids=ids)


def read_labels(*, holdout: Holdout, body: bytes, content_type: str) -> Content:
    """Read new labels of items of the holdout's batch; any other id is refused with its row."""
    batch = panel.new_ids(holdout.panel)
    table = label_files.read(
        body=body, content_type=content_type, benchmark=holdout.benchmark, among=batch
    )
    if table.slices or table.times is not None or table.groups is not None:
        refuse("only labels are replaced: leave the columns id and label alone in the file", row=1)
    return Content(ids=table.ids, labels=table.labels)


def check(*, batch: uuid.UUID) -> None:
    """Refuse while another correction of the batch is on its way: each is made of what the last one left."""
    asked = CorrectionRequest.objects.filter(batch=batch)
    if asked.count() >= MAX_CORRECTIONS:
        raise TransitionError(
            f"the labels of a batch are corrected {MAX_CORRECTIONS} times at most: seal a new label file"
        )
    waiting = asked.filter(done_at=None, refused_at=None)
    scored = Transcript.objects.filter(round__query_holdout__batch=batch, current_at=None)
    if waiting.exists() or scored.exclude(round__status=RoundStatus.CANCELLED).exists():
        raise TransitionError(
            "another correction of this batch is being carried out: ask again once it is done"
        )


@transaction.atomic
def request(
    *, holdout: Holdout, content: Content, reason: str, actor: str, now: dt.datetime
) -> CorrectionRequest:
    """Ask the audit worker to correct the batch of this holdout, for a reason that everybody reads."""
    if holdout.kind in WITHOUT_LABELS:
        raise TransitionError(
            "labels of a prospective holdout are corrected by their provider: of an item that comes again "
            "the newest label counts"
        )
    if problem := envelope_states.not_usable(holdouts=[holdout]):
        raise TransitionError(f"the labels of the batch are not corrected: {problem}")
    line = sentences.checked_reason(reason=reason, error=TransitionError)
    benchmark = Benchmark.objects.select_for_update(no_key=True).get(pk=holdout.benchmark_id)
    check(batch=holdout.batch)
    columns = {"id": content.ids}
    if content.labels is not None:
        columns["label"] = pa.array(content.labels)
    # It has a salt of its own, so its hash tells nothing of it.
    plaintext = sealed_labels.packed(pa.table(columns))
    asked = CorrectionRequest.objects.create(
        benchmark=benchmark,
        batch=holdout.batch,
        what=content.what,
        n_items=len(content.ids),
        reason=line,
        commitment=hashlib.sha256(plaintext).hexdigest(),
        actor=actor,
        at=now,
    )
    _seal(asked, plaintext)
    journal.append(
        benchmark_id=benchmark.pk,
        kind="correction_requested",
        actor=actor,
        payload={
            "correction": str(asked.pk),
            "batch": str(asked.batch),
            "what": str(asked.what),
            "commitment": asked.commitment,
            "reason": line,
        },
        now=now,
    )
    return asked


def due() -> list[uuid.UUID]:
    """List the corrections that are asked for and not made."""
    waiting = CorrectionRequest.objects.filter(done_at=None, refused_at=None).order_by("at")
    return list(waiting.values_list("pk", flat=True))


def carry_out(*, request_id: uuid.UUID, clock: Clock) -> bool:
    """Make a correction, once; False while another worker is at it, or at an audit with these labels.

    Not inside a transaction.
    """
    asked = CorrectionRequest.objects.select_related("benchmark").get(pk=request_id)
    with ExitStack() as alone:
        if not alone.enter_context(locks.one_correction(batch=asked.batch)):
            return False
        asked.refresh_from_db(fields=["done_at", "refused_at"])
        if asked.done_at is not None or asked.refused_at is not None:
            return True
        for round_id in _audited_with(asked.batch):
            # An audit reads all of its labels in one version.
            if not alone.enter_context(locks.one_audit(round_id=round_id)):
                return False
        if attempts.is_given_up(subject=asked.pk):
            _refuse(asked, attempts.ENDED, now=clock())
        else:
            with attempts.counted(subject=asked.pk):
                _make(asked, clock)
    return True


def _make(asked: CorrectionRequest, clock: Clock) -> None:
    content = _opened(asked)
    try:
        resealed = _corrected(asked, content, clock)
    except SealingError as error:
        _refuse(asked, error.message, now=clock())
    else:
        _store(asked, resealed, now=clock())


def _seal(asked: CorrectionRequest, plaintext: bytes) -> None:
    box = boxes.closed(
        sealed=crypto.encrypt(plaintext),
        keys=[sealing_keys.active(purpose=AUDIT)],
        info=lambda sha256: _info(asked, sha256),
    )
    ((key, envelope),) = box.wraps
    SealedCorrection.objects.create(
        request=asked,
        cipher=crypto.CIPHER,
        ciphertext=box.ciphertext,
        sha256=box.sha256,
        sealing_key=key,
        suite=crypto.SUITE,
        envelope=envelope,
    )


def _info(asked: CorrectionRequest, ciphertext_sha256: str) -> bytes:
    return crypto.info_of_correction(
        slug=asked.benchmark.slug,
        batch=asked.batch,
        request_id=asked.pk,
        sha256=ciphertext_sha256,
    )


def _opened(asked: CorrectionRequest) -> Content:
    """Decrypt what was asked for, if it is what was committed to."""
    sealed = SealedCorrection.objects.get(request=asked)
    private = sealing_keys.private_key_of(purpose=AUDIT, kid=sealed.sealing_key_id)
    data_key = crypto.unwrap(bytes(sealed.envelope), private, _info(asked, sealed.sha256))
    plaintext = crypto.decrypt(boxes.unchanged(sealed), data_key)
    if hashlib.sha256(plaintext).hexdigest() != asked.commitment:
        raise LabelsUnavailableError("the sealed correction is not the one that was committed to")
    table = sealed_labels.content_of(plaintext)
    labels = table["label"].to_numpy() if "label" in table.column_names else None
    return Content(ids=table["id"].combine_chunks(), labels=labels)


def _audited_with(batch: uuid.UUID) -> list[int]:
    """List the rounds whose audits read labels of the batch."""
    uses = Round.objects.filter(Q(query_holdout__batch=batch) | Q(fresh_holdouts__batch=batch))
    return sorted(set(uses.values_list("pk", flat=True)))


def _corrected(
    asked: CorrectionRequest, content: Content, clock: Clock
) -> list[tuple[Holdout, int, bytes]]:
    """Open every holdout of the batch, and give each with the number and the content of its next version."""
    resealed = []
    shards = Holdout.objects.filter(batch=asked.batch).select_related("benchmark")
    for holdout in shards.order_by("pk"):
        plaintext, number = holdouts.open_to_correct(
            holdout=holdout, correction=asked.pk, actor=ACTOR, now=clock()
        )
        new = sealed_labels.corrected(
            plaintext, ids=content.ids, labels=content.labels, classes=asked.benchmark.classes
        )
        resealed.append((holdout, number + 1, new))
    return resealed


@transaction.atomic
def _store(
    asked: CorrectionRequest, resealed: Sequence[tuple[Holdout, int, bytes]], *, now: dt.datetime
) -> None:
    """Seal the versions and let the rounds wait that have to be scored again: all of it, or nothing."""
    # From here on no score of these labels is released until this commits; what was is seen below.
    for holdout, _, _ in resealed:
        locks.hold_labels(holdout_id=holdout.pk)
    waiting = _rounds_to_score(asked.batch)
    for round in waiting:
        locks.hold_round(round_id=round.pk)
    # As they are now, and until this commits: what is promoted meanwhile would lack its key.
    rows = Holdout.objects.select_for_update(no_key=True).filter(batch=asked.batch).order_by("pk")
    statuses = {each.pk: each.status for each in rows}
    versions = []
    for holdout, number, plaintext in resealed:
        is_query = statuses[holdout.pk] == HoldoutStatus.QUERY
        purposes = [AUDIT, SCORING] if is_query else [AUDIT]
        version = label_versions.store(
            holdout=holdout,
            number=number,
            plaintext=plaintext,
            keys=[sealing_keys.active(purpose=purpose) for purpose in purposes],
            now=now,
            reason=asked.reason,
        )
        versions.append(version)
    numbers = {version.holdout_id: version.number for version in versions}
    for round in _rounds_to_score(asked.batch):
        transcripts.begin(round=round, label_version=numbers[round.query_holdout_id], now=now)
    CorrectionRequest.objects.filter(pk=asked.pk).update(done_at=now)
    journal.append(
        benchmark_id=asked.benchmark_id,
        kind="labels_corrected",
        actor=ACTOR,
        payload={
            "correction": str(asked.pk),
            "reason": asked.reason,
            "holdouts": [
                {
                    "holdout": str(each.holdout_id),
                    "version": each.number,
                    "commitment": each.commitment,
                }
                for each in versions
            ],
        },
        now=now,
    )


def _rounds_to_score(batch: uuid.UUID) -> list[Round]:
    """List the rounds that have answers from the batch, and whose audit has not begun."""
    asking = Round.objects.filter(
        query_holdout__batch=batch,
        status__in=transcripts.RESCORED,
        pk__in=Release.objects.values("submission__round"),
    )
    return list(asking.order_by("pk"))


@transaction.atomic
def _refuse(asked: CorrectionRequest, why: str, *, now: dt.datetime) -> None:
    """End a request that cannot be carried out: the labels stay as they are."""
    CorrectionRequest.objects.filter(pk=asked.pk).update(refused_at=now, refusal=why)
    journal.append(
        benchmark_id=asked.benchmark_id,
        kind="correction_refused",
        actor=ACTOR,
        payload={"correction": str(asked.pk), "why": why},
        now=now,
    )
