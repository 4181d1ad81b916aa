"""The programs that the embedded service is made of, and how a dead one is started again."""

import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from config.embedded import EmbeddedServerError, account_arguments, ending_with_parent
from config.logs import open_log

# A process that dies younger than this has failed to start; so many failures in a row end the service.
FIRM_SECONDS = 30.0
MOST_FAILED_STARTS = 5
RESTART_SECONDS = 1.0  # before the next start, for each failure
# Of a worker's threads, the setting WAITERS may hold so many back; the others serve.
WEB_WORKERS, WEB_THREADS = 2, 6


@dataclass(kw_only=True)
class Program:
    """One supervised process."""

    name: str
    command: list[str]
    environment: dict[str, str]
    account: str | None = None
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    n_failed_starts: int = 0

    def is_dead(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def start(self, *, cwd: Path) -> None:
        with open_log(self.log) as stream:
            self.process = subprocess.Popen(
                self.command,
                cwd=cwd,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
                preexec_fn=ending_with_parent(signal.SIGTERM),
                **(account_arguments(self.account) if self.account else {}),
            )
        self.started = time.monotonic()

    def restart(self, *, cwd: Path) -> bool:
        """Start again what has died, once its time has come; whether it was started."""
        age = time.monotonic() - self.started
        n_failed = self.n_failed_starts + 1 if age < FIRM_SECONDS else 0
        if n_failed >= MOST_FAILED_STARTS:
            raise EmbeddedServerError(f"{self.name} keeps ending; see {self.log}")
        if age < n_failed * RESTART_SECONDS:
            return False
        self.n_failed_starts = n_failed
        self.start(cwd=cwd)
        return True


def granian(
    port: int,
    *,
    application: str = "config.wsgi:application",
    workers: int = WEB_WORKERS,
    threads: int = WEB_THREADS,
) -> list[str]:
    return [
        *(sys.executable, "-P", "-m", "granian", "--interface", "wsgi", application),
        *("--host", "127.0.0.1", "--port", str(port), "--no-ws", "--log-level", "warning"),
        *("--workers", str(workers), "--blocking-threads", str(threads)),
        "--respawn-failed-workers",
    ]


def worker(queue: str, *, concurrency: int) -> list[str]:
    return [
        *(sys.executable, "-P", "-m", "celery", "-A", "config", "worker", "-Q", queue),
        *("-n", f"{queue}@holdout-vault", "-c", str(concurrency), "-O", "fair", "-l", "INFO"),
        *("--without-gossip", "--without-mingle"),
    ]
