"""Idempotency-Key: what is replayed, what never is, and what happens when a request dies half way."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.utils import timezone

from tests.vault import sessions
from tests.vault.api.stage import Caller, csv_of, file_number, problem
from tests.vault.factories import World, acting_as, die
from vault.api import idempotency
from vault.models import BudgetEntry, IdempotentAnswer, Submission, Team, TeamToken
from vault.queue import sweeping
from webhooks.models import Webhook

pytestmark = [pytest.mark.usefixtures("vault_keys", "api_site")]

POST = "benchmarks/weather/submissions/"
VALIDATE = "benchmarks/weather/validate/"


@pytest.fixture
def team(world: World) -> Team:
    return world.team("bots")


def keyed(key: str) -> dict[str, Any]:
    return {"headers": {"Idempotency-Key": key}}


def test_repeated_request_gets_the_first_answer(world: World, bot: Caller) -> None:
    first = bot.post(POST, file_number(1), **keyed('"abc"'))
    world.score(Submission.objects.get())

    again = bot.post(POST, file_number(1), **keyed('"abc"'))

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.content == first.content
    assert again["Location"] == first["Location"]
    assert again["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert BudgetEntry.objects.filter(kind="RESERVE").count() == 1
    assert first.json()["idempotency_key"] == "abc"


def test_quotes_are_not_part_of_the_key(bot: Caller) -> None:
    bot.post(POST, file_number(1), **keyed('"a\\"b"'))
    bot.post(POST, file_number(2), **keyed("plain"))

    assert set(IdempotentAnswer.objects.values_list("key", flat=True)) == {'a"b', "plain"}
    assert "Idempotency-Replayed" in bot.post(POST, file_number(2), **keyed('"plain"'))


@pytest.mark.parametrize(
    "key", ["", '""', '"open', "two words", "é", '"é"', "k" * 256, '"a" ; b', 'a"b', "\x7f"]
)
def test_what_cannot_be_a_key_is_refused(bot: Caller, key: str) -> None:
    response = bot.post(POST, file_number(1), **keyed(key))

    assert problem(response) == (400, "invalid_idempotency_key")
    assert not Submission.objects.exists()


def test_key_of_another_request_is_refused(bot: Caller) -> None:
    bot.post(POST, file_number(1), **keyed("k"))

    for path, body in (
        (POST, file_number(2)),
        (f"{POST}?validation_score=0.5", file_number(1)),
        (VALIDATE, file_number(1)),
    ):
        assert problem(bot.post(path, body, **keyed("k"))) == (422, "idempotency_key_reused")
    assert Submission.objects.count() == 1


def test_pipeline_that_runs_again_is_the_same_request(bot: Caller) -> None:
    """Its address is another one, and its measurements differ; its file and its commit do not."""
    first = bot.post(f"{POST}?ci_run_url=https://ci.example/1", file_number(1), **keyed("k"))
    told = (
        "model_name=x&commit=abc&latency_p95_ms=3&cost_per_1000=1&ci_run_url=https://ci.example/2"
    )
    again = bot.post(f"{POST}?{told}", file_number(1), **keyed("k"))

    assert again.content == first.content
    assert again["Idempotency-Replayed"] == "true"


def test_multipart_of_another_boundary_is_the_same_request(bot: Caller) -> None:
    def form(boundary: str) -> Any:
        head = 'Content-Disposition: form-data; name="file"; filename="p.csv"\r\n\r\n'
        body = f"--{boundary}\r\n{head}{file_number(1).decode()}\r\n--{boundary}--\r\n".encode()
        content_type = f"multipart/form-data; boundary={boundary}"
        return bot.post(POST, body, content_type=content_type, **keyed("k"))

    assert form("first").status_code == 202
    assert form("second")["Idempotency-Replayed"] == "true"


def test_each_team_has_keys_of_its_own(world: World, bot: Caller) -> None:
    rival = Caller(world.team("rival"))
    bot.post(POST, file_number(1), **keyed("k"))

    response = rival.post(POST, file_number(2), **keyed("k"))

    assert response.status_code == 202
    assert "Idempotency-Replayed" not in response


def test_verdict_on_a_file_is_replayed(bot: Caller) -> None:
    broken = csv_of([7] * 12)
    first = bot.post(POST, broken, **keyed("k"))
    again = bot.post(POST, broken, **keyed("k"))

    assert problem(first) == problem(again) == (422, "invalid_file")
    assert again["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()


def test_refusals_that_may_pass_are_not_replayed(world: World, bot: Caller) -> None:
    """A closed round, then an open one: the same request with the same key is now done."""
    world.round.opens_at = timezone.now() + dt.timedelta(hours=1)
    world.round.save()
    assert problem(bot.post(POST, file_number(1), **keyed("k")))[0] == 403
    world.round.opens_at = timezone.now() - dt.timedelta(hours=1)
    world.round.save()

    response = bot.post(POST, file_number(1), **keyed("k"))

    assert response.status_code == 202
    assert "Idempotency-Replayed" not in response


def test_first_answer_is_replayed_after_the_round_closed(world: World, bot: Caller) -> None:
    bot.post(POST, file_number(1), **keyed("k"))
    world.round.closes_at = timezone.now() - dt.timedelta(minutes=1)
    world.round.save()

    assert problem(bot.post(POST, file_number(2), **keyed("other"))) == (403, "round_closed")
    assert bot.post(POST, file_number(1), **keyed("k")).status_code == 202


def test_exhausted_budget_is_not_replayed(world: World, team: Team, bot: Caller) -> None:
    world.round.window_limit = 1
    world.round.save()
    bot.post(POST, file_number(1))
    assert bot.post(POST, file_number(2), **keyed("k")).status_code == 429
    world.round.window_limit = 2
    world.round.save()

    assert bot.post(POST, file_number(2), **keyed("k")).status_code == 202


@pytest.fixture
def elsewhere() -> Iterator[psycopg.Connection[Any]]:
    """A database session of another process."""
    with sessions.of_another_process() as session:
        yield session


def test_request_in_hand_elsewhere_is_not_done_twice(
    team: Team, bot: Caller, elsewhere: psycopg.Connection[Any]
) -> None:
    lock = idempotency.lock_of(team_id=team.pk, key="k")
    sessions.hold(elsewhere, lock)

    response = bot.post(POST, file_number(1), **keyed("k"))

    assert problem(response) == (409, "idempotency_key_in_use")
    assert response["Retry-After"] == "1"
    assert not Submission.objects.exists()

    # The other process dies: its session, and with it the lock, is gone.
    elsewhere.close()
    sessions.wait_until_free(lock)
    assert bot.post(POST, file_number(1), **keyed("k")).status_code == 202


def test_key_is_free_again_after_a_failure(
    bot: Caller, elsewhere: psycopg.Connection[Any], team: Team
) -> None:
    bot.post(POST, b"", **keyed("k"))
    bot.post(POST, csv_of([7] * 3), **keyed("k2"))

    for key in ("k", "k2"):
        lock = idempotency.lock_of(team_id=team.pk, key=key)
        taken = elsewhere.execute("SELECT pg_try_advisory_lock(%s)", [lock]).fetchone()
        assert taken == (True,)


def test_died_before_its_answer_was_kept(bot: Caller) -> None:
    """The submission is committed and the answer is lost: the memo finds it, and nothing is charged."""
    first = bot.post(POST, file_number(1), **keyed("k"))
    IdempotentAnswer.objects.all().delete()

    again = bot.post(POST, file_number(1), **keyed("k"))

    assert (again.status_code, again["Location"]) == (200, first["Location"])
    assert BudgetEntry.objects.filter(kind="RESERVE").count() == 1


def test_lost_submission_is_found_by_its_key(bot: Caller) -> None:
    made = bot.post(POST, file_number(1), **keyed('"run 17/1"')).json()
    bot.post(POST, file_number(2), **keyed("other"))

    listed = bot.get(f"{POST}?key=run%2017/1").json()["results"]

    assert [each["id"] for each in listed] == [made["id"]]


def test_after_a_cancel_the_key_still_gives_the_first_answer(bot: Caller) -> None:
    first = bot.post(POST, file_number(1), **keyed("k"))
    bot.ask("DELETE", first["Location"])

    again = bot.post(POST, file_number(1), **keyed("k"))
    fresh = bot.post(POST, file_number(1), **keyed("k-2"))

    assert again["Location"] == first["Location"]
    assert (fresh.status_code, fresh["Location"] != first["Location"]) == (202, True)


@pytest.mark.parametrize("act", ["final", "withdraw"])
def test_acts_are_replayed(world: World, bot: Caller, act: str) -> None:
    path = bot.post(POST, file_number(1))["Location"]
    world.score(Submission.objects.get())

    first = bot.ask("POST", f"{path}{act}/", **keyed("k"))
    again = bot.ask("POST", f"{path}{act}/", **keyed("k"))

    assert (first.status_code, again.status_code) == (200, 200)
    assert again["Idempotency-Replayed"] == "true"
    assert again.content == first.content


@pytest.mark.parametrize(
    ("path", "count"), [("tokens/", TeamToken.objects.count), ("webhooks/", Webhook.objects.count)]
)
def test_died_before_a_small_answer_was_kept(
    bot: Caller,
    signing: None,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    count: Callable[[], int],
) -> None:
    """Then nothing was done either: nobody has a token, or a secret, that its team never saw."""
    body = b'{"url": "https://ci.example.org/"}' if path == "webhooks/" else b""
    given = {"content_type": "application/json", **keyed("k")}
    before = count()
    with monkeypatch.context() as patched:
        patched.setattr(idempotency.KeyedRequest, "keep", die)
        with pytest.raises(KeyboardInterrupt):
            bot.post(path, body, **given)

    assert count() == before
    assert bot.post(path, body, **given).status_code == 201
    assert count() == before + 1


def test_cancelling_twice_with_a_key_is_one_cancellation(bot: Caller) -> None:
    path = bot.post(POST, file_number(1))["Location"]

    first = bot.ask("DELETE", path, **keyed("k"))
    again = bot.ask("DELETE", path, **keyed("k"))

    assert (first.status_code, again.status_code) == (200, 200)
    assert problem(bot.ask("DELETE", path)) == (409, "wrong_status")


def test_dry_run_is_replayed_without_parsing(bot: Caller, settings: Any) -> None:
    first = bot.post(VALIDATE, file_number(1), **keyed("k"))
    settings.PARSER_BACKLOG = 8
    again = bot.post(VALIDATE, file_number(1), **keyed("k"))

    assert again["Idempotency-Replayed"] == "true"
    assert json.loads(again.content) == json.loads(first.content)


def test_answers_are_kept_for_a_day_or_the_window(world: World, bot: Caller) -> None:
    world.round.window_seconds = 3 * 86400
    world.round.save()
    before = timezone.now()
    bot.post(POST, file_number(1), **keyed("long"))
    bot.post(VALIDATE, file_number(1), **keyed("short"))

    kept = {each.key: each.expires_at - before for each in IdempotentAnswer.objects.all()}
    assert dt.timedelta(days=3) < kept["long"] < dt.timedelta(days=3, hours=2)
    assert dt.timedelta(days=1) <= kept["short"] < dt.timedelta(days=1, hours=2)


def test_sweeper_forgets_what_has_expired_and_nothing_else(bot: Caller) -> None:
    bot.post(POST, file_number(1), **keyed("old"))
    bot.post(POST, file_number(2), **keyed("new"))
    now = timezone.now()
    IdempotentAnswer.objects.filter(key="old").update(expires_at=now - dt.timedelta(seconds=1))

    with acting_as("scoring"):
        assert sweeping.delete_expired_answers(now=now) == 1

    assert [each.key for each in IdempotentAnswer.objects.all()] == ["new"]


def test_flood_of_keys_is_bounded_for_each_team(
    world: World, bot: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest stay; those of another team are not counted."""
    rival = Caller(world.team("rival"))
    rival.post(POST, file_number(1), **keyed("rival"))
    for number in range(4):
        bot.post("benchmarks/weather/submissions/", csv_of([7] * 12), **keyed(f"k{number}"))
    monkeypatch.setattr(sweeping, "MAX_KEPT", 2)

    with acting_as("scoring"):
        assert sweeping.delete_expired_answers(now=timezone.now()) == 2

    kept = IdempotentAnswer.objects.order_by("id").values_list("key", flat=True)
    assert list(kept) == ["rival", "k2", "k3"]


def test_expired_key_is_a_new_one(bot: Caller) -> None:
    bot.post(POST, file_number(1), **keyed("k"))
    IdempotentAnswer.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))

    response = bot.post(POST, file_number(2), **keyed("k"))

    assert response.status_code == 202
    assert "Idempotency-Replayed" not in response
