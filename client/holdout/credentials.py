"""Where the service is and who asks: from the environment, else from a file that only its owner reads."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from holdout.errors import SettingsError

DEFAULT_URL = "http://127.0.0.1:8000"


@dataclass(frozen=True, kw_only=True)
class Credentials:
    url: str
    token: str = field(repr=False)


def config_file(environment: Mapping[str, str]) -> Path:
    base = environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME", "~")) / ".config"
    return Path(base).expanduser() / "holdout" / "credentials.json"


def found(environment: Mapping[str, str], *, url: str | None = None) -> Credentials:
    """`HOLDOUT_TOKEN`, `HOLDOUT_TOKEN_FILE` and `HOLDOUT_URL` go before what `login` has stored.

    A stored token is sent to no service but the one that it was stored for.
    """
    stored = _stored(environment)
    address = url or environment.get("HOLDOUT_URL") or stored.get("url") or DEFAULT_URL
    token = environment.get("HOLDOUT_TOKEN", "")
    if not token and (name := environment.get("HOLDOUT_TOKEN_FILE")):
        token = _read(Path(name))
    if not token and stored.get("url", "").rstrip("/") == address.rstrip("/"):
        token = stored.get("token", "")
    return Credentials(url=address, token=token.strip())


def store(environment: Mapping[str, str], credentials: Credentials) -> Path:
    path = config_file(environment)
    write_private(path, json.dumps({"url": credentials.url, "token": credentials.token}))
    return path


def write_private(path: Path, text: str) -> None:
    """Whole or not at all, and never readable by others, not even for a moment."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    incoming = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(incoming, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    incoming.replace(path)


def _stored(environment: Mapping[str, str]) -> dict[str, str]:
    path = config_file(environment)
    if not path.exists():
        return {}
    try:
        read = json.loads(_read(path))
    except ValueError:
        raise SettingsError(f"{path} is damaged: run `holdout login` again") from None
    return {name: str(value) for name, value in read.items()} if isinstance(read, dict) else {}


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is no text") from None
