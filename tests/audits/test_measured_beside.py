"""What a round measures beside the verdict, a later period and stress cases, retires when it is published."""

import datetime as dt
import json
from typing import Any

import numpy as np
import pytest

from audits import rounds
from audits.models import Publication
from tests.audits import stage
from tests.vault.factories import NOW, World, make_world
from vault import predictions
from vault import rounds as vault_rounds
from vault.models import Holdout, JournalEntry, Round
from vault.sealing import holdouts, label_files
from vault.sealing.drawn_units import Shard

pytestmark = [pytest.mark.usefixtures("vault_keys")]


def status_of(given: Holdout) -> str:
    given.refresh_from_db()
    return given.status


def seal_beside(world: World, *, kind: str, start: int, n: int) -> Holdout:
    """A fresh holdout that does not decide, measured by the planned round."""
    rows = "".join(
        f"beside-{start + i:05d},{i % 2},2026-02-{1 + i % 28:02d},{'calm' if i % 3 else 'storm'}\n"
        for i in range(n)
    )
    table = label_files.read(
        body=("id,label,time,slice:wind\n" + rows).encode(),
        content_type="text/csv",
        benchmark=world.benchmark,
    )
    later: Any = {"trained_until": dt.date(2026, 1, 1), "label_delay_days": 7}
    (sealed,) = holdouts.seal(
        benchmark=world.benchmark,
        labels=table,
        shards=[Shard(kind=kind, status="FRESH", n=None, **(later if kind == "temporal" else {}))],
        rng=np.random.default_rng(9),
        actor="test",
        now=NOW,
    )
    return sealed


def measured_beside(slug: str, *, n: int = 240) -> tuple[World, list[Holdout]]:
    """An audited round that measured a later period and stress cases, too."""
    world = make_world(slug, closes_at=stage.FAR_AHEAD)
    beside = [
        seal_beside(world, kind=kind, start=start, n=n)
        for kind, start in (("temporal", 0), ("stress", n))
    ]
    # The world's round is of the first panel; another is planned, of all items.
    Round.objects.filter(pk=world.round.pk).update(status="PUBLISHED")
    world.round = vault_rounds.plan(
        benchmark=world.benchmark,
        query_holdout=world.query,
        fresh_holdouts=[world.fresh, *beside],
        mechanism="exact",
        parameters={},
        opens_at=NOW,
        closes_at=stage.FAR_AHEAD,
        window_seconds=86400,
        window_limit=1000,
        total_limit=1000,
        concurrent_limit=1000,
        max_teams=50,
        actor="test",
        now=NOW,
    )
    world.labels = np.concatenate([world.labels, (np.arange(2 * n) % 2).astype(np.uint8)])
    rng = np.random.default_rng(4)
    world.open(baseline=stage.noisy(world, rng, accuracy=0.7))
    team = world.team("honest")
    for accuracy in (0.7, 0.75):
        world.answered(team, stage.noisy(world, rng, accuracy=accuracy))
    return stage.audited(stage.closing(world)), beside


def test_what_was_measured_beside_the_verdict_retires_with_its_publication() -> None:
    """A later period whose figures are out is no later than what teams know."""
    world, beside = measured_beside("beside")
    assert [status_of(each) for each in beside] == ["FRESH", "FRESH"]

    stage.published(world)

    assert [status_of(each) for each in beside] == ["RETIRED", "RETIRED"]
    told = JournalEntry.objects.filter(benchmark=world.benchmark, kind="holdout_status")
    moved = [json.loads(each.payload)["holdout"] for each in told]
    assert {str(each.pk) for each in beside} <= set(moved)


def test_what_another_round_is_still_to_measure_stays_fresh() -> None:
    """It retires with the last of them."""
    world, (temporal, stress) = measured_beside("shared")
    other = make_world("shared-elsewhere")
    other.round.fresh_holdouts.add(temporal)

    stage.published(world)
    assert (status_of(temporal), status_of(stress)) == ("FRESH", "RETIRED")

    vault_rounds.cancel(round=other.round, reason="no more", actor="olivia", now=NOW)
    rounds._retire_measured(world.round, now=NOW)
    assert status_of(temporal) == "RETIRED"


def test_slices_and_decay_follow_the_sealed_columns() -> None:
    """Through vault, worker and report, against shares of the handed-in file; the publication has neither."""
    world, (_, stress) = measured_beside("columns")

    run = rounds.latest_run(round=world.round)
    slices = stage.finding_of(world, "honest", "slices").evidence["holdouts"][str(stress.pk)]
    decay = stage.finding_of(world, "honest", "decay").evidence["timelines"]["the later period"]
    final = stage.finding_of(world, "honest", "slices").submission
    assert final is not None
    right = predictions.load(file_key=final.file_key) == world.labels
    later, cases = right[-480:-240], right[-240:]
    of_slice = {each["slice"]: each["score"] for each in slices["slices"]}
    is_calm = np.arange(240) % 3 != 0
    assert of_slice == pytest.approx(
        {"calm": cases[is_calm].mean(), "storm": cases[~is_calm].mean()}
    )
    week = np.arange(240) % 28 // 7
    assert decay["scores"] == pytest.approx([later[week == each].mean() for each in range(4)])
    assert "Worst slice on rare, adversarial or perturbed cases: wind = " in run.report.html
    assert "Over the later period: " in run.report.html

    stage.published(world)

    shown = json.dumps(Publication.objects.get(round=world.round).document)
    assert "storm" not in shown
    assert "slice" not in shown
    assert "window" not in shown
