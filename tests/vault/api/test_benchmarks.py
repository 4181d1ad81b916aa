"""What anyone may know of a benchmark."""

import pytest
from django.utils import timezone

from tests.vault.api.stage import (
    N_FRESH,
    N_ITEMS,
    N_QUERY,
    Caller,
    a_world,
    file_number,
    problem,
)
from tests.vault.factories import World
from vault import holdout_ledger, rounds, submissions
from vault.models import Benchmark, Holdout, Round, RoundSecret, Team

ANYONE = Caller()
PUBLIC_HOLDOUT = {
    "label_versions",
    *("id", "kind", "status", "n_items", "draws_groups", "stratified", "commitment", "sealed_at"),
    "batch",
    *("trained_until", "label_delay_days", "disclosed"),
}


@pytest.fixture
def world() -> World:
    return a_world(mechanism="guarded_ladder", parameters={"b": 3}, total_limit=40)


def hide(world: World) -> None:
    Benchmark.objects.filter(pk=world.benchmark.pk).update(visibility="private")


def test_list_is_by_slug(world: World) -> None:
    a_world("autumn")

    results = ANYONE.get("benchmarks/").json()["results"]

    assert [each["slug"] for each in results] == ["autumn", "weather"]
    assert results[1] == {
        "slug": "weather",
        "title": "weather",
        "description": "",
        "rules": "",
        "data_url": "",
        "task": "binary",
        "classes": ["0", "1"],
        "prediction_form": "label",
        "primary_metric": "accuracy",
        "greater_is_better": True,
        "secondary_metrics": [],
        "loss_cap": None,
        "decision_threshold": None,
        "probability_clip": 0.01,
        "cost_matrix": None,
        "constraints": {},
        "label_noise": None,
    }


def test_declared_noise_is_shown_as_a_matrix(world: World) -> None:
    """One rate or one for each class: whoever reads it reads the same."""
    noise = Benchmark.objects.filter(pk=world.benchmark.pk)

    noise.update(label_noise=0.25)
    assert ANYONE.get("benchmarks/weather/").json()["label_noise"] == [[0.75, 0.25], [0.25, 0.75]]
    noise.update(label_noise=[[1, 0], [0.25, 0.75]])
    assert ANYONE.get("benchmarks/").json()["results"][0]["label_noise"] == [[1, 0], [0.25, 0.75]]


def test_detail_names_panel_holdouts_and_rounds(world: World) -> None:
    shown = ANYONE.get("benchmarks/weather/").json()

    assert shown["slug"] == "weather"
    assert shown["panel"] == {
        "version": 1,
        "n_items": N_ITEMS,
        "id_kind": "string",
        "sha256": world.panel.sha256,
    }
    assert sorted(each["n_items"] for each in shown["holdouts"]) == [N_QUERY, N_FRESH]
    assert all(set(each) == PUBLIC_HOLDOUT for each in shown["holdouts"])
    assert [each["number"] for each in shown["rounds"]] == [1]
    # Its round has both shards.
    assert shown["stock"] == {
        "coarse_rounds": 0,
        "full_rounds": 0,
        "line": "0 auditable rounds left, after 1 round that is not published yet",
    }


def test_benchmark_without_anything_has_no_panel(world: World) -> None:
    Benchmark.objects.create(
        slug="empty", task="binary", prediction_form="label", primary_metric="log_loss"
    )

    shown = ANYONE.get("benchmarks/empty/").json()

    assert (shown["panel"], shown["holdouts"], shown["rounds"]) == (None, [], [])
    assert shown["greater_is_better"] is False


def test_round_says_the_rules_of_its_answers(world: World) -> None:
    (shown,) = ANYONE.get("benchmarks/weather/rounds/").json()["results"]

    resolution = shown.pop("resolution")
    assert 0 < resolution < 1
    assert shown.pop("planned_nats") == pytest.approx(
        holdout_ledger.planned_nats(round=world.round)
    )
    assert shown == {
        "number": 1,
        "unaudited": False,
        "status": "OPEN",
        "opens_at": "2020-01-01T00:00:00Z",
        "closes_at": "2999-01-01T00:00:00Z",
        "closed_at": None,
        "published_at": None,
        "cancelled_at": None,
        "cancelled_reason": None,
        "mechanism": "guarded_ladder",
        "parameters": Round.objects.get().parameters,
        "publication": "coarse",
        "transcript": 1,
        "panel_version": 1,
        "n_query": N_QUERY,
        "query_commitment": world.query.commitment,
        "budget": {
            "window_seconds": 86400,
            "window_limit": 40,
            "total_limit": 40,
            "concurrent_limit": 1000,
        },
        "changes": [],
        "link": None,
    }
    assert shown["parameters"]["b"] == 3


def test_planned_rounds_are_shown(world: World) -> None:
    a_world("autumn", is_open=False)

    (shown,) = ANYONE.get("benchmarks/autumn/rounds/").json()["results"]

    assert shown["status"] == "PLANNED"


def test_cancelled_rounds_are_shown_with_their_reason_and_have_no_board(world: World) -> None:
    autumn = a_world("autumn", is_open=False)
    team, reference = autumn.team("a"), autumn.team("r", is_reference=True)
    waiting = autumn.submit(reference, autumn.labels).submission
    now = timezone.now()
    rounds.cancel(round=autumn.round, reason="the labels are wrong", actor="ada", now=now)
    submissions.cancel_with_their_rounds(now=now)

    (listed,) = ANYONE.get("benchmarks/autumn/rounds/").json()["results"]
    assert (listed["status"], listed["cancelled_reason"]) == ("CANCELLED", "the labels are wrong")
    assert listed["cancelled_at"] == f"{now:%Y-%m-%dT%H:%M:%S.%fZ}"
    assert ANYONE.get("benchmarks/autumn/").json()["rounds"] == [listed]
    caller = Caller(reference)
    for who, path in (
        *((ANYONE, "leaderboard/"), (ANYONE, "leaderboard/?round=1")),
        *((Caller(team), "budget/"), (Caller(team), "budget/?round=1")),
    ):
        missing = who.get(f"benchmarks/autumn/{path}")
        assert problem(missing) == (404, "not_found")
        assert missing.json()["detail"] == (
            "There is nothing here: round 1 was cancelled before it opened (the labels are wrong)"
        )
    shown = caller.get(f"submissions/{waiting.pk}/").json()
    assert (shown["status"], shown["error_code"], shown["released"]) == ("CANCELLED", None, None)
    for who in (caller, Caller(team)):
        refused = who.post("benchmarks/autumn/submissions/", file_number(1))
        assert problem(refused) == (403, "no_open_round")
        assert "round 1 was cancelled (the labels are wrong)" in refused.json()["detail"]


def test_cancelled_round_hides_no_other_board(world: World) -> None:
    given = {
        name: getattr(world.round, name)
        for name in ("benchmark", "panel", "query_holdout", "mechanism", "parameters")
    }
    Round.objects.create(
        number=2,
        opens_at=world.round.opens_at,
        closes_at=world.round.closes_at,
        status="CANCELLED",
        cancelled_at=timezone.now(),
        cancelled_reason="why",
        **given,
    )

    assert ANYONE.get("benchmarks/weather/leaderboard/").json()["round"] == 1
    assert ANYONE.get("benchmarks/weather/leaderboard/?round=2").status_code == 404


def test_seed_of_a_round_is_nowhere(world: World) -> None:
    """Invariant 5: nor is the salt of a commitment, nor the place of an item."""
    text = b"".join(
        ANYONE.get(path).content
        for path in ("benchmarks/", "benchmarks/weather/", "benchmarks/weather/rounds/")
    ).decode()

    # Of a draw's seed the hash alone is there.
    text_without = text.replace("seed_sha256", "")
    for word in ("seed", "salt", "positions", "file_key", "public_key", "entropy"):
        assert word not in text_without
    secret = RoundSecret.objects.get(round=world.round)
    assert secret.entropy not in text
    assert secret.audit_seed not in text
    for holdout in Holdout.objects.all():
        assert holdout.commitment in text


def test_private_benchmark_is_for_those_who_are_admitted(world: World) -> None:
    insider, reference = Caller(world.team("in")), world.team("reference", is_reference=True)
    outsider = Caller(Team.objects.create(name="outsider"))
    hide(world)

    for caller in (insider, Caller(reference)):
        assert len(caller.get("benchmarks/").json()["results"]) == 1
        assert caller.get("benchmarks/weather/").status_code == 200
    for caller in (ANYONE, outsider):
        assert caller.get("benchmarks/").json()["results"] == []
        hidden = caller.get("benchmarks/weather/")
        assert problem(hidden) == (404, "not_found")
        # As if it were not there.
        assert hidden.content == caller.get("benchmarks/nowhere/").content


@pytest.mark.parametrize(
    "slug", ["nowhere", "w%C3%A9ather", "a%20b", "weather%00", "..", "%2e%2e", "x" * 5000, "'--"]
)
def test_what_is_no_benchmark_is_not_found(world: World, slug: str) -> None:
    assert problem(ANYONE.get(f"benchmarks/{slug}/")) == (404, "not_found")


def test_address_without_its_slash_leads_to_it(world: World) -> None:
    """Other methods are not redirected: it would turn a POST into a GET."""
    answer = ANYONE.get("benchmarks/weather")
    assert (answer.status_code, answer["Location"]) == (308, "/api/v1/benchmarks/weather/")
