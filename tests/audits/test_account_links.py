"""Groups of alike accounts on a round's page: shown to reviewers, linked, taken back, appealed against."""

from typing import Any

import pytest

from audits.models import AuditRun, Finding
from tests.vault.admin.stage import Stage, client_of, installation, stage, url
from tests.vault.admin.test_rounds import act, kinds
from tests.vault.factories import acting_as
from vault.models import AccountAppeal, AccountLink, Team
from vault.people.groups import ORGANIZER, RESEARCHER

__all__ = ["installation", "stage"]  # fixtures of the admin's tests
pytestmark = pytest.mark.usefixtures("installation")


@pytest.fixture
def group(stage: Stage) -> str:
    """Two alike accounts, as the last audit found them; returns their key."""
    beta = stage.world.team("beta")
    found(stage, [stage.world.teams["alpha"], beta])
    return ",".join(map(str, sorted((stage.world.teams["alpha"].pk, beta.pk))))


def found(stage: Stage, teams: list[Team], **given: Any) -> Finding:
    accounts = [
        {
            **{"team_id": each.pk, "k": 5, "first_at": "2026-03-01T12:00+00:00", "per_hour": 1.0},
            **{"variation": 0.5, "night_share": 0.0},
        }
        for each in teams
    ]
    test = {"difference": 0.03, "luck": 0.01, "p_adjusted": 0.001, "left_out_adjusted": 0.002}
    one = {
        **{"accounts": accounts, "similarity": [0.95, 0.95], "test": test},
        **{"rejects": True, "rejects_without_each": True, **given},
    }
    evidence = {"n_accounts": 2, "similarity": "kappa", "threshold": 0.9, "is_read": True}
    return Finding.objects.create(
        run=stage.run, check_name="account_groups", evidence={**evidence, "groups": [one]}
    )


def page(stage: Stage, person: str = ORGANIZER) -> str:
    with acting_as("researcher"):
        answer = client_of(person).get(url("vault_round_change", stage.world.round.pk))
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_the_statement_is_shown_always_and_stands_when_linked(stage: Stage, group: str) -> None:
    for person in (ORGANIZER, RESEARCHER):
        before = page(stage, person)
        assert "Groups of alike accounts" in before
        assert "better on query labels than the group&#x27;s earlier files" in before
        assert "same model plus edits, not same people" in before
        assert "<td>no</td><td>no</td></tr>" in before.replace("\n", "")

    done = act(stage.world.round, "link-accounts", accounts=group, reason="one <address>")

    assert done.status_code == 302
    after = page(stage).replace("\n", "")
    assert "<td>one &lt;address&gt;</td><td>yes</td></tr>" in after
    assert "Links of accounts" in after
    assert kinds() == ["accounts_linked"]
    assert Team.objects.filter(is_active=False).count() == 0


def test_it_does_not_stand_without_each_account(stage: Stage) -> None:
    beta = stage.world.team("beta")
    found(stage, [stage.world.teams["alpha"], beta], rejects_without_each=False)
    key = ",".join(map(str, sorted((stage.world.teams["alpha"].pk, beta.pk))))
    act(stage.world.round, "link-accounts", accounts=key, reason="one address")

    shown = page(stage).replace("\n", "")
    assert "not with each account left out" in shown
    assert "<td>one address</td><td>no</td></tr>" in shown


def test_a_link_is_taken_back(stage: Stage, group: str) -> None:
    act(stage.world.round, "link-accounts", accounts=group, reason="one address")
    assert "/act/link-accounts/" not in page(stage)
    act(stage.world.round, "unlink-accounts", accounts=group, reason="a course")

    shown = page(stage).replace("\n", "")
    assert "<td>no</td><td>no</td></tr>" in shown
    assert "taken back" in shown
    assert "/act/link-accounts/" in shown
    assert "/act/record-appeal/" not in shown
    assert kinds() == ["accounts_linked", "accounts_unlinked"]


def test_an_appeal_is_recorded_and_shown(stage: Stage, group: str) -> None:
    act(stage.world.round, "link-accounts", accounts=group, reason="one address")
    held = AccountLink.objects.get()
    alpha = stage.world.teams["alpha"]
    given = {"team": f"{held.pk}:{alpha.pk}", "text": "We <share> a course."}

    late = act(stage.world.round, "record-appeal", received_on="2999-01-01", **given)
    silent = act(stage.world.round, "record-appeal", received_on="2026-03-01", team=given["team"])
    done = act(stage.world.round, "record-appeal", received_on="2026-03-01", **given)

    assert "An appeal is received before it is recorded" in late.content.decode()
    assert "This field is required" in silent.content.decode()
    assert done.status_code == 302
    assert AccountAppeal.objects.get().text == "We <share> a course."
    shown = page(stage, RESEARCHER)
    assert "Appeals against links" in shown
    assert "We &lt;share&gt; a course." in shown
    assert kinds() == ["accounts_linked", "appeal_recorded"]


def test_only_what_the_audit_found_is_linked_and_once(stage: Stage, group: str) -> None:
    gamma, alpha = stage.world.team("gamma"), stage.world.teams["alpha"]
    for key in (f"{alpha.pk},{gamma.pk}", "", "x", f"{alpha.pk}"):
        answer = act(stage.world.round, "link-accounts", accounts=key, reason="x")
        assert answer.status_code == 200
    act(stage.world.round, "link-accounts", accounts=group, reason="one address")
    act(stage.world.round, "link-accounts", accounts=group, reason="one address")

    assert AccountLink.objects.count() == 1


def test_a_round_without_groups_says_nothing_of_them(stage: Stage) -> None:
    assert "alike accounts" not in page(stage)
    assert "Links of accounts" not in page(stage)
    AuditRun.objects.update(status="FAILED")
    assert "alike accounts" not in page(stage)


def test_a_researcher_links_nobody(stage: Stage, group: str) -> None:
    with acting_as("researcher"):
        answer = client_of(RESEARCHER).post(
            url("vault_round_act", stage.world.round.pk, "link-accounts"),
            {"accounts": group, "reason": "x"},
        )

    assert answer.status_code == 403
    assert not AccountLink.objects.exists()
