"""Moments and lengths as people read them."""

import pytest
from holdout import times

from tests.client.command import run
from tests.client.service import Service, a_submission, a_token, answer, page, problem


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-03-02T00:00:00Z", "2026-03-02 00:00:00 UTC"),
        # Who comes at the time that is shown does not come too early.
        ("2026-03-01T23:59:59.000001Z", "2026-03-02 00:00:00 UTC"),
        ("2026-03-02T02:00:00+02:00", "2026-03-02 00:00:00 UTC"),
        ("2026-03-02T02:00:00", "2026-03-02T02:00:00"),
        ("soon", "soon"),
        ("9999-12-31T23:59:59.5Z", "9999-12-31T23:59:59.5Z"),
    ],
)
def test_moment(text: str, shown: str) -> None:
    assert times.moment(text) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (90, "90 seconds"),
        (3_600, "1 hour"),
        (86_400, "24 hours"),
        (172_800, "2 days"),
    ],
)
def test_length(seconds: int, shown: str) -> None:
    assert times.length(seconds) == shown


def test_times_on_a_terminal_have_no_fractions_of_seconds() -> None:
    at = "2026-03-01T12:00:00.123456Z"
    full = problem(429, "budget_window_exhausted", next_slot_at=at)

    said = [
        run(Service(answers=[answer(a_submission(submitted_at=at))]), "status", "x").stdout,
        run(Service(answers=[page(a_token(expires_at=at))]), "tokens").stdout,
        run(Service(answers=[full]), "budget", "-b", "rain").stderr,
    ]

    for text in said:
        assert "2026-03-01 12:00:01 UTC" in text


def test_times_in_json_are_the_services() -> None:
    at = "2026-03-01T12:00:00.123456Z"
    service = Service(answers=[answer(a_submission(submitted_at=at))])

    assert at in run(service, "status", "x", as_json=True).stdout
