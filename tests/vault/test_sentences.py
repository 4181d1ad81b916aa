"""Sentences begin with a capital letter, and names stay as they are; lengths and moments in words."""

import datetime as dt

import pytest

from vault import sentences

NOW = dt.datetime(2026, 3, 1, 12, 0, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "begun"),
    [
        ("no round is open", "No round is open"),
        ("2 submissions wait", "2 submissions wait"),
        ("url: an address", "url: an address"),
        ("validation_score is missing", "validation_score is missing"),
        ("élan", "Élan"),
        ("", ""),
    ],
)
def test_begun(text: str, begun: str) -> None:
    assert sentences.begun(text) == begun
    assert sentences.begun(begun) == begun


def test_whole_ends_once() -> None:
    assert sentences.whole("the round is closed") == "The round is closed."
    assert sentences.whole("The round is closed.") == "The round is closed."
    assert sentences.whole("") == ""


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (90, "90 seconds"),
        (5_400, "90 minutes"),
        (3_600, "1 hour"),
        (86_400, "24 hours"),
        (90_000, "25 hours"),
        (172_800, "2 days"),
        (86_401, "86,401 seconds"),
    ],
)
def test_length(seconds: int, said: str) -> None:
    assert sentences.length(seconds=seconds) == said


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-03-01T14:05:00+00:00", "14:05 UTC"),
        # Nobody comes too early: up to the next minute, in the next ten minutes to the next second.
        ("2026-03-01T14:04:00.000001+00:00", "14:05 UTC"),
        ("2026-03-01T12:01:07.250000+00:00", "12:01:08 UTC"),
        ("2026-03-01T23:59:30+00:00", "2026-03-02 00:00 UTC"),
        ("2026-03-02T09:00:00+00:00", "2026-03-02 09:00 UTC"),
        ("2026-03-02T00:30:00+02:00", "22:30 UTC"),
        ("2026-02-28T09:00:00+00:00", "2026-02-28 09:00 UTC"),
    ],
)
def test_moment(at: str, said: str) -> None:
    assert sentences.moment(at=dt.datetime.fromisoformat(at), now=NOW) == said


def test_an_end_is_never_told_too_late() -> None:
    now = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    at = dt.datetime(2026, 3, 1, 15, 39, 34, tzinfo=dt.UTC)

    assert sentences.moment(at=at, now=now) == "15:40 UTC"
    assert sentences.moment(at=at, now=now, is_end=True) == "15:39 UTC"
    whole = at.replace(second=0)
    assert sentences.moment(at=whole, now=now, is_end=True) == "15:39 UTC"
