"""The published seed of a draw, and the draw made again from it with the disclosed labels.

SHAKE-256 of the seed is cut into words of 64 bits. Strata follow each other by class; in each the units, in
the order of their first items in the panel, take the next words and are sorted by them, and the shards take
theirs in turn. How many a shard takes of a stratum is counted in the disclosed labels.
"""

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from holdout.disclosures import Disclosed
from holdout.errors import DisclosureError

FORMAT = "holdout-vault-draw/1"
WORD = 8
MEMBERS: dict[str, type] = {
    "benchmark": str,
    "batch": str,
    "id_kind": str,
    "holdouts": list,
    "seed": str,
    "draws_groups": bool,
    "stratified": bool,
    "classes": list,
}


@dataclass(frozen=True, kw_only=True)
class Draw:
    """What a published draw says."""

    benchmark: str
    batch: str
    id_kind: str
    holdouts: list[str]
    seed: bytes
    draws_groups: bool
    stratified: bool
    classes: list[str]

    @property
    def seed_sha256(self) -> str:
        return hashlib.sha256(self.seed).hexdigest()


@dataclass(frozen=True, kw_only=True)
class _Item:
    shard: int
    label: str
    # What is drawn whole: a group, or the item itself.
    unit: str


def parsed(content: bytes) -> Draw:
    """What is in a file; `DisclosureError` if it is none."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise DisclosureError("it is no JSON document") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise DisclosureError(f"its format is not {FORMAT}")
    for name, kind in MEMBERS.items():
        if not isinstance(found.get(name), kind):
            raise DisclosureError(f"its {name} is missing or is not what it should be")
    try:
        seed = bytes.fromhex(found["seed"])
    except ValueError:
        seed = b""
    if len(seed) != 32:
        raise DisclosureError("its seed is not 32 bytes in hexadecimal digits")
    return Draw(seed=seed, **{name: found[name] for name in MEMBERS if name != "seed"})


def is_repeated(draw: Draw, shards: Sequence[Disclosed]) -> bool:
    """Whether the draw, made again, gives these shards, which are in its order."""
    try:
        items = _items(draw, shards)
        strata = _strata(draw, items)
    except (KeyError, ValueError):
        raise DisclosureError(
            "its classes or its kind of ids are not those of the shards"
        ) from None
    units = list(dict.fromkeys(each.unit for each in items))
    shard_of: dict[str, int] = {}
    for each in items:
        if shard_of.setdefault(each.unit, each.shard) != each.shard:
            return False  # a group in two shards
    stream = hashlib.shake_256(draw.seed).digest(WORD * len(units))
    words = (stream[i : i + WORD] for i in range(0, len(stream), WORD))
    for stratum in sorted(set(strata.values())):
        members = [unit for unit in units if strata[unit] == stratum]
        # Bytes sort as the numbers do, the first counting most.
        drawn = sorted(members, key=dict(zip(members, words, strict=False)).__getitem__)
        taken = Counter(shard_of[unit] for unit in members)
        again = [shard for shard in range(len(shards)) for _ in range(taken[shard])]
        if [shard_of[unit] for unit in drawn] != again:
            return False
    return True


def _items(draw: Draw, shards: Sequence[Disclosed]) -> list[_Item]:
    """All items of the batch, in the order of the panel."""
    found: list[tuple[Any, _Item]] = []
    for number, shard in enumerate(shards):
        for row in _rows(shard):
            group = row.get("group", "") if draw.draws_groups else ""
            unit = f"group:{group}" if group else f"item:{row['id']}"
            key = int(row["id"]) if draw.id_kind == "integer" else row["id"].encode()
            found.append((key, _Item(shard=number, label=row["label"], unit=unit)))
    return [item for _, item in sorted(found, key=lambda each: each[0])]


def _rows(shard: Disclosed) -> list[dict[str, str]]:
    before = csv.field_size_limit(max(1, len(shard.text)))
    try:
        return list(csv.DictReader(io.StringIO(shard.text, newline=""), strict=True))
    finally:
        csv.field_size_limit(before)


def _strata(draw: Draw, items: Sequence[_Item]) -> dict[str, int]:
    """The class of which a unit has most, and of equally many the first; else all are one stratum."""
    if not draw.stratified:
        return dict.fromkeys((each.unit for each in items), 0)
    code = {name: i for i, name in enumerate(draw.classes)}
    counts: dict[str, Counter[int]] = {}
    for each in items:
        counts.setdefault(each.unit, Counter())[code[each.label]] += 1
    return {
        unit: min(own, key=lambda each, own=own: (-own[each], each))  # type: ignore[misc]
        for unit, own in counts.items()
    }
