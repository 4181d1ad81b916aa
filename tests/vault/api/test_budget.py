"""What a team has left, as a program reads it before it submits."""

import datetime as dt
import re
from typing import Any

import pytest
from django.utils import timezone

from stats import ledger
from tests.vault.api.stage import Caller, a_world, file_number, handed_in, problem, scored
from tests.vault.factories import NOW
from vault.models import Admission, Round, Team

BUDGET = "benchmarks/weather/budget/"
SUBMISSIONS = "benchmarks/weather/submissions/"


def test_untouched_budget() -> None:
    world = a_world(window_limit=5, window_seconds=60, total_limit=9, concurrent_limit=2)
    before = timezone.now()

    shown = Caller(world.team("ours")).get(BUDGET).json()

    slot = dt.datetime.fromisoformat(shown.pop("next_slot_at"))
    assert before <= slot <= timezone.now()
    assert shown.pop("nats")["used"] == 0
    assert 0 < shown.pop("proven_error") < 1
    assert shown == {
        "round": 1,
        "opens_at": "2020-01-01T00:00:00Z",
        "summary": "9 of 9 queries are left in this round; 5 of 5 in 1 minute can be used now, 2 at a time.",
        "window": {"seconds": 60, "limit": 5, "used": 0},
        "total": {"limit": 9, "used": 0},
        "concurrent": {"limit": 2, "used": 0},
        "accepted_improvements": None,
        "late": None,
        "is_blind": False,
    }


def test_what_was_asked_is_used() -> None:
    world = a_world(total_limit=9)
    team = world.team("ours")
    scored(world, team, 1)
    handed_in(world, team, 2)

    shown = Caller(team).get(BUDGET).json()

    assert (shown["window"]["used"], shown["total"]["used"]) == (2, 2)
    # The row was changed behind the ledger's back, which still waits for both.
    assert shown["concurrent"]["used"] == 2
    assert 0 < shown["nats"]["used"] < shown["nats"]["reserved"]


def test_used_up_total_has_no_next_slot() -> None:
    world = a_world(total_limit=1)
    bot = Caller(world.team("ours"))
    bot.post("benchmarks/weather/submissions/", file_number(1))

    left = bot.get(BUDGET).json()
    assert left["next_slot_at"] is None
    assert left["summary"] == "The only query of this round is used."


@pytest.mark.parametrize("status", ["CLOSING", "CLOSED", "AUDITED", "PUBLISHED"])
def test_round_that_takes_no_more_has_no_next_slot(status: str) -> None:
    """Nine queries are left, and none of them can be used."""
    world = a_world(total_limit=9)
    bot = Caller(world.team("ours"))
    Round.objects.filter(pk=world.round.pk).update(status=status)

    left = bot.get(BUDGET).json()

    assert left["next_slot_at"] is None
    assert left["summary"] == "The round takes no more queries: 0 of 9 queries are used."


def test_round_whose_time_is_over_has_no_next_slot() -> None:
    """Whenever the sweeper comes to close it."""
    world = a_world(closes_at=timezone.now() - dt.timedelta(seconds=1))

    assert Caller(world.team("ours")).get(BUDGET).json()["next_slot_at"] is None


def test_round_opened_by_hand_has_its_first_slot_when_it_opens() -> None:
    opens_at = timezone.now() + dt.timedelta(hours=1)
    world = a_world(opens_at=opens_at)

    slot = dt.datetime.fromisoformat(Caller(world.team("ours")).get(BUDGET).json()["next_slot_at"])

    assert slot == opens_at


def test_window_that_frees_nothing_before_the_round_closes_has_no_next_slot() -> None:
    closes_at = timezone.now() + dt.timedelta(hours=1)
    world = a_world(total_limit=9, window_limit=1, window_seconds=86_400, closes_at=closes_at)
    bot = Caller(world.team("ours"))
    bot.post(SUBMISSIONS, file_number(1))

    left = bot.get(BUDGET).json()

    assert left["next_slot_at"] is None
    assert left["summary"].endswith(", before the next is free.")


def test_full_window_opens_when_the_first_query_leaves_it() -> None:
    world = a_world(window_limit=1, window_seconds=600)
    team = world.team("ours")
    first = handed_in(world, team)

    slot = dt.datetime.fromisoformat(Caller(team).get(BUDGET).json()["next_slot_at"])

    assert slot == first.submitted_at + dt.timedelta(seconds=600)


def test_admission_may_give_less_than_the_round() -> None:
    world = a_world(total_limit=9)

    shown = Caller(world.team("ours", k=3)).get(BUDGET).json()

    assert shown["total"] == {"limit": 3, "used": 0}


def test_accepted_improvements_of_the_ladder() -> None:
    world = a_world(mechanism="guarded_ladder", parameters={"b": 3})
    team = world.team("ours")
    scored(world, team, 1, outcome="improved")
    scored(world, team, 2, value=None, outcome="no_improvement")

    shown = Caller(team).get(BUDGET).json()

    assert shown["accepted_improvements"] == {"limit": 3, "used": 1}


def test_proven_error_is_the_planners_or_nothing() -> None:
    """Twenty items prove nothing; of a million, something can be said."""
    world = a_world(mechanism="guarded_ladder", total_limit=1000)
    bot = Caller(world.team("ours"))
    assert bot.get(BUDGET).json()["proven_error"] is None

    type(world.query).objects.filter(pk=world.query.pk).update(n_items=1_000_000)
    shown = bot.get(BUDGET).json()

    round = Round.objects.select_related("query_holdout").get()
    grid = Caller().get("benchmarks/weather/rounds/").json()["results"][0]["resolution"]
    expected = ledger.guaranteed_error(
        nats=Admission.objects.get().reserved_nats,
        k=1000,
        n=round.query_holdout.n_items,
        unit=1.0,
        grid=grid,
    )
    assert shown["proven_error"] == pytest.approx(expected, rel=1e-12)
    assert 0 < expected < 0.02


def test_metric_that_is_no_mean_of_items_has_no_proof() -> None:
    world = a_world(mechanism="guarded_ladder", metric="balanced_accuracy", total_limit=10)
    type(world.query).objects.filter(pk=world.query.pk).update(n_items=1_000_000)

    assert Caller(world.team("ours")).get(BUDGET).json()["proven_error"] is None


def test_blind_team_knows_that_it_is() -> None:
    world = a_world()

    shown = Caller(world.team("ours", is_blind=True)).get(BUDGET).json()

    assert (shown["is_blind"], shown["nats"]["reserved"]) == (True, 0)


def test_team_that_is_not_admitted_has_none() -> None:
    a_world()
    other = Caller(Team.objects.create(name="other"))

    assert problem(other.get(BUDGET)) == (403, "not_admitted")


@pytest.mark.parametrize("status", ["PLANNED", "OPEN", "PUBLISHED"])
def test_reference_team_is_told_that_it_needs_none(status: str) -> None:
    world = a_world()
    Round.objects.filter(pk=world.round.pk).update(status=status)
    reference = Team.objects.create(name="reference", is_reference=True)

    answer = Caller(reference).get(BUDGET)

    assert problem(answer) == (403, "not_admitted")
    assert (
        "it has no budget, and what it hands in while a round is planned is not charged"
        in (answer.json()["detail"])
    )


@pytest.mark.parametrize(
    ("policy", "detail"),
    [
        ({"total_limit": 1}, "The only query of this round is used: no more can be asked in it"),
        (
            {"total_limit": 9, "concurrent_limit": 1},
            "A submission waits for its score, and the next query is free when it has it",
        ),
    ],
)
def test_refusal_says_what_is_used(policy: dict[str, Any], detail: str) -> None:
    bot = Caller(a_world(**policy).team("ours"))
    bot.post(SUBMISSIONS, file_number(1))

    assert bot.post(SUBMISSIONS, file_number(2)).json()["detail"] == detail


def test_refusal_of_a_full_window_says_what_is_left_and_when_to_come_back() -> None:
    bot = Caller(a_world(total_limit=9, window_limit=1, window_seconds=86_400).team("ours"))
    bot.post(SUBMISSIONS, file_number(1))

    detail = bot.post(SUBMISSIONS, file_number(2)).json()["detail"]

    head = "8 of 9 queries are left in this round; the one in 24 hours is used, and the next is free at "
    assert detail.startswith(head)
    assert re.fullmatch(r"(\d{4}-\d\d-\d\d )?\d\d:\d\d UTC", detail.removeprefix(head))


def test_budget_of_a_planned_round_is_there_from_the_admission_on() -> None:
    """It was not found, as if nobody had been admitted."""
    opens_at = timezone.now().replace(microsecond=0) + dt.timedelta(days=3)
    world = a_world(is_open=False, opens_at=opens_at, total_limit=9)
    bot = Caller(world.team("ours"))

    shown = bot.get(BUDGET).json()

    assert (shown["round"], shown["total"]) == (1, {"limit": 9, "used": 0})
    assert shown["opens_at"] == shown["next_slot_at"] == f"{opens_at:%Y-%m-%dT%H:%M:%SZ}"
    assert re.fullmatch(
        r"The round is not open yet, and opens at \d{4}-\d\d-\d\d \d\d:\d\d UTC at the earliest: 9 queries "
        r"can be used in it\.",
        shown["summary"],
    )
    assert bot.get(f"{BUDGET}?round=1").json()["round"] == 1


@pytest.mark.parametrize(("status", "number"), [("OPEN", 1), ("CLOSING", 2), ("PUBLISHED", 2)])
def test_budget_is_that_of_the_open_round_else_of_the_next_one(status: str, number: int) -> None:
    world = a_world()
    team = world.team("ours")
    Round.objects.filter(pk=world.round.pk).update(status=status)
    following = Round.objects.get(pk=world.round.pk)
    following.pk, following.number, following.status = None, 2, "PLANNED"
    following.save(force_insert=True)
    bot = Caller(team)
    assert bot.get(BUDGET).json()["round"] == 1

    Admission.objects.create(round=following, team=team, k=3, reserved_nats=0, admitted_at=NOW)

    assert bot.get(BUDGET).json()["round"] == number
    assert bot.get(f"{BUDGET}?round=1").json()["round"] == 1


def test_team_that_is_not_admitted_to_a_planned_round_has_none() -> None:
    a_world(is_open=False)
    other = Caller(Team.objects.create(name="other"))

    assert problem(other.get(BUDGET)) == (403, "not_admitted")


def test_cancelled_round_has_no_budget() -> None:
    world = a_world(is_open=False)
    bot = Caller(world.team("ours"))
    Round.objects.update(
        status="CANCELLED", cancelled_at=NOW, cancelled_reason="A shard was wrong."
    )

    assert problem(bot.get(BUDGET)) == (404, "not_found")
    assert problem(bot.get(f"{BUDGET}?round=1")) == (404, "not_found")


@pytest.mark.parametrize("query", ["?round=2", "?round=x", "?round=1.0", "?round=+1"])
def test_round_that_is_not_there(query: str) -> None:
    world = a_world()

    assert problem(Caller(world.team("ours")).get(BUDGET + query)) == (404, "not_found")
