"""A team's submissions over REST: what each operation answers, and what it leaves behind."""

import datetime as dt
import uuid

import pytest
from django.utils import timezone

from tests.vault.api.stage import (
    FAR_AHEAD,
    Caller,
    a_world,
    answers_number,
    csv_of,
    file_number,
    handed_in,
    problem,
    scored,
)
from tests.vault.factories import World
from vault.models import Benchmark, BudgetEntry, Final, Submission, Team
from vault.statuses import SubmissionStatus

POST = "benchmarks/weather/submissions/"
IN_A_MINUTE = dt.timedelta(minutes=1)


def test_new_file_is_accepted_and_charged(world: World, bot: Caller) -> None:
    response = bot.post(POST, file_number(1))

    assert response.status_code == 202
    shown = response.json()
    submission = Submission.objects.get()
    assert response["Location"] == f"/api/v1/submissions/{submission.pk}/"
    assert response["Retry-After"] == "1"
    assert response["Cache-Control"] == "no-store"
    assert shown == {
        "id": str(submission.pk),
        "benchmark": "weather",
        "round": 1,
        "sequence": 1,
        "status": "QUEUED",
        "sha256": submission.sha256,
        "submitted_at": shown["submitted_at"],
        "is_late": False,
        "finished_at": None,
        "released": None,
        "on_display": None,
        "outcome": None,
        **{"transcript": 1, "superseded": []},
        "error_code": None,
        "is_final": False,
        "model_name": "",
        "commit": "",
        "ci_run_url": "",
        "validation_score": None,
        "latency_p95_ms": None,
        "cost_per_1000": None,
        "idempotency_key": None,
    }
    assert BudgetEntry.objects.filter(kind="RESERVE", submission=submission).count() == 1


def test_same_predictions_again_are_free(world: World, bot: Caller, team: Team) -> None:
    """In other bytes too: what counts are the predictions."""
    first = bot.post(POST, file_number(5))
    rows = file_number(5).decode().splitlines()
    other_bytes = "\r\n".join([rows[0], *reversed(rows[1:])]).encode()

    for body in (file_number(5), other_bytes):
        again = bot.post(POST, body)
        assert again.status_code == 200
        assert again["Location"] == first["Location"]
        assert again.json() == first.json()
    assert BudgetEntry.objects.count() == 1


def test_repeat_of_a_scored_file_says_its_score(world: World, bot: Caller, team: Team) -> None:
    submission = scored(world, team, 3)

    response = bot.post(POST, file_number(3))

    assert response.status_code == 200
    assert "Retry-After" not in response
    assert (response.json()["id"], response.json()["released"]) == (str(submission.pk), 0.75)


@pytest.mark.parametrize("outcome", ["no_improvement", "cap_used"])
def test_value_that_an_answer_only_repeats_is_not_the_submissions_own(
    world: World, bot: Caller, team: Team, outcome: str
) -> None:
    scored(world, team, 3, value=0.75, outcome="improved")
    worse = scored(world, team, 4, value=0.75, outcome=outcome)

    shown = [bot.get(f"submissions/{worse.pk}/").json(), bot.get(POST).json()["results"][0]]

    for each in shown:
        assert (each["id"], each["outcome"]) == (str(worse.pk), outcome)
        assert (each["released"], each["on_display"]) == (None, 0.75)


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED"])
def test_what_never_had_a_result_may_be_handed_in_again(
    world: World, bot: Caller, team: Team, status: str
) -> None:
    handed_in(world, team, 3, status=status, finished_at=timezone.now())

    assert bot.post(POST, file_number(3)).status_code == 202


def test_used_up_budget_still_answers_what_was_asked_before() -> None:
    world = a_world(total_limit=1)
    bot = Caller(world.team("ours"))
    first = bot.post(POST, file_number(1))

    assert bot.post(POST, file_number(1)).json() == first.json()
    assert bot.post(POST, file_number(2)).status_code == 429


def test_total_budget_is_used_up_for_good() -> None:
    bot = Caller(a_world(total_limit=2).team("ours"))
    for number in (1, 2):
        bot.post(POST, file_number(number))

    response = bot.post(POST, file_number(3))

    assert problem(response) == (429, "budget_total_exhausted")
    assert (response.json()["limit"], response.json()["used"]) == (2, 2)
    assert "next_slot_at" not in response.json()
    assert "Retry-After" not in response
    assert Submission.objects.count() == 2


def test_full_window_says_when_the_next_slot_opens() -> None:
    bot = Caller(a_world(window_limit=1, window_seconds=600).team("ours"))
    bot.post(POST, file_number(1))

    response = bot.post(POST, file_number(2))

    shown = response.json()
    assert problem(response) == (429, "budget_window_exhausted")
    assert (shown["limit"], shown["used"], shown["window_seconds"]) == (1, 1, 600)
    slot = dt.datetime.fromisoformat(shown["next_slot_at"])
    assert slot == Submission.objects.get().submitted_at + dt.timedelta(minutes=10)
    waiting = (slot - timezone.now()).total_seconds()
    assert waiting <= int(response["Retry-After"]) == shown["retry_after"] <= waiting + 5


def test_window_that_the_round_closes_before_it_frees_anything_says_so() -> None:
    """`Retry-After` led beyond the end, where nothing is received any more."""
    closes_at = timezone.now() + dt.timedelta(minutes=9)
    bot = Caller(a_world(window_limit=1, window_seconds=600, closes_at=closes_at).team("ours"))
    bot.post(POST, file_number(1))

    response = bot.post(POST, file_number(2))

    shown = response.json()
    assert problem(response) == (429, "budget_window_exhausted")
    assert shown["detail"].endswith(" UTC, before the next is free")
    assert not {"next_slot_at", "retry_after"} & set(shown)
    assert "Retry-After" not in response
    assert response["RateLimit"] == '"window";r=0'


def test_too_many_at_once_are_asked_to_wait() -> None:
    bot = Caller(a_world(concurrent_limit=1).team("ours"))
    bot.post(POST, file_number(1))

    response = bot.post(POST, file_number(2))

    assert problem(response) == (429, "budget_concurrent_exhausted")
    assert (response.json()["limit"], response.json()["used"]) == (1, 1)
    assert response["Retry-After"] == "2"


def test_provenance_is_kept(world: World, bot: Caller) -> None:
    query = "?model_name=Wald%20%C3%A9&commit=a1b2&ci_run_url=https://ci.example/7"

    shown = bot.post(POST + query, file_number(1)).json()

    assert (shown["model_name"], shown["commit"]) == ("Wald é", "a1b2")
    assert shown["ci_run_url"] == "https://ci.example/7"


def test_not_admitted_team_is_refused_before_its_body_is_read(world: World) -> None:
    other = Caller(Team.objects.create(name="other"))

    assert problem(other.post(POST, b"not even a file")) == (403, "not_admitted")


def test_planned_round_says_when_it_opens() -> None:
    world = a_world(is_open=False, opens_at=FAR_AHEAD - IN_A_MINUTE)

    response = Caller(world.team("ours")).post(POST, file_number(1))

    assert problem(response) == (403, "no_open_round")
    assert response.json()["opens_at"] == "2998-12-31T23:59:00Z"


def test_open_round_that_has_not_begun_says_when_it_does() -> None:
    world = a_world(opens_at=FAR_AHEAD - IN_A_MINUTE)

    response = Caller(world.team("ours")).post(POST, file_number(1))

    assert problem(response) == (403, "no_open_round")
    assert response.json()["opens_at"] == "2998-12-31T23:59:00Z"


def test_benchmark_without_a_round_has_none_open(world: World, bot: Caller) -> None:
    Benchmark.objects.create(
        slug="empty", task="binary", prediction_form="label", primary_metric="accuracy"
    )

    response = bot.post("benchmarks/empty/submissions/", file_number(1))

    assert problem(response) == (403, "no_open_round")
    assert "opens_at" not in response.json()


def test_reference_submits_to_a_planned_round_and_costs_nothing() -> None:
    world = a_world(is_open=False)
    reference = Caller(world.team("reference", is_reference=True))

    assert reference.post(POST, file_number(1)).status_code == 202
    assert reference.post(POST, file_number(1)).status_code == 200
    assert BudgetEntry.objects.count() == 0


def test_planned_round_whose_end_has_passed_receives_nothing() -> None:
    """It never opens: a reference was scored for it all the same, and a team told to come in the past."""
    world = a_world(is_open=False, closes_at=timezone.now() - dt.timedelta(seconds=1))
    reference = Caller(world.team("reference", is_reference=True))

    answer = reference.post(POST, file_number(1))

    assert problem(answer) == (403, "round_closed")
    assert answer.json()["detail"] == (
        "Round 1 has not opened, and its end has passed: it receives no reference, and the organizer must "
        "cancel it and plan another"
    )
    assert not Submission.objects.exists()
    refused = Caller(world.team("ours")).post(POST, file_number(1))
    assert problem(refused) == (403, "no_open_round")
    assert "opens_at" not in refused.json()
    assert refused.json()["detail"].startswith(
        "No round is open: round 1 never opened, and its time ended at "
    )
    assert refused.json()["detail"].endswith(" UTC; no other is planned")


def test_reference_comes_too_late_to_an_open_round(world: World) -> None:
    reference = Caller(world.team("reference", is_reference=True))

    assert problem(reference.post(POST, file_number(1))) == (403, "no_open_round")


def test_invalid_file_names_its_first_ten_problems_by_row(bot: Caller) -> None:
    response = bot.post(POST, csv_of([7] * 60))

    shown = response.json()
    assert problem(response) == (422, "invalid_file")
    assert shown["n_problems"] == 60
    assert [each["row"] for each in shown["problems"]] == list(range(2, 12))
    assert {each["column"] for each in shown["problems"]} == {"label"}
    assert "'7'" in shown["problems"][0]["problem"]


def test_list_is_ones_own_newest_first(world: World, bot: Caller, team: Team) -> None:
    rival = world.team("rival")
    handed_in(world, rival, 9)
    ours = [handed_in(world, team, number) for number in (1, 2, 3)]

    response = bot.get(POST)

    assert response["Cache-Control"] == "no-store"
    assert [each["id"] for each in response.json()["results"]] == [
        str(each.pk) for each in reversed(ours)
    ]


def test_pending_submission_says_when_to_look_again(world: World, bot: Caller, team: Team) -> None:
    waiting = handed_in(world, team)

    response = bot.get(f"submissions/{waiting.pk}/")

    assert (response.status_code, response["Retry-After"]) == (200, "1")
    assert response.json()["status"] == "QUEUED"


def test_scored_submission_shows_its_release(world: World, bot: Caller, team: Team) -> None:
    done = scored(world, team, value=None, outcome="no_improvement")

    response = bot.get(f"submissions/{done.pk}/")

    assert "Retry-After" not in response
    shown = response.json()
    assert (shown["status"], shown["released"]) == ("SCORED", None)
    assert shown["outcome"] == "no_improvement"
    assert shown["finished_at"] is not None


def test_failed_submission_says_why(world: World, bot: Caller, team: Team) -> None:
    failed = handed_in(
        world, team, status="FAILED", finished_at=timezone.now(), error_code="scoring_failed"
    )

    shown = bot.get(f"submissions/{failed.pk}/").json()

    assert (shown["status"], shown["error_code"]) == ("FAILED", "scoring_failed")


@pytest.mark.parametrize("path", [f"submissions/{uuid.UUID(int=7)}/", "submissions/7/"])
def test_unknown_submission_is_not_found(bot: Caller, path: str) -> None:
    assert problem(bot.get(path)) == (404, "not_found")


def test_cancelling_gives_the_query_back(bot: Caller) -> None:
    path = f"submissions/{bot.post(POST, file_number(1)).json()['id']}/"

    response = bot.ask("DELETE", f"/api/v1/{path}")

    assert (response.status_code, response.json()["status"]) == (200, "CANCELLED")
    assert bot.get("benchmarks/weather/budget/").json()["total"]["used"] == 0
    assert problem(bot.ask("DELETE", f"/api/v1/{path}")) == (409, "wrong_status")


def test_cancelling_again_and_again_is_throttled(bot: Caller) -> None:
    ids = [bot.post(POST, file_number(number)).json()["id"] for number in range(21)]

    answers = [bot.ask("DELETE", f"/api/v1/submissions/{each}/") for each in ids]

    assert {each.status_code for each in answers[:20]} == {200}
    refused = answers[20]
    assert problem(refused) == (429, "cancel_throttled")
    assert refused.json()["policy"] == "cancellations"
    assert refused["RateLimit-Policy"] == '"cancellations";q=20;w=3600'
    assert 3500 < int(refused["Retry-After"]) <= 3600
    assert bot.get(f"submissions/{ids[20]}/").json()["status"] == "QUEUED"
    assert bot.get("benchmarks/weather/budget/").json()["total"]["used"] == 1


@pytest.mark.parametrize("status", sorted(set(SubmissionStatus.values) - {"QUEUED", "SCORING"}))
def test_what_has_ended_is_not_cancelled(
    world: World, bot: Caller, team: Team, status: str
) -> None:
    done = handed_in(world, team, status=status, finished_at=timezone.now())

    response = bot.ask("DELETE", f"/api/v1/submissions/{done.pk}/")

    assert problem(response) == (409, "wrong_status")
    assert not BudgetEntry.objects.filter(kind="REFUND").exists()


def test_last_declaration_of_a_final_counts(world: World, bot: Caller, team: Team) -> None:
    first, second = scored(world, team, 1), scored(world, team, 2)
    bot.post(f"submissions/{first.pk}/final/")

    response = bot.post(f"submissions/{second.pk}/final/")

    assert (response.status_code, response.json()["is_final"]) == (200, True)
    assert Final.objects.get().submission == second
    assert bot.get(f"submissions/{first.pk}/").json()["is_final"] is False


def test_final_is_declared_only_of_what_is_scored(world: World, bot: Caller, team: Team) -> None:
    waiting = handed_in(world, team)

    assert problem(bot.post(f"submissions/{waiting.pk}/final/")) == (409, "wrong_status")


def test_withdrawing_stays_charged(world: World, bot: Caller, team: Team) -> None:
    done = scored(world, team)
    bot.post(f"submissions/{done.pk}/final/")

    response = bot.post(f"submissions/{done.pk}/withdraw/")

    shown = response.json()
    assert (shown["status"], shown["is_final"]) == ("WITHDRAWN", False)
    assert bot.get("benchmarks/weather/budget/").json()["total"]["used"] == 1
    assert problem(bot.post(f"submissions/{done.pk}/withdraw/")) == (409, "wrong_status")
    assert problem(bot.post(f"submissions/{done.pk}/final/")) == (409, "wrong_status")


def test_rival_is_not_told_that_a_submission_exists(world: World, team: Team) -> None:
    """Invariant 9: the answer is that of an id which nobody has."""
    ours, rival = handed_in(world, team), Caller(world.team("rival"))

    for method, end in (("GET", ""), ("DELETE", ""), ("POST", "final/"), ("POST", "withdraw/")):
        real = rival.ask(method, f"/api/v1/submissions/{ours.pk}/{end}")
        invented = rival.ask(method, f"/api/v1/submissions/{uuid.UUID(int=7)}/{end}")
        assert real.status_code == 404
        assert real.content == invented.content
        assert dict(real.items()) == dict(invented.items())


def test_answers_number_is_the_file(world: World, bot: Caller, team: Team) -> None:
    """The stage's two spellings of a file are one set of predictions."""
    handed_in(world, team, 21)

    assert bot.post(POST, file_number(21)).status_code == 200
    assert answers_number(21).sum() == 3
