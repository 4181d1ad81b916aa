"""Teams are merged on the page of the one that ends: what follows is said, and confirmed, before."""

from typing import Any

import pytest

from tests.vault.admin.stage import Stage, client_of, url
from tests.vault.admin.test_rounds import kinds
from tests.vault.factories import acting_as
from vault.models import Team, TeamMerge
from vault.people.groups import ORGANIZER, RESEARCHER

pytestmark = pytest.mark.usefixtures("installation")


def send(team: Team, *, person: str = ORGANIZER, act: str = "merge", **given: Any) -> Any:
    with acting_as("researcher"):
        return client_of(person).post(url("vault_team_act", team.pk, act), given)


def page(team: Team, *, act: str = "", person: str = ORGANIZER) -> str:
    name, place = ("vault_team_act", (team.pk, act)) if act else ("vault_team_change", (team.pk,))
    with acting_as("researcher"):
        return str(client_of(person).get(url(name, *place)).content.decode())


def test_what_follows_is_said_and_confirmed(stage: Stage) -> None:
    alpha, beta = stage.world.teams["alpha"], stage.world.team("beta")
    asked = page(alpha, act="merge")
    assert "weather round 1" in asked
    assert "This cannot be undone" in asked
    wanted: dict[str, Any] = {"kept": beta.pk, "reason": "one person"}

    silent = send(alpha, **{**wanted, "reason": ""}, is_final="on")
    unsure = send(alpha, **wanted)
    assert "This field is required" in silent.content.decode()
    assert "tick this to merge them" in unsure.content.decode()
    assert not TeamMerge.objects.exists()
    done = send(alpha, **wanted, is_final="on")

    assert done.status_code == 302
    assert kinds() == ["teams_merged", "team_merged"]
    for team in (alpha, beta):
        shown = page(team)
        assert "<h2>Merges</h2>" in shown
        assert "one person" in shown
        assert "/act/merge/" not in shown or team == beta
    assert "none: merged into" in page(alpha)
    assert "999 of 1,000" in page(beta)  # what alpha used is not left
    again = send(alpha, **wanted, is_final="on")
    assert again.status_code == 302
    assert TeamMerge.objects.count() == 1


def test_nobody_activates_it_again(stage: Stage) -> None:
    alpha, beta = stage.world.teams["alpha"], stage.world.team("beta")
    send(alpha, kept=beta.pk, reason="x", is_final="on")

    with acting_as("researcher"):
        answer = client_of(ORGANIZER).post(
            url("vault_team_change", alpha.pk), {"title": "", "is_active": "on"}
        )

    assert "that cannot be undone" in answer.content.decode()
    assert not Team.objects.get(pk=alpha.pk).is_active


def test_only_organizers_and_only_real_teams(stage: Stage) -> None:
    alpha, baseline = stage.world.teams["alpha"], stage.world.teams["baseline"]

    assert send(alpha, person=RESEARCHER, kept=baseline.pk).status_code == 403
    chosen = send(alpha, kept=baseline.pk, reason="x", is_final="on")
    assert "Select a valid choice" in chosen.content.decode()
    assert send(baseline, kept=alpha.pk, reason="x", is_final="on").status_code == 302
    assert not TeamMerge.objects.exists()
