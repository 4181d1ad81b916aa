"""Rounds in the admin: planned, opened, closed and filled with teams in an organizer's name."""

import datetime as dt
import json
import re
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from tests.vault.admin.stage import Stage, client_of, url
from tests.vault.factories import World, acting_as, make_world
from vault.models import (
    Admission,
    Benchmark,
    JournalEntry,
    Round,
    RoundReference,
    Submission,
    Team,
)
from vault.people.groups import ORGANIZER
from vault.sealing import holdouts, label_files
from vault.sealing.drawn_units import Shard

pytestmark = pytest.mark.usefixtures("installation")


@pytest.fixture
def world() -> World:
    """Its round is planned."""
    # The admin acts by the clock.
    end = timezone.now() + dt.timedelta(days=30)
    return make_world("weather", n_query=30, n_fresh=40, max_teams=2, total_limit=20, closes_at=end)


def post(address: str, **given: Any) -> Any:
    client = client_of(ORGANIZER)
    with acting_as("researcher"):
        return client.post(address, given)


def plan(**given: Any) -> Any:
    """Preview, and then what the preview's first button sends."""
    shown = post(url("vault_round_add"), **given)
    found = re.search(r'name="previewed" value="(\w+)"', shown.content.decode())
    if found is None:
        return shown
    return post(url("vault_round_add"), **given, plan="Plan this round", previewed=found[1])


def act(round: Round, name: str, **given: Any) -> Any:
    # The tick of an act that cannot be undone; others do not read it.
    answer = post(url("vault_round_act", round.pk, name), **{"for_good": "on", **given})
    round.refresh_from_db()
    return answer


def kinds(*, actor: str = ORGANIZER) -> list[str]:
    return list(
        JournalEntry.objects.filter(actor=actor).order_by("pk").values_list("kind", flat=True)
    )


def constants(world: World, **changed: Any) -> dict[str, Any]:
    now = timezone.now()
    return {
        "benchmark": world.benchmark.pk,
        "query_holdout": world.query.pk,
        "fresh_holdouts": [world.fresh.pk],
        "mechanism": "guarded_ladder",
        "parameters": '{"b": 3}',
        "opens_at_0": f"{now:%Y-%m-%d}",
        "opens_at_1": f"{now:%H:%M}",
        "closes_at_0": f"{now + dt.timedelta(days=7):%Y-%m-%d}",
        "closes_at_1": "00:00",
        "total_limit": 40,
        "window_limit": 4,
        "window_seconds": 3600,
        "concurrent_limit": 2,
        "max_teams": 10,
        "publication": "full",
        **changed,
    }


def test_a_planned_round_has_the_constants_that_were_given(world: World) -> None:
    Round.objects.update(status="PUBLISHED")

    answer = plan(**constants(world))

    planned = Round.objects.get(number=2)
    assert answer["Location"] == url("vault_round_change", planned.pk)
    assert planned.mechanism == "guarded_ladder"
    assert planned.parameters["b"] == 3
    assert (planned.total_limit, planned.window_limit, planned.window_seconds) == (40, 4, 3600)
    assert (planned.concurrent_limit, planned.max_teams) == (2, 10)
    assert planned.publication == "full"
    entry = JournalEntry.objects.get(kind="round_planned", actor=ORGANIZER)
    assert json.loads(entry.payload)["publication"] == "full"
    assert list(planned.fresh_holdouts.all()) == [world.fresh]
    assert kinds() == ["round_planned"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"parameters": '{"x": 3}'}, "unknown parameter: x"),
        ({"parameters": "[3]"}, "A JSON object is needed"),
        ({"parameters": "{"}, "Enter a valid JSON"),
        ({"parameters": '{"b": ' + "9" * 5_000 + "}"}, "Enter a valid JSON"),
        ({"parameters": "[" * 20_000}, "Enter a valid JSON"),
        ({"parameters": '{"c": 1e-320}'}, "what is not 0 is at least 1e-06"),
        ({"closes_at_0": "2020-01-01"}, "would close in the past, at 2020-01-01 00:00: it is"),
        ({"opens_at_0": "2020-01-01"}, "would open in the past, at 2020-01-01"),
        ({"opens_at_0": "2999-01-01"}, "must close after it opens"),
        ({"total_limit": 0}, "greater than or equal to 1"),
        ({"total_limit": 10_000_000}, "less than or equal to 1000000"),
        ({"window_limit": 41}, "a team has 40 in the round, so give at most 40 here"),
        ({"publication": "none"}, "Select a valid choice"),
        ({"mechanism": "honesty"}, "Select a valid choice"),
        ({"query_holdout": ""}, "This field is required"),
    ],
)
def test_a_round_that_cannot_be_is_not_planned(
    world: World, changed: dict[str, Any], reason: str
) -> None:
    Round.objects.update(status="PUBLISHED")

    answer = plan(**constants(world, **changed))

    assert reason in answer.content.decode()
    assert Round.objects.count() == 1
    assert kinds() == []


def test_plan_names_its_references_in_order_and_pages_say_what_it_waits_for(world: World) -> None:
    Round.objects.update(status="PUBLISHED")
    first, second = (world.team(name, is_reference=True) for name in ("zero", "alpha"))
    named = f"{first.name}\n {second.name.upper()} \n\n"

    plan(**constants(world, references=named))

    planned = Round.objects.get(number=2)
    assert planned.named_references == [first.pk, second.pk]
    with acting_as("researcher"):
        client = client_of(ORGANIZER)
        page = client.get(url("vault_round_change", planned.pk)).content.decode()
        listed = client.get(url("vault_round_changelist")).content.decode()
    waits = f"the reference {first.name} has handed in no file"
    assert f"with {first.name}, {second.name}; the first is the baseline" in page
    assert f"Not yet: {waits}." in page
    assert f"The time of {planned} has come, and it is not open: {waits}." in listed


def test_plan_that_names_an_unknown_reference_lists_the_known_ones(world: World) -> None:
    Round.objects.update(status="PUBLISHED")
    known = world.team("zero", is_reference=True)

    answer = plan(**constants(world, references="nobody"))

    assert f"Reference teams: {known.name}." in answer.content.decode()
    assert Round.objects.count() == 1


def test_second_open_round_is_refused_on_the_page(world: World) -> None:
    """It answered 500: the database's constraint was the only thing that refused."""
    Round.objects.update(status="PUBLISHED")
    plan(**constants(world, mechanism="exact", parameters="{}"))
    planned = Round.objects.get(number=2)
    Round.objects.filter(number=1).update(status="OPEN")

    answer = act(planned, "open")

    assert answer.status_code == 200
    assert "Another round of weather is open: close it first." in answer.content.decode()
    assert planned.status == "PLANNED"


def test_planning_says_what_a_publication_costs_in_stock(world: World) -> None:
    """A full one retires two holdouts, so a sealed shard more has to take their place."""
    holdouts.seal(
        benchmark=world.benchmark,
        labels=label_files.read(
            body=("id,label\n" + "".join(f"more-{i},{i % 2}\n" for i in range(60))).encode(),
            content_type="text/csv",
            benchmark=world.benchmark,
        ),
        shards=[Shard(kind="iid", status="SEALED", n=20) for _ in range(3)],
        rng=np.random.default_rng(1),
        actor="test",
        now=world.now,
    )
    with acting_as("researcher"):
        page = client_of(ORGANIZER).get(f"{url('vault_round_add')}?benchmark={world.benchmark.pk}")

    text = " ".join(page.content.decode().split())
    assert (
        "After a coarse publication the fresh holdout answers the next round, after a full one it"
        in text
    )
    # The three are of another draw than the round's own two, which are used up by it.
    stock = "2 auditable rounds left (1 if each is published in full), after 1 round that is not"
    assert stock in text


def test_a_fresh_holdout_cannot_be_asked(world: World) -> None:
    Round.objects.update(status="PUBLISHED")

    answer = plan(**constants(world, query_holdout=world.fresh.pk))

    assert "Select a valid choice" in answer.content.decode()
    assert Round.objects.count() == 1


def test_a_round_goes_from_planned_to_closing(world: World) -> None:
    assert act(world.round, "open").status_code == 302
    assert world.round.status == "OPEN"
    assert act(world.round, "close", before_end="on").status_code == 302
    assert world.round.status == "CLOSING"

    assert kinds() == ["round_open", "round_closing"]
    for page in (
        url("vault_round_changelist"),
        url("vault_benchmark_change", world.benchmark.pk),
    ):
        assert "earlier than announced" in client_of(ORGANIZER).get(page).content.decode()


@pytest.mark.parametrize(
    ("status", "refused"),
    [
        ("PLANNED", ["close", "audit", "publish", "unrank", "rank-again"]),
        ("OPEN", ["open", "audit", "publish", "rank-again", "cancel"]),
        ("CLOSING", ["admit", "open", "close", "publish", "cancel"]),
        ("CLOSED", ["admit", "open", "close", "publish", "cancel"]),
        ("AUDITED", ["admit", "open", "close", "audit", "cancel"]),
        ("PUBLISHED", ["admit", "open", "close", "audit", "publish", "cancel"]),
    ],
)
def test_an_act_in_the_wrong_status_says_so_and_changes_nothing(
    world: World, status: str, refused: list[str]
) -> None:
    Round.objects.update(status=status)
    team = Team.objects.create(name="alpha")
    client = client_of(ORGANIZER)

    for name in refused:
        with acting_as("researcher"):
            answer = client.post(
                url("vault_round_act", world.round.pk, name), {"teams": [team.pk]}, follow=True
            )
        assert "this is possible while a round is" in answer.content.decode()

    world.round.refresh_from_db()
    assert world.round.status == status
    assert kinds() == []


def test_the_page_offers_what_the_status_allows(stage: Stage) -> None:
    client, round = client_of(ORGANIZER), stage.world.round
    with acting_as("researcher"):
        page = client.get(url("vault_round_change", round.pk)).content.decode()

    offered = [
        name for name in ("admit", "open", "close", "audit", "publish") if f"/act/{name}/" in page
    ]
    assert offered == ["admit", "close"]


def test_admitted_teams_have_an_account(world: World) -> None:
    teams = [Team.objects.create(name=name) for name in ("alpha", "beta")]

    act(world.round, "admit", teams=[team.pk for team in teams], k=7)

    admitted = Admission.objects.order_by("team__name")
    assert [(each.team, each.k, each.is_blind) for each in admitted] == [
        (teams[0], 7, False),
        (teams[1], 7, False),
    ]
    assert all(each.reserved_nats > 0 for each in admitted)
    assert kinds() == ["admit", "admit"]


def test_teams_are_admitted_together_or_not_at_all(world: World) -> None:
    """Three teams and two seats."""
    teams = [Team.objects.create(name=name) for name in ("alpha", "beta", "gamma")]

    answer = act(world.round, "admit", teams=[team.pk for team in teams])

    assert "Nothing was done.<br>2 teams are admitted, as many" in answer.content.decode()
    assert not Admission.objects.exists()
    assert kinds() == []

    assert (
        act(world.round, "admit", teams=[team.pk for team in teams], is_blind="on").status_code
        == 302
    )
    assert Admission.objects.filter(is_blind=True).count() == 3


def test_admitting_says_how_many_teams_and_queries_there_are(world: World) -> None:
    world.team("alpha")
    beta = Team.objects.create(name="beta")

    refused = act(world.round, "admit", teams=[beta.pk], k=21).content.decode()

    assert "1 of 2 teams that see scores can still be admitted." in refused
    assert "the round's total, 20, if left empty." in refused
    assert "A team has 1 to 20 queries in this round." in refused


def test_references_and_admitted_teams_are_not_offered(world: World) -> None:
    world.team("alpha")
    reference = Team.objects.create(name="baseline", is_reference=True)
    gone = Team.objects.create(name="gone", is_active=False)

    for team in (world.teams["alpha"], reference, gone):
        answer = act(world.round, "admit", teams=[team.pk])
        assert "Select a valid choice" in answer.content.decode()

    assert Admission.objects.count() == 1


def test_a_ladder_does_not_open_without_its_baseline(world: World) -> None:
    Round.objects.update(mechanism="guarded_ladder", parameters={"b": 5, "c": 1.0, "z": 2.0})

    answer = act(world.round, "open")

    assert "needs a baseline" in answer.content.decode()
    assert world.round.status == "PLANNED"
    assert kinds() == []


def test_the_chosen_baseline_comes_first(world: World) -> None:
    given = []
    for place, name in enumerate(("logistic", "forest")):
        team = world.team(name, is_reference=True)
        given.append(world.submit(team, world.wrong_at([place])).submission)
    Submission.objects.update(status="SCORED", finished_at=world.now)

    act(world.round, "open", baseline=str(given[1].pk))

    frozen = RoundReference.objects.order_by("position").values_list("submission", flat=True)
    assert list(frozen) == [given[1].pk, given[0].pk]


@pytest.mark.parametrize("name", ["unranked", "own"])
def test_messages_keep_names_as_they_are_written(world: World, name: str) -> None:
    """A message whose first word is a name would be shown with a capital."""
    Benchmark.objects.update(slug="own")
    world.round.benchmark.refresh_from_db()
    team = world.team("alpha")
    Team.objects.filter(pk=team.pk).update(name=name, folded=name)
    client, reason = client_of(ORGANIZER), {"team": team.pk, "reason": "two accounts"}
    close = ("close", {"before_end": "on"})
    said = []
    for act, given in (("open", {}), ("unrank", reason), ("rank-again", reason), close):
        with acting_as("researcher"):
            page = client.post(url("vault_round_act", world.round.pk, act), given, follow=True)
        said += re.findall(r'<li class="success">(.*?)</li>', page.content.decode())

    assert said == [
        "Opened own round 1.",
        f"The team {name} is unranked in own round 1.",
        f"The team {name} is ranked again in own round 1.",
        "Closing own round 1: what waits is still scored, then finals lock.",
    ]
