"""A round with two merged teams is audited and published as one of one team."""

import json

import numpy as np
import pytest

from audits import rounds
from audits.models import Finding, Publication
from tests.audits import stage
from tests.vault.factories import NOW, acting_as, make_world
from vault import journal, replay
from vault.models import JournalEntry, PublishedResult
from vault.teams import merging

pytestmark = [pytest.mark.usefixtures("vault_keys")]


def test_one_menu_one_verdict_one_row() -> None:
    rng = np.random.default_rng(7)
    world = make_world("merged-audit", closes_at=stage.FAR_AHEAD)
    world.open(baseline=stage.noisy(world, rng, accuracy=0.7))
    for name in ("a", "b", "c"):
        for accuracy in (0.7, 0.75):
            team = world.teams.get(name) or world.team(name)
            world.answered(team, stage.noisy(world, rng, accuracy=accuracy))
    with acting_as("researcher"):
        merging.merge(
            absorbed=world.teams["b"], kept=world.teams["a"], reason="x", actor="ada", now=NOW
        )
    world.answered(world.teams["a"], stage.noisy(world, rng, accuracy=0.72))
    stage.audited(stage.closing(world))
    with acting_as("audit"):
        rounds.publish(round_id=world.round.pk, clock=lambda: NOW)

    document = Publication.objects.get(round=world.round).document
    assert [row["team"] for row in document["teams"]] == ["merged-audit-a", "merged-audit-c"]
    ended = world.teams["b"]
    assert not Finding.objects.filter(team=ended).exists()
    assert not PublishedResult.objects.filter(team=ended).exists()
    assert PublishedResult.objects.filter(team=world.teams["a"]).count() == 1
    verdicts = JournalEntry.objects.filter(kind="verdict").order_by("sequence")
    told = {json.loads(each.payload)["team"]: json.loads(each.payload) for each in verdicts}
    assert set(told) == {"merged-audit-a", "merged-audit-c"}
    by_team = {row["team"]: row["verdict"] for row in document["teams"]}
    assert {name: each["verdict"] for name, each in told.items()} == by_team
    (published,) = JournalEntry.objects.filter(kind="document_published")
    assert len(json.loads(published.payload)["sha256"]) == 64
    with acting_as("scoring"):
        assert replay.replay(round=world.round) == 8
    journal.verify(benchmark_id=world.benchmark.pk)
