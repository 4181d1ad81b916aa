"""The file that says for whom and for what labels are sealed: public keys, the benchmark, and its panel.

Anybody may have it, and there is nothing secret in it. Whoever seals where the labels live fetches it from
the API or the admin, and compares the key's `kid` with what the organizers say elsewhere: whoever could
exchange the key could open the labels. It knows no Django, no database and no cipher.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from vault.errors import SealingError
from vault.sealing.terms import Terms

FORMAT = "holdout-vault-sealing-keys/1"
TASKS = ("binary", "multiclass", "regression")
ID_KINDS = ("string", "integer")


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """`kid` is the SHA-256 of the key's 32 bytes, both in hexadecimal digits."""

    purpose: str
    kid: str
    public_key: str


@dataclass(frozen=True, kw_only=True)
class KnownPanel:
    """The newest version of the panel: a batch is appended to it."""

    version: int
    n_items: int
    sha256: str
    id_kind: str


@dataclass(frozen=True, kw_only=True)
class Sheet:
    terms: Terms
    keys: tuple[PublicKey, ...]
    panel: KnownPanel | None

    def key(self, *, purpose: str) -> PublicKey:
        for each in self.keys:
            if each.purpose == purpose:
                return each
        raise SealingError(f"the file names no {purpose} key: fetch it again", field="keys")


def as_json(sheet: Sheet) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "benchmark": sheet.terms.slug,
        "task": sheet.terms.task,
        "classes": list(sheet.terms.classes),
        "loss_cap": sheet.terms.loss_cap,
        "keys": [asdict(key) for key in sheet.keys],
        "panel": None if sheet.panel is None else asdict(sheet.panel),
    }


def as_file(sheet: Sheet) -> bytes:
    """Write the file that is handed out, the same wherever it is asked for."""
    return (json.dumps(as_json(sheet), ensure_ascii=False, indent=1) + "\n").encode()


def read(content: bytes) -> Sheet:
    """Read such a file; `SealingError` names the member that is wrong."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise SealingError("the file of public keys is no JSON document") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise SealingError(f"the format of the file of public keys is not {FORMAT}", field="format")
    terms = _terms(found)
    keys = found.get("keys")
    if not isinstance(keys, list) or not keys:
        raise _wrong("keys")
    panel = found.get("panel")
    return Sheet(
        terms=terms,
        keys=tuple(_key(each) for each in keys),
        panel=None if panel is None else _panel(panel),
    )


def _terms(found: dict[str, Any]) -> Terms:
    slug, task, classes = (found.get(name) for name in ("benchmark", "task", "classes"))
    loss_cap = found.get("loss_cap")
    if not isinstance(slug, str) or not slug:
        raise _wrong("benchmark")
    if task not in TASKS:
        raise _wrong("task")
    if not isinstance(classes, list) or not all(isinstance(each, str) for each in classes):
        raise _wrong("classes")
    if (task == "regression") != (not classes) or len(set(classes)) != len(classes):
        raise _wrong("classes")
    if loss_cap is not None and (
        isinstance(loss_cap, bool) or not isinstance(loss_cap, int | float)
    ):
        raise _wrong("loss_cap")
    return Terms(slug=slug, task=str(task), classes=tuple(classes), loss_cap=loss_cap)


def _key(found: Any) -> PublicKey:
    names = ("purpose", "kid", "public_key")
    if not isinstance(found, dict) or not all(isinstance(found.get(name), str) for name in names):
        raise _wrong("keys")
    key = PublicKey(**{name: found[name] for name in names})
    try:
        raw = bytes.fromhex(key.public_key)
    except ValueError:
        raise _wrong("public_key") from None
    if len(raw) != 32:
        raise _wrong("public_key")
    if hashlib.sha256(raw).hexdigest() != key.kid:
        raise SealingError(f"the {key.purpose} key is not the one that its kid names", field="kid")
    return key


def _panel(found: Any) -> KnownPanel:
    if not isinstance(found, dict):
        raise _wrong("panel")
    for name in ("version", "n_items"):
        value = found.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise _wrong(f"panel.{name}")
    if not isinstance(found.get("sha256"), str) or found.get("id_kind") not in ID_KINDS:
        raise _wrong("panel")
    return KnownPanel(
        version=found["version"],
        n_items=found["n_items"],
        sha256=found["sha256"],
        id_kind=found["id_kind"],
    )


def _wrong(field: str) -> SealingError:
    return SealingError(
        f"in the file of public keys {field} is missing, or is not what it should be", field=field
    )
