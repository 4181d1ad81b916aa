"""The client against the live service: its commands as processes, and docs/ci.md as shell steps."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from holdout.exit_codes import ExitCode

from service.processes import PROJECT, Service
from tests.service.staging import Stage, csv_file
from tests.service.test_polling import stopped

pytestmark = pytest.mark.service


class Pipeline:
    """A directory with a token, in which commands are run."""

    def __init__(self, service: Service, stage: Stage, directory: Path) -> None:
        self.directory = directory
        binaries = directory / "bin"
        binaries.mkdir()
        program = binaries / "holdout"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m holdout "$@"\n')
        program.chmod(0o755)
        (token,) = stage.tokens.values()
        self.environment = {
            "PATH": f"{binaries}:/usr/bin:/bin",
            "PYTHONPATH": str(PROJECT / "client"),
            "HOME": str(directory),
            "HOLDOUT_URL": service.url,
            "HOLDOUT_TOKEN": token,
            "HOLDOUT_BENCHMARK": stage.slug,
        }
        self.token = token
        self.slug = stage.slug

    def run(self, *command: str, **environment: str) -> Any:
        done = subprocess.run(
            command,
            cwd=self.directory,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert self.token not in done.stdout + done.stderr
        return done

    def holdout(self, *arguments: str, **environment: str) -> Any:
        return self.run("holdout", *arguments, **environment)

    def file(self, seed: int) -> str:
        path = self.directory / f"predictions-{seed}.csv"
        path.write_bytes(csv_file(np.random.default_rng(seed)))
        return str(path)

    def answer_all(self, name: str) -> None:
        """A template with a column of answers."""
        path = self.directory / name
        head, *ids = path.read_text().splitlines()
        path.write_text("\n".join([f"{head},label", *(f"{each},1" for each in ids), ""]))

    def used(self) -> int:
        return int(json.loads(self.holdout("--json", "budget").stdout)["total"]["used"])


@pytest.fixture
def pipeline(
    service: Service,
    stage: Callable[..., Stage],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Pipeline:
    slug = request.node.name.removeprefix("test_").replace("_", "-")[:40]
    return Pipeline(service, stage(slug, total=3), tmp_path)


def test_steps_of_the_documented_pipeline(pipeline: Pipeline) -> None:
    page = (PROJECT / "docs" / "ci.md").read_text()
    document = yaml.safe_load(page.split("```yaml\n")[1].split("```")[0])
    steps = [each["run"] for each in document["jobs"]["submit"]["steps"] if "run" in each]
    assert set(document["jobs"]["submit"]["env"]) <= set(pipeline.environment)
    assert len(steps) == 5

    for step in steps:
        done = pipeline.run("bash", "-e", "-c", step, GITHUB_SHA="2f6c1d9")
        assert done.returncode == 0, (step, done.stderr)

    score = json.loads((pipeline.directory / "score.json").read_text())
    assert (score["status"], score["commit"]) == ("SCORED", "2f6c1d9")
    assert score["released"] >= 0.2
    assert pipeline.used() == 1


def test_lines_of_the_readme(pipeline: Pipeline) -> None:
    """In the order in which a newcomer takes them, with the benchmark's name for the example's."""
    page = (PROJECT / "client" / "README.md").read_text().replace("rain-tomorrow", pipeline.slug)
    lines = re.findall(r"^    (holdout .+)$", page, flags=re.M)
    # It needs a key that was kept, and a head that is signed within a minute.
    lines = [line for line in lines if " verify-head " not in line]
    assert len(lines) == 5

    for line in lines:
        done = pipeline.run("bash", "-e", "-c", line)
        assert done.returncode == 0, (line, done.stderr)
        if " template " in line:
            pipeline.answer_all("predictions.csv")

    program = textwrap.dedent(page.split("## From Python")[1].split("`Retry-After`")[0])
    for example, own in {
        '"https://vault.example"': 'os.environ["HOLDOUT_URL"]',
        "token=token": 'token=os.environ["HOLDOUT_TOKEN"]',
    }.items():
        assert example in program
        program = program.replace(example, own)
    done = pipeline.run(sys.executable, "-c", "import os\n" + program)
    assert done.returncode == 0, done.stderr
    assert 0 < float(done.stdout) < 1
    assert pipeline.used() == 1


def test_run_again_is_the_same_submission(pipeline: Pipeline) -> None:
    file = pipeline.file(1)
    made = [
        json.loads(pipeline.holdout("--json", "submit", file, "--wait").stdout) for _ in range(2)
    ]

    assert made[0] == made[1]
    assert pipeline.used() == 1


def test_next_run_of_the_pipeline_is_the_same_submission(pipeline: Pipeline) -> None:
    """Another run, job or commit with the same predictions: nothing is charged, nothing refused."""
    file = pipeline.file(1)
    runs = [
        {"GITHUB_SHA": "2f6c1d9", "CI_JOB_URL": "https://ci.example/1"},
        {"GITHUB_SHA": "2f6c1d9", "CI_JOB_URL": "https://ci.example/2"},
        {"GITHUB_SHA": "8d1e0aa", "CI_JOB_URL": "https://ci.example/3"},
    ]
    done = [pipeline.holdout("submit", file, "--wait", "--json", **each) for each in runs]

    assert [each.returncode for each in done] == [0, 0, 0]
    assert len({json.loads(each.stdout)["id"] for each in done}) == 1
    assert pipeline.used() == 1


def test_cancelled_one_is_handed_in_anew(pipeline: Pipeline, service: Service) -> None:
    file = pipeline.file(1)
    with stopped(service, "worker-scoring"):
        first = json.loads(pipeline.holdout("--json", "submit", file).stdout)
        cancelled = pipeline.holdout("--json", "cancel", first["id"])
        assert json.loads(cancelled.stdout)["status"] == "CANCELLED"
        second = json.loads(pipeline.holdout("--json", "submit", file).stdout)

    assert second["id"] != first["id"]
    waited = pipeline.holdout("--json", "wait", second["id"])
    assert json.loads(waited.stdout)["status"] == "SCORED"
    assert pipeline.used() == 1


def test_wait_goes_on_after_kill_9(pipeline: Pipeline, service: Service) -> None:
    with stopped(service, "worker-scoring"):
        command = ["holdout", "submit", pipeline.file(1), "--wait"]
        killed = subprocess.Popen(
            command,
            cwd=pipeline.directory,
            env=pipeline.environment,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        waits = pipeline.directory / ".local/state/holdout/waits.json"
        deadline = time.monotonic() + 60
        while not waits.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()

    resumed = pipeline.holdout("--json", "wait")
    assert resumed.returncode == 0, resumed.stderr
    assert json.loads(resumed.stdout)["status"] == "SCORED"
    assert pipeline.holdout("wait").returncode == ExitCode.USAGE
    assert pipeline.used() == 1


def test_exit_codes(pipeline: Pipeline, service: Service) -> None:
    broken = pipeline.directory / "broken.csv"
    broken.write_text("id,label\nitem-0000,7\n")
    outcomes = {
        "invalid": pipeline.holdout("submit", str(broken)),
        "below": pipeline.holdout("submit", pipeline.file(1), "--wait", "--fail-below", "1.1"),
        "refused": pipeline.holdout("budget", HOLDOUT_TOKEN="hv_wrong"),
        "away": pipeline.holdout("budget", HOLDOUT_URL="http://127.0.0.1:1", HOLDOUT_PATIENCE="1"),
    }
    with stopped(service, "worker-scoring"):
        waiting = ("submit", pipeline.file(2), "--wait", "--timeout", "2")
        outcomes["timeout"] = pipeline.holdout(*waiting)
    pipeline.holdout("submit", pipeline.file(3), "--wait")
    started = time.monotonic()
    outcomes["exhausted"] = pipeline.holdout("submit", pipeline.file(4), "--wait")

    assert time.monotonic() - started < 20
    assert {name: done.returncode for name, done in outcomes.items()} == {
        "invalid": ExitCode.INVALID_FILE,
        "below": ExitCode.BELOW_THRESHOLD,
        "refused": ExitCode.REFUSED,
        "away": ExitCode.SERVICE_FAILURE,
        "timeout": ExitCode.TIMEOUT,
        "exhausted": ExitCode.BUDGET_EXHAUSTED,
    }
    assert "row 2" in outcomes["invalid"].stderr


def test_login_then_no_variables(pipeline: Pipeline) -> None:
    without = {name: v for name, v in pipeline.environment.items() if name != "HOLDOUT_TOKEN"}
    logged_in = subprocess.run(
        ["holdout", "login"],
        cwd=pipeline.directory,
        env=without,
        input=f"{pipeline.token}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert logged_in.returncode == 0, logged_in.stderr
    assert pipeline.token not in logged_in.stdout + logged_in.stderr
    kept = pipeline.directory / ".config/holdout/credentials.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    del pipeline.environment["HOLDOUT_TOKEN"]

    assert pipeline.holdout("budget").returncode == 0
    old = pipeline.token
    assert pipeline.holdout("rotate", "--grace", "0").returncode == 0
    assert old not in kept.read_text()
    assert pipeline.holdout("leaderboard").returncode == 0
