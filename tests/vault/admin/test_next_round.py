"""The page that plans the next round: what differs is read first, and what was read is done."""

import datetime as dt
import html
import re
from typing import Any

import numpy as np
import pytest

from tests.audits.stage import sealed
from tests.vault.admin.forms import filled_in
from tests.vault.admin.stage import client_of, url
from tests.vault.factories import NOW, World, acting_as
from vault.models import Holdout, Round, RoundReference, Submission
from vault.people.groups import ORGANIZER, RESEARCHER

pytestmark = pytest.mark.usefixtures("installation")

SIZE = 100


@pytest.fixture
def world(installation: None) -> World:
    """A published round of a draw with three shards, as its publication left it."""
    truth = np.random.default_rng(3).integers(2, size=3 * SIZE).astype(np.uint8)
    world = sealed("yearly", truth=truth, sizes=(SIZE, SIZE))
    Round.objects.update(
        max_teams=3,
        total_limit=20,
        window_limit=20,
        closes_at=NOW,
        opens_at=NOW - dt.timedelta(days=9),
    )
    world.now = NOW - dt.timedelta(days=1)
    reference = world.team("reference", is_reference=True)
    file = world.submit(reference, world.wrong_at(range(60))).submission
    RoundReference.objects.create(round=world.round, submission=file, position=0)
    world.round.refresh_from_db()
    world.team("asks", k=7)
    world.team("blind", is_blind=True)
    Round.objects.update(status="PUBLISHED")
    for before, after in (("QUERY", "RETIRED"), ("FRESH", "QUERY"), ("SEALED", "FRESH")):
        Holdout.objects.filter(status=before).update(status=after)
    world.round.refresh_from_db()
    return world


def words(answer: Any) -> str:
    return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split()))


def test_one_act_in_the_admin_shows_the_difference_first(world: World) -> None:
    with acting_as("researcher"):
        client = client_of(ORGANIZER)
        page = client.get(url("vault_round_change", world.round.pk))
        link = re.search(r'href="([^"]*after=[^"]*)"', page.content.decode())
        assert link is not None
        address = html.unescape(link.group(1))
        form = client.get(address)
        sent = {**filled_in(form), "window_limit": ["2"]}
        preview = client.post(address, sent)
        said = words(preview)
        assert "What differs from the last round" in said, preview.context["form"].errors
        for difference in (
            "window limit 20 2",
            "files of references 1 file 1 file handed in again",
            "admitted teams 2 teams 2 teams admitted again",
        ):
            assert difference in said
        assert (
            "mechanism exact" not in said[said.index("What differs") : said.index("What it could")]
        )
        assert Round.objects.count() == 1
        seal = preview.context["seal"]
        done = client.post(address, {**sent, "previewed": seal, "plan": "1"})
    assert done.status_code == 302, words(done)
    planned = Round.objects.get(number=2)
    assert (planned.window_limit, planned.admissions.count()) == (2, 2)
    assert Submission.objects.filter(round=planned, team__is_reference=True).count() == 1


def test_parameters_are_compared_by_value_and_written_as_json(world: World) -> None:
    """Those of an older round may stand in another order, or as whole numbers."""
    Round.objects.update(mechanism="guarded_ladder", parameters={"b": 10, "c": 1, "z": 1.5})
    query = f"?benchmark={world.benchmark.pk}&after={world.round.pk}"
    address = url("vault_round_add") + query
    with acting_as("researcher"):
        client = client_of(ORGANIZER)
        sent = filled_in(client.get(address))
        equal, other = (
            words(client.post(address, {**sent, "parameters": [parameters]}))
            for parameters in ('{"z": 1.5, "c": 1.0, "b": 10}', '{"z": 2, "c": 1.0, "b": 10}')
        )

    assert "What differs from the last round" in equal
    assert "parameters {" not in equal
    assert 'parameters {"b": 10, "c": 1, "z": 1.5} {"b": 10, "c": 1.0, "z": 2' in other


def test_a_changed_tick_is_another_preview(world: World) -> None:
    """What was read is what is done."""
    with acting_as("researcher"):
        client = client_of(ORGANIZER)
        query = f"?benchmark={world.benchmark.pk}&after={world.round.pk}"
        address = url("vault_round_add") + query
        sent = filled_in(client.get(address))
        seal = client.post(address, sent).context["seal"]
        del sent["keeps_admissions"]
        again = client.post(address, {**sent, "previewed": seal, "plan": "1"})

    assert again.status_code == 200
    assert "something has changed since the preview" in words(again)
    assert Round.objects.count() == 1


def test_a_researcher_is_not_offered_what_is_refused(world: World) -> None:
    with acting_as("researcher"):
        client = client_of(RESEARCHER)
        for name, each in (("round", world.round), ("benchmark", world.benchmark)):
            page = client.get(url(f"vault_{name}_change", each.pk)).content.decode()
            assert "Plan the next round" not in page
        answer = client.get(f"{url('vault_round_add')}?after={world.round.pk}")

    assert answer.status_code == 403


def test_the_benchmark_page_offers_it_too(world: World) -> None:
    with acting_as("researcher"):
        page = client_of(ORGANIZER).get(url("vault_benchmark_change", world.benchmark.pk))

    assert "Plan the next round" in page.content.decode()
    assert "Stock of labels" in page.content.decode()
    assert Holdout.objects.filter(status="QUERY").count() == 1
