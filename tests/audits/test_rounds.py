"""Closing, auditing and publishing as steps that any process may take, twice, or half."""

import datetime as dt
import json
import math
import threading
from typing import Any

import numpy as np
import pytest
from django.db import connection, transaction

from audits import leakage, publication, rounds, runs
from audits.collect import collect
from audits.models import AuditRun, Publication
from tests.audits import stage
from tests.vault.factories import NOW, World, acting_as, die, make_world
from vault import conveyor, journal, locks
from vault import rounds as vault_rounds
from vault.errors import PlanError, TransitionError
from vault.models import Holdout, HoldoutTold, JournalEntry, PublishedResult, Round
from vault.sealing import holdouts, label_files
from vault.sealing.drawn_units import Shard

pytestmark = [pytest.mark.usefixtures("vault_keys")]


def advance(world: World) -> bool:
    with acting_as("audit"):
        return rounds.advance(round_id=world.round.pk, clock=lambda: NOW)


def entered(slug: str) -> World:
    """A round with one honest team; what it scores is of no interest here."""
    rng = np.random.default_rng(4)
    world = make_world(slug, closes_at=stage.FAR_AHEAD)
    world.open(baseline=stage.noisy(world, rng, accuracy=0.7))
    team = world.team("honest")
    for accuracy in (0.7, 0.75):
        world.answered(team, stage.noisy(world, rng, accuracy=accuracy))
    return world


def audited(slug: str) -> World:
    return stage.audited(stage.closing(entered(slug)))


def status_of(given: Holdout | Round) -> str:
    given.refresh_from_db()
    return given.status


def seal_more(world: World, *, sizes: tuple[int, ...], start: int = 0) -> list[Holdout]:
    """A later batch, all of it sealed."""
    rows = "".join(f"later-{start + i:05d},{i % 2}\n" for i in range(sum(sizes)))
    table = label_files.read(
        body=("id,label\n" + rows).encode(), content_type="text/csv", benchmark=world.benchmark
    )
    shards = [Shard(kind="iid", status="SEALED", n=n) for n in sizes]
    return holdouts.seal(
        benchmark=world.benchmark,
        labels=table,
        shards=shards,
        rng=np.random.default_rng(9),
        actor="test",
        now=NOW,
    )


def test_an_audit_is_made_once_however_often_it_is_asked_for() -> None:
    world = stage.closing(entered("once"))

    assert [advance(world) for _ in range(3)] == [True, True, True]
    assert AuditRun.objects.filter(round=world.round).count() == 1


def test_an_open_round_is_left_alone() -> None:
    world = entered("open")

    assert not advance(world)
    assert status_of(world.round) == "OPEN"
    assert not AuditRun.objects.exists()


def test_two_workers_at_once_make_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second finds the first at work, whatever moment it comes, and leaves."""
    world = stage.closing(entered("two-workers"))
    at_work, may_go_on = threading.Event(), threading.Event()
    results: list[bool] = []

    def slow(**given: Any) -> Any:
        at_work.set()
        assert may_go_on.wait(timeout=30)
        return collect(**given)

    def other_worker() -> None:
        try:
            results.append(advance(world))
        finally:
            connection.close()

    monkeypatch.setattr(runs, "collect", slow)
    worker = threading.Thread(target=other_worker)
    worker.start()
    assert at_work.wait(timeout=30)
    mine = advance(world)
    may_go_on.set()
    worker.join(timeout=30)

    assert (mine, results) == (False, [True])
    assert AuditRun.objects.filter(round=world.round).count() == 1
    assert status_of(world.round) == "AUDITED"


@pytest.mark.parametrize("step", ["close", "mark_audited"])
def test_killed_between_steps_is_taken_up_again(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    world = stage.closing(entered(f"killed-{step.replace('_', '-')}"))
    with monkeypatch.context() as patched:
        patched.setattr(vault_rounds, step, die)
        with pytest.raises(KeyboardInterrupt):
            advance(world)

    assert rounds.due() == [world.round.pk]
    assert advance(world)
    assert rounds.due() == []
    assert AuditRun.objects.filter(round=world.round).count() == 1


@pytest.mark.parametrize(
    ("room", "step"),
    [
        (publication, "document"),
        (vault_rounds, "publish"),
        (holdouts, "retire"),
        (journal, "append"),
        (holdouts, "promote"),
        (holdouts, "freshen"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_publishing_is_all_or_nothing(
    monkeypatch: pytest.MonkeyPatch, room: Any, step: str
) -> None:
    world = audited(f"all-or-nothing-{step}")
    (sealed, _) = seal_more(world, sizes=(50, 50))
    with monkeypatch.context() as patched:
        patched.setattr(room, step, die)
        with pytest.raises(KeyboardInterrupt):
            stage.published(world)

    assert status_of(world.round) == "AUDITED"
    assert not PublishedResult.objects.exists()
    assert not Publication.objects.exists()
    kept = [status_of(each) for each in (world.query, world.fresh, sealed)]
    assert kept == ["QUERY", "FRESH", "SEALED"]

    assert stage.published(world).round.status == "PUBLISHED"
    assert journal.verify(benchmark_id=world.benchmark.pk)


def test_publishing_twice_is_once() -> None:
    world = stage.published(stage.published(audited("twice")))

    assert Publication.objects.filter(round=world.round).count() == 1
    assert PublishedResult.objects.filter(round=world.round).count() == 2
    kinds = JournalEntry.objects.filter(benchmark=world.benchmark).values_list("kind", flat=True)
    assert list(kinds).count("fresh_figures_published") == 1


@pytest.mark.parametrize("status", ["PLANNED", "OPEN", "CLOSING", "CLOSED"])
def test_nothing_is_published_before_its_audit(status: str) -> None:
    """Invariant 5: only what was audited, and read by an organizer, is told."""
    world = entered(f"early-{status.lower()}")
    Round.objects.filter(pk=world.round.pk).update(status=status)

    with pytest.raises(TransitionError, match="only an audited round"):
        stage.published(world)
    assert not PublishedResult.objects.exists()


def test_the_conveyor_turns_one_step() -> None:
    """A draw that has another shard to judge goes on; of what is newer nothing moves."""
    world = audited("conveyor")
    ours = make_sealed_of_the_draw(world)
    sealed = seal_more(world, sizes=(50, 60))

    stage.published(world)

    assert status_of(world.query) == "RETIRED"
    assert status_of(world.fresh) == "QUERY"
    assert status_of(ours) == "FRESH"
    assert {status_of(each) for each in sealed} == {"SEALED"}
    moves = JournalEntry.objects.filter(benchmark=world.benchmark, kind="holdout_status")
    assert [json.loads(each.payload)["after"] for each in moves.order_by("sequence")] == [
        "RETIRED",
        "QUERY",
        "FRESH",
    ]


def test_a_used_up_draw_hands_over_to_the_next() -> None:
    """The last fresh shard retires with its query holdout: nothing is left to compare it with."""
    world = audited("hands-over")
    sealed = seal_more(world, sizes=(50, 60, 70))

    stage.published(world)

    assert status_of(world.query) == status_of(world.fresh) == "RETIRED"
    assert sorted(status_of(each) for each in sealed) == ["FRESH", "QUERY", "SEALED"]


def test_the_second_label_file_is_audited_as_the_first_was() -> None:
    """Its round is a pair of one draw, and its audit tests the teams."""
    world = audited("second-file")
    seal_more(world, sizes=(50, 50))
    stage.published(world)
    query, fresh = _proposed(world)

    later = stage.planned(query, fresh)

    assert query.batch == fresh.batch != world.query.batch
    assert conveyor.unjudged(round=later) == ""


def test_a_draw_in_use_by_a_planned_round_is_not_taken_by_a_publication() -> None:
    """That round's own publication turns the conveyor in it."""
    world = audited("in-use")
    waiting = seal_more(world, sizes=(50, 60, 70, 80))
    query, fresh = waiting[:2]
    Holdout.objects.filter(pk=query.pk).update(status="QUERY")
    Holdout.objects.filter(pk=fresh.pk).update(status="FRESH")
    stage.planned(*(Holdout.objects.get(pk=each.pk) for each in (query, fresh)))

    stage.published(world)

    assert status_of(world.fresh) == "RETIRED"
    assert [status_of(each) for each in waiting] == ["QUERY", "FRESH", "SEALED", "SEALED"]


def test_what_an_audit_has_opened_judges_no_second_round() -> None:
    """Planning refuses it; and so does opening, whatever was planned before the audit."""
    world = audited("opened-once")
    Round.objects.filter(pk=world.round.pk).update(status="PUBLISHED")

    with pytest.raises(PlanError, match="has opened the fresh iid holdout"):
        stage.planned(world.query, world.fresh)
    Round.objects.filter(pk=world.round.pk).update(number=7, status="PLANNED")
    world.round.refresh_from_db()
    with pytest.raises(TransitionError, match="that no audit has opened"):
        vault_rounds.open_round(round=world.round, references=None, actor="test", now=NOW)
    assert status_of(world.round) == "PLANNED"


def test_interim_audits_of_the_round_itself_do_not_end_its_fresh_holdout() -> None:
    world = entered("interim")

    for number in (world.round.number, world.round.number + 1):
        opened = conveyor.opened(holdouts=[world.fresh], but_for=world.round)
        assert opened == set()
        holdouts.open_labels(
            holdout=world.fresh, purpose="audit", reason={"round": number}, actor="test", now=NOW
        )

    assert conveyor.opened(holdouts=[world.fresh], but_for=world.round) == {world.fresh.pk}
    assert "no audit has opened" in conveyor.unjudged(round=world.round)


def test_the_scoring_worker_opens_the_promoted_holdout() -> None:
    """Invariant 4: its key opens it from now on, and opened the retired one for the last time."""
    world = audited("promoted")
    make_sealed_of_the_draw(world)
    stage.published(world)

    with acting_as("scoring"):
        opened = holdouts.open_labels(
            holdout=world.fresh, purpose="scoring", reason={}, actor="test", now=NOW
        )
    np.testing.assert_array_equal(opened.labels, world.labels[opened.positions])


def test_what_was_told_of_the_fresh_holdout_is_journaled() -> None:
    """And entered into the ledger that the next round reads."""
    world = stage.published(audited("nats"))

    document = Publication.objects.get(round=world.round).document
    nats = publication.nats(round=world.round, shown=document)
    # At least two figures with their intervals, on a grid of 30 lines (m = 200), and a verdict.
    assert nats > 4 * math.log(30) + math.log(6)
    entry = JournalEntry.objects.get(benchmark=world.benchmark, kind="fresh_figures_published")
    assert json.loads(entry.payload) == {
        "holdout": str(world.fresh.pk),
        "nats": pytest.approx(nats),
    }
    (row,) = HoldoutTold.objects.filter(holdout=world.fresh)
    assert (row.what, row.round) == ("publication", world.round)
    assert row.nats == pytest.approx(nats)


def test_what_nobody_counts_is_not_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field without a count stops everything before anything is told."""
    world = audited("uncounted")
    monkeypatch.delitem(leakage.LISTS["teams"], "luck")

    with pytest.raises(leakage.UncountedFieldError, match="luck"):
        stage.published(world)

    assert status_of(world.round) == "AUDITED"
    assert not Publication.objects.exists()


def test_a_full_publication_ends_the_fresh_holdout() -> None:
    """Two sealed shards of the same draw go on: the one answers, the other is fresh."""
    world = audited("full")
    Round.objects.filter(pk=world.round.pk).update(publication="full")
    sealed = seal_more(world, sizes=(50, 60))
    batch = world.query.batch
    Holdout.objects.filter(pk__in=[each.pk for each in sealed]).update(batch=batch)

    stage.published(world)

    assert status_of(world.query) == status_of(world.fresh) == "RETIRED"
    assert sorted(status_of(each) for each in sealed) == ["FRESH", "QUERY"]
    assert not HoldoutTold.objects.filter(holdout=world.fresh).exists()


def test_the_conveyor_stays_within_a_draw() -> None:
    """A shard that was drawn with the new query holdout comes before an older batch."""
    world = audited("within")
    seal_more(world, sizes=(50, 50))
    ours = make_sealed_of_the_draw(world)

    stage.published(world)

    assert status_of(ours) == "FRESH"


def test_after_a_full_publication_a_pair_of_one_draw_comes_next() -> None:
    """A last shard alone could be audited against nothing, so a batch with two goes first."""
    world = audited("pair")
    Round.objects.filter(pk=world.round.pk).update(publication="full")
    alone = make_sealed_of_the_draw(world)
    pair = seal_more(world, sizes=(50, 50), start=5_000)

    stage.published(world)

    assert status_of(alone) == "SEALED"
    assert sorted(status_of(each) for each in pair) == ["FRESH", "QUERY"]


def _proposed(world: World) -> tuple[Holdout, Holdout]:
    pair = conveyor.proposed(benchmark=world.benchmark)
    assert pair is not None
    return pair


def make_sealed_of_the_draw(world: World) -> Holdout:
    """A sealed shard of the current batch, newer than any other."""
    first, second = seal_more(world, sizes=(50, 50), start=9_000)
    Holdout.objects.filter(pk=second.pk).update(status="RETIRED")
    later = NOW + dt.timedelta(days=1)
    Holdout.objects.filter(pk=first.pk).update(batch=world.query.batch, sealed_at=later)
    return first


def test_an_audit_of_another_round_goes_on_beside_it() -> None:
    """The lock is a round's own."""
    first, second = stage.closing(entered("beside-a")), stage.closing(entered("beside-b"))
    with locks.one_audit(round_id=first.round.pk) as is_alone:
        assert is_alone
        assert advance(second)


def test_the_lock_is_given_back_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    world = stage.closing(entered("given-back"))
    with monkeypatch.context() as patched:
        patched.setattr(runs, "collect", die)
        with pytest.raises(KeyboardInterrupt):
            advance(world)

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            # Of this database: other tests may run beside these on the same server.
            "SELECT count(*) FROM pg_locks JOIN pg_database base ON base.oid = database "
            "WHERE locktype = 'advisory' AND base.datname = current_database()"
        )
        assert cursor.fetchone() == (0,)
