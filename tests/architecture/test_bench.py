"""`run.py bench`: rows as promised, at small sizes."""

import json
from pathlib import Path

import pytest

from config import bench


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        bench,
        "BENCHES",
        {
            "bootstrap_accuracy": lambda: bench.accuracy_pair(500),
            "bootstrap_auc": lambda: bench.auc_pair(300),
            "ranks_50_models": lambda: bench.ranks_pair(300),
        },
    )
    monkeypatch.setattr(bench, "names", lambda: list(bench.BENCHES))
    monkeypatch.setattr(bench, "N_DRAWS", 50)
    monkeypatch.setattr(bench, "LEAST_SECONDS", 0.001)


@pytest.mark.usefixtures("small")
def test_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "rows.json"

    assert bench.main(["--json", str(target)]) == 0

    rows = json.loads(target.read_text())
    assert [row["name"] for row in rows] == list(bench.BENCHES)
    for row in rows:
        assert set(row) == {"name", "n", "beside", "ratio", "low", "high"}
        assert 0 < row["low"] <= row["ratio"] <= row["high"]
    printed = capsys.readouterr().out
    assert all(name in printed for name in bench.BENCHES)


@pytest.mark.usefixtures("small")
def test_some_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["ranks_50_models"]) == 0
    assert "bootstrap_auc" not in capsys.readouterr().out


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        bench.main(["nothing"])

    assert stopped.value.code == 2
    assert "there is no bench nothing" in capsys.readouterr().err


def test_a_side_that_is_twice_as_slow_has_a_ratio_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """A made-up clock: one tick for ours, two for theirs, of which only half the work was done."""
    now = 0.0

    def spend(ticks: float) -> None:
        nonlocal now
        now += ticks

    monkeypatch.setattr("config.bench.time.perf_counter", lambda: now)
    pair = bench.Pair(
        ours=lambda: spend(1), theirs=lambda: spend(2), n=1, beside="nothing", share=0.5
    )

    row = bench.measure("made up", pair)

    assert (row.ratio, row.low, row.high) == (4, 4, 4)
