"""The conveyor: pairs of one draw, and how many rounds are left, held against playing it to its end."""

import datetime as dt
import itertools
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.vault.factories import NOW, World, acting_as, make_world
from vault import conveyor, rounds
from vault.conveyor import Place, Stock
from vault.errors import PlanError, TransitionError
from vault.models import Holdout, Round
from vault.sealing import holdouts, label_files
from vault.sealing.drawn_units import Shard

BATCHES = [uuid.UUID(int=n) for n in range(3)]


def draw(batch: int, *statuses: str) -> list[Place]:
    """Shards of one draw; OPENED stands for a fresh one that an audit has opened."""
    return [
        Place(
            id=uuid.uuid5(BATCHES[batch], str(number)),
            batch=BATCHES[batch],
            status="FRESH" if status == "OPENED" else status,
            was_opened=status == "OPENED",
        )
        for number, status in enumerate(statuses)
    ]


def played(shards: Sequence[Place], *, is_full: bool) -> int:
    """Plan on each pair that the conveyor offers and publish, until it offers none: the rounds played."""
    left = list(shards)
    batch = left[0].batch if left else BATCHES[0]
    count = 0
    while (found := conveyor.turn(shards=left, batch=batch)).next is not None:
        count += 1
        pair = found.next
        # Fresh and query are two, of one draw; nobody was told anything of the fresh one.
        assert pair.query.id != pair.fresh.id
        assert pair.query.batch == pair.fresh.batch
        assert pair.fresh.may_judge
        retired = {each.id for each in found.retired}
        left = [
            replace(
                each,
                status={pair.query.id: "QUERY", pair.fresh.id: "FRESH"}.get(each.id, each.status),
            )
            for each in left
            if each.id not in retired
        ]
        left = conveyor.published(
            shards=left, query=pair.query.id, fresh=[pair.fresh.id], is_full=is_full
        )
        batch = pair.query.batch
    return count


SMALL = [
    case
    for n in range(5)
    for case in itertools.combinations_with_replacement(("SEALED", "FRESH", "QUERY", "OPENED"), n)
]


@pytest.mark.parametrize("is_full", [False, True])
def test_rounds_left_are_those_that_can_be_played(is_full: bool) -> None:
    """All draws of up to four shards in any status, alone and two draws behind each other."""
    for first in SMALL:
        shards = draw(0, *first)
        left = conveyor.rounds_left(shards=shards, is_full=is_full)
        assert left == played(shards, is_full=is_full), first
    for first, second in itertools.product(SMALL[:35], SMALL):
        both = [*draw(0, *first), *draw(1, *second)]
        left = conveyor.rounds_left(shards=both, is_full=is_full)
        assert left == played(both, is_full=is_full), (first, second)


@pytest.mark.parametrize("n", range(8))
def test_shards_that_nothing_was_told_of_give_one_round_less(n: int) -> None:
    shards = draw(0, *(["SEALED"] * n))

    assert conveyor.rounds_left(shards=shards, is_full=False) == max(0, n - 1)
    assert conveyor.rounds_left(shards=shards, is_full=True) == n // 2


def test_a_used_up_draw_retires_what_was_opened_and_hands_over() -> None:
    alone, following = draw(0, "OPENED"), draw(1, "SEALED", "SEALED", "SEALED")

    found = conveyor.turn(shards=[*alone, *following], batch=BATCHES[0])

    assert [each.id for each in found.retired] == [alone[0].id]
    assert found.next is not None
    assert {found.next.query.batch, found.next.fresh.batch} == {BATCHES[1]}


def test_a_shard_alone_is_passed_over_and_kept() -> None:
    """Nothing can be compared with it, and nothing was told of it."""
    found = conveyor.turn(
        shards=[*draw(0, "SEALED"), *draw(1, "SEALED"), *draw(2, "SEALED", "SEALED")],
        batch=BATCHES[0],
    )

    assert found.retired == []
    assert found.next is not None
    assert found.next.query.batch == BATCHES[2]


def test_the_next_draw_may_have_its_pair_already() -> None:
    """Sealed with a query and a fresh shard it needs no move."""
    pair = conveyor.turn(shards=draw(1, "SEALED", "QUERY", "FRESH"), batch=BATCHES[0]).next

    assert pair is not None
    assert (pair.query.status, pair.fresh.status) == ("QUERY", "FRESH")


@pytest.mark.parametrize(
    ("coarse", "full", "pending", "line"),
    [
        (2, 2, 0, "2 auditable rounds left"),
        (1, 1, 0, "1 auditable round left"),
        (3, 2, 0, "3 auditable rounds left (2 if each is published in full)"),
        (0, 0, 1, "0 auditable rounds left, after 1 round that is not published yet"),
        (2, 2, 2, "2 auditable rounds left, after 2 rounds that are not published yet"),
    ],
)
def test_the_stock_is_one_line(coarse: int, full: int, pending: int, line: str) -> None:
    stock = Stock(coarse_rounds=coarse, full_rounds=full, n_pending=pending)

    assert stock.line == line
    assert bool(stock.warning) == (coarse < 2)


@pytest.fixture
def world(vault_keys: None) -> World:
    return make_world("stock", n_query=50, n_fresh=60)


def seal(world: World, *statuses: str, start: int = 0) -> list[Holdout]:
    rows = "".join(f"more-{start + i:05d},{i % 2}\n" for i in range(40 * len(statuses)))
    table = label_files.read(
        body=("id,label\n" + rows).encode(), content_type="text/csv", benchmark=world.benchmark
    )
    return holdouts.seal(
        benchmark=world.benchmark,
        labels=table,
        shards=[Shard(kind="iid", status=status, n=40) for status in statuses],
        rng=np.random.default_rng(3),
        actor="test",
        now=NOW + dt.timedelta(days=1),
    )


def plan(world: World, query: Holdout, *fresh: Holdout, **given: Any) -> Round:
    return rounds.plan(
        benchmark=world.benchmark,
        query_holdout=query,
        fresh_holdouts=fresh,
        mechanism="exact",
        parameters={},
        opens_at=NOW,
        closes_at=NOW + dt.timedelta(days=9),
        window_seconds=86_400,
        window_limit=5,
        total_limit=5,
        concurrent_limit=2,
        max_teams=3,
        actor="olivia",
        now=NOW,
        **given,
    )


@pytest.mark.parametrize("role", ["web", "researcher", "scoring", "audit"])
def test_every_process_that_shows_the_stock_can_count_it(world: World, role: str) -> None:
    with acting_as(role):
        assert conveyor.stock(benchmark=world.benchmark).coarse_rounds == 0


def test_a_planned_round_has_taken_its_shards(world: World) -> None:
    assert conveyor.stock(benchmark=world.benchmark) == Stock(
        coarse_rounds=0, full_rounds=0, n_pending=1
    )
    Round.objects.update(status="CANCELLED", cancelled_at=NOW, cancelled_reason="a typo")
    assert conveyor.stock(benchmark=world.benchmark).coarse_rounds == 1
    seal(world, "QUERY", "FRESH", "SEALED")
    assert conveyor.stock(benchmark=world.benchmark).coarse_rounds == 3


def test_a_fresh_holdout_of_another_draw_is_refused(world: World) -> None:
    """Shards of two label files are not exchangeable."""
    query, _ = seal(world, "QUERY", "FRESH")
    (_, other) = seal(world, "SEALED", "FRESH", start=9_000)

    with pytest.raises(PlanError, match="of another draw than the query holdout") as refused:
        plan(world, query, other)

    assert refused.value.data == {"field": "fresh_holdouts"}


def test_a_fresh_holdout_is_planned_for_one_round(world: World) -> None:
    query, fresh, _, second = seal(world, "QUERY", "FRESH", "FRESH", "QUERY")
    first = plan(world, query, fresh)

    with pytest.raises(PlanError, match=f"is that of {first}, whose audit opens it"):
        plan(world, second, fresh)


def test_without_a_fresh_holdout_the_plan_says_unaudited(world: World) -> None:
    query, fresh = seal(world, "QUERY", "FRESH")

    with pytest.raises(PlanError, match="or say that the round is unaudited"):
        plan(world, query)
    with pytest.raises(PlanError, match="opens no fresh iid holdout"):
        plan(world, query, fresh, unaudited=True)
    planned = plan(world, query, unaudited=True)

    assert planned.unaudited
    assert '"unaudited":true' in world.benchmark.journal.latest("sequence").payload
    rounds.open_round(round=planned, references=None, actor="olivia", now=NOW)
    assert planned.status == "OPEN"


def test_a_round_that_lost_its_fresh_holdout_does_not_open(world: World) -> None:
    """Retired, or planned before such plans were refused."""
    Holdout.objects.filter(pk=world.fresh.pk).update(status="RETIRED")

    with pytest.raises(TransitionError, match="no team could be tested: cancel it"):
        rounds.open_round(round=world.round, references=None, actor="olivia", now=NOW)
