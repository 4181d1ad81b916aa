"""The link of a round's board to that of another draw, on the round's page."""

import html
import re

import pytest

from tests.vault.admin.stage import client_of, url
from tests.vault.factories import acting_as
from tests.vault.test_board_links import go_on, hand_in, started
from vault import board_links
from vault.models import Round
from vault.people.groups import RESEARCHER

pytestmark = pytest.mark.usefixtures("transactional_db", "installation")


def test_the_rounds_page_shows_what_a_score_is_worth_on_the_other_board() -> None:
    world = started()
    second = go_on(world)
    hand_in(world, "weak", "reference")
    world.open()
    found = board_links.link(round=second)
    assert found is not None

    pages = {}
    with acting_as("researcher"):
        for each in Round.objects.all():
            answer = client_of(RESEARCHER).get(url("vault_round_change", each.pk))
            pages[each.number] = re.sub(
                r"(<[^>]*>|\s)+", " ", html.unescape(answer.content.decode())
            )

    assert "Link to round 1" in pages[2]
    assert f"By 2 references the same file scores {found.difference:+.4g} here" in pages[2]
    assert "with a standard error of at most 0.056" in pages[2]
    assert "Link to round" not in pages[1]
