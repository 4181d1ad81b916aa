"""A round is previewed before it is planned, and planned as it was previewed."""

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages

from stats.ledger import MAX_QUERIES
from tests.vault.admin.stage import client_of, url
from tests.vault.admin.test_rounds import constants, post
from tests.vault.factories import World, acting_as, make_world
from vault.admin.pages import NAT
from vault.models import BudgetEntry, Holdout, HoldoutTold, JournalEntry, Panel, Round, RoundSecret
from vault.people.groups import ORGANIZER, RESEARCHER

pytestmark = pytest.mark.usefixtures("installation")
WRITTEN = (Round, RoundSecret, Holdout, Panel, JournalEntry, BudgetEntry, HoldoutTold, LogEntry)


@pytest.fixture
def world() -> World:
    """Its query holdout is free."""
    world = make_world("weather", n_query=400, n_fresh=800)
    Round.objects.update(status="PUBLISHED")
    return world


def counts() -> list[int]:
    return [model.objects.count() for model in WRITTEN]


def text(answer: Any) -> str:
    """As people read it."""
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def hidden(answer: Any) -> dict[str, list[str]]:
    """What a button of the preview sends along."""
    given: dict[str, list[str]] = {}
    for tag in re.findall(r'<input type="hidden"[^>]*>', answer.content.decode()):
        name, value = (re.search(rf'{each}="([^"]*)"', tag) for each in ("name", "value"))
        if name is not None and name[1] != "csrfmiddlewaretoken":
            given.setdefault(name[1], []).append(
                "" if value is None else value[1].replace("&quot;", '"')
            )
    return given


def previewed(world: World, **changed: Any) -> Any:
    return post(url("vault_round_add"), **constants(world, **changed))


def test_the_first_button_previews_and_writes_nothing(world: World) -> None:
    before = counts()

    answer = previewed(world)

    assert answer.status_code == 200
    assert "Nothing is planned yet" in text(answer)
    assert counts() == before
    assert re.findall(r'type="submit"[^>]* name="(\w+)"', answer.content.decode()) == [
        "plan",
        "change",
    ]


def test_form_and_preview_say_what_can_still_be_changed(world: World) -> None:
    with acting_as("researcher"):
        form = client_of(ORGANIZER).get(url("vault_round_add"))

    for answer in (form, previewed(world)):
        assert "its end can only be moved to a later time" in text(answer)
        assert "given more queries or let in late; nothing else of it can be changed" in text(
            answer
        )


def test_a_preview_reads_all_constants_back(world: World) -> None:
    first, second = (world.team(name, is_reference=True) for name in ("zero", "alpha"))

    said = text(previewed(world, references=f"{second.name}\n{first.name}", window_seconds=86_400))

    for constant in (
        "Panel version 1, 1,200 items",
        "weather: iid, 400 items",
        "weather: iid, 800 items",
        "Mechanism guarded_ladder",
        "improvements a team can be shown: 3 (b)",
        f"the baseline first {second.name}, {first.name}",
        "by itself, once each named reference has a scored file",
        "Queries of a team 40 in the round",
        "In a window 4 in any 24 hours",
        "2 of a team at once",
        "10 at most",
        "full: exact figures and all metrics",
    ):
        assert constant in said


def test_a_preview_says_what_the_round_could_do(world: World) -> None:
    said = text(previewed(world, publication="coarse"))

    for sentence in (
        "no smaller difference is shown",
        "rounded to steps of 0.01768",
        f"by 40 answers ({NAT})",
        "nats in all (10 teams with 40 queries each: ",
        "revealed before this round: 0)",
        "if one team uses all its 40 queries",
        "if all 400 planned queries are used",
        "of the items differently: 5 %: cannot be found: such a file cannot gain enough 10 %: ",
        "Found with 80 % in a round of 10 teams",
        "Stock of labels 0 auditable rounds left; after this round",
        "s coarse publication: 0 auditable rounds left",
        "No reference is named: the round does not open by itself, and guarded_ladder cannot open",
    ):
        assert sentence in said
    assert "weather round 1 is planned" not in said


def test_what_is_confirmed_is_planned(world: World) -> None:
    """The hidden fields alone, as a browser sends them."""
    references = [world.team(name, is_reference=True) for name in ("zero", "alpha")]
    named = "\n".join(team.name for team in references)

    given = hidden(previewed(world, references=named))
    answer = post(url("vault_round_add"), **given, plan="Plan this round")

    planned = Round.objects.get(number=2)
    assert answer["Location"] == url("vault_round_change", planned.pk)
    assert planned.named_references == [team.pk for team in references]
    assert planned.parameters["b"] == 3
    assert list(planned.fresh_holdouts.all()) == [world.fresh]
    assert (planned.total_limit, planned.window_limit, planned.max_teams) == (40, 4, 10)


def test_change_something_goes_back_to_the_filled_form(world: World) -> None:
    given = hidden(previewed(world))
    before = counts()

    page = post(url("vault_round_add"), **given, change="Change something").content.decode()

    assert 'name="total_limit" value="40"' in page
    assert "errornote" not in page
    assert 'value="Preview"' in page
    assert counts() == before


@pytest.mark.parametrize(
    ("field", "value"), [("total_limit", "41"), ("closes_at_1", "00:00:01"), ("previewed", "")]
)
def test_what_was_not_previewed_is_not_planned(world: World, field: str, value: str) -> None:
    given = hidden(previewed(world)) | {field: [value]}

    answer = post(url("vault_round_add"), **given, plan="Plan this round")

    assert "something has changed since the preview that you confirmed" in text(answer)
    assert Round.objects.count() == 1
    again = post(url("vault_round_add"), **hidden(answer), plan="Plan this round")
    assert again.status_code == 302
    assert Round.objects.count() == 2


def test_figures_that_have_changed_are_shown_again(world: World) -> None:
    """Somebody publishes in between: the holdout has told more than was read."""
    given = hidden(previewed(world))
    HoldoutTold.objects.create(
        holdout=world.query, round=world.round, what="publication", nats=5.0, at=world.now
    )

    answer = post(url("vault_round_add"), **given, plan="Plan this round")

    assert "revealed before this round: 5)" in text(answer)
    assert Round.objects.count() == 1


def test_a_holdout_that_was_taken_in_between_is_refused(world: World) -> None:
    given = hidden(previewed(world))
    assert post(url("vault_round_add"), **given, plan="Plan this round").status_code == 302
    before = counts()

    answer = post(url("vault_round_add"), **given, plan="Plan this round")

    assert "The query holdout serves another round." in text(answer)
    assert 'name="total_limit" value="40"' in answer.content.decode()
    assert counts() == before


def test_what_planning_refuses_is_refused_before_a_preview(world: World) -> None:
    answer = previewed(world, closes_at_0="2020-01-01")

    assert "The round would close in the past, at 2020-01-01" in text(answer)
    assert "Nothing is planned yet" not in text(answer)


def test_only_who_may_plan_may_preview(world: World) -> None:
    with acting_as("researcher"):
        answer = client_of(RESEARCHER).post(url("vault_round_add"), constants(world))

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("mechanism", "said"),
    [
        ("exact", "exact: every digit is shown"),
        ("blind", "no score is shown"),
        ("one_bit", "no score is shown"),
        ("gaussian", "no grid: answers carry noise"),
    ],
)
def test_a_mechanism_without_a_grid_is_no_exact_one(
    world: World, mechanism: str, said: str
) -> None:
    assert said in text(previewed(world, mechanism=mechanism, parameters="{}"))


def test_a_rounds_page_says_what_it_can_find_and_how_it_is_published(world: World) -> None:
    with acting_as("researcher"):
        page = text(client_of(ORGANIZER).get(url("vault_round_change", world.round.pk)))

    assert "Smallest overstatement found, as planned" in page
    assert "Found with 80 % in a round of 50 teams" in page
    assert "rounded to steps of 0.01768" in page


def test_an_address_with_too_many_digits_names_no_benchmark(world: World) -> None:
    with acting_as("researcher"):
        page = client_of(ORGANIZER).get(url("vault_round_add"), {"benchmark": "9" * 5_000})

    assert page.status_code == 200


@pytest.mark.parametrize("name", ["total_limit", "window_limit"])
def test_more_queries_than_the_ledger_counts_are_refused_at_their_field(
    world: World, name: str
) -> None:
    """The bound is the same in the help, in the browser and in the refusal."""
    answer = previewed(world, **{name: MAX_QUERIES + 1})

    page = answer.content.decode()
    field = page.partition(f'field-{name}">')[2].partition("form-row")[0]
    assert f'max="{MAX_QUERIES}"' in field
    assert f"less than or equal to {MAX_QUERIES}" in field
    assert "Nothing was done. Please correct what is marked below." in text(answer)


def test_a_refusal_begins_as_a_sentence_does(world: World) -> None:
    answer = previewed(world, total_limit=3, window_limit=4)

    assert "A window cannot have more queries than the round" in text(answer)


def test_who_plans_on_a_holdout_that_takes_no_references_is_warned(world: World) -> None:
    """Before and after: nobody could hand in to such a round, and a Ladder would never open."""
    Round.objects.update(status="PLANNED")
    for place in range(20):
        if place % 5 == 0:
            team = world.team(f"reference-{place}", is_reference=True)
        world.submit(team, world.wrong_at([place]))
    Round.objects.update(status="PUBLISHED")
    said = (
        "References have handed in 20 files about this query holdout, and 20 are taken: none can be"
    )

    shown = previewed(world)
    answer = post(url("vault_round_add"), **hidden(shown), plan="Plan this round")

    planned = Round.objects.latest("pk")
    with acting_as("researcher"):
        page = client_of(ORGANIZER).get(url("vault_round_change", planned.pk))
    assert said in text(shown)
    assert planned.number == 2
    assert any(said in each.message for each in get_messages(answer.wsgi_request))
    assert "/act/baseline/" not in page.content.decode()
