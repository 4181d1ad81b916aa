"""The programs that the embedded service is made of, and how a dead one is started again."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from service import leftovers
from service.home import EmbeddedServerError, account_arguments, ending_with_parent
from service.logs import open_log

# A process that dies younger than this has failed to start; so many failures in a row end the service.
FIRM_SECONDS = 30.0
MAX_FAILED_STARTS = 5
RESTART_SECONDS = 1.0  # before the next start, for each failure
WEB_WORKERS = 2
# There are processes for all cores already: threads of a library would wait for each other.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
# Requests in hand may end; then a worker that still waits for a slow client is killed.
WEB_END_SECONDS = 15


@dataclass(kw_only=True)
class Program:
    """One supervised process, and the group that it leads."""

    name: str
    command: list[str]
    environment: dict[str, str]
    account: str | None = None
    log: Path
    directory: Path | None = None  # to run in, if not where the others do
    end_signal: signal.Signals = signal.SIGTERM
    record: Path | None = None  # where it is written down for a later start of the service
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    n_failed_starts: int = 0

    def is_dead(self) -> bool:
        """Tell whether it has ended. What it leaves behind of its group ends with it.

        That is done while the number of the dead process is still its own: its group's cannot be another's.
        """
        if self.process is None:
            return False
        if self.process.returncode is None:
            with suppress(ChildProcessError, ProcessLookupError, PermissionError):
                # Without taking note of its end: its number stays taken.
                if os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                    os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.poll() is not None

    def start(self, *, cwd: Path) -> None:
        with open_log(self.log) as stream:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.directory or cwd,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
                preexec_fn=ending_with_parent(self.end_signal),
                **(account_arguments(self.account) if self.account else {}),
            )
        self.started = time.monotonic()
        if self.record is not None:
            leftovers.write(
                self.record,
                pid=self.process.pid,
                mark=self.environment.get(leftovers.MARK, ""),
                command=self.command,
                end_signal=self.end_signal,
            )

    def restart(self, *, cwd: Path) -> bool:
        """Start again what has died, once its time has come; tell whether it was started."""
        age = time.monotonic() - self.started
        n_failed = self.n_failed_starts + 1 if age < FIRM_SECONDS else 0
        if n_failed >= MAX_FAILED_STARTS:
            raise EmbeddedServerError(f"{self.name} keeps ending; see {self.log}")
        if age < n_failed * RESTART_SECONDS:
            return False
        self.n_failed_starts = n_failed
        with open_log(self.log) as stream:
            stream.write(f"{self.name} ended ({self.end_of_it()}) and is run again\n".encode())
        self.start(cwd=cwd)
        return True

    def end_of_it(self) -> str:
        """Say how it ended."""
        code = None if self.process is None else self.process.poll()
        if code is None:
            return "it has not"
        return f"exit code {code}" if code >= 0 else f"killed by signal {-code}"

    def ask_to_end(self) -> None:
        if self.process is not None and not self.is_dead():
            self.process.send_signal(self.end_signal)

    def end(self, *, patience: float = 20.0) -> None:
        """Ask it to end, insist when patience ends, and leave nothing of its group behind."""
        self.ask_to_end()
        deadline = time.monotonic() + patience
        while self.process is not None and not self.is_dead():
            if time.monotonic() > deadline:
                self.process.kill()
            time.sleep(0.02)
        if self.record is not None:
            self.record.unlink(missing_ok=True)


def granian(
    port: int, *, application: str = "config.asgi:application", workers: int = WEB_WORKERS
) -> list[str]:
    return [
        # asginl is ASGI without the events of a lifespan, which Django does not know.
        *(sys.executable, "-P", "-m", "granian", "--interface", "asginl", application),
        *("--host", "127.0.0.1", "--port", str(port), "--http", "1", "--no-ws"),
        *("--log-level", "warning", "--workers", str(workers), "--respawn-failed-workers"),
        *("--workers-kill-timeout", str(WEB_END_SECONDS)),
    ]


def worker(queue: str, *, concurrency: int) -> list[str]:
    return [
        *(sys.executable, "-P", "-m", "celery", "-A", "config", "worker", "-Q", queue),
        # Fair: a child gets a task when it is free for it, as some take a thousand times as long as others.
        *("-n", f"{queue}@holdout-vault", "-c", str(concurrency), "-O", "fair", "-l", "INFO"),
        *("--without-gossip", "--without-mingle"),
    ]
