"""What `run.py` does in the locked environment: demo, serve, test, check, bench, manage."""

import argparse
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from itertools import pairwise
from pathlib import Path
from types import FrameType

from audits.boards import command as audit_board
from config import grants
from run import state_directory
from service import ports
from service.bench import command as bench
from service.home import (
    OWNER,
    EmbeddedServerError,
    account_arguments,
    own,
    prepare_home,
    secret_text,
)
from service.postgresql import postgresql
from service.processes import (
    ORGANIZER,
    PROJECT,
    Service,
    locked,
    organizer_password,
    running,
    service_account,
)
from vault.sealing import batch_sealing, label_check, seal_command

STORY = """\
The demo (seed {seed}) seals real labels and plays three boards through the API: an exact one, a guarded one,
and a guarded one with ten accounts of one attacker. Six honest teams and five others are in each. Then the
rounds are closed, audited on fresh labels and published, and a table tells what was found. It takes some
minutes; Ctrl-C ends it at any time. It adds three benchmarks to this machine's service and changes no other.
"""


class Stopped(BaseException):
    """SIGTERM or Ctrl-C arrived."""


def stop_on_signals() -> None:
    """Turn the first SIGTERM or SIGINT into `Stopped`; later ones do not disturb the clean-up."""

    def stop(number: int, frame: FrameType | None) -> None:
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)
        raise Stopped

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, stop)


def progress(since: float) -> Callable[[str], None]:
    def say(text: str) -> None:
        print(f"[{time.monotonic() - since:6.1f} s] {text}", file=sys.stderr, flush=True)

    return say


def watch(service: Service, process: subprocess.Popen[bytes]) -> int:
    """Supervise the service until `process` ends."""
    while (code := process.poll()) is None:
        service.supervise()
        time.sleep(0.2)
    return code


def stay_up(service: Service) -> None:
    while True:
        service.supervise()
        time.sleep(0.5)


def show_addresses(service: Service) -> None:
    password = secret_text(organizer_password(service.home))
    print(f"\nAPI    {service.url}/api/v1/\nAdmin  {service.admin_url}/admin/")
    print(f"       user {ORGANIZER}, password {password}", flush=True)


def port_number(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**16:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: a number from 1024 to 65535")
    return int(text)


def service_arguments(name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"run.py {name}")
    for door in (ports.API, ports.ADMIN):
        parser.add_argument(
            door.option,
            type=port_number,
            help=f"of the {door.name}; 0 is any (default: that of the last start, at first {door.port})",
        )
    return parser


def _running(options: argparse.Namespace) -> AbstractContextManager[Service]:
    return running(
        home=state_directory(),
        port=options.port,
        admin_port=options.admin_port,
        say=progress(time.monotonic()),
    )


def serve(arguments: list[str]) -> int:
    with _running(service_arguments("serve").parse_args(arguments)) as service:
        show_addresses(service)
        print("Ctrl-C stops it.", flush=True)
        stay_up(service)
    return 0


def demo(arguments: list[str]) -> int:
    parser = service_arguments("demo")
    parser.add_argument("--seed", type=int, help="draws the split and the attackers")
    parser.add_argument("--exit", action="store_true", help="stop after the table")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result as JSON")
    options = parser.parse_args(arguments)
    seed = options.seed if options.seed is not None else secrets.randbelow(10**6)
    print(STORY.format(seed=seed), flush=True)
    started = time.monotonic()
    with _running(options) as service:
        result = service.home / "demo-result.json"
        result.touch()
        own(result, service_account())
        show_addresses(service)
        play = _play(service, seed=seed, result=result, started=started)
        try:
            code = watch(service, play)
        finally:
            play.kill()
            play.wait()
        if code == 0 and options.json:
            shutil.copyfile(result, options.json)
        if code == 0 and not options.exit:
            show_addresses(service)
            print("The service stays up; Ctrl-C stops it.", flush=True)
            stay_up(service)
    return code


def _play(service: Service, *, seed: int, result: Path, started: float) -> subprocess.Popen[bytes]:
    elapsed = time.monotonic() - started
    return subprocess.Popen(
        [
            *(sys.executable, "-P", "-m", "django", "demo", "--url", service.url),
            *("--seed", str(seed), "--json", str(result), "--elapsed", f"{elapsed:.1f}"),
        ],
        cwd=service.code,
        env=service.environment(role=grants.RESEARCHER),
        start_new_session=True,
        **account_arguments(service_account()),
    )


def manage(arguments: list[str]) -> int:
    """Run a management command as the database's owner; PostgreSQL is started for it if need be."""
    home = state_directory()
    prepare_home(home)
    service = Service(home=home, code=PROJECT)
    try:
        with locked(home, say=progress(time.monotonic())), postgresql(home=home):
            return service.manage(*arguments)
    except EmbeddedServerError:
        # The service is up: use its servers.
        return service.manage(*arguments)


# Which test goes to which process is for tests/sharing.py to say.
ALL_CORES = ["-n", "auto"]


def pytest_arguments(arguments: list[str]) -> list[str]:
    """Run what was asked for, on all cores: later options win, so `-n` that is given has its way.

    Of named test files each core would set up a database of its own for a few tests: one process has them. So
    it has the live plays, which would wait for each other's servers and be late.
    """
    chooses = any(re.match(r"-n\w*$|--numprocesses", each) for each in arguments)
    named = [PROJECT / each.partition("::")[0] for each in arguments if not each.startswith("-")]
    are_files = any(each.is_file() for each in named) and not any(each.is_dir() for each in named)
    has_none = any(each.endswith("no:xdist") for each in arguments)
    is_live = ("-m", "live") in pairwise(arguments)
    if has_none or ((are_files or is_live) and not chooses):
        return arguments
    return [*ALL_CORES, *arguments]


def test(arguments: list[str]) -> int:
    """Tests on a PostgreSQL that is thrown away: all of them, or what the arguments ask for."""
    with (
        tempfile.TemporaryDirectory(prefix="hv-test-", ignore_cleanup_errors=True) as name,
        postgresql(home=Path(name), durable=False),
    ):
        return subprocess.run(
            [sys.executable, "-P", "-m", "pytest", *pytest_arguments(arguments)],
            cwd=PROJECT,
            env=Service(home=Path(name), code=PROJECT).environment(role=OWNER),
            check=False,
        ).returncode


def check(arguments: list[str]) -> int:
    """Lint, types, layers, migrations and generated docs: each is run, and each failure counts.

    All at once: they know nothing of each other, and the types alone need about as long as the rest together.
    """
    environment = {
        **os.environ,
        # The client is a distribution of its own; its package is looked at, too.
        "PYTHONPATH": os.pathsep.join([str(PROJECT), str(PROJECT / "client")]),
        "HOLDOUT_VAULT_SITE": "none",
        "HOLDOUT_VAULT_SECRET_KEY": "check",
        "HOLDOUT_VAULT_DATABASE_HOST": "/nonexistent",
        "HOLDOUT_VAULT_DATABASE_USER": "check",
        "HOLDOUT_VAULT_DATABASE_PASSWORD": "check",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    layers = "from importlinter.cli import lint_imports_command as run; run()"
    words = {
        "format": "-m ruff format --check .",
        "lint": "-m ruff check .",
        "types": "-m mypy .",
        "migrations": "-W ignore -m django makemigrations --check --dry-run",
        "docs": "-m django generate_docs --check",
        "description": f"-m django spectacular --fail-on-warn --validate --file {os.devnull}",
    }
    checks = {name: [sys.executable, "-P", *line.split()] for name, line in words.items()}
    checks["layers"] = [sys.executable, "-c", layers]
    failed = [name for name, is_good in outcomes(checks, environment) if not is_good]
    print(f"check: {'failed: ' + ', '.join(failed) if failed else 'all good'}", flush=True)
    return 1 if failed else 0


def outcomes(
    commands: dict[str, list[str]], environment: dict[str, str]
) -> Iterator[tuple[str, bool]]:
    """Run commands side by side; what each prints is shown together, in the order that is given."""
    with ExitStack() as held:
        begun = []
        for name, command in commands.items():
            printed = held.enter_context(tempfile.TemporaryFile("w+", errors="replace"))
            process = subprocess.Popen(
                command, cwd=PROJECT, env=environment, stdout=printed, stderr=subprocess.STDOUT
            )
            held.callback(process.wait)
            held.callback(process.kill)  # runs before the wait
            begun.append((name, process, printed))
        for name, process, printed in begun:
            is_good = process.wait() == 0
            printed.seek(0)
            print(f"check: {name}\n{printed.read()}", end="", flush=True)
            yield name, is_good


COMMANDS = {
    "demo": demo,
    "serve": serve,
    "test": test,
    "check": check,
    "check-labels": label_check.main,
    "seal": seal_command.main,
    "seal-batch": batch_sealing.main,
    "audit-board": audit_board.main,
    "bench": bench.main,
    "manage": manage,
}


def main(arguments: list[str]) -> int:
    try:
        stop_on_signals()
        return COMMANDS[arguments[0]](arguments[1:])
    except Stopped:
        print("stopped", file=sys.stderr)
        return 0
    except EmbeddedServerError as error:
        print(f"run.py: {error}", file=sys.stderr)
        return 1
