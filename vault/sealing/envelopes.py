"""The file in which sealed labels travel, from where they live to the service. docs/sealing.md describes it.

A line that names the format, a line of canonical JSON (the head), then the blobs, one behind the other in the
order in which the head names them: the item ids, the ciphertext of each shard, and that of the draw's record.
The head says of each blob its size and its SHA-256, and nothing stands behind the last one. Nothing is
compressed and nothing is unpacked, so a file is as large as it says.

Reading checks form and hashes. What the service must know besides is checked by `vault.sealing.received`. It
knows no Django and no database.
"""

import datetime as dt
import hashlib
import json
import uuid
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from vault.errors import SealingError
from vault.files import panel_files
from vault.files.label_tables import MAX_SLICE_NAME, MAX_SLICES
from vault.sealing import crypto
from vault.sealing.members import Members
from vault.sealing.prepared import Prepared
from vault.sealing.sealing_sheet import KnownPanel, PublicKey, Sheet

FORMAT = b"holdout-vault-envelope/1\n"
MAX_HEAD = 4 << 20
AUDIT = "audit"
# Of an HPKE envelope: the other half of the exchange, 32 bytes of key, and a tag.
WRAP_BYTES = 32 + 32 + 16
SHA256, WRAPPED = 64, 2 * WRAP_BYTES
# Of a kind, a status or a task, where they are stored.
MAX_NAME = 16


@dataclass(frozen=True, kw_only=True)
class Blob:
    """A ciphertext and its key, wrapped for the audit key that `kid` names."""

    ciphertext: bytes
    sha256: str
    kid: str
    wrapped: bytes


@dataclass(frozen=True, kw_only=True)
class EnvelopedShard:
    id: uuid.UUID
    kind: str
    status: str
    n_items: int
    n_units: int | None
    n_effective: float | None
    trained_until: dt.date | None
    label_delay_days: int | None
    commitment: str
    blob: Blob


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """What is in a file. `sha256` is of all of it."""

    sha256: str
    benchmark: str
    task: str
    classes: list[str]
    panel: KnownPanel | None
    batch: uuid.UUID
    seed_sha256: str
    draws_groups: bool
    stratified: bool
    slice_names: list[str]
    period: tuple[dt.date, dt.date] | None
    ids: pa.Array
    shards: list[EnvelopedShard]
    record: Blob


def write(*, sheet: Sheet, ids: pa.Array, prepared: Prepared) -> bytes:
    """Wrap each blob's key for the audit key of the sheet, and write all of it into one file.

    The scoring key gets its envelopes from the audit worker, once that has looked inside.
    """
    key = sheet.key(purpose=AUDIT)
    slug, texts = sheet.terms.slug, _as_text(ids)
    shards = []
    for shard in prepared.shards:
        info = crypto.info_of_labels(
            slug=slug, holdout_id=shard.id, number=1, sha256=shard.sealed.sha256
        )
        shards.append(
            {
                "id": str(shard.id),
                "kind": shard.kind,
                "status": shard.status,
                "n_items": shard.n_items,
                "n_units": shard.n_units,
                "n_effective": shard.n_effective,
                "trained_until": shard.trained_until and shard.trained_until.isoformat(),
                "label_delay_days": shard.label_delay_days,
                "commitment": shard.commitment,
                "blob": _blob(shard.sealed, key, info),
            }
        )
    info = crypto.info_of_draw(slug=slug, batch=prepared.batch, sha256=prepared.record.sha256)
    panel = sheet.panel
    head = {
        "benchmark": slug,
        "task": sheet.terms.task,
        "classes": list(sheet.terms.classes),
        "panel": None if panel is None else vars(panel),
        "batch": str(prepared.batch),
        "seed_sha256": prepared.seed_sha256,
        "draws_groups": prepared.draws_groups,
        "stratified": prepared.stratified,
        "slice_names": prepared.slice_names,
        "period": None if prepared.period is None else [day.isoformat() for day in prepared.period],
        "cipher": crypto.CIPHER,
        "suite": crypto.SUITE,
        "ids": {
            "kind": _kind_of(ids),
            "size": len(texts),
            "sha256": hashlib.sha256(texts).hexdigest(),
        },
        "holdouts": shards,
        "record": _blob(prepared.record, key, info),
    }
    blobs = [texts, *(each.sealed.ciphertext for each in prepared.shards)]
    return b"".join([FORMAT, canonical(head), b"\n", *blobs, prepared.record.ciphertext])


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def canonical(head: dict[str, Any]) -> bytes:
    """Write the one spelling that a head has."""
    return json.dumps(
        head, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    ).encode()


def read(content: bytes) -> Envelope:
    """Read a file; `SealingError` names the first member that is wrong, as the head spells it."""
    if not content.startswith(FORMAT):
        raise SealingError(
            f"the file does not begin with {FORMAT.decode().strip()}: it is no envelope of this service, or "
            "of another version"
        )
    start = len(FORMAT)
    end = content.find(b"\n", start, start + MAX_HEAD)
    line = content[start : max(end, start)]
    try:
        head = json.loads(line)
        is_canonical = isinstance(head, dict) and canonical(head) == line
    except (ValueError, RecursionError):
        is_canonical = False
    if not is_canonical:
        raise SealingError("the second line of the envelope is not its head in canonical JSON")
    return _Reader(head, content[end + 1 :], hashlib.sha256(content).hexdigest()).envelope()


def _blob(sealed: crypto.Encrypted, key: PublicKey, info: bytes) -> dict[str, Any]:
    wrapped = crypto.wrap(sealed.data_key, bytes.fromhex(key.public_key), info)
    return {
        "size": len(sealed.ciphertext),
        "sha256": sealed.sha256,
        "keys": [{"purpose": AUDIT, "kid": key.kid, "envelope": wrapped.hex()}],
    }


def _as_text(ids: pa.Array) -> bytes:
    """Write the ids in the panel's order, one a line: no id holds a line's end."""
    ordered = ids.take(pc.sort_indices(ids)).cast(pa.string())
    return "".join(f"{each}\n" for each in ordered.to_pylist()).encode()


class _Reader:
    """Takes a head apart, each member once, and knows how far the blobs have been read."""

    def __init__(self, head: dict[str, Any], blobs: bytes, sha256: str) -> None:
        self._head, self._blobs, self._sha256 = head, memoryview(blobs), sha256
        self._read = 0

    def envelope(self) -> Envelope:
        members = Members(self._head, "")
        for name, expected in (("cipher", crypto.CIPHER), ("suite", crypto.SUITE)):
            if members.text(name) != expected:
                raise members.wrong(name, f"it is not {expected}")
        panel = members.take("panel")
        known = None if panel is None else _panel(Members(panel, "panel."))
        ids_of = Members(members.take("ids"), "ids.")
        kind = ids_of.text("kind")
        ids = _ids(self._take(ids_of), kind, members)
        holdouts = members.listed("holdouts")
        shards = [self._shard(Members(each, f"holdouts[{i}].")) for i, each in enumerate(holdouts)]
        record = self._sealed(Members(members.take("record"), "record."))
        if self._read != len(self._blobs):
            raise SealingError(
                f"the blobs of the envelope have {len(self._blobs):,} bytes, and its head names "
                f"{self._read:,}"
            )
        found = Envelope(
            sha256=self._sha256,
            benchmark=members.text("benchmark"),
            task=members.text("task", longest=MAX_NAME),
            classes=members.texts("classes", most=MAX_HEAD, longest=MAX_HEAD),
            panel=known,
            batch=members.random_id("batch"),
            seed_sha256=members.hex("seed_sha256", SHA256),
            draws_groups=members.flag("draws_groups"),
            stratified=members.flag("stratified"),
            slice_names=members.texts("slice_names", most=MAX_SLICES, longest=MAX_SLICE_NAME),
            period=_period(members),
            ids=ids,
            shards=shards,
            record=record,
        )
        members.end()
        return found

    def _shard(self, members: "Members") -> EnvelopedShard:
        found = EnvelopedShard(
            id=members.random_id("id"),
            kind=members.text("kind", longest=MAX_NAME),
            status=members.text("status", longest=MAX_NAME),
            n_items=members.count("n_items"),
            n_units=members.optional("n_units", members.count),
            n_effective=members.optional("n_effective", members.number),
            trained_until=members.optional("trained_until", members.day),
            label_delay_days=members.optional(
                "label_delay_days", lambda name: members.count(name, least=0)
            ),
            commitment=members.hex("commitment", SHA256),
            blob=self._sealed(Members(members.take("blob"), members.path("blob."))),
        )
        members.end()
        return found

    def _sealed(self, members: "Members") -> Blob:
        keys = members.listed("keys")
        if len(keys) != 1:
            raise members.wrong("keys", "one envelope, for the audit key, is needed")
        key = Members(keys[0], members.path("keys[0]."))
        if key.text("purpose") != AUDIT:
            raise key.wrong("purpose", "only the audit key gets an envelope")
        kid, wrapped = key.hex("kid", SHA256), key.hex("envelope", WRAPPED)
        key.end()
        sha256 = members.hex("sha256", SHA256)
        ciphertext = self._take(members)
        return Blob(ciphertext=ciphertext, sha256=sha256, kid=kid, wrapped=bytes.fromhex(wrapped))

    def _take(self, members: "Members") -> bytes:
        """Read the next blob, which these members describe."""
        size, sha256 = members.count("size"), members.hex("sha256", SHA256)
        blob = bytes(self._blobs[self._read : self._read + size])
        self._read += size
        if len(blob) != size:
            raise members.wrong("size", "the file ends before the blob does")
        if hashlib.sha256(blob).hexdigest() != sha256:
            raise members.wrong("sha256", "the blob is another one: the file was changed")
        members.end()
        return blob


def _panel(members: Members) -> KnownPanel:
    found = KnownPanel(
        version=members.count("version"),
        n_items=members.count("n_items"),
        sha256=members.hex("sha256", SHA256),
        id_kind=members.text("id_kind"),
    )
    members.end()
    return found


def _period(members: Members) -> tuple[dt.date, dt.date] | None:
    found = members.take("period")
    if found is None:
        return None
    try:
        first, last = (dt.date.fromisoformat(day) for day in found)
    except (TypeError, ValueError):
        raise members.wrong("period", "it is not two days") from None
    if first > last or found != [first.isoformat(), last.isoformat()]:
        raise members.wrong("period", "it is not two days in their order, written 2026-03-01")
    return first, last


def _kind_of(ids: pa.Array) -> str:
    return "string" if pa.types.is_string(ids.type) else "integer"


def _ids(content: bytes, kind: str, members: Members) -> pa.Array:
    """Read the ids; a refusal names the line."""
    try:
        texts = content.decode().split("\n")
    except UnicodeDecodeError:
        raise members.wrong("ids", "they are no UTF-8") from None
    if texts.pop() != "":
        raise members.wrong("ids", "the last line does not end")
    ids = _of_kind(pa.array(texts, pa.string()), kind, members)
    order = pc.sort_indices(ids)
    if not order.equals(pa.array(range(len(ids)), pa.uint64())):
        raise members.wrong("ids", "they are not in the order of the panel")
    if pc.count_distinct(ids).as_py() != len(ids):
        raise members.wrong("ids", "an item occurs twice")
    return ids


def _of_kind(texts: pa.Array, kind: str, members: Members) -> pa.Array:
    """Refuse a line that is no id of this kind."""
    tests = panel_files.wrong_texts(texts)
    if kind == "integer":
        is_wrong = [not _is_whole(each) for each in texts.to_pylist()]
        tests = [(pa.array(is_wrong, pa.bool_()), "it is no whole number")]
    elif kind != "string":
        raise members.wrong("ids.kind", "it is neither string nor integer")
    for is_wrong, problem in tests:
        if pc.any(is_wrong).as_py():
            line = pc.index(is_wrong, True).as_py() + 1
            raise members.wrong("ids", f"line {line}: {problem}")
    return texts.cast(pa.int64()) if kind == "integer" else texts


def _is_whole(text: str) -> bool:
    try:
        number = int(text)
    except ValueError:
        return False
    return str(number) == text and -(2**63) <= number < 2**63
