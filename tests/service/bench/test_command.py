"""`run.py bench`: rows as promised, at small sizes."""

import json
from pathlib import Path

import numpy as np
import pytest

from lab.leagues import large_round
from service.bench import command, large_audit
from stats import references as compare
from stats.accusation import accuse
from stats.team_tests import BEST_SCORED, ORGANIZER

GIB = 2**30


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        command,
        "BENCHES",
        {
            "bootstrap_accuracy": lambda: command.accuracy_pair(500),
            "bootstrap_auc": lambda: command.auc_pair(300),
            "ranks_50_models": lambda: command.ranks_pair(300),
        },
    )
    monkeypatch.setattr(command, "names", lambda: list(command.BENCHES))
    monkeypatch.setattr(command, "N_DRAWS", 50)
    monkeypatch.setattr(command, "MIN_SECONDS", 0.001)


@pytest.mark.usefixtures("small")
def test_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "rows.json"

    assert command.main(["--json", str(target)]) == 0

    rows = json.loads(target.read_text())
    assert [row["name"] for row in rows] == list(command.BENCHES)
    for row in rows:
        assert set(row) == {"name", "n", "beside", "ratio", "low", "high"}
        assert 0 < row["low"] <= row["ratio"] <= row["high"]
    printed = capsys.readouterr().out
    assert all(name in printed for name in command.BENCHES)


@pytest.mark.usefixtures("small")
def test_some_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["ranks_50_models"]) == 0
    assert "bootstrap_auc" not in capsys.readouterr().out


def test_the_audit_has_a_row_for_each_metric(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    In processes of their own, as at full size. The seed is fixed, so the attackers are always found.

    This process is made larger than the judge may be, whose memory alone is measured.
    """
    larger = np.ones(GIB // 8 * 2)
    small = large_audit.Size(teams=6, files=80, n=1000, m=2000)
    measure = large_audit.measure
    monkeypatch.setattr(large_audit, "measure", lambda metric: measure(metric, size=small))
    target = tmp_path / "rows.json"

    assert command.main(["audit", "--json", str(target)]) == 0
    assert larger.nbytes > GIB

    rows = json.loads(target.read_text())
    assert [(row["name"], row["metric"]) for row in rows] == [
        ("audit", "accuracy"),
        ("audit", "roc_auc"),
    ]
    for row in rows:
        assert (row["teams"], row["files"], row["accused"]) == (6, 80, 3)
        # Two thousand draws for everybody, and many more for those who are accused.
        assert row["draws"] > 6 * 2_000 + 3 * 2_000
        assert row["seconds"] > 0
        assert row["cpu_seconds"] > 0
        assert 0 < row["peak_gib"] < 1
        assert row["ratio"] > 1
    assert "| audit of |" in capsys.readouterr().out


def test_the_loop_beside_the_audit_computes_the_same() -> None:
    """Means agree within six standard errors of 400 draws; a false alarm has probability below 1e-7."""
    made = large_round.make(
        metric="accuracy", n_teams=4, n_files=8, n=200, m=400, rng=np.random.default_rng(3)
    )
    contestant = made.contestants[3]
    items = np.hstack([contestant.files.items, made.references.items])
    references = compare.organizer(pool=compare.pool(items=items, k=8, draw=made.draw))
    tests = accuse(
        draw=made.draw,
        score=made.score,
        contestants={3: contestant},
        references=made.references,
        n_teams=4,
        tie=large_round.TIE,
        rng=np.random.default_rng(4),
    )
    of_best = tests[3].tests[BEST_SCORED, ORGANIZER]

    null = large_audit.loop(made, contestant, rng=np.random.default_rng(5), n_draws=2_000)[:, 0]

    # Statistics are studentised; luck is in units of the score again.
    null *= references.scales[0, of_best.file]
    quantile_error = 6 * null.std() * np.sqrt(0.05 * 0.95 / 1_000) / 0.1
    assert np.quantile(null, 0.95) == pytest.approx(of_best.luck, abs=quantile_error)


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        command.main(["nothing"])

    assert stopped.value.code == 2
    assert "there is no bench nothing" in capsys.readouterr().err


def test_a_side_that_is_twice_as_slow_has_a_ratio_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """A made-up clock: one tick for ours, two for theirs, of which only half the work was done."""
    now = 0.0

    def spend(ticks: float) -> None:
        nonlocal now
        now += ticks

    monkeypatch.setattr("service.bench.command.time.perf_counter", lambda: now)
    pair = command.Pair(
        ours=lambda: spend(1), theirs=lambda: spend(2), n=1, beside="nothing", share=0.5
    )

    row = command.measure("made up", pair)

    assert (row.ratio, row.low, row.high) == (4, 4, 4)
