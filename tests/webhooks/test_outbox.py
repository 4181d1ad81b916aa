"""What webhooks have to tell: each event once, to whom it concerns, in good time, and not for ever."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from tests.vault.api.stage import a_world, handed_in, scored
from tests.vault.factories import World, acting_as, make_keys
from vault import deadlines
from vault.api import selectors
from vault.models import Benchmark, Round, Submission, Team
from vault.teams import merging
from webhooks import messages, outbox, subscriptions
from webhooks.models import Webhook, WebhookDelivery
from webhooks.outbox import BACK_OFF, MAX_ATTEMPTS, OVERLAP

pytestmark = pytest.mark.usefixtures("db", "signing")

URL = "https://ci.example.org/hook"


@pytest.fixture
def world(tmp_path: Path, settings: Any) -> World:
    settings.MEDIA_ROOT = str(tmp_path / "files")
    make_keys(directory=tmp_path, settings=settings)
    made = a_world()
    for name in ("bots", "rival"):
        made.team(name)
    return made


def webhook_of(team: Team, *events: str, now: dt.datetime | None = None) -> Webhook:
    # Long enough ago that events of the test come after it.
    created = now or timezone.now() - dt.timedelta(seconds=30)
    return subscriptions.register(
        team=team, url=URL, events=events or subscriptions.EVENTS, now=created
    )


def note(now: dt.datetime | None = None) -> int:
    with acting_as("web"):
        return outbox.note_events(now=now or timezone.now())


def take(now: dt.datetime | None = None, **given: Any) -> list[WebhookDelivery]:
    given = {"limit": 10, "besides": (), **given}
    with acting_as("web"):
        return outbox.take_due(now=now or timezone.now(), **given)


def told(webhook: Webhook) -> list[tuple[str, str]]:
    return sorted(webhook.deliveries.values_list("event", "subject"))


def test_finished_submission_is_noted_once(world: World) -> None:
    webhook = webhook_of(world.teams["bots"], subscriptions.SUBMISSION_FINISHED)
    submission = scored(world, world.teams["bots"])
    handed_in(world, world.teams["bots"], 2)

    assert (note(), note()) == (1, 0)

    assert told(webhook) == [("submission.finished", str(submission.pk))]
    delivery = webhook.deliveries.get()
    assert delivery.occurred_at == submission.finished_at
    assert delivery.pk.version == 7


def test_submissions_of_others_are_not_noted(world: World) -> None:
    webhook = webhook_of(world.teams["bots"], subscriptions.SUBMISSION_FINISHED)
    scored(world, world.teams["rival"])

    note()

    assert told(webhook) == []


def test_only_what_was_asked_for_and_came_later_is_noted(world: World) -> None:
    team = world.teams["bots"]
    early = scored(world, team)
    Submission.objects.filter(pk=early.pk).update(
        finished_at=timezone.now() - dt.timedelta(hours=1)
    )
    everything, rounds = webhook_of(team), webhook_of(team, subscriptions.ROUND_CLOSED)
    late = scored(world, team, 2)

    note()

    assert ("submission.finished", str(late.pk)) in told(everything)
    assert ("submission.finished", str(early.pk)) not in told(everything)
    assert told(rounds) == []


@pytest.mark.parametrize(
    ("event", "column"),
    [
        ("round.opened", "opened_at"),
        ("round.closed", "closed_at"),
        ("round.published", "published_at"),
        ("round.cancelled", "cancelled_at"),
    ],
)
def test_rounds_are_told_of_by_their_times(world: World, event: str, column: str) -> None:
    webhook = webhook_of(world.teams["bots"], event)
    Round.objects.update(opened_at=None, closed_at=None, published_at=None)
    assert note() == 0

    more = {"status": "CANCELLED", "cancelled_reason": "why"} if column == "cancelled_at" else {}
    Round.objects.filter(pk=world.round.pk).update(**{column: timezone.now()}, **more)

    assert (note(), note()) == (1, 0)
    assert told(webhook) == [(event, str(world.round.pk))]


@pytest.mark.parametrize("who", ["admitted", "stranger", "reference"])
@pytest.mark.parametrize("visibility", Benchmark.Visibility.values)
def test_rounds_are_told_of_to_those_who_may_see_the_benchmark(
    world: World, who: str, visibility: str
) -> None:
    """By the same rule as the API's."""
    team = world.teams.get("bots")
    if who != "admitted":
        team = Team.objects.create(name=who, is_reference=who == "reference")
    assert team is not None
    Benchmark.objects.update(visibility=visibility)
    webhook = webhook_of(team, subscriptions.ROUND_OPENED)

    note()

    may_see = selectors.benchmarks_of(team).filter(pk=world.benchmark.pk).exists()
    assert may_see == (who != "stranger" or visibility == "public")
    assert bool(told(webhook)) == may_see


def test_what_commits_late_is_found_all_the_same(world: World) -> None:
    """Its time was written before the last look, and it became visible after that."""
    team = world.teams["bots"]
    start = timezone.now() - dt.timedelta(days=1)
    webhook = webhook_of(team, subscriptions.SUBMISSION_FINISHED, now=start)
    note()
    webhook.refresh_from_db()
    assert webhook.noted_until > start

    late = scored(world, team)
    Submission.objects.filter(pk=late.pk).update(
        finished_at=webhook.noted_until - OVERLAP + dt.timedelta(seconds=1)
    )

    assert note() == 1


def test_old_events_are_not_looked_through_for_ever(world: World) -> None:
    team = world.teams["bots"]
    start = timezone.now() - dt.timedelta(days=1)
    webhook = webhook_of(team, subscriptions.SUBMISSION_FINISHED, now=start)
    note()

    old = scored(world, team)
    Submission.objects.filter(pk=old.pk).update(finished_at=start + dt.timedelta(hours=1))

    assert note() == 0
    assert told(webhook) == []


def test_ended_webhook_is_told_nothing(world: World) -> None:
    webhook = webhook_of(world.teams["bots"], subscriptions.SUBMISSION_FINISHED)
    scored(world, world.teams["bots"])
    note()
    with acting_as("web"):
        outbox.end(webhook_id=webhook.pk)
    scored(world, world.teams["bots"], 2)

    assert note() == 0
    assert take() == []
    assert webhook.deliveries.get().status == "FAILED"


def test_one_attempt_for_each_team_at_a_time(world: World) -> None:
    bots, rival = world.teams["bots"], world.teams["rival"]
    for team in (bots, bots, rival):
        webhook_of(team, subscriptions.SUBMISSION_FINISHED)
    for number in (1, 2):
        for team in (bots, rival):
            scored(world, team, number)
    note()

    first = take()
    again = take(besides=[bots.pk])

    assert sorted(each.webhook.team.name for each in first) == ["weather-bots", "weather-rival"]
    assert [each.webhook.team for each in again] == [rival]
    assert again[0].pk not in {each.pk for each in first}


def test_those_who_wait_longest_come_first(world: World) -> None:
    now = timezone.now()
    teams = [world.team(name) for name in ("a", "b", "c")]
    for team in teams:
        webhook_of(team, subscriptions.SUBMISSION_FINISHED)
        scored(world, team)
    note()
    for hours, team in enumerate(teams):
        WebhookDelivery.objects.filter(webhook__team=team).update(
            next_attempt_at=now - dt.timedelta(hours=hours)
        )

    assert [each.webhook.team for each in take(limit=2)] == [teams[2], teams[1]]


def test_inactive_team_is_told_nothing(world: World) -> None:
    team = world.teams["bots"]
    webhook_of(team)
    scored(world, team)
    note()
    Team.objects.filter(pk=team.pk).update(is_active=False)

    assert take() == []


def test_attempts_back_off_and_end(world: World) -> None:
    webhook = webhook_of(world.teams["bots"], subscriptions.SUBMISSION_FINISHED)
    scored(world, world.teams["bots"])
    now = timezone.now()
    note(now)
    gaps = []
    for _ in range(MAX_ATTEMPTS - 1):
        (delivery,) = take(now)
        outbox.settle(delivery=delivery, result="status 500", is_done=False)
        waiting = webhook.deliveries.get()
        assert (waiting.status, waiting.last_result) == ("WAITING", "status 500")
        assert waiting.next_attempt_at is not None
        assert take(waiting.next_attempt_at - dt.timedelta(seconds=1)) == []
        gaps.append(waiting.next_attempt_at - now)
        now = waiting.next_attempt_at

    (delivery,) = take(now)
    outbox.settle(delivery=delivery, result="status 500", is_done=False)

    over = webhook.deliveries.get()
    assert (over.status, over.n_attempts, over.next_attempt_at) == ("FAILED", 8, None)
    assert tuple(gaps) == BACK_OFF
    assert take(now + dt.timedelta(days=9)) == []


def test_attempt_that_was_cut_off_is_made_again(world: World) -> None:
    webhook_of(world.teams["bots"], subscriptions.SUBMISSION_FINISHED)
    scored(world, world.teams["bots"])
    now = timezone.now()
    note(now)
    (lost,) = take(now)

    (again,) = take(now + BACK_OFF[0])

    assert (again.pk, again.n_attempts) == (lost.pk, 2)


def test_success_is_the_end(world: World) -> None:
    webhook = webhook_of(world.teams["bots"], subscriptions.SUBMISSION_FINISHED)
    scored(world, world.teams["bots"])
    note()
    (delivery,) = take()

    with acting_as("web"):
        outbox.settle(delivery=delivery, result="status 200", is_done=True)

    assert webhook.deliveries.get().status == "DELIVERED"
    assert take(timezone.now() + dt.timedelta(days=9)) == []
    assert note() == 0


def test_old_deliveries_are_forgotten_and_not_made_again(world: World) -> None:
    webhook = webhook_of(
        world.teams["bots"],
        subscriptions.SUBMISSION_FINISHED,
        now=timezone.now() - dt.timedelta(days=60),
    )
    note()
    for number, status in enumerate(("DELIVERED", "FAILED", "WAITING")):
        WebhookDelivery.objects.create(
            webhook=webhook,
            event="webhook.test",
            subject=str(number),
            occurred_at=timezone.now() - dt.timedelta(days=31),
            status=status,
            next_attempt_at=timezone.now() if status == "WAITING" else None,
        )

    with acting_as("web"):
        assert outbox.forget(now=timezone.now()) == 2

    assert webhook.deliveries.get().status == "WAITING"


def test_content_is_what_the_api_shows_now(world: World) -> None:
    team = world.teams["bots"]
    webhook_of(team)
    submission = scored(world, team)
    note()
    with acting_as("web"):
        delivery = WebhookDelivery.objects.select_related("webhook__team").get(
            event=subscriptions.SUBMISSION_FINISHED
        )
        before = messages.content(delivery=delivery)
        Submission.objects.filter(pk=submission.pk).update(status="WITHDRAWN")
        after = messages.content(delivery=delivery)

    assert before is not None
    assert b'"status":"SCORED"' in before
    assert b'"released":0.75' in before
    assert after is not None
    assert b'"status":"WITHDRAWN"' in after


def test_message_tells_a_value_that_is_only_repeated_as_such(world: World) -> None:
    team = world.teams["bots"]
    webhook_of(team)
    scored(world, team, value=0.75, outcome="no_improvement")
    note()
    delivery = WebhookDelivery.objects.select_related("webhook__team").get(
        event=subscriptions.SUBMISSION_FINISHED
    )

    content = messages.content(delivery=delivery)

    assert content is not None
    assert b'"released":null,"on_display":0.75' in content


def test_round_that_is_out_of_sight_again_is_not_told_of(world: World) -> None:
    team = Team.objects.create(name="stranger")
    webhook_of(team, subscriptions.ROUND_OPENED)
    note()
    delivery = WebhookDelivery.objects.select_related("webhook__team").get()
    assert messages.content(delivery=delivery) is not None

    Benchmark.objects.update(visibility="private")

    assert messages.content(delivery=delivery) is None


def test_webhooks_of_a_merged_team_end(world: World) -> None:
    webhook = webhook_of(world.teams["bots"], subscriptions.SUBMISSION_FINISHED)
    other = webhook_of(world.teams["rival"], subscriptions.SUBMISSION_FINISHED)
    scored(world, world.teams["bots"])
    note()
    waiting = handed_in(world, world.teams["bots"], 2)
    with acting_as("researcher"):
        merging.merge(
            absorbed=world.teams["bots"],
            kept=world.teams["rival"],
            reason="one person",
            actor="ada",
            now=timezone.now(),
        )
    Submission.objects.filter(pk=waiting.pk).update(status="SCORED", finished_at=timezone.now())

    assert note() == 0
    assert take() == []
    webhook.refresh_from_db()
    other.refresh_from_db()
    assert (webhook.is_active, other.is_active) == (False, True)
    assert set(webhook.deliveries.values_list("status", flat=True)) == {"FAILED"}


def test_each_change_of_a_round_is_told_with_its_reason(world: World) -> None:
    bots, rival = world.teams["bots"], world.teams["rival"]
    webhook = webhook_of(bots, "round.changed")
    webhook_of(rival, "round.closed")
    at = timezone.now()
    round = Round.objects.get(pk=world.round.pk)
    for days, reason in ((1, "a storm"), (2, "another storm")):
        closes_at = round.closes_at + dt.timedelta(days=days)
        deadlines.move(round=round, closes_at=closes_at, reason=reason, actor="ada", now=at)

    with acting_as("web"):
        assert outbox.note_events(now=at) == 2
        assert outbox.note_events(now=at) == 0
        deliveries = list(WebhookDelivery.objects.order_by("subject"))
        body = json.loads(messages.content(delivery=deliveries[0]) or b"")

    assert {each.webhook_id for each in deliveries} == {webhook.pk}
    assert (body["type"], body["data"]["number"]) == ("round.changed", 1)
    assert [each["reason"] for each in body["data"]["changes"]] == ["a storm", "another storm"]
