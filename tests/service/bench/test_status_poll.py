"""The bench of the status poll: its row, and what the gate refuses."""

from dataclasses import replace

import pytest

from service.bench import command, status_poll

ROW = status_poll.PollRow(
    name="poll",
    n=16,
    beside="bare Django view",
    ratio=0.5,
    low=0.4,
    high=0.6,
    poll_rate=2_500.0,
    bare_rate=5_000.0,
    poll_p99_ms=9.0,
    bare_p99_ms=5.0,
    news_rate=1_250.0,
    news_cost=2.0,
)


def test_the_table_has_both_answers() -> None:
    assert "| 0.50 | 0.40 to 0.60 | 1,250/s | 2.00 |" in status_poll.table([ROW])


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (replace(ROW, ratio=0.29), "a poll has 0.29 of a bare view's rate, and needs 0.3"),
        (replace(ROW, news_cost=3.01), "a 200 costs 3.01 times a 304, and may cost 3 times"),
    ],
)
def test_the_gate_fails_on_a_slow_poll(
    row: status_poll.PollRow,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(status_poll, "measure", lambda: ROW)
    assert command.main(["poll", "--gate"]) == 0

    monkeypatch.setattr(status_poll, "measure", lambda: row)
    assert command.main(["poll", "--gate"]) == 1
    assert sentence in capsys.readouterr().err
    assert command.main(["poll"]) == 0
