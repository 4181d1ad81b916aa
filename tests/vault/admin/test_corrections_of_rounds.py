"""An organizer moves an end, gives queries and lets a team in late on a round's page, and teams read it."""

import datetime as dt
import re

import pytest
from django.utils import timezone

from tests.vault.admin.stage import client_of, url
from tests.vault.admin.test_rounds import act, kinds
from tests.vault.factories import World, acting_as, make_world
from vault import notices
from vault.models import (
    Admission,
    CorrectionRequest,
    LabelVersion,
    LateAllowance,
    Round,
    RoundNotice,
)
from vault.people.groups import ORGANIZER, RESEARCHER
from vault.teams import merging

pytestmark = pytest.mark.usefixtures("installation")

ACTS = ("move-deadline", "more-queries", "accept-late", "withdraw-late")


@pytest.fixture
def world() -> World:
    """Its round is open, and the admin acts by the clock."""
    end = timezone.now() + dt.timedelta(days=30)
    world = make_world("weather", n_query=30, n_fresh=40, total_limit=20, closes_at=end)
    world.open()
    world.team("alpha")
    return world


def split(name: str, at: dt.datetime) -> dict[str, str]:
    return {f"{name}_0": f"{at:%Y-%m-%d}", f"{name}_1": f"{at:%H:%M}"}


def page(round: Round, *path: str) -> str:
    name = "vault_round_act" if path else "vault_round_change"
    with acting_as("researcher"):
        return client_of(ORGANIZER).get(url(name, round.pk, *path)).content.decode()


def test_an_end_is_moved_with_a_reason_and_the_page_says_what_follows(world: World) -> None:
    round = world.round
    new = (round.closes_at + dt.timedelta(days=3)).replace(second=0, microsecond=0)
    asked = page(round, "move-deadline")
    silent = act(round, "move-deadline", **split("closes_at", new), reason="")
    earlier = act(
        round,
        "move-deadline",
        **split("closes_at", timezone.now() + dt.timedelta(minutes=1)),
        reason="x",
    )

    assert "This cannot be taken back" in asked
    assert f"The announced end is {round.closes_at:%Y-%m-%d %H:%M} UTC" in asked
    assert "This field is required" in silent.content.decode()
    assert "An end is only moved to a later time" in earlier.content.decode()
    assert kinds() == []
    done = act(round, "move-deadline", **split("closes_at", new), reason="the storage was down")
    assert done.status_code == 302
    assert (round.closes_at, kinds()) == (new, ["deadline_moved"])
    assert "the storage was down" in page(round).split("<h2>Changes</h2>")[1]


def test_a_team_gets_queries_and_is_let_in_late_and_out_again(world: World) -> None:
    round, team = world.round, world.teams["alpha"]
    k = Admission.objects.get(team=team).k
    until = (round.closes_at + dt.timedelta(days=1)).replace(second=0, microsecond=0)

    assert "This cannot be taken back" in page(round, "more-queries")
    few = act(round, "more-queries", team=team.pk, k=k, reason="x")
    assert f"give {k + 1:,} to" in few.content.decode()
    assert (
        act(round, "more-queries", team=team.pk, k=k + 3, reason="a bug of ours").status_code == 302
    )
    assert "/act/withdraw-late/" not in page(round)
    late = {"team": team.pk, "n_queries": 1, "reason": "it was ill", **split("until", until)}
    assert act(round, "accept-late", **late).status_code == 302
    again = act(round, "accept-late", **late)
    assert "may hand in late already: withdraw that first" in again.content.decode()
    assert act(round, "withdraw-late", team=team.pk, reason="it is well again").status_code == 302

    assert Admission.objects.get(team=team).k == k + 3
    assert kinds() == ["queries_added", "late_allowed", "late_withdrawn"]
    assert [each.n_queries for each in LateAllowance.objects.order_by("pk")] == [1, 0]
    told = page(round).split("<h2>Changes</h2>")[1]
    assert f"queries {k + 3:,}" in told
    assert f"until {until:%Y-%m-%d %H:%M} UTC" in told
    assert [each.reason for each in notices.changes(round=round)] == [
        "a bug of ours",
        "it was ill",
        "it is well again",
    ]


def test_the_page_that_closes_a_round_names_who_may_be_late(world: World) -> None:
    round, team = world.round, world.teams["alpha"]
    until = (round.closes_at + dt.timedelta(days=1)).replace(second=0, microsecond=0)

    assert "but from a team that is let in late. What waits is still scored" in page(round, "close")
    late = {"team": team.pk, "n_queries": 1, "reason": "it was ill", **split("until", until)}
    assert act(round, "accept-late", **late).status_code == 302
    asked = page(round, "close")

    assert f"But 1 team may hand in late, until {until:%Y-%m-%d %H:%M} UTC: so long" in asked
    assert act(round, "withdraw-late", team=team.pk, reason="it is well again").status_code == 302
    assert "may hand in late" not in page(round, "close")


def test_only_organizers_correct_a_round(world: World) -> None:
    round = world.round
    for name in ACTS:
        with acting_as("researcher"):
            answer = client_of(RESEARCHER).post(
                url("vault_round_act", round.pk, name), {"reason": "x"}
            )
        assert answer.status_code == 403
    assert not RoundNotice.objects.exists()


@pytest.mark.parametrize("status", ["CLOSED", "AUDITED", "PUBLISHED"])
def test_once_finals_are_locked_nothing_of_it_is_offered(world: World, status: str) -> None:
    round = world.round
    Round.objects.update(status=status)

    shown = page(round)

    assert [name for name in ACTS if f"/act/{name}/" in shown] == []
    refused = act(round, "accept-late", team=world.teams["alpha"].pk)
    assert refused.status_code == 302
    assert kinds() == []


def test_an_audit_is_asked_for_again_and_the_page_says_what_for(world: World) -> None:
    round = world.round
    assert "/act/repeat-audit/" not in page(round)
    Round.objects.update(status="PUBLISHED")

    shown = page(round, "repeat-audit")
    done = act(round, "repeat-audit", reason="two labels were wrong")

    assert "It begins within a minute. What was published stays" in shown
    assert done.status_code == 302
    assert kinds() == ["audit_repeated"]
    table = page(round).split("<h2>Repeated audits</h2>")[1]
    assert "<td>waits</td>" in table
    assert "two labels were wrong" in table


@pytest.mark.parametrize("name", ["move-deadline", "more-queries"])
def test_what_cannot_be_taken_back_is_ticked(world: World, name: str) -> None:
    later = world.round.closes_at + dt.timedelta(days=1)
    team = world.teams["alpha"]
    given = {**split("closes_at", later), "team": team.pk, "k": 30, "reason": "x"}

    answer = act(world.round, name, **given, for_good="")

    assert "This cannot be undone: tick this to do it." in answer.content.decode()
    assert not RoundNotice.objects.exists()


def test_merged_teams_and_corrected_labels_are_changes_too(world: World) -> None:
    kept, at = world.team("beta"), timezone.now()
    merging.merge(
        absorbed=world.teams["alpha"], kept=kept, reason="one laboratory", actor="ada", now=at
    )
    batch = world.query.batch
    CorrectionRequest.objects.create(
        benchmark=world.benchmark,
        batch=batch,
        what="void",
        n_items=1,
        reason="a bad gauge",
        actor="grace",
        at=at,
        commitment="ab" * 32,
        done_at=at + dt.timedelta(minutes=1),
    )
    LabelVersion.objects.create(
        holdout=world.query,
        number=2,
        n_labelled=world.query.n_items,
        arrived_at=at + dt.timedelta(minutes=1),
        reason="a bad gauge",
        commitment="ab" * 32,
    )

    shown = page(world.round)
    changes = shown[shown.index("<h2>Changes") :]
    rows = [re.sub(r"<[^>]*>", " ", row).split() for row in changes.split("<tr>")[2:4]]

    said = [" ".join(row) for row in rows]
    assert "teams merged weather-alpha — weather-beta ada one laboratory" in said[0]
    assert "labels corrected — label version 1 label version 2 grace a bad gauge" in said[1]


def test_a_correction_says_from_when_on_the_new_answers_count(world: World) -> None:
    at = timezone.now()
    LabelVersion.objects.create(
        holdout=world.query,
        number=2,
        n_labelled=world.query.n_items,
        arrived_at=at,
        reason="a bad gauge",
        commitment="ab" * 32,
    )
    world.round.transcripts.create(number=2, label_version=2, begun_at=at)

    waits = page(world.round)
    world.round.transcripts.update(current_at=at)
    counts = page(world.round)

    assert "label version 1, transcript 1<" in waits
    assert "label version 2, transcript 2, being scored again<" in waits
    assert f"label version 2, transcript 2, counts since {at:%Y-%m-%d %H:%M} UTC<" in counts
