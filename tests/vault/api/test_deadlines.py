"""A round takes files, finals and withdrawals until the end that was announced, and not a moment longer."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from tests.vault.api.stage import (
    FAR_AHEAD,
    LONG_AGO,
    Caller,
    file_number,
    problem,
    scored,
)
from tests.vault.factories import World
from vault.api import files
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
