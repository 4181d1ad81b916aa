"""`run.py bench pipeline`: its files, its counting of processor time, and its row at a small size."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pyarrow.csv import read_csv

from service.bench import command, pipeline, plain_script, processor_time

ROW = pipeline.PipelineRow(
    name="pipeline",
    n=2_400,
    rate=28.0,
    script_rate=250.0,
    cpu_ms={"web": 20.0, "scoring": 15.5},
    yardstick_ms=2.0,
)


def test_files_answer_every_item_and_differ() -> None:
    one, other = pipeline.file(12_000, 1), pipeline.file(12_000, 2)

    assert one == pipeline.file(12_000, 1) != other
    header, *lines = one.decode().splitlines()
    assert header == "id,label"
    ids, expected = [line.split(",")[0] for line in lines], [f"item-{i:05d}" for i in range(12_000)]
    assert sorted(ids) == expected
    # In the panel's order nothing would have to be aligned, by the service or by the script.
    assert ids != expected
    assert {line.split(",")[1] for line in lines} == {"0", "1"}


def test_time_is_counted_of_descendants_too() -> None:
    """A child that has ended is its parent's; one that is alive is counted by itself."""
    work = "import time; end = time.process_time() + .2\nwhile time.process_time() < end: pass"
    parent = f"import subprocess, sys, time; subprocess.run([sys.executable, '-c', {work!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", f"{parent}; print('done', flush=True); time.sleep(60)"],
        stdout=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            measured = processor_time.spent({process.pid: "worker", os.getpid(): "own"})
        finally:
            process.kill()

    assert measured["worker"] >= 190
    assert measured["own"] > 0


def test_the_parser_is_counted_apart_from_the_web() -> None:
    mark = processor_time.PARSER_MARK.decode()
    child = "import time\nwhile True: time.process_time()"
    process = subprocess.Popen([sys.executable, "-c", child, mark])
    try:
        deadline = time.monotonic() + 30
        measured: dict[str, float] = {}
        while not measured.get("parser") and time.monotonic() < deadline:
            measured = processor_time.spent({process.pid: "web"})
    finally:
        process.kill()
        process.wait()

    assert measured["parser"] > 0
    assert measured["web"] == 0


def test_the_script_scores_files() -> None:
    assert pipeline.script_rate(100, seconds=0.2) > 0


def test_the_script_aligns_a_file_by_its_ids(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("id,label\na,0\nb,1\nc,1\nd,0\n")
    labels = read_csv(tmp_path / "labels.csv")
    given = tmp_path / "file-1.csv"

    given.write_text("id,label\nd,1\nc,1\na,0\nb,1\n")
    assert plain_script.score(given, labels=labels) == 0.75

    given.write_text("id,label\nd,1\nc,1\na,0\n")
    with pytest.raises(ValueError, match=r"file-1\.csv lacks an item"):
        plain_script.score(given, labels=labels)


def test_rows_of_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pipeline, "measure", lambda n: ROW)
    target = tmp_path / "rows.json"

    assert command.main(["pipeline", "--json", str(target)]) == 0

    assert len(json.loads(target.read_text())) == len(pipeline.SIZES)
    assert set(json.loads(target.read_text())[0]) == {
        *("name", "n", "rate", "script_rate", "cpu_ms", "yardstick_ms")
    }
    assert "| 2,400 items | 28.0/s | 250.0/s | 35.5 ms | 17.8 | web 20.0, scoring 15.5 |" in (
        capsys.readouterr().out
    )


def test_the_gate_fails_on_a_submission_that_costs_too_much(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pipeline, "measure", lambda n: ROW)
    monkeypatch.setattr(pipeline, "MAX_COST", {2_400: 17.75})
    assert command.main(["pipeline", "--gate"]) == 0

    monkeypatch.setattr(pipeline, "MAX_COST", {2_400: 17.7})
    assert command.main(["pipeline", "--gate"]) == 1
    assert "a submission of 2,400 items costs 17.8 times" in capsys.readouterr().err
    assert command.main(["pipeline"]) == 0


def test_the_yardstick_grows_with_the_file() -> None:
    """Processor time of some fifty times the work: less than ten times would be no measure of it."""
    small, large = (pipeline.yardstick_ms(n) for n in (400, 20_000))

    assert large > 10 * small > 0


@pytest.mark.live
def test_a_small_pipeline() -> None:
    row = pipeline.measure(200, files_of_team=2, rounds=1, script_seconds=0.2)

    assert row.rate > 0
    assert row.script_rate > 0
    assert {"web", "scoring", "postgresql", "parser"} <= set(row.cpu_ms)
    assert all(ms >= 0 for ms in row.cpu_ms.values())
