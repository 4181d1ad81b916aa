"""What is inside a sealed blob, and the commitment that is published about it.

The plaintext is an Arrow stream with one row per item, sorted by position in the panel: `position`
(int32), `id`, `label` (class code or float64), then `slice:<name>`..., `time`, `group` where given, and in
corrected labels `void` (int8): 1 where the item does not count any more. It stays where it is, so that no
length tells how many of a holdout were left out. The schema carries a random salt of 32 bytes. Nothing is
compressed: a compressed length would tell of labels. Zeros follow its end up to one of few lengths
(`crypto.padded`): ids differ in length, and which are in a shard is secret.

The commitment is SHA-256(salt || text). The text is CSV in UTF-8: the header `id,label`, then `slice:<name>`
in the order of their names, `time`, `group`, `void`; one line per item, sorted by id (whole numbers by
value, text by its bytes); lines end in LF; a field is quoted, with quotes doubled, only if it holds a comma,
a quote, CR or LF. A label is its class as the benchmark spells it; a value is the shortest decimal text that
reads back as the same double, as Python's `repr` writes it. After disclosure of salt and text anybody can
check it.
"""

import csv
import hashlib
import io
import secrets
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vault.errors import SealingError
from vault.files.canonical import code_dtype
from vault.files.label_tables import SLICE, LabelTable
from vault.sealing import drawn_units, plain_streams

SALT_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class OpenLabels:
    """One holdout's labels. `positions` point into the panel and ascend.

    `groups` names what each item was drawn with, comparably between the holdouts of one batch: its group, or
    the item itself where it has none. None: items were drawn one by one, whatever groups are sealed.
    `entry` is the number of the journal's entry about their opening, `version` that of the labels.
    """

    positions: NDArray[np.int64]
    labels: NDArray[np.int64] | NDArray[np.float64]
    slices: dict[str, NDArray[np.object_]]
    times: NDArray[np.object_] | None
    groups: NDArray[np.object_] | None
    entry: int
    version: int


@dataclass(frozen=True, kw_only=True)
class Disclosure:
    """What is published of a retired holdout: enough to recompute its commitment."""

    salt: bytes
    text: str


def pack(table: LabelTable, *, positions: NDArray[np.int64], classes: list[str]) -> bytes:
    labels: NDArray[Any] = table.labels
    if classes:
        labels = labels.astype(code_dtype(len(classes)))
    columns = {
        "position": pa.array(positions, pa.int32()),
        "id": table.ids,
        "label": pa.array(labels),
        **{f"{SLICE}{name}": column for name, column in sorted(table.slices.items())},
        **({} if table.times is None else {"time": table.times}),
        **({} if table.groups is None else {"group": table.groups}),
    }
    return packed(pa.table(columns))


def packed(content: pa.Table) -> bytes:
    """Write the plaintext of a blob, with a salt of its own."""
    salted = content.replace_schema_metadata({"salt": secrets.token_bytes(SALT_BYTES)})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, salted.schema) as stream:
        stream.write_table(salted)
    return sink.getvalue()


def unpack(plaintext: bytes, *, draws_groups: bool, entry: int, version: int) -> OpenLabels:
    content = _counted(content_of(plaintext))
    labels = content["label"].to_numpy()
    positions = content["position"].to_numpy().astype(np.int64)
    return OpenLabels(
        positions=positions,
        # Copies, both: a view would keep the whole plaintext in memory, ids and times included.
        labels=labels.astype(np.float64 if labels.dtype.kind == "f" else np.int64, copy=True),
        slices={
            name.removeprefix(SLICE): _objects(content[name])
            for name in content.column_names
            if name.startswith(SLICE)
        },
        times=_objects(content["time"]) if "time" in content.column_names else None,
        groups=_objects(drawn_units.unit_names(groups=content["group"], positions=positions))
        if draws_groups
        else None,
        entry=entry,
        version=version,
    )


def disclosure(plaintext: bytes, *, classes: list[str]) -> Disclosure:
    content = content_of(plaintext)
    names = [name for name in content.column_names if name != "position"]
    ordered = content.select(names).sort_by("id").to_pydict()
    labels = ordered["label"]
    ordered["label"] = [classes[code] for code in labels] if classes else map(repr, labels)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(zip(*(ordered[name] for name in names), strict=True))
    return Disclosure(salt=content.schema.metadata[b"salt"], text=text.getvalue())


def commitment_of(disclosed: Disclosure) -> str:
    return hashlib.sha256(disclosed.salt + disclosed.text.encode()).hexdigest()


def corrected(
    plaintext: bytes, *, ids: pa.Array, labels: NDArray[Any] | None, classes: list[str]
) -> bytes:
    """Leave these items out from now on, or give them these labels, by which they count (again).

    Items of other holdouts are passed over. Raises `SealingError` where too little would be left to score.
    """
    content = content_of(plaintext)
    found = pc.index_in(content["id"].combine_chunks(), value_set=ids)
    where = found.fill_null(-1).to_numpy(zero_copy_only=False)
    is_named = where >= 0
    before = _voids(content)
    values = content["label"].to_numpy().copy()
    if labels is not None:
        values[is_named] = labels[where[is_named]]
    voids = np.where(is_named, labels is None, before).astype(np.int8)
    place = content.column_names.index("label")
    changed = content.set_column(
        place, "label", pa.array(values, content.schema.field("label").type)
    )
    if "void" in changed.column_names:
        changed = changed.drop_columns(["void"])
    new = changed.append_column("void", pa.array(voids, pa.int8()))
    _check_enough(
        values, is_left=voids == 0, before=content["label"].to_numpy()[before == 0], classes=classes
    )
    return packed(new)


def _check_enough(
    values: NDArray[Any], *, is_left: NDArray[np.bool_], before: NDArray[Any], classes: list[str]
) -> None:
    """Refuse to leave a holdout with fewer than two items, or with none of a class that it had."""
    left = values[is_left]
    if len(left) < 2 or (classes and set(before.tolist()) - set(left.tolist())):
        raise SealingError(
            "a holdout would have too few items left to be scored, or none of a class"
        )


def _voids(content: pa.Table) -> NDArray[np.int8]:
    if "void" not in content.column_names:
        return np.zeros(len(content), dtype=np.int8)
    voids: NDArray[np.int8] = content["void"].to_numpy()
    return voids


def _counted(content: pa.Table) -> pa.Table:
    """Leave out what does not count."""
    if "void" not in content.column_names:
        return content
    return content.filter(pc.equal(content["void"], 0)).combine_chunks()


def content_of(plaintext: bytes) -> pa.Table:
    """Read the table that `packed` wrote."""
    return plain_streams.read(plaintext)


def _objects(column: pa.Array | pa.ChunkedArray) -> NDArray[np.object_]:
    values: NDArray[np.object_] = column.cast(pa.string()).to_numpy(zero_copy_only=False)
    return values
