"""The plain rows that the demo prints."""

import numpy as np
import pytest

from audits.models import AuditRun, Finding
from audits.summary import headline, summary
from tests.audits import stage
from tests.vault.factories import NOW, make_world
from vault.errors import TransitionError
from vault.models import Team

pytestmark = [pytest.mark.usefixtures("vault_keys")]


def test_rows_are_the_findings_with_references_last() -> None:
    world = stage.audited(stage.closing(stage.small_round("rows", n_references=2)))

    rows = summary(round=world.round)

    assert [row["name"].removeprefix("rows-") for row in rows] == [
        "attacker",
        "improving",
        "once",
        "reference-0",
        "reference-1",
    ]
    for row in rows[:3]:
        found = stage.finding_of(world, row["name"].removeprefix("rows-"))
        assert row["file"] == found.file_named
        assert row["overstatement"] == found.estimate
        assert row["luck"] == found.luck
        assert row["interval"] == [found.low, found.high]
        assert row["p_value"] == found.p_value
        assert row["verdict"] == found.verdict
        assert row["fresh"] == found.fresh
        assert row["query"] == found.query
    assert headline(round=world.round) == "1 CONFIRMED, 0 INVALID, 2 without evidence of 3"
    assert (rows[0]["attempts"], rows[1]["attempts"], rows[2]["attempts"]) == (3, 3, 1)
    for row in rows[3:]:
        kept = {
            row[name]
            for name in ("file", "overstatement", "interval", "luck", "p_value", "verdict")
        }
        assert kept == {None}
        assert row["is_reference"] is True


def test_a_fresh_score_is_that_of_the_final() -> None:
    rng = np.random.default_rng(8)
    world = make_world("fresh-score", closes_at=stage.FAR_AHEAD)
    world.open()
    answers = stage.noisy(world, rng, accuracy=0.8)
    world.answered(world.team("once"), answers)
    queries = stage.query_positions(world)

    stage.audited(stage.closing(world))

    fresh = np.setdiff1d(np.arange(len(answers)), queries)
    (row,) = summary(round=world.round)
    assert row["fresh"] == pytest.approx((answers == world.labels)[fresh].mean())
    assert row["released"] == pytest.approx((answers == world.labels)[queries].mean())


def test_a_loss_is_in_its_own_direction() -> None:
    world = make_world("loss", metric="log_loss")
    run = AuditRun.objects.create(
        round=world.round, status="DONE", snapshot={}, seed_entropy="", started_at=NOW
    )
    Finding.objects.create(
        run=run,
        team=Team.objects.create(name="team", title="The Team"),
        check_name="verdict",
        verdict="INVALID",
        published_verdict="INVALID",
        fresh=-0.3,
    )

    (row,) = summary(round=world.round)

    assert (row["name"], row["fresh"], row["verdict"]) == ("The Team", 0.3, "INVALID")


def test_there_is_none_before_the_audit() -> None:
    world = make_world("unaudited")
    AuditRun.objects.create(
        round=world.round, status="FAILED", snapshot={}, seed_entropy="", started_at=NOW
    )

    with pytest.raises(TransitionError, match="was not audited"):
        summary(round=world.round)
