"""What everybody and a team are shown of corrected labels: versions, transcripts, superseded answers."""

from typing import Any

import pytest
from django.utils import timezone

from tests.vault.api.stage import Caller, a_world, file_number
from tests.vault.corrected import REASON, flip, query_positions, true_share
from tests.vault.factories import NOW, World
from vault.api import known_submissions
from vault.models import Release, Submission
from webhooks import messages, outbox, subscriptions

pytestmark = [pytest.mark.usefixtures("vault_keys", "api_site", "signing")]

ANYONE = Caller()
POST = "benchmarks/weather/submissions/"


@pytest.fixture
def world(vault_keys: None) -> World:
    return a_world()


def handed_in(world: World, bot: Caller, number: int) -> dict[str, Any]:
    found: dict[str, Any] = bot.post(POST, file_number(number)).json()
    world.now = timezone.now()
    world.score(Submission.objects.get(pk=found["id"]))
    answer: dict[str, Any] = bot.get(f"submissions/{found['id']}/").json()
    return answer


def test_before_and_after(world: World) -> None:
    team = world.team("ours")
    bot = Caller(team)
    before = handed_in(world, bot, 5)
    assert (before["transcript"], before["superseded"]) == (1, [])
    address = f"submissions/{before['id']}/"
    etag = bot.get(address)["ETag"]
    assert bot.get(address, **{"If-None-Match": etag}).status_code == 304

    flip(world, query_positions(world)[:6])

    answer = bot.get(address, **{"If-None-Match": etag})
    after = answer.json()
    assert answer.status_code == 200
    assert after["transcript"] == 2
    assert after["superseded"] == [
        {"transcript": 1, **{name: before[name] for name in ("released", "on_display", "outcome")}}
    ]
    release = Release.objects.get(submission=before["id"], transcript=2)
    assert after["released"] == pytest.approx(release.value)
    listed = bot.get(POST).json()["items" if "items" in bot.get(POST).json() else "results"]
    assert listed == [after]
    board = ANYONE.get("benchmarks/weather/leaderboard/").json()
    assert [row["released"] for row in board["rows"]] == [after["released"]]
    assert ANYONE.get("benchmarks/weather/rounds/").json()["results"][0]["transcript"] == 2


def test_what_a_process_knows_is_not_shown_as_it_was(world: World) -> None:
    """A poll answers from memory: of a round that was scored again it asks the database."""
    bot = Caller(world.team("ours"))
    before = handed_in(world, bot, 5)
    known = [bot.get(f"submissions/{before['id']}/").json() for _ in range(2)]
    assert known == [before, before]

    flip(world, query_positions(world)[:6])
    after = [bot.get(f"submissions/{before['id']}/").json() for _ in range(3)]
    later = handed_in(world, bot, 9)

    assert after[0] == after[1] == after[2]
    assert after[0]["superseded"]
    assert (later["transcript"], later["superseded"]) == (2, [])
    known_submissions._known.clear()
    assert bot.get(f"submissions/{later['id']}/").json() == later


def test_everybody_sees_versions_and_not_which_items(world: World) -> None:
    first = {
        each["id"]: each["commitment"]
        for each in ANYONE.get("benchmarks/weather/").json()["holdouts"]
    }
    flip(world, query_positions(world)[:1])

    detail = ANYONE.get("benchmarks/weather/")
    for each in detail.json()["holdouts"]:
        sealed, corrected = each["label_versions"]
        assert each["commitment"] == sealed["commitment"] == first[each["id"]]
        assert (sealed["version"], sealed["reason"]) == (1, None)
        assert (corrected["version"], corrected["reason"]) == (2, REASON)
        assert corrected["n_labelled"] == each["n_items"]
        assert corrected["commitment"] != sealed["commitment"]
    assert b"item-" not in detail.content


def test_a_webhook_tells_of_each_answer_that_was_superseded(world: World) -> None:
    team, rival = world.team("ours"), world.team("rival")
    webhook = subscriptions.register(
        team=team,
        url="https://ci.example.org/hook",
        events=[subscriptions.SUBMISSION_RESCORED],
        now=NOW,
    )
    first = handed_in(world, Caller(team), 5)
    handed_in(world, Caller(rival), 7)
    where = query_positions(world)
    for positions in (where[:6], where[6:8]):
        flip(world, positions)
        outbox.note_events(now=NOW)
    handed_in(world, Caller(team), 9)
    outbox.note_events(now=NOW)

    told = list(webhook.deliveries.order_by("subject"))
    assert [each.event for each in told] == ["submission.rescored"] * 2
    content = [messages.content(delivery=each) for each in told]
    assert all(each and first["id"].encode() in each for each in content)
    assert content[1] is not None
    assert b'"transcript":3' in content[1].replace(b" ", b"")


def test_the_value_is_that_of_the_corrected_labels(world: World) -> None:
    bot = Caller(world.team("ours"))
    given = handed_in(world, bot, 5)
    where = query_positions(world)
    labels = world.labels.copy()
    labels[where[:6]] ^= 1
    flip(world, where[:6])

    after = bot.get(f"submissions/{given['id']}/").json()
    answers = [5 >> bit & 1 for bit in range(len(labels))]
    assert after["released"] == pytest.approx(
        true_share(world, answered=labels * 0 + answers, labels=labels)
    )
