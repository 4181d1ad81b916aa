"""What a round will not find: said when it is planned and opened, and on its page while it can be changed."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.utils import timezone

from tests.vault.admin.stage import client_of, url
from tests.vault.admin.test_rounds import act, constants, plan
from tests.vault.factories import World, acting_as, make_world
from vault.admin import outlook
from vault.detectable import Detectable
from vault.models import Benchmark, Holdout, Round
from vault.people.groups import ORGANIZER
from vault.planning import preview as round_preview
from vault.planning import prospects

pytestmark = pytest.mark.usefixtures("installation")


@pytest.fixture
def world() -> World:
    """Its round is planned."""
    end = timezone.now() + dt.timedelta(days=30)
    return make_world("weather", n_query=30, n_fresh=40, max_teams=2, total_limit=20, closes_at=end)


def told_by(answer: Any) -> list[str]:
    return [str(each) for each in get_messages(answer.wsgi_request)]


def test_planning_and_opening_say_what_the_round_cannot_find(world: World) -> None:
    Round.objects.update(status="PUBLISHED")
    planned = plan(
        **constants(world, fresh_holdouts=[], unaudited="on", mechanism="exact", parameters="{}"),
    )
    round = Round.objects.get(number=2)
    untested = "nobody can be CONFIRMED."
    alone = "a team can only be compared with its own first files"

    assert [untested in each for each in told_by(planned)] == [False, True, False]
    assert told_by(planned)[2].startswith("0 auditable rounds left")
    opened = act(round, "open")
    assert round.status == "OPEN"
    assert [alone in each for each in told_by(opened)] == [False, True, False]
    with acting_as("researcher"):
        page = client_of(ORGANIZER).get(url("vault_round_change", round.pk)).content.decode()
    assert untested in page
    assert alone in page


def test_a_page_says_that_nothing_is_known_beforehand(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words, and no dash: of an open round, and of one that takes no files any more."""
    monkeypatch.setattr(prospects, "warnings", lambda **given: [])
    pages = {}
    beyond = "Files that differ by 5 % cannot gain enough to be found."
    for status in ("FAR", "OPEN", "CLOSING", "PUBLISHED"):
        told = "" if status == "FAR" else beyond
        monkeypatch.setattr(outlook, "out_of_reach", lambda told=told, **given: told)
        Round.objects.update(status="OPEN" if status == "FAR" else status)
        with acting_as("researcher"):
            answer = client_of(ORGANIZER).get(url("vault_round_change", world.round.pk))
        pages[status] = answer.content.decode()

    assert "Nothing is known beforehand that rules a finding out." in pages["FAR"]
    lost = (
        "Files that differ by 5 % cannot gain enough to be found. Nothing else is known beforehand"
    )
    assert lost in pages["OPEN"]
    assert "Nothing is known" not in pages["OPEN"]
    assert "limit will stand in the audit&#x27;s report" in pages["CLOSING"]
    assert "limit stands in the audit&#x27;s report" in pages["PUBLISHED"]


def example(share: float, *, is_reachable: bool, in_groups: bool) -> Detectable:
    return Detectable(
        share=share,
        low=0.03,
        high=0.1,
        is_reachable=is_reachable,
        is_reachable_in_groups=in_groups,
    )


@pytest.mark.parametrize(
    ("reachable", "in_groups", "draws_groups", "said"),
    [
        ((True, True), (True, True), False, ""),
        (
            (False, True),
            (False, True),
            False,
            "Files that differ by 5 % cannot gain enough to be found.",
        ),
        (
            (True, True),
            (False, False),
            True,
            "Where groups err as one, files that differ by 5 % or 10 % cannot gain enough.",
        ),
        (
            (False, False),
            (False, False),
            False,
            "The holdouts are too small: no overstatement can be found in a round of so many teams.",
        ),
    ],
)
def test_examples_that_cannot_gain_enough_are_named(
    monkeypatch: pytest.MonkeyPatch,
    reachable: tuple[bool, bool],
    in_groups: tuple[bool, bool],
    draws_groups: bool,
    said: str,
) -> None:
    found = [
        example(share, is_reachable=alone, in_groups=together)
        for share, alone, together in zip((0.05, 0.1), reachable, in_groups, strict=True)
    ]
    monkeypatch.setattr(round_preview, "undetectable", lambda **given: "")
    monkeypatch.setattr(round_preview, "detectable", lambda **given: found)
    round = Round(benchmark=Benchmark(), query_holdout=Holdout(draws_groups=draws_groups))

    assert outlook.out_of_reach(round=round, fresh_holdouts=[]) == said


def test_what_is_not_known_beforehand_is_not_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(round_preview, "undetectable", lambda **given: "no mean of items")

    assert outlook.out_of_reach(round=Round(), fresh_holdouts=[]) == ""
