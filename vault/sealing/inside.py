"""Whether what an envelope holds is what it says: looked at by the worker that can open it.

A refusal says what is wrong with a shard, and nothing of a label. It knows no database.
"""

import datetime as dt
import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stats.drawing import SEED_BYTES
from vault.errors import SealingError
from vault.files import label_tables
from vault.files.canonical import code_dtype
from vault.files.label_tables import SLICE, LabelTable
from vault.files.parquet_files import MAX_UNPACKED_BYTES
from vault.sealing import drawn_units, draws, prepared, sealed_labels
from vault.sealing.drawn_units import Counts, Shard
from vault.sealing.terms import Terms, check_labels


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What was said of one shard when the envelope was received."""

    name: str
    kind: str
    status: str
    n_items: int
    n_units: int | None
    n_effective: float | None
    trained_until: dt.date | None
    label_delay_days: int | None
    commitment: str


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What was said of the draw. `ids` are the whole panel's, of which the last ones are the batch's."""

    terms: Terms
    claims: Sequence[Claim]
    ids: pa.Array
    draws_groups: bool
    stratified: bool
    slice_names: Sequence[str]
    period: tuple[dt.date, dt.date] | None
    seed_sha256: str

    @property
    def n_items(self) -> int:
        return sum(claim.n_items for claim in self.claims)


@dataclass(frozen=True, kw_only=True)
class _Opened:
    labels: LabelTable
    positions: NDArray[np.int64]


def check(*, batch: Batch, plaintexts: Sequence[bytes], record: bytes) -> None:
    """Refuse a batch whose inside is not what was said of it: `SealingError` names the shard."""
    opened = []
    for claim, plaintext in zip(batch.claims, plaintexts, strict=True):
        try:
            opened.append(_checked(batch, claim, plaintext))
        # What Arrow cannot read, and labels that no text can be written of.
        except (pa.ArrowException, ValueError, KeyError, TypeError, IndexError, OSError):
            raise _wrong(claim, "its content cannot be read") from None
    everything = np.concatenate([each.positions for each in opened])
    n_before = len(batch.ids) - batch.n_items
    if not np.array_equal(np.sort(everything), np.arange(n_before, len(batch.ids))):
        raise SealingError("the shards do not hold each item of the batch once")
    whole = _joined([each.labels for each in opened], np.argsort(everything))
    if label_tables.period(whole) != batch.period:
        raise SealingError("the period of the items is not the one that was said")
    _check_draw(batch, opened, whole, _record(record))


def _checked(batch: Batch, claim: Claim, plaintext: bytes) -> _Opened:
    content = sealed_labels.content_of(plaintext)
    # Offsets and codes of foreign origin must not lead outside of the columns.
    content.validate(full=True)
    _check_columns(batch, claim, content)
    _check_texts(claim, content)
    positions = content["position"].to_numpy().astype(np.int64)
    if len(positions) != claim.n_items:
        raise _wrong(claim, "its number of items is not the one that was said")
    n_before = len(batch.ids) - batch.n_items
    if (
        (np.diff(positions) <= 0).any()
        or positions[0] < n_before
        or positions[-1] >= len(batch.ids)
    ):
        raise _wrong(claim, "its positions do not ascend within the batch")
    if not content["id"].combine_chunks().equals(batch.ids.take(pa.array(positions))):
        raise _wrong(claim, "its ids are not those of its positions in the panel")
    labels = _table(content)
    check_labels(terms=batch.terms, labels=labels)
    units, effective = drawn_units.worth(labels=labels, positions=positions) or (None, None)
    is_worth = effective == claim.n_effective or (
        effective is not None
        and claim.n_effective is not None
        and math.isclose(effective, claim.n_effective, rel_tol=1e-9)
    )
    if units != claim.n_units or not is_worth:
        raise _wrong(claim, "its groups are not what was said of them")
    disclosed = sealed_labels.disclosure(plaintext, classes=list(batch.terms.classes))
    if (
        len(disclosed.salt) != sealed_labels.SALT_BYTES
        or sealed_labels.commitment_of(disclosed) != claim.commitment
    ):
        raise _wrong(claim, "its commitment is not that of its labels")
    return _Opened(labels=labels, positions=positions)


def _check_columns(batch: Batch, claim: Claim, content: pa.Table) -> None:
    """Refuse columns that sealing would not have written."""
    text = pa.dictionary(pa.int32(), pa.string())
    classes = batch.terms.classes
    expected: dict[str, Any] = {
        "position": pa.int32(),
        "id": batch.ids.type,
        "label": pa.from_numpy_dtype(code_dtype(len(classes))) if classes else pa.float64(),
        **{f"{SLICE}{name}": text for name in sorted(batch.slice_names)},
        **({} if batch.period is None else {"time": text}),
        **({"group": text} if batch.draws_groups else {}),
    }
    if content.column_names != list(expected):
        raise _wrong(claim, "its columns are not those of what was said of it")
    for name, type_ in expected.items():
        if content[name].type != type_:
            raise _wrong(claim, f"its column {name} is of another type")
        if content[name].null_count:
            raise _wrong(claim, f"its column {name} has gaps")


def _check_texts(claim: Claim, content: pa.Table) -> None:
    """Refuse texts that are named once and used so often that they are more than a label file may hold."""
    encoded = [column for column in content.columns if pa.types.is_dictionary(column.type)]
    lengths = [
        pc.sum(pc.binary_length(chunk.dictionary).take(chunk.indices)).as_py() or 0
        for column in encoded
        for chunk in column.chunks
    ]
    if sum(lengths) > MAX_UNPACKED_BYTES:
        raise _wrong(claim, f"its texts unpack to more than {MAX_UNPACKED_BYTES:,} bytes")


def _table(content: pa.Table) -> LabelTable:
    def column(name: str) -> Any:
        if name not in content.column_names:
            return None
        return content[name].cast(pa.string()).combine_chunks().dictionary_encode()

    labels = content["label"].to_numpy()
    return LabelTable(
        ids=content["id"].combine_chunks(),
        labels=labels.astype(np.float64 if labels.dtype.kind == "f" else np.int64),
        slices={},
        times=column("time"),
        groups=column("group"),
    )


def _joined(tables: Sequence[LabelTable], order: NDArray[np.intp]) -> LabelTable:
    """Put the shards together again, in the order of the panel."""

    def column(name: str) -> Any:
        found = [getattr(each, name) for each in tables]
        if found[0] is None:
            return None
        return pa.concat_arrays([each.cast(pa.string()) for each in found]).dictionary_encode()

    return LabelTable(
        ids=pa.concat_arrays([each.ids for each in tables]),
        labels=np.concatenate([each.labels for each in tables]),
        times=column("times"),
        groups=column("groups"),
    ).take(order)


def _record(content: bytes) -> dict[str, Any]:
    try:
        return prepared.read_record(content)
    except (ValueError, RecursionError):
        raise SealingError("the record of the draw cannot be read") from None


def _check_draw(
    batch: Batch, opened: Sequence[_Opened], whole: LabelTable, record: dict[str, Any]
) -> None:
    """Make the draw again from its seed."""
    if record.get("holdouts") != [claim.name for claim in batch.claims]:
        raise SealingError("the record of the draw names other shards")
    try:
        seed = bytes.fromhex(str(record.get("seed")))
    except ValueError:
        seed = b""
    if len(seed) != SEED_BYTES or hashlib.sha256(seed).hexdigest() != batch.seed_sha256:
        raise SealingError("the seed of the draw is not the one that was committed to")
    n_before = len(batch.ids) - batch.n_items
    where = np.arange(n_before, len(batch.ids))
    again = draws.draw(
        labels=whole,
        positions=where,
        counts=_counts(batch, opened, whole, where),
        stratify=batch.stratified,
        seed=seed,
    )
    if not all(
        np.array_equal(where[rows], each.positions)
        for rows, each in zip(again, opened, strict=True)
    ):
        raise SealingError("the draw, made again from its seed, gives other shards")


def _counts(
    batch: Batch, opened: Sequence[_Opened], whole: LabelTable, where: NDArray[np.int64]
) -> Counts:
    """Fix the units of each stratum in each shard again; of groups, whose targets nobody said, count them."""
    shards = [
        Shard(
            kind=each.kind,
            status=each.status,
            n=each.n_items,
            trained_until=each.trained_until,
            label_delay_days=each.label_delay_days,
        )
        for each in batch.claims
    ]
    if not batch.draws_groups:
        return drawn_units.allocated(labels=whole, shards=shards, stratify=batch.stratified)[1]
    pool = drawn_units.pool_of(labels=whole, positions=where, stratify=batch.stratified)
    columns = []
    for each in opened:
        units = np.unique(pool.unit_of_item[each.positions - where[0]])
        columns.append(
            np.bincount(pool.stratum_of_unit[units], minlength=int(pool.stratum_of_unit.max()) + 1)
        )
    counts: Counts = np.column_stack(columns).astype(np.int64)
    if counts.sum() != pool.n_units:
        raise SealingError("a group is in two shards")
    drawn_units.check_kind(labels=whole, shards=shards, counts=counts)
    return counts


def _wrong(claim: Claim, problem: str) -> SealingError:
    return SealingError(f"in the shard {claim.name}, {problem}")
