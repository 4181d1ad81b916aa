"""The embedded service: its processes, their database roles, keys and accounts, and their supervision.

Each process gets only what it needs: the web and admin processes no private key, each worker its own
keys alone. As root, the processes that face the network run as another user; as an ordinary user there
is no such boundary. A process that dies is started again; the truth is in PostgreSQL.
"""

import fcntl
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config import grants
from config.start_mark import HEADER
from run import open_to_others
from service import leftovers, ports, snapshot
from service.home import (
    OWNER,
    EmbeddedServerError,
    broker_socket,
    own,
    prepare_home,
    secret_text,
    server_environment,
    valkey_command,
)
from service.logs import close_files, rotate_logs
from service.postgresql import postgresql
from service.programs import ONE_THREAD, Program, granian, worker

PROJECT = snapshot.PROJECT
SERVICE_ACCOUNT = "www-data"
ORGANIZER = "organiser"
# Of the launcher's own settings; the others are its to choose.
TAKEN_OVER = (
    *("HOLDOUT_VAULT_REFERENCE_DATA", "HOLDOUT_VAULT_SCORING_SECONDS"),
    *("HOLDOUT_VAULT_WEBHOOK_ALLOWED_NETWORKS", "HOLDOUT_VAULT_WEBHOOK_PORTS"),
)
# Connections that must be answered by this start: the kernel spreads them over all who share the port.
N_PROBES = 4
UPDATE_SECONDS = 30.0  # between two looks for changes of the project


def service_account() -> str:
    """Name the user of the processes that face the network; Debian has it on every machine."""
    try:
        pwd.getpwnam(SERVICE_ACCOUNT)
    except KeyError:
        return "nobody"
    return SERVICE_ACCOUNT


@dataclass(kw_only=True)
class Service:
    """The running service: its addresses, and what the launcher needs to act on it."""

    home: Path
    code: Path
    url: str = ""
    admin_url: str = ""
    start: str = ""  # drawn anew for each start
    say: Callable[[str], None] = lambda text: None
    database: Program | None = None  # if this process started it
    programs: list[Program] = field(default_factory=list)
    is_outdated: bool = False
    next_look: float = 0.0

    def environment(self, *, role: str, site: str = "none", **more: str) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("HOLDOUT_VAULT_") or name in TAKEN_OVER
        }
        return {
            **kept,
            **server_environment(self.home, role=role),
            "PYTHONPATH": str(self.code),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            leftovers.MARK: self.start,
            "HOLDOUT_VAULT_SITE": site,
            "HOLDOUT_VAULT_SECRET_KEY": secret_text(self.home / "secrets" / f"django-{site}"),
            "HOLDOUT_VAULT_FILES": str(self.home / "files"),
            # It speaks plain HTTP on this machine, over which not every browser sends a secure cookie.
            "HOLDOUT_VAULT_SECURE_COOKIES": "0",
            "ARROW_DEFAULT_MEMORY_POOL": "system",
            # What draws keeps a list of fonts; not in the home of whoever started this.
            "MPLCONFIGDIR": str(self.home / "matplotlib"),
            **ONE_THREAD,
            **more,
        }

    def manage(self, *arguments: str, role: str = OWNER, **options: Any) -> int:
        """Run a management command with a database role's rights; give its exit code."""
        return self._run(arguments, role=role, **options).returncode

    def output_of(self, *arguments: str, role: str = OWNER) -> str:
        """Return what a management command prints; an error says what went wrong."""
        done = self._run(arguments, role=role, capture_output=True, text=True)
        if done.returncode != 0:
            raise EmbeddedServerError(f"{arguments[0]} failed: {done.stderr}")
        return str(done.stdout)

    def _run(
        self, arguments: Sequence[str], *, role: str, **options: Any
    ) -> subprocess.CompletedProcess[Any]:
        command = [sys.executable, "-P", "-m", "django", *arguments]
        return subprocess.run(command, env=self.environment(role=role), check=False, **options)

    def supervise(self) -> None:
        """Start again what has died, the database first, rotate the logs, tell of an update. Call often."""
        rotate_logs(self.home / "logs")
        first = [] if self.database is None else [self.database]
        for program in [*first, *self.programs]:
            if program.is_dead():
                how = program.end_of_it()
                if program.restart(cwd=self.code):
                    self.say(f"{program.name} ended ({how}), was started again; see {program.log}")
        if self.is_outdated or time.monotonic() < self.next_look:
            return
        # Said once: what is started again runs the same version as the rest, not one that came since.
        self.next_look = time.monotonic() + UPDATE_SECONDS
        self.is_outdated = not snapshot.is_current(self.code, project=PROJECT)
        if self.is_outdated:
            self.say(
                f"the code in {PROJECT} has changed: all processes of this service go on with the version "
                "that it was started with; to run the new one, stop the service and start it again"
            )

    def wait_until_ready(self, *, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        waiting: dict[str, Callable[[], bool]] = {
            "the broker": lambda: _listens(broker_socket(self.home)),
            "the API": lambda: self._answers_itself(f"{self.url}/readyz"),
            "the admin": lambda: self._answers_itself(f"{self.admin_url}/admin/login/"),
        }
        for name, is_up in waiting.items():
            while not is_up():
                if time.monotonic() > deadline:
                    raise EmbeddedServerError(
                        f"{name} does not answer, or another program answers at its address; see "
                        f"{self.home / 'logs'}, or choose other ports with --port and --admin-port"
                    )
                self.supervise()
                time.sleep(0.05)

    def _answers_itself(self, url: str) -> bool:
        """Tell whether what answers was started by this start of the service, on each of some connections."""
        return all(start_that_answers(url) == self.start for _ in range(N_PROBES))

    def stop(self) -> None:
        """Stop in reverse order: first what makes work, last what others depend on."""
        for program in reversed(self.programs):
            program.ask_to_end()
        for program in reversed(self.programs):
            program.end()


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def start_that_answers(url: str) -> str | None:
    """Ask which start of the service answers: empty if that is no service's; None if all is not well."""
    request = urllib.request.Request(url, headers={HEADER: "?"})  # noqa: S310
    with suppress(OSError), urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310
        if response.status == 200:
            return str(response.headers.get(HEADER, ""))
    return None


def _programs(service: Service, *, port: int, admin_port: int, account: str) -> list[Program]:
    home = service.home
    keys = home / "secrets"

    def program(name: str, command: list[str], environment: dict[str, str]) -> Program:
        facing = name in ("valkey", "web", "admin", "worker-webhooks")
        return Program(
            name=name,
            command=command,
            environment=environment,
            account=account if facing else None,
            log=home / "logs" / f"{name}.log",
            record=home / "processes" / f"{name}.json",
        )

    def of(role: str, site: str = "none", **settings: str) -> dict[str, str]:
        named = {f"HOLDOUT_VAULT_{name}": value for name, value in settings.items()}
        return service.environment(role=role, site=site, **named)

    signing = {"WEBHOOK_KEY": secret_text(keys / "webhooks")}
    scoring = of(grants.SCORING, SCORING_PRIVATE_KEY_FILE=str(keys / "scoring.key"))
    audit = of(
        grants.AUDIT,
        AUDIT_PRIVATE_KEY_FILE=str(keys / "audit.key"),
        SIGNING_PRIVATE_KEY_FILE=str(keys / "signing.key"),
    )
    beat = [
        *(sys.executable, "-P", "-m", "celery", "-A", "config", "beat", "-l", "WARNING"),
        # No file with its number: one that a killed beat leaves could keep the next from starting.
        *("-s", str(home / "beat-schedule"), "--pidfile="),
    ]
    return [
        program(
            "valkey",
            valkey_command(home),
            {"PATH": os.environ.get("PATH", ""), leftovers.MARK: service.start},
        ),
        program("web", granian(port), of(grants.WEB, "api", SPOOL=str(home / "spool"), **signing)),
        program(
            "admin",
            granian(admin_port, workers=1),
            of(grants.RESEARCHER, "admin", WEB_THREADS="2", API_URL=service.url),
        ),
        program("worker-scoring", worker("scoring", concurrency=2), scoring),
        program("worker-audit", worker("audit", concurrency=1), audit),
        program("worker-webhooks", worker("webhooks", concurrency=1), of(grants.WEB, **signing)),
        program("beat", beat, of(grants.WEB)),
    ]


def _prepare_files(home: Path) -> None:
    for name in ("", "predictions", "panels", "disclosed"):
        directory = home / "files" / name
        directory.mkdir(mode=0o700, exist_ok=True)
        directory.chmod(0o700)  # older versions left it open
        own(directory, service_account())
        close_files(directory)
    spool = home / "spool"
    shutil.rmtree(spool, ignore_errors=True)
    spool.mkdir(mode=0o700)
    own(spool, service_account())
    for directory, mode in ((home / "valkey", 0o700), (broker_socket(home).parent, 0o755)):
        directory.mkdir(mode=mode, exist_ok=True)
        own(directory, service_account())


def organizer_password(home: Path) -> Path:
    """Name the file with the password of the admin's first account."""
    path = home / "secrets" / "organiser-password"
    secret_text(path)
    return path


@contextmanager
def locked(home: Path, *, say: Callable[[str], None]) -> Iterator[None]:
    """Allow one service per state directory; what an earlier one left running is ended first."""
    with (home / "service.lock").open("w") as file:
        try:
            # The kernel lets go of it when this process ends, in whatever way.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EmbeddedServerError(f"a service with the state in {home} is running") from None
        leftovers.end_all(home / "processes", say=say)
        yield


@contextmanager
def running(
    *,
    home: Path,
    port: int | None,
    admin_port: int | None,
    say: Callable[[str], None],
    **overrides: str,
) -> Iterator[Service]:
    """Run the whole service for as long as the block runs; `overrides` are settings of all processes.

    A port that is None is the usual one, or the one that the last start had to choose instead; 0 is any.
    """
    prepare_home(home)
    with (
        locked(home, say=say),
        ports.held(home=home, door=ports.API, asked=port, say=say) as api_port,
        ports.held(home=home, door=ports.ADMIN, asked=admin_port, say=say) as office_port,
        postgresql(home=home) as database,
    ):
        say("PostgreSQL is up")
        service = Service(
            home=home,
            database=database,
            code=snapshot.take(home=home, project=PROJECT),
            url=f"http://{ports.HOST}:{api_port}",
            admin_url=f"http://{ports.HOST}:{office_port}",
            start=secrets.token_hex(8),
            say=say,
        )
        _prepare_files(home)
        password_file = str(organizer_password(home))
        who = ("--organizer", ORGANIZER, "--password-file", password_file)
        if service.manage("prepare_service", "--keys", str(home / "secrets"), *who) != 0:
            raise EmbeddedServerError("the database could not be prepared")
        say("the database is ready")
        account = service_account()
        if os.geteuid() == 0 and not open_to_others(Path(sys.executable)):
            say(f"warning: {sys.executable} is closed to other users, so the web runs as root")
            account = "root"
        service.programs = _programs(
            service, port=api_port, admin_port=office_port, account=account
        )
        changed = {f"HOLDOUT_VAULT_{name}": value for name, value in overrides.items()}
        try:
            for program in service.programs:
                program.environment |= changed
                program.start(cwd=service.code)
            service.wait_until_ready()
            say("the service is ready")
            yield service
        finally:
            service.stop()
