"""The page that makes many teams: the preview changes nothing, the links are shown once, and kept nowhere."""

import base64
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from tests.vault.admin.stage import SUPERUSER, Stage, client_of, url
from tests.vault.admin.test_teams import everything_stored
from tests.vault.factories import acting_as
from vault.admin import rosters as page_of_rosters
from vault.models import Admission, JournalEntry, Team, TokenLink
from vault.people.groups import ORGANIZER, RESEARCHER
from vault.teams import token_links

ROSTER = "team,benchmarks,contact\nbeta,weather,beta@example.org\n<b>gamma</b>,,\n"


def post(person: str = ORGANIZER, **given: Any) -> Any:
    client = client_of(person)
    with acting_as("researcher"):
        return client.post(url("vault_team_roster"), given)


def preview(text: str = ROSTER, **given: Any) -> Any:
    file = SimpleUploadedFile("teams.csv", text.encode())
    return post(file=file, **{"link_days": 7, "api_url": "https://vault.example", **given})


def signed(answer: Any) -> str:
    found = re.search(r'name="signed" value="([^"]+)"', answer.content.decode())
    assert found
    return found.group(1)


def secrets(answer: Any) -> list[str]:
    return re.findall(r"https://vault\.example/token/#(hvl_[\w-]{43})", answer.content.decode())


def test_a_preview_shows_what_would_be_made_and_changes_nothing(stage: Stage) -> None:
    def made() -> list[int]:
        return [table.objects.count() for table in (Team, Admission, TokenLink, JournalEntry)]

    before = made()

    answer = preview()

    page = answer.content.decode()
    assert "2 new teams, 1 admission, 2 links" in page
    assert "weather round 1" in page
    assert "&lt;b&gt;gamma" in page
    assert secrets(answer) == []
    assert made() == before


def test_what_was_previewed_is_made_and_its_links_shown_once(stage: Stage) -> None:
    given = signed(preview())

    answer = post(signed=given)

    beta, gamma = secrets(answer)
    assert "no-store" in answer["Cache-Control"]
    assert Admission.objects.filter(team__name="beta").count() == 1
    assert TokenLink.objects.filter(made_by=ORGANIZER).count() == 2
    download = re.search(r"data:text/csv;charset=utf-8;base64,([\w+/=]+)", answer.content.decode())
    assert download
    content = base64.b64decode(download.group(1)).decode("utf-8-sig")
    assert f"beta,beta@example.org,https://vault.example/token/#{beta}," in content
    stored = everything_stored()
    for secret in (beta, gamma):
        assert secret[6:] not in stored
        with acting_as("web"):
            token, _ = token_links.redeem(secret=secret, now=timezone.now())
        assert token.team.name in ("beta", "<b>gamma</b>")
    assert "beta@example.org" not in stored


def test_the_same_preview_is_made_once(stage: Stage) -> None:
    given = signed(preview())

    answers = [post(signed=given), post(signed=given)]

    assert [len(secrets(answer)) for answer in answers] == [2, 0]
    assert "This list was made already" in answers[1].content.decode()
    assert TokenLink.objects.count() == 2


def test_bad_rows_are_named_and_nothing_is_made(stage: Stage) -> None:
    answer = preview(f"{ROSTER}weather-alpha,weather,\nbeta,moon,\n")

    page = answer.content.decode().replace("\n", "")
    assert "Problems of the file (4)" in page
    assert "<td>4</td><td>benchmarks</td><td>This team is admitted to weather round 1" in page
    assert "Leave benchmarks empty in its row: it gets a link then" in page
    assert "<td>5</td><td>team</td><td>This team stands in 2 rows" in page
    assert 'name="signed"' not in page
    assert not Team.objects.filter(name="beta").exists()


def test_what_went_wrong_since_the_preview_is_said(stage: Stage) -> None:
    given = signed(preview())
    stage.world.team("taken")
    Team.objects.filter(name="weather-taken").update(name="beta", folded="beta")

    answer = post(signed=given)

    page = answer.content.decode()
    assert "Nothing was made: something is wrong now." in page
    assert "This team is admitted to weather round 1 already." in page
    assert not TokenLink.objects.exists()


def test_a_preview_is_for_one_person_and_an_hour(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = signed(preview())

    answers = [post(SUPERUSER, signed=given), post(signed=given + "x"), post(signed="")]
    monkeypatch.setattr(page_of_rosters, "PREVIEW_SECONDS", -1)
    answers.append(post(signed=given))

    for answer in answers:
        assert "older than an hour, or not yours" in answer.content.decode()
    assert not TokenLink.objects.exists()


def test_only_organizers_make_teams(stage: Stage) -> None:
    given = signed(preview())

    assert post(RESEARCHER, signed=given).status_code == 403
    assert not TokenLink.objects.exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"link_days": "0"}, "greater than or equal to 1"),
        ({"link_days": "91"}, "less than or equal to 90"),
        ({"api_url": "javascript:alert(1)"}, "Enter a valid URL"),
        ({"api_url": "ftp://vault.example"}, "begins with https"),
        ({"api_url": "https://vault.example/?a=1"}, "nothing behind its path"),
        ({"token_expires_at_0": "2020-01-01", "token_expires_at_1": "00:00"}, "ends later than"),
    ],
)
def test_a_form_that_cannot_be_is_refused_in_words(
    stage: Stage, given: dict[str, str], said: str
) -> None:
    assert said in preview(**given).content.decode()


def test_links_that_wait_are_on_the_teams_page_and_can_be_cancelled(stage: Stage) -> None:
    post(signed=signed(preview()))
    team = Team.objects.get(name="beta")
    client = client_of(ORGANIZER)

    with acting_as("researcher"):
        page = client.get(url("vault_team_change", team.pk)).content.decode()
        answer = client.post(url("vault_team_act", team.pk, "cancel-links"), follow=True)

    assert "<td>waits</td>" in page
    assert "Links of beta that show no token any more: 1." in answer.content.decode()
    assert "<td>ended</td>" in answer.content.decode()


def test_a_team_that_is_admitted_already_gets_the_link_alone(stage: Stage) -> None:
    before = Admission.objects.count()

    answer = post(signed=signed(preview("team,benchmarks\nweather-alpha,\n")))

    assert len(secrets(answer)) == 1
    assert Admission.objects.count() == before


def make_link(team: Team, person: str = ORGANIZER, **given: Any) -> Any:
    client = client_of(person)
    sent = {"link_days": 7, "api_url": "https://vault.example/", **given}
    with acting_as("researcher"):
        return client.post(url("vault_team_act", team.pk, "make-link"), sent)


def test_one_link_is_made_on_the_teams_page_and_shown_once(stage: Stage) -> None:
    team = Team.objects.get(name="weather-alpha")
    n_admissions, n_entries = Admission.objects.count(), JournalEntry.objects.count()

    answers = [make_link(team), make_link(team, link_days=90)]

    (first,), (second,) = (secrets(answer) for answer in answers)
    assert first != second
    assert "no-store" in answers[0]["Cache-Control"]
    assert "shows a token of the\nteam to whoever opens it first" in answers[0].content.decode()
    stored = everything_stored()
    assert first[6:] not in stored
    made = JournalEntry.objects.filter(kind="token_link_made", benchmark=None, actor=ORGANIZER)
    assert made.count() == 2
    # Nothing of a round was done.
    of_rounds = JournalEntry.objects.count() - made.count()
    assert (Admission.objects.count(), of_rounds) == (n_admissions, n_entries)
    with acting_as("web"):
        token, _ = token_links.redeem(secret=first, now=timezone.now())
    assert token.team == team
    assert TokenLink.objects.filter(team=team, made_by=ORGANIZER).count() == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"link_days": "0"}, "greater than or equal to 1"),
        ({"api_url": "ftp://vault.example"}, "begins with https"),
        ({"token_expires_at_0": "2020-01-01", "token_expires_at_1": "00:00"}, "ends later than"),
    ],
)
def test_one_link_that_cannot_be_is_refused_in_words(
    stage: Stage, given: dict[str, str], said: str
) -> None:
    before = TokenLink.objects.count()

    assert said in make_link(Team.objects.get(name="weather-alpha"), **given).content.decode()
    assert TokenLink.objects.count() == before


def test_nobody_else_makes_a_link_and_no_team_that_is_not_active_gets_one(stage: Stage) -> None:
    team = Team.objects.get(name="weather-alpha")
    before = TokenLink.objects.count()

    assert make_link(team, RESEARCHER).status_code == 403
    Team.objects.filter(pk=team.pk).update(is_active=False)
    assert make_link(team).status_code == 302
    assert TokenLink.objects.count() == before
