"""The disclosed labels of a holdout, and the commitment computed from them anew.

What is hashed is 32 bytes of salt and a text behind them. The length of the salt is part of the check: a
longer one could have swallowed the first lines of the text, under the same hash.
"""

import csv
import hashlib
import io
import json
from dataclasses import dataclass
from typing import Any

from holdout.errors import DisclosureError, SettingsError
from holdout.records import LabelVersion, PublicHoldout

FORMAT = "holdout-vault-disclosure/1"
SALT_BYTES = 32
HEADER = "id,label"
DIGITS = frozenset("0123456789abcdef")
MEMBERS: dict[str, type] = {
    "benchmark": str,
    "holdout": str,
    "panel_version": int,
    "n_items": int,
    "commitment": str,
    "salt": str,
    "text": str,
}


@dataclass(frozen=True, kw_only=True)
class Disclosed:
    """What a disclosed file says; of all of it the commitment covers the salt and the text."""

    benchmark: str
    holdout: str
    panel_version: int
    n_items: int
    commitment: str
    salt: bytes
    text: str

    @property
    def computed(self) -> str:
        """The commitment, as whoever sealed the labels had to compute it."""
        return hashlib.sha256(self.salt + self.text.encode()).hexdigest()


def parsed(content: bytes) -> Disclosed:
    """What is in a file; `DisclosureError` if it is none, or if it breaks a rule of the format."""
    try:
        found = json.loads(content, object_pairs_hook=_each_once)
    except (ValueError, RecursionError):
        raise DisclosureError("it is no JSON document") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise DisclosureError(f"its format is not {FORMAT}")
    for name, kind in MEMBERS.items():
        if not isinstance(found.get(name), kind) or isinstance(found[name], bool):
            raise DisclosureError(f"its {name} is missing or is not what it should be")
    return _checked(found)


def version_of(found: Disclosed, public: PublicHoldout) -> LabelVersion | None:
    """The version of corrected labels that a file says it has; None: they were never corrected."""
    versions = public.get("label_versions") or []
    if len(versions) < 2:
        return None
    named = [each for each in versions if each["commitment"] == found.commitment]
    return (named or versions)[-1]


def _each_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Take no member twice: two readers of such a file may see two texts."""
    found: dict[str, Any] = {}
    for name, value in members:
        if name in found:
            raise DisclosureError(f"it has the member {name[:40]!r} twice")
        found[name] = value
    return found


def _checked(found: dict[str, Any]) -> Disclosed:
    salt, text = found["salt"], found["text"]
    if len(salt) != 2 * SALT_BYTES or not DIGITS.issuperset(salt):
        raise DisclosureError(f"its salt is not {SALT_BYTES} bytes in hexadecimal digits")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise DisclosureError("its text holds half a character") from None
    header, _, _ = text.partition("\n")
    if header != HEADER and not header.startswith(f"{HEADER},"):
        raise DisclosureError(f"its text does not begin with {HEADER}")
    try:
        n_items = _count_lines(text) - 1
    except csv.Error:
        raise DisclosureError("its text is no CSV") from None
    if n_items != found["n_items"]:
        raise DisclosureError(f"it says {found['n_items']} items and has {n_items}")
    return Disclosed(
        salt=bytes.fromhex(salt),
        text=text,
        **{name: found[name] for name in MEMBERS if name not in ("salt", "text")},
    )


def _count_lines(text: str) -> int:
    """Count them, however long a field is: the limit is the whole program's, so it is put back."""
    before = csv.field_size_limit(len(text))
    try:
        return sum(1 for _ in csv.reader(io.StringIO(text, newline=""), strict=True))
    finally:
        csv.field_size_limit(before)


def commitment(text: str) -> str:
    """A commitment as somebody has noted it: 64 hexadecimal digits, in any case."""
    digits = text.strip().lower()
    if len(digits) != hashlib.sha256().digest_size * 2 or not DIGITS.issuperset(digits):
        raise SettingsError(f"{text!r} is no commitment: that has 64 hexadecimal digits")
    return digits
