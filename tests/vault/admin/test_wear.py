"""Wear of a holdout on the pages of its round and its own."""

import html

import pytest

from tests.vault.admin.stage import client_of, url
from tests.vault.factories import NOW, acting_as, make_world
from vault import rounds
from vault.models import Release, Round
from vault.people.groups import RESEARCHER
from vault.wear import wear_of

pytestmark = pytest.mark.usefixtures("installation")


def test_the_pages_of_round_and_holdout_show_it() -> None:
    world = make_world("worn", mechanism="guarded_ladder", total_limit=5, max_teams=2)
    world.team("asks", k=1)
    rounds.count_publication(round=world.round, holdout=world.query, nats=500.0, now=NOW)
    Round.objects.update(status="OPEN")
    pages = {}

    with acting_as("researcher"):
        client = client_of(RESEARCHER)
        for name, each in (("round", world.round), ("holdout", world.query)):
            answer = client.get(url(f"vault_{name}_change", each.pk))
            pages[name] = html.unescape(answer.content.decode())

    line = wear_of(holdout=world.query).line
    assert line.startswith("0% of what was reserved: 0.0 of ")
    assert "all that it ever told: 500.0 nats, 5 for each of 100 items" in line
    assert line in pages["round"]
    assert line in pages["holdout"]
    assert "that was reserved is used" not in pages["round"] + pages["holdout"]
    assert "What it told" in pages["holdout"]
    assert "publication" in pages["holdout"]


def test_a_round_whose_answers_are_given_is_warned_of() -> None:
    world = make_world("worn", mechanism="guarded_ladder", total_limit=5, max_teams=2)
    Round.objects.update(status="OPEN")
    asked = world.submit(world.team("asks", k=1), world.wrong_at([1])).submission
    Release.objects.create(
        submission=asked, value=None, outcome="no_improvement", released_at=world.now
    )

    with acting_as("researcher"):
        page = client_of(RESEARCHER).get(url("vault_round_change", world.round.pk))

    assert "All that was reserved is used: 100% of what was reserved" in page.content.decode()
