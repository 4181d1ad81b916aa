"""A headless Chromium, driven over two pipes: what a page shows, and what the browser says against it."""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
WIDTH, HEIGHT = 1280, 1600
PATIENCE = 60.0
# What a browser says on its own account, and no page is to blame for.
COMPLAINTS = ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")


def program() -> str | None:
    """Where Chromium is; None if it is not installed."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Browser:
    """One tab. Messages are JSON, each ended by a zero byte."""

    def __init__(self, *, asks: int, answers: int) -> None:
        self._asks, self._answers = asks, answers
        self._read = b""
        self._number = 0
        self._events: list[dict[str, Any]] = []
        # Of the browser itself, until there is a tab.
        self._session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)

    def call(self, method: str, **given: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": given}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._asks, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            answer = self._next()
            if answer.get("id") != self._number:
                self._events.append(answer)
                continue
            assert "error" not in answer, answer
            result: dict[str, Any] = answer["result"]
            return result
        raise TimeoutError(method)

    def keep(self, *, name: str, value: str, url: str) -> None:
        """Keep a cookie."""
        self.call("Network.setCookie", name=name, value=value, url=url)

    def open(self, url: str) -> list[str]:
        """Load a page whole, and say what the browser has against it."""
        self._events.clear()
        loaded = self.call("Page.navigate", url=url)
        assert "errorText" not in loaded, loaded
        while not any(each.get("method") == "Page.loadEventFired" for each in self._events):
            self._events.append(self._next())
        # Scripts have run, and what they said has come.
        self.call("Runtime.evaluate", expression="document.readyState")
        return [
            json.dumps(each["params"]) for each in self._events if each.get("method") in COMPLAINTS
        ]

    def evaluate(self, expression: str) -> Any:
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return found["result"].get("value")

    def picture(self, path: Path) -> None:
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=False)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._read:
            ready, _, _ = select.select([self._answers], [], [], PATIENCE)
            assert ready, "the browser says nothing"
            more = os.read(self._answers, 1 << 16)
            assert more, "the browser has ended"
            self._read += more
        message, _, self._read = self._read.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found


@contextmanager
def browser(*, directory: Path) -> Iterator[Browser]:
    """Start one with a profile of its own, and end it."""
    found = program()
    assert found is not None
    asks_end, asks = os.pipe()
    answers, answers_end = os.pipe()

    def connect() -> None:
        # It reads from 3 and writes to 4, whatever numbers the pipes have here.
        os.dup2(os.dup(asks_end), 3)
        os.dup2(os.dup(answers_end), 4)

    process = subprocess.Popen(
        [
            *(found, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"),
            *("--disable-dev-shm-usage", "--no-first-run", "--no-default-browser-check"),
            *("--disable-background-networking", f"--user-data-dir={directory}", "about:blank"),
        ],
        env={**os.environ, "HOME": str(directory)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        close_fds=False,
        preexec_fn=connect,
    )
    os.close(asks_end)
    os.close(answers_end)
    try:
        yield Browser(asks=asks, answers=answers)
    finally:
        process.terminate()
        process.wait(20)
        os.close(asks)
        os.close(answers)
