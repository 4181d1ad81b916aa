#!/usr/bin/env python3
"""Holdout Vault in one command, on a machine that has only Python 3.11 and pip.

    python3 run.py demo [--seed N] [--exit] [--json FILE]   watch the whole idea work
    python3 run.py serve                                    the same service, without the play
    python3 run.py test [pytest arguments]                  all tests
    python3 run.py stats                                    tests of stats/, with its own needs alone
    python3 run.py check                                    lint, types, layers, migrations, docs
    python3 run.py check-labels FILE ...                    a report on a label file; nothing is sealed
    python3 run.py seal --public-keys FILE ...              seal labels where they live, without a service
    python3 run.py seal-batch FILE ...                      encrypt a batch of awaited labels
    python3 run.py audit-board FILE.csv ...                 audit a board that is not ours
    python3 run.py bench [NAME ...] [--json FILE]           speed, beside the usual ways
    python3 run.py manage COMMAND ...                       a management command on the service

This file uses the standard library alone. It fetches a pinned uv, installs the hash-pinned lock file
into an environment below the state directory (HOLDOUT_VAULT_HOME), and hands over to `service`.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent
COMMANDS = (
    "demo",
    "serve",
    "test",
    "stats",
    "check",
    "check-labels",
    "seal",
    "seal-batch",
    "audit-board",
    "bench",
    "manage",
)
DEVELOPERS = "requirements-dev.lock"
LOCKS = {"test": DEVELOPERS, "check": DEVELOPERS, "stats": "requirements-stats.lock"}
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q")


def say(text: str) -> None:
    print(f"run.py: {text}", file=sys.stderr, flush=True)


def state_directory() -> Path:
    """Choose it: `HOLDOUT_VAULT_HOME`, else one that suits root or the user."""
    if chosen := os.environ.get("HOLDOUT_VAULT_HOME"):
        return Path(chosen).absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/holdout-vault")
    data = os.environ.get("XDG_DATA_HOME")
    return Path(data or Path.home() / ".local" / "share").absolute() / "holdout-vault"


def open_to_others(path: Path) -> bool:
    return all(directory.stat().st_mode & 0o001 for directory in path.resolve().parents)


def interpreter() -> str:
    """The Python of the environment. Root's servers run as another user, who must reach it."""
    if os.geteuid() == 0 and not open_to_others(Path(sys.executable)):
        system = Path("/usr/bin/python3")
        asked = [str(system), "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        if system.exists() and subprocess.run(asked, check=False).returncode == 0:
            return str(system)
    return sys.executable


def run(*command: object, quiet: bool = True) -> bool:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=PROJECT,
        check=False,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
    )
    if done.returncode != 0 and quiet:
        sys.stderr.write(done.stdout)
    return done.returncode == 0


def uv(home: Path, python: str) -> Path:
    """The pinned uv, installed by pip with its hash; a minimal Debian has no ensurepip."""
    lock = PROJECT / "requirements-uv.lock"
    directory = home / f"uv-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    program = directory / "bin" / "uv"
    if program.exists():
        return program
    say("installing uv")
    shutil.rmtree(directory, ignore_errors=True)
    incoming = directory.with_suffix(".new")
    shutil.rmtree(incoming, ignore_errors=True)
    if not run(python, "-m", "venv", "--without-pip", incoming) or not run(
        *PIP, "--python", incoming / "bin" / "python", "install", "--require-hashes", "-r", lock
    ):
        sys.exit("run.py: could not install uv: pip for this Python is needed (python3-pip)")
    incoming.rename(directory)
    return program


def environment(home: Path, lock: Path) -> Path:
    """The environment of a lock file; a changed lock file gets an environment of its own."""
    python = interpreter()
    key = hashlib.sha256(lock.read_bytes() + python.encode()).hexdigest()[:12]
    directory = home / f"environment-{key}"
    if (directory / "complete").exists():
        return directory
    program = uv(home, python)
    say(f"installing {lock.name} into {directory}")
    shutil.rmtree(directory, ignore_errors=True)
    start = time.monotonic()
    if not run(program, "venv", "-q", "--python", python, directory):
        sys.exit("run.py: could not make the environment")
    target = directory / "bin" / "python"
    # Compiled at once and by all cores: the service's account cannot write here, and a dozen processes
    # would each compile the same modules.
    sync = (program, "pip", "sync", "-q", "--compile-bytecode", "--require-hashes")
    if not run(*sync, "--python", target, lock):
        say("uv could not install the lock file; trying pip")
        if not run(*PIP, "--python", target, "install", "--require-hashes", "-r", lock):
            sys.exit("run.py: could not install the lock file")
    (directory / "complete").touch()
    say(f"installed in {time.monotonic() - start:.0f} s")
    return directory


def statistics_alone(python: Path) -> int:
    """The fast tests of stats/ where only its own dependencies are installed; every branch must run."""
    with tempfile.TemporaryDirectory(prefix="hv-stats-") as directory:
        os.environ["COVERAGE_FILE"] = str(Path(directory) / "coverage")
        coverage = (python, "-P", "-m", "coverage")
        tests = ("tests/stats", "-c", "tests/stats/alone.ini", "--confcutdir", "tests/stats")
        measured = (*coverage, "run", "--branch", "--source=stats", "-m", "pytest", "-q")
        if not run(*measured, "--rootdir", PROJECT, *tests, quiet=False):
            return 1
        report = (*coverage, "report", "--show-missing", "--skip-covered", "--fail-under=100")
        return 0 if run(*report, quiet=False) else 1


def main() -> None:
    if sys.version_info < (3, 11):
        sys.exit("run.py: Python 3.11 or newer is needed")
    command = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if command not in COMMANDS:
        print(__doc__)
        sys.exit(0 if command in ("-h", "--help") else 2)
    home = state_directory()
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock_file = (home / "install.lock").open("w")
    except OSError as error:
        sys.exit(f"run.py: cannot write to {home} ({error.strerror}); set HOLDOUT_VAULT_HOME")
    name = LOCKS.get(command, "requirements.lock")
    with lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        python = environment(home, PROJECT / name) / "bin" / "python"
    os.environ["PYTHONPATH"] = str(PROJECT)
    os.environ["HOLDOUT_VAULT_HOME"] = str(home)
    if command == "stats":
        # Not by way of `service`, whose imports are not installed there.
        sys.exit(statistics_alone(python))
    os.execv(python, [str(python), "-P", "-m", "service", *sys.argv[1:]])


if __name__ == "__main__":
    main()
