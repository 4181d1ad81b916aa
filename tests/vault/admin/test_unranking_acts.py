"""Teams are unranked and ranked again on a round's page."""

import pytest

from tests.vault.admin.stage import Stage, client_of, url
from tests.vault.admin.test_rounds import act, kinds
from tests.vault.factories import acting_as
from vault.models import Team
from vault.people.groups import ORGANIZER

pytestmark = pytest.mark.usefixtures("installation")


def test_a_team_is_unranked_with_a_reason_and_ranked_again(stage: Stage) -> None:
    round, team = stage.world.round, stage.world.teams["alpha"]
    silent = act(round, "unrank", team=team.pk, reason="")
    done = act(round, "unrank", team=team.pk, reason="two accounts of one person")
    with acting_as("researcher"):
        page = client_of(ORGANIZER).get(url("vault_round_change", round.pk)).content.decode()
    again = act(round, "rank-again", team=team.pk, reason="another person after all")

    assert "This field is required" in silent.content.decode()
    assert (done.status_code, again.status_code) == (302, 302)
    # A reason is as long as it is: not in the cell of a rank, but in the table below.
    board, unrankings = page.split("<h2>Unrankings</h2>")
    assert "<td>unranked</td>" in board
    assert "two accounts of one person" not in board
    assert "<td>two accounts of one person</td></tr>" in unrankings
    assert "/act/rank-again/" in page
    assert kinds() == ["team_unranked", "team_reranked"]


def test_only_teams_of_the_round_that_rank_can_be_unranked(stage: Stage) -> None:
    round, world = stage.world.round, stage.world
    stranger = Team.objects.create(name="stranger")

    for team in (world.teams["baseline"], stranger):
        answer = act(round, "unrank", team=team.pk, reason="x")
        assert "Select a valid choice" in answer.content.decode()
    assert kinds() == []
