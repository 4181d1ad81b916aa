"""References on a round's page, before and after it opens: their names, scores, and who is doubted."""

import datetime as dt
import re

import pytest
from django.utils import timezone

from tests.vault.admin.stage import client_of, url
from tests.vault.admin.test_rounds import act
from tests.vault.factories import World, acting_as, make_world
from vault.models import Release, Submission
from vault.people.groups import ORGANIZER
from vault.references import doubts as reference_doubts

pytestmark = pytest.mark.usefixtures("installation")


@pytest.fixture
def world() -> World:
    """Its round is planned; one reference has a scored file with few errors and one that failed."""
    end = timezone.now() + dt.timedelta(days=30)
    made = make_world("weather", n_query=30, n_fresh=40, closes_at=end)
    team = made.team("majority", is_reference=True)
    first = made.submit(team, made.wrong_at(range(9))).submission
    second = made.submit(team, made.wrong_at(range(20, 27))).submission
    Submission.objects.update(status="SCORED", finished_at=made.now, model_name="v1")
    Submission.objects.filter(pk=second.pk).update(status="FAILED", error_code="scoring_failed")
    Release.objects.create(submission=first, value=0.98765, outcome="scored", released_at=made.now)
    reference_doubts.enter(submission=first, actor="test", now=made.now)
    return made


def page(world: World, act: str = "") -> str:
    name, *more = ("vault_round_act", act) if act else ("vault_round_change",)
    with acting_as("researcher"):
        answer = client_of(ORGANIZER).get(url(name, world.round.pk, *more))
    return str(answer.content.decode())


def rows(world: World) -> list[list[str]]:
    """The cells of the table of references."""
    table = page(world).partition("<h2>References")[2].partition("</table>")[0]
    return [
        [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<td>(.*?)</td>", row)]
        for row in table.split("<tr>")[2:]
    ]


DOUBT = "implausibly good: was the label file handed in?"


def test_scores_are_rounded_before_the_opening_and_failed_files_stay(world: World) -> None:
    name = world.teams["majority"].name
    assert rows(world) == [
        ["—", f"{name}, file 1 (v1)", "0.99", f"SCORED: {DOUBT}"],
        ["—", f"{name}, file 2 (v1)", "—", "FAILED: scoring_failed"],
    ]

    act(world.round, "open")

    assert rows(world) == [
        ["0", f"{name}, file 1 (v1)", "0.98765", f"frozen: {DOUBT}"],
        ["—", f"{name}, file 2 (v1)", "—", "FAILED: scoring_failed"],
    ]


def test_a_doubted_reference_is_warned_of_where_the_round_is_opened(world: World) -> None:
    said = f"Implausibly good: {world.teams['majority'].name}, file 1 (v1). Such a file loses less than"

    assert said in page(world)
    form = page(world, "open")
    assert said in form
    assert f">{world.teams['majority'].name}, file 1 (v1)</option>" in form
