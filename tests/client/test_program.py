"""The command as a process: proxies of the environment, readers that go away, the keyboard's interrupt."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from holdout.exit_codes import ExitCode

from tests.client.service import TOKEN, a_board, a_submission

CLIENT = Path(__file__).parents[2] / "client"
SUBMISSION = "0195a4f0-5b1c-7d8e-9f00-112233445566"
BENCHMARK = {"slug": "rain", "title": "Rain", "primary_metric": "a", "greater_is_better": True}
HELD = object()
LATE = 60.0  # seconds; what must end ends far sooner


class Recorder(ThreadingHTTPServer):
    """Answers with what it was given for a path, and keeps the head of every request."""

    daemon_threads = True

    def __init__(self, answers: dict[str, Any], *, status: int = 200) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.status = answers, status
        self.heads: list[str] = []
        self.asked = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Recorder

    def do_GET(self) -> None:
        self.server.heads.append(f"{self.requestline}\n{self.headers}")
        self.server.asked.set()
        found = self.server.answers.get(self.path.split("?")[0])
        if found is HELD:
            time.sleep(LATE)
        content = json.dumps(found).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_CONNECT = do_GET  # noqa: N815

    def log_message(self, *arguments: Any) -> None:
        pass


def served(server: Recorder) -> Iterator[Recorder]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def service() -> Iterator[Recorder]:
    board = {**a_board("team"), "rows": a_board("team")["rows"] * 3000}
    yield from served(
        Recorder(
            {
                "/api/v1/benchmarks/rain/leaderboard/": board,
                f"/api/v1/submissions/{SUBMISSION}/": a_submission("SCORED", released=0.5),
                "/api/v1/submissions/held/": HELD,
                "/api/v1/benchmarks/rain/": BENCHMARK,
            }
        )
    )


@pytest.fixture
def proxy() -> Iterator[Recorder]:
    yield from served(Recorder({}, status=407))


def command(*arguments: str, url: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "holdout", *arguments],
        env={
            **{name: os.environ[name] for name in ("PATH", "XDG_CONFIG_HOME", "XDG_STATE_HOME")},
            "PYTHONPATH": str(CLIENT),
            "HOLDOUT_URL": url,
            "HOLDOUT_TOKEN": TOKEN,
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_no_proxy_sees_what_is_sent_without_tls(
    service: Recorder, proxy: Recorder, name: str
) -> None:
    run = command("status", SUBMISSION, "--json", url=service.url, **{name: proxy.url})

    said, _ = run.communicate(timeout=LATE)
    assert (run.returncode, json.loads(said)["status"]) == (ExitCode.OK, "SCORED")
    assert (len(service.heads), proxy.heads) == (1, [])


def test_a_proxy_of_a_service_with_tls_sees_no_token_and_its_refusal_is_told_at_once(
    proxy: Recorder,
) -> None:
    run = command(
        *("status", SUBMISSION), url="https://vault.example", HTTPS_PROXY=proxy.url, NO_PROXY=""
    )

    _, told = run.communicate(timeout=LATE)
    assert run.returncode == ExitCode.SERVICE_FAILURE
    assert "the proxy answers 407" in told
    (head,) = proxy.heads
    assert head.startswith("CONNECT vault.example:443")
    assert TOKEN not in head


@pytest.mark.parametrize("proxy_url", ["socks5://127.0.0.1:1", "nonsense://x", "http://x:port"])
def test_a_proxy_that_cannot_be_used_is_said_in_words(proxy_url: str) -> None:
    run = command("status", SUBMISSION, "--json", url="https://vault.example", ALL_PROXY=proxy_url)

    said, told = run.communicate(timeout=LATE)
    assert run.returncode == ExitCode.USAGE
    assert "HTTPS_PROXY or ALL_PROXY" in json.loads(said)["error"]["detail"]
    assert "Traceback" not in told


@pytest.mark.parametrize("flag", [["--json"], []])
def test_a_reader_that_goes_away_is_no_failure(service: Recorder, flag: list[str]) -> None:
    """The board is far larger than a pipe's buffer."""
    run = command("leaderboard", "-b", "rain", *flag, url=service.url)
    assert run.stdout is not None
    run.stdout.close()

    _, told = run.communicate(timeout=LATE)
    assert "Traceback" not in told
    assert "BrokenPipe" not in told
    assert run.returncode == ExitCode.OK


def test_what_is_judged_keeps_its_exit_code_without_a_reader(service: Recorder) -> None:
    run = command("wait", SUBMISSION, "--fail-below", "0.8", url=service.url)
    assert run.stdout is not None
    run.stdout.close()

    _, told = run.communicate(timeout=LATE)
    assert run.returncode == ExitCode.BELOW_THRESHOLD, told


@pytest.mark.parametrize("flag", [["--json"], []])
def test_interrupted_before_the_first_answer_names_the_submission(
    service: Recorder, flag: list[str]
) -> None:
    run = command("wait", "held", *flag, url=service.url)
    assert service.asked.wait(LATE)
    run.send_signal(signal.SIGINT)

    said, told = run.communicate(timeout=LATE)
    assert run.returncode == ExitCode.INTERRUPTED
    assert "Traceback" not in told
    assert "submission held" in told
    if flag:
        assert json.loads(said) == {
            "error": {
                "code": "interrupted",
                "detail": "interrupted from the keyboard; the same command takes it up again",
            },
            "submission": {"id": "held"},
        }
