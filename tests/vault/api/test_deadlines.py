"""A round takes files, finals and withdrawals until the end that was announced, and not a moment longer."""

import datetime as dt
import importlib
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection

from tests.vault.api.stage import (
    FAR_AHEAD,
    LONG_AGO,
    Caller,
    file_number,
    problem,
    scored,
)
from tests.vault.factories import NOW, World
from vault import rounds
from vault.api import files, representations
from vault.api import submissions as api
from vault.models import Final, Round, Submission, Team

POST = "benchmarks/weather/submissions/"
IN_A_MINUTE = dt.timedelta(minutes=1)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "CLOSING"},
        {"status": "CLOSED"},
        {"status": "PUBLISHED"},
        # Nobody has closed it yet, but its time is over.
        {"opens_at": LONG_AGO, "closes_at": LONG_AGO + IN_A_MINUTE},
    ],
)
def test_closed_round_takes_nothing(world: World, bot: Caller, change: Any) -> None:
    Round.objects.update(**change)

    assert problem(bot.post(POST, file_number(1))) == (403, "round_closed")


@pytest.mark.parametrize("act", ["final", "withdraw"])
@pytest.mark.parametrize(
    "change",
    [
        {"status": "CLOSED"},
        # Nobody has closed it yet, but its time is over.
        {"opens_at": LONG_AGO, "closes_at": LONG_AGO + IN_A_MINUTE},
    ],
)
def test_nothing_is_declared_or_withdrawn_after_the_close(
    world: World, bot: Caller, team: Team, act: str, change: Any
) -> None:
    done = scored(world, team)
    Round.objects.update(**change)

    refused = bot.post(f"submissions/{done.pk}/{act}/")

    assert problem(refused) == (403, "round_closed")
    assert "closes_at" in refused.json()
    done.refresh_from_db()
    assert (done.status, Final.objects.count()) == ("SCORED", 0)


def test_upload_that_crosses_the_deadline_is_refused_and_costs_nothing(
    world: World, bot: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts is when the file was read to the end and checked."""
    parse = files.parsed

    def slow(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(api, "timezone", SimpleNamespace(now=lambda: FAR_AHEAD))
        return parse(*given, **named)

    monkeypatch.setattr(files, "parsed", slow)

    assert problem(bot.post(POST, file_number(1))) == (403, "round_closed")
    assert Submission.objects.count() == 0
    assert bot.get("benchmarks/weather/budget/").json()["total"]["used"] == 0


def test_a_round_that_was_closed_early_says_when_and_by_whom(world: World, bot: Caller) -> None:
    """Its announced end is ahead: alone, it would say that the round is open."""
    before = bot.get("benchmarks/weather/rounds/").json()["results"][0]
    rounds.request_close(round=world.round, actor="olga", now=NOW)
    world.round.refresh_from_db()
    announced, closed = representations.time(world.round.closes_at), representations.time(NOW)

    refused = bot.post(POST, file_number(1)).json()

    assert (refused["closes_at"], refused["closed_at"]) == (announced, closed)
    assert refused["detail"] == (
        f"Round 1 was closed at {NOW:%Y-%m-%d %H:%M} UTC by an organizer, earlier than announced; "
        "no other is planned"
    )
    assert (before["closes_at"], before["closed_at"]) == (announced, None)
    after = bot.get("benchmarks/weather/rounds/").json()["results"][0]
    assert (after["closes_at"], after["closed_at"]) == (announced, closed)
    assert bot.get("benchmarks/weather/").json()["rounds"][0]["closed_at"] == closed


def test_a_round_that_ran_to_its_end_closed_then_whenever_it_was_swept(
    world: World, bot: Caller
) -> None:
    Round.objects.update(opens_at=LONG_AGO, closes_at=LONG_AGO + IN_A_MINUTE)
    closes_at = LONG_AGO + IN_A_MINUTE
    end = representations.time(closes_at)
    unswept = bot.post(POST, file_number(1)).json()

    rounds.close_what_is_due(now=LONG_AGO + 2 * IN_A_MINUTE)

    swept = bot.post(POST, file_number(1)).json()
    for refused in (unswept, swept):
        assert (refused["closes_at"], refused["closed_at"]) == (end, end)
        assert refused["detail"] == (
            f"Round 1 is closed: it ended at {closes_at:%Y-%m-%d %H:%M} UTC; no other is planned"
        )
    assert bot.get("benchmarks/weather/").json()["rounds"][0]["closed_at"] == end


@pytest.mark.parametrize("act", ["final", "withdraw"])
def test_acts_say_when_a_round_was_closed_early(
    world: World, bot: Caller, team: Team, act: str
) -> None:
    done = scored(world, team)
    rounds.request_close(round=world.round, actor="olga", now=NOW)

    refused = bot.post(f"submissions/{done.pk}/{act}/").json()

    assert (refused["code"], refused["closed_at"]) == ("round_closed", representations.time(NOW))
    assert "earlier than announced" in refused["detail"]


def test_rounds_that_closed_before_it_was_kept_have_it_from_the_journal(world: World) -> None:
    migration = importlib.import_module("vault.migrations.0028_when_rounds_stopped")
    rounds.request_close(round=world.round, actor="olga", now=NOW)
    Round.objects.update(stopped_at=None, closed_at=NOW + IN_A_MINUTE)

    with connection.cursor() as cursor:
        cursor.execute(migration.FROM_JOURNAL)

    world.round.refresh_from_db()
    assert world.round.stopped_at == NOW
