"""The next round in one act: constants, holdouts, references and teams of the last one, or nothing at all."""

import datetime as dt
from typing import Any

import numpy as np
import pytest

from tests.audits import stage
from tests.vault.factories import NOW, World
from vault import conveyor, next_round, opening, rounds
from vault.errors import AdmissionError, PlanError
from vault.models import Admission, JournalEntry, Round, Submission, Team
from vault.next_round import Following
from vault.sealing import holdouts, label_files
from vault.sealing.drawn_units import Shard

pytestmark = pytest.mark.usefixtures("vault_keys")

EVERYTHING = Following(hands_in=True, keeps_admissions=True)
SIZE = 100


@pytest.fixture
def world(vault_keys: None) -> World:
    """A published round of a draw with three shards: its next pair is on the conveyor."""
    truth = np.random.default_rng(3).integers(2, size=3 * SIZE).astype(np.uint8)
    world = stage.sealed("yearly", truth=truth, sizes=(SIZE, SIZE))
    Round.objects.update(
        parameters={}, max_teams=3, total_limit=20, window_limit=20, planned_nats=None
    )
    world.round.refresh_from_db()
    # Panel order is that of the ids, which are in the labels' order.
    world.open(baseline=world.wrong_at(range(60)))
    world.answered(world.team("asks", k=7), world.wrong_at(range(40)))
    world.team("blind", is_blind=True)
    return stage.published(stage.audited(stage.closing(world)))


def plan_of(world: World, **changed: Any) -> dict[str, Any]:
    pair = conveyor.proposed(benchmark=world.benchmark)
    assert pair is not None
    given = next_round.constants(after=world.round)
    names = given.pop("references").splitlines()
    return {
        **given,
        "benchmark": world.benchmark,
        "references": [Team.objects.get(name=name) for name in names],
        "query_holdout": pair[0],
        "fresh_holdouts": [pair[1]],
        "unaudited": False,
        "opens_at": NOW,
        "closes_at": NOW + dt.timedelta(days=30),
        **changed,
    }


def follow(world: World, *, following: Following = EVERYTHING, **changed: Any) -> next_round.Done:
    return next_round.plan(
        after=world.round,
        plan=plan_of(world, **changed),
        following=following,
        actor="olivia",
        now=NOW,
    )


def seal_another_file(world: World) -> None:
    """The panel grows by it."""
    rows = "".join(f"later-{i:05d},{i % 2}\n" for i in range(80))
    table = label_files.read(
        body=("id,label\n" + rows).encode(), content_type="text/csv", benchmark=world.benchmark
    )
    holdouts.seal(
        benchmark=world.benchmark,
        labels=table,
        shards=[Shard(kind="iid", status="SEALED", n=40) for _ in range(2)],
        rng=np.random.default_rng(9),
        actor="test",
        now=NOW,
    )


def test_the_next_round_opens_by_itself_with_what_was_taken_over(world: World) -> None:
    """Round 2 of one draw: the reference is scored on the new query holdout, and teams go on."""
    done = follow(world)

    assert done.round.query_holdout == world.fresh
    assert done.round.mechanism == world.round.mechanism
    assert [(each.team.name, each.sha256) for each in done.files] == [
        (each.submission.team.name, each.submission.sha256) for each in world.round.references.all()
    ]
    assert [(each.team.name, each.k, each.is_blind) for each in done.admissions] == [
        ("yearly-asks", 7, False),
        ("yearly-blind", 20, True),
    ]
    assert done.asked_for == []
    for file in done.files:
        assert world.score(file).status == "SCORED"
    assert opening.obstacle(round=done.round, now=NOW) == ""
    rounds.open_round(round=done.round, references=None, actor="test", now=NOW)
    assert world.answered(world.teams["asks"], world.wrong_at(range(30))).round == done.round


def test_each_step_is_journaled(world: World) -> None:
    follow(world)

    kinds = list(
        JournalEntry.objects.filter(benchmark=world.benchmark)
        .order_by("-sequence")
        .values_list("kind", flat=True)[:4]
    )
    assert kinds[:2] == ["admit", "admit"]
    assert "round_planned" in kinds
    entry = JournalEntry.objects.filter(kind="round_planned").latest("sequence")
    assert '"after":1' in entry.payload


def test_what_is_left_out_stays_out(world: World) -> None:
    done = follow(world, following=Following(hands_in=False, keeps_admissions=False))

    assert (done.files, done.admissions) == ([], [])
    assert done.asked_for == ["yearly-reference"]
    assert not Admission.objects.filter(round=done.round).exists()


def test_of_another_panel_new_files_are_asked_for(world: World) -> None:
    seal_another_file(world)

    done = follow(world)

    assert done.files == []
    assert done.asked_for == ["yearly-reference"]
    assert "A new file is asked for of yearly-reference." in done.line
    assert len(done.admissions) == 2


def test_only_who_is_active_comes_along(world: World) -> None:
    Team.objects.filter(name="yearly-asks").update(is_active=False)

    assert [each.team.name for each in follow(world).admissions] == ["yearly-blind"]


def test_no_account_has_more_than_the_new_round_gives(world: World) -> None:
    done = follow(world, total_limit=5, window_limit=5)

    assert [each.k for each in done.admissions] == [5, 5]


def test_more_teams_than_the_plan_has_room_for_refuse_all_of_it(world: World) -> None:
    """All of it or nothing."""
    Admission.objects.create(
        round=world.round,
        team=Team.objects.create(name="late"),
        k=1,
        reserved_nats=0.1,
        admitted_at=NOW,
    )

    with pytest.raises(AdmissionError, match="1 teams are admitted"):
        follow(world, max_teams=1)

    assert Round.objects.count() == 1
    assert Submission.objects.filter(round__number=2).count() == 0


@pytest.mark.parametrize("status", ["PLANNED", "OPEN", "CLOSING", "CLOSED", "AUDITED"])
def test_a_round_that_is_not_over_has_no_next_one(world: World, status: str) -> None:
    plan = plan_of(world)
    Round.objects.update(status=status)
    world.round.refresh_from_db()

    with pytest.raises(PlanError, match="once it is published or cancelled"):
        next_round.plan(after=world.round, plan=plan, following=EVERYTHING, actor="o", now=NOW)


def test_it_follows_the_last_round_once(world: World) -> None:
    plan = plan_of(world)
    done = follow(world)

    with pytest.raises(PlanError, match=f"the round {done.round} comes after it"):
        next_round.plan(after=world.round, plan=plan, following=EVERYTHING, actor="o", now=NOW)


def test_a_mistyped_plan_is_planned_anew_from_itself(world: World) -> None:
    """Cancelled, it is followed by one with its constants."""
    first = follow(world, window_limit=3).round
    rounds.cancel(round=first, reason="a typo", actor="olivia", now=NOW)
    world.round = first

    done = follow(world)

    assert (done.round.number, done.round.window_limit) == (3, 3)
    assert [each.team.name for each in done.admissions] == ["yearly-asks", "yearly-blind"]
