"""What is left, in the sentence that a person is told first."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from vault import budget_left
from vault.budget_left import Remaining

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
SOON = dt.datetime(2026, 3, 1, 14, 5, tzinfo=dt.UTC)
TOMORROW = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
OPENS = dt.datetime(2026, 2, 1, tzinfo=dt.UTC)
CLOSES = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
# Of a mechanism that shows any number of improvements.
UNTOUCHED = Remaining(
    window_seconds=86_400,
    window_limit=3,
    window_used=0,
    total_limit=10,
    total_used=0,
    concurrent_limit=5,
    concurrent_used=0,
    next_slot_at=NOW,
    accepted_limit=None,
    accepted_used=None,
    nats_reserved=41.2,
    nats_used=0.0,
    nats_told=0.0,
    nats_committed=41.2,
    nats_planned=None,
    is_blind=False,
)
ONE = {"total_limit": 1, "window_limit": 1, "concurrent_limit": 1}


def said(
    *,
    status: str = "OPEN",
    opens_at: dt.datetime = OPENS,
    closes_at: dt.datetime = CLOSES,
    now: dt.datetime = NOW,
    **changed: Any,
) -> str:
    left = replace(UNTOUCHED, **changed)
    return budget_left.summary(
        left=left, status=status, opens_at=opens_at, closes_at=closes_at, now=now
    )


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {},
            "10 of 10 queries are left in this round; 3 of 3 in 24 hours can be used now.",
        ),
        (
            {"total_used": 2, "window_used": 2},
            "8 of 10 queries are left in this round; 1 of 3 in 24 hours can be used now.",
        ),
        (
            {"total_used": 2, "window_used": 2, "window_seconds": 600, "concurrent_used": 1},
            "8 of 10 queries are left in this round; 1 of 3 in 10 minutes can be used now.",
        ),
        (
            {"total_used": 8},
            "2 of 10 queries are left in this round; all of them can be used now.",
        ),
        ({"total_used": 9}, "1 of 10 queries is left in this round; it can be used now."),
        (
            {"concurrent_limit": 2},
            "10 of 10 queries are left in this round; 3 of 3 in 24 hours can be used now, 2 at a time.",
        ),
        # Two wait for their scores.
        (
            {"concurrent_limit": 3, "concurrent_used": 2},
            "10 of 10 queries are left in this round; 3 of 3 in 24 hours can be used now, 1 at a time.",
        ),
        (ONE, "1 of 1 query is left in this round; it can be used now."),
        (
            {"total_limit": 12_345, "total_used": 1_111, "window_limit": 2_000, "window_used": 1},
            "11,234 of 12,345 queries are left in this round; 1,999 of 2,000 in 24 hours can be used now, "
            "5 at a time.",
        ),
    ],
)
def test_what_can_be_used_now(changed: dict[str, Any], sentence: str) -> None:
    assert said(**changed) == sentence


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"total_used": 8, "window_used": 3, "next_slot_at": SOON},
            "2 of 10 queries are left in this round; all 3 in 24 hours are used, and the next is free at "
            "14:05 UTC.",
        ),
        (
            {"total_used": 9, "window_used": 3, "next_slot_at": TOMORROW},
            "1 of 10 queries is left in this round; all 3 in 24 hours are used, and the next is free at "
            "2026-03-02 09:30 UTC.",
        ),
        (
            {"window_limit": 1, "total_used": 1, "window_used": 1, "next_slot_at": SOON},
            "9 of 10 queries are left in this round; the one in 24 hours is used, and the next is free at "
            "14:05 UTC.",
        ),
        (
            {"total_used": 3, "window_used": 3, "next_slot_at": TOMORROW, "closes_at": SOON},
            "7 of 10 queries are left in this round; all 3 in 24 hours are used, and the round closes at "
            "14:05 UTC, before the next is free.",
        ),
        (
            {"concurrent_limit": 2, "concurrent_used": 2, "total_used": 2, "window_used": 2},
            "8 of 10 queries are left in this round; 2 submissions wait for their score, and the next query "
            "is free when one of them has it.",
        ),
        (
            {"concurrent_limit": 1, "concurrent_used": 1, "total_used": 1, "window_used": 1},
            "9 of 10 queries are left in this round; a submission waits for its score, and the next query is "
            "free when it has it.",
        ),
    ],
)
def test_when_the_next_is_free(changed: dict[str, Any], sentence: str) -> None:
    assert said(**changed) == sentence


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"total_used": 10, "next_slot_at": None},
            "All 10 queries of this round are used.",
        ),
        (
            {**ONE, "total_used": 1, "window_used": 1, "next_slot_at": None},
            "The only query of this round is used.",
        ),
        (
            {"status": "PLANNED"},
            "The round is not open yet: 10 queries can be used in it, at most 3 in 24 hours.",
        ),
        (
            {**ONE, "status": "PLANNED"},
            "The round is not open yet: 1 query can be used in it.",
        ),
        (
            {**ONE, "status": "PLANNED", "opens_at": SOON},
            "The round is not open yet, and opens at 14:05 UTC at the earliest: 1 query can be used in it.",
        ),
        (
            {"status": "PLANNED", "closes_at": NOW, "next_slot_at": None},
            "The round has not opened, and its end has passed: nothing can be used in it.",
        ),
        # Opened by hand before its time: nothing is received until then.
        (
            {"opens_at": SOON},
            "The round opens at 14:05 UTC: 10 queries can be used in it, at most 3 in 24 hours.",
        ),
        (
            {"status": "CLOSED", "total_used": 4},
            "The round takes no more queries: 4 of 10 queries are used.",
        ),
        # Whenever the sweeper comes to close it.
        (
            {"now": CLOSES, "total_used": 1},
            "The round takes no more queries: 1 of 10 queries is used.",
        ),
        (
            {"status": "PUBLISHED", "accepted_limit": 5, "accepted_used": 1},
            "The round takes no more queries: 0 of 10 queries are used.",
        ),
    ],
)
def test_nothing_can_be_used(changed: dict[str, Any], sentence: str) -> None:
    assert said(**changed) == sentence


@pytest.mark.parametrize(
    ("limit", "used", "sentence"),
    [
        (5, 0, "5 of 5 improvements can still be shown."),
        (5, 4, "1 of 5 improvements can still be shown."),
        (1, 0, "1 of 1 improvement can still be shown."),
        (1000, 1, "999 of 1,000 improvements can still be shown."),
        (
            5,
            5,
            "All 5 improvements that can be shown are used: later files are scored and charged, and their "
            "answers say nothing new.",
        ),
        (
            1,
            1,
            "The one improvement that can be shown is used: later files are scored and charged, and their "
            "answers say nothing new.",
        ),
    ],
)
def test_improvements_that_can_still_be_shown(limit: int, used: int, sentence: str) -> None:
    """Where the mechanism limits them, and while a query is left."""
    queries = "10 of 10 queries are left in this round; 3 of 3 in 24 hours can be used now."

    assert said(accepted_limit=limit, accepted_used=used) == f"{queries} {sentence}"
    assert said(accepted_limit=limit, accepted_used=used, total_used=10, next_slot_at=None) == (
        "All 10 queries of this round are used."
    )


def test_blind_team_has_queries_and_sees_no_improvement() -> None:
    assert said(is_blind=True, accepted_limit=5, accepted_used=0) == (
        "10 of 10 queries are left in this round; 3 of 3 in 24 hours can be used now. The team is blind: it "
        "is audited and shown no score."
    )
