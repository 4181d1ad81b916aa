"""What organizers change about a round, as teams read it over the API."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from tests.vault.api.stage import Caller, a_world, file_number, problem
from tests.vault.factories import World, acting_as, make_keys
from vault import accepting_late, deadlines, more_queries
from vault.models import LabelVersion, Round, Transcript
from vault.teams import merging

pytestmark = pytest.mark.usefixtures("db", "api_site")

ROUNDS = "benchmarks/weather/rounds/"
SUBMISSIONS = "benchmarks/weather/submissions/"
BUDGET = "benchmarks/weather/budget/"
END = dt.datetime(2900, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def world(tmp_path: Path, settings: Any) -> World:
    settings.MEDIA_ROOT = str(tmp_path / "files")
    make_keys(directory=tmp_path, settings=settings)
    return a_world(total_limit=1, closes_at=END)


def by(reason: str) -> dict[str, Any]:
    return {"reason": reason, "actor": "ada", "now": timezone.now()}


def test_a_moved_end_is_read_with_its_reason_under_another_etag(world: World) -> None:
    anyone = Caller()
    before = anyone.get(ROUNDS)
    later = END + dt.timedelta(days=1)
    with acting_as("researcher"):
        deadlines.move(round=world.round, closes_at=later, **by("a storm"))

    after = anyone.get(ROUNDS)

    assert after.get("ETag") == after.get("ETag")
    assert before.get("ETag") is None or before["ETag"] != after["ETag"]
    (shown,) = after.json()["results"]
    assert shown["closes_at"] == "2900-01-02T00:00:00Z"
    (change,) = shown["changes"]
    assert change.pop("at")
    assert change == {
        "kind": "deadline_moved",
        "reason": "a storm",
        "team": None,
        "before": {"closes_at": "2900-01-01T00:00:00Z"},
        "after": {"closes_at": "2900-01-02T00:00:00Z"},
    }


def test_more_queries_can_be_used_at_once(world: World) -> None:
    Round.objects.update(window_limit=5)
    team = world.team("bots")
    bot = Caller(team)
    assert bot.post(SUBMISSIONS, file_number(1)).status_code == 202
    assert problem(bot.post(SUBMISSIONS, file_number(2))) == (429, "budget_total_exhausted")

    with acting_as("researcher"):
        more_queries.give(round=world.round, team=team, k=2, **by("a bug of ours"))

    assert bot.get(BUDGET).json()["total"] == {"limit": 2, "used": 1}
    assert bot.post(SUBMISSIONS, file_number(2)).status_code == 202
    assert problem(bot.post(SUBMISSIONS, file_number(3))) == (429, "budget_total_exhausted")


def test_a_late_file_is_marked_wherever_it_is_read_and_others_are_refused(world: World) -> None:
    team, other = world.team("bots"), world.team("rival")
    bot, rival = Caller(team), Caller(other)
    now = timezone.now().replace(microsecond=0)
    until = now + dt.timedelta(days=1)
    Round.objects.update(status="CLOSING", closes_at=now, stopped_at=now)
    world.round.refresh_from_db()
    assert problem(bot.post(SUBMISSIONS, file_number(1))) == (403, "round_closed")
    with acting_as("researcher"):
        accepting_late.allow(
            round=world.round, team=team, n_queries=1, until=until, **by("its cluster was down")
        )

    # Not on the board yet, it is not named to others.
    assert rival.get(ROUNDS).json()["results"][0]["changes"][0]["team"] is None
    assert bot.get(BUDGET).json()["late"] == {
        "limit": 1,
        "used": 0,
        "until": f"{until:%Y-%m-%dT%H:%M:%SZ}",
    }
    assert rival.get(BUDGET).json()["late"] is None
    made = bot.post(SUBMISSIONS, file_number(1))
    assert (made.status_code, made.json()["is_late"]) == (202, True)
    assert bot.get(f"submissions/{made.json()['id']}/").json()["is_late"] is True
    assert problem(bot.post(SUBMISSIONS, file_number(2))) == (429, "budget_total_exhausted")
    assert problem(rival.post(SUBMISSIONS, file_number(1))) == (403, "round_closed")
    (row,) = rival.get("benchmarks/weather/leaderboard/").json()["rows"]
    assert (row["team"], row["is_late"]) == (team.name, True)
    assert rival.get(ROUNDS).json()["results"][0]["changes"][0]["team"] == team.name
    budget = bot.get(BUDGET).json()
    assert (budget["late"]["used"], budget["total"]["used"]) == (1, 0)


def shown(caller: Caller) -> list[dict[str, Any]]:
    (round,) = caller.get(ROUNDS).json()["results"]
    return list(round["changes"])


def test_merged_teams_are_told_and_named_once_the_board_names_them(world: World) -> None:
    kept, absorbed = world.team("kept"), world.team("ends")
    stranger = Caller()
    with acting_as("researcher"):
        merging.merge(absorbed=absorbed, kept=kept, **by("one laboratory"))

    (change,) = shown(stranger)
    assert (change["kind"], change["reason"]) == ("teams_merged", "one laboratory")
    assert (change["team"], change["before"], change["after"]) == (None, None, None)


def test_a_merged_team_with_files_of_the_absorbed_one_is_named(world: World) -> None:
    kept, absorbed = world.team("kept"), world.team("ends")
    assert Caller(absorbed).post(SUBMISSIONS, file_number(1)).status_code == 202
    with acting_as("researcher"):
        merging.merge(absorbed=absorbed, kept=kept, **by("one laboratory"))

    (change,) = shown(Caller())
    assert (change["team"], change["after"]) == (kept.name, {"absorbed": absorbed.name})


def test_corrected_labels_are_told_by_their_numbers_alone(world: World) -> None:
    """Before the round's time and its first answer nothing of it changed; of items nothing is said."""
    for number, days in ((2, -1), (3, 1), (4, 2)):
        LabelVersion.objects.create(
            holdout=world.query,
            number=number,
            n_labelled=world.query.n_items,
            arrived_at=world.round.opens_at + dt.timedelta(days=days),
            reason=f"correction {number}",
            commitment="ab" * 32,
        )
    made = Transcript.objects.create(
        round=world.round, number=2, label_version=4, begun_at=world.round.opens_at
    )

    told = shown(Caller())

    assert [(each["kind"], each["reason"], each["team"]) for each in told] == [
        ("labels_corrected", "correction 3", None),
        ("labels_corrected", "correction 4", None),
    ]
    assert [(each["before"], each["after"]) for each in told] == [
        ({"label_version": 2}, {"label_version": 3}),
        (
            {"label_version": 3, "transcript": 1},
            {"label_version": 4, "transcript": 2, "counts_since": None},
        ),
    ]
    Transcript.objects.filter(pk=made.pk).update(
        current_at=dt.datetime(2026, 3, 9, 12, tzinfo=dt.UTC)
    )
    after = shown(Caller())[1]["after"]
    assert after == {"label_version": 4, "transcript": 2, "counts_since": "2026-03-09T12:00:00Z"}


def test_a_cancelled_round_is_not_told_to_be_scored_again(world: World) -> None:
    """What waits of it is never made, so nobody waits for it."""
    LabelVersion.objects.create(
        holdout=world.query,
        number=2,
        n_labelled=world.query.n_items,
        arrived_at=world.round.opens_at,
        reason="two stations were mixed up",
        commitment="ab" * 32,
    )
    Transcript.objects.create(
        round=world.round, number=2, label_version=2, begun_at=world.round.opens_at
    )
    Round.objects.update(
        status="CANCELLED",
        opened_at=None,
        cancelled_at=world.round.opens_at,
        cancelled_reason="a mistake",
    )

    (change,) = shown(Caller())
    assert (change["before"], change["after"]) == ({"label_version": 1}, {"label_version": 2})
