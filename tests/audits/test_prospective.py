"""Labels that come after predictions are locked: versions, looks, and rows that tell no single label."""

import datetime as dt
import json
import threading
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connection

from audits import prospective, tasks
from tests.audits import awaited_round, stage
from tests.audits.awaited_round import DAY, N_LATER, Awaited, interval, right
from tests.vault.factories import NOW, acting_as, crash, die
from vault import journal
from vault import rounds as vault_rounds
from vault.errors import PlanError
from vault.models import (
    BatchEnvelope,
    Holdout,
    JournalEntry,
    LabelBatch,
    LabelVersion,
    ProspectiveLook,
    ProspectiveResult,
    ProspectiveScore,
    Round,
)
from vault.planning import checks
from vault.sealing import awaited, crypto, holdouts, label_batches, label_versions

pytestmark = [pytest.mark.usefixtures("vault_keys")]


@pytest.fixture
def given(vault_keys: None) -> Awaited:
    return awaited_round.published("later")


def places(number: int) -> range:
    """Five batches of forty."""
    return range(40 * number, 40 * (number + 1))


def test_five_batches_bring_five_versions_and_scores(given: Awaited) -> None:
    """The figures are those that numpy computes; before half is labelled there are none."""
    for number in range(5):
        given.now += DAY
        batch = given.delivered(places(number))
        assert (batch.status, batch.version, batch.n_rows) == ("ACCEPTED", number + 1, 40)

    versions = LabelVersion.objects.filter(holdout=given.holdout).order_by("number")
    assert [each.n_labelled for each in versions] == [0, 40, 80, 120, 160, 200]
    assert [bool(each.commitment) for each in versions] == [False] + 5 * [True]
    looks = ProspectiveLook.objects.order_by("pk")
    assert [(each.label_version, each.n_labelled, each.is_shown) for each in looks] == [
        (3, 120, True),
        (4, 160, True),
        (5, 200, True),
    ]
    for name in ("fair", "good"):
        for look in looks:
            score = ProspectiveScore.objects.get(look=look, team=given.world.teams[name])
            assert score.value == pytest.approx(right(given, name)[: look.n_labelled].mean())
            low, value, high = interval(score)
            assert low <= value <= high
    assert Holdout.objects.get(pk=given.holdout.pk).status == "RETIRED"
    assert journal.verify(benchmark_id=given.world.benchmark.pk)


def test_no_row_is_shown_before_twenty_more_labels(given: Awaited) -> None:
    """One more label would tell whether it was right; its look is kept, and shown to nobody."""
    given.delivered(range(120))
    for new in (range(120, 121), range(121, 139), range(139, 140)):
        given.delivered(new)

    looks = ProspectiveLook.objects.order_by("pk")
    assert [(each.n_labelled, each.is_shown) for each in looks] == [
        (120, True),
        (121, False),
        (139, False),
        (140, True),
    ]
    assert ProspectiveResult.objects.values("look").distinct().count() == 2
    assert ProspectiveScore.objects.values("look").distinct().count() == 4


def test_a_revision_replaces_a_label_and_keeps_its_place(given: Awaited) -> None:
    given.delivered(range(120))
    flipped = given.rows(range(5))
    for row in flipped:
        row["label"] = "10"[int(row["label"])]
        row["arrived_at"] = (NOW + dt.timedelta(days=1)).isoformat()

    given.deliver(flipped)
    given.advance()

    score = ProspectiveScore.objects.get(look__label_version=2, team=given.world.teams["good"])
    expected = right(given, "good")[:120].copy()
    expected[:5] = ~expected[:5]
    assert score.value == pytest.approx(expected.mean())
    newest = label_versions.newest(holdout=given.holdout)
    assert (newest.number, newest.n_labelled) == (2, 120)
    opened = holdouts.open_labels(
        holdout=given.holdout, purpose="audit", reason={}, actor="test", now=given.now
    )
    assert set(opened.slices[label_batches.SINCE]) == {"1"}
    assert max(opened.slices[label_batches.ARRIVED]) < (NOW + dt.timedelta(days=1)).isoformat()
    # Nothing new is labelled, so nobody is shown what five labels changed.
    assert not ProspectiveLook.objects.get(label_version=2).is_shown


def test_nothing_is_scored_before_the_rule_is_met(vault_keys: None) -> None:
    """By share or by date, whichever comes first; and not before the round is published."""
    at = NOW + 10 * DAY
    given = awaited_round.closed("rule", at=at, share=0.9)
    given.delivered(range(60))
    assert not ProspectiveLook.objects.exists()
    assert LabelVersion.objects.filter(holdout=given.holdout, number=1).exists()

    given.now = at - dt.timedelta(seconds=1)
    assert prospective.due(now=given.now) == []
    given.now = at
    assert prospective.due(now=given.now) == []  # the round is not published

    stage.published(stage.audited(given.world))
    assert prospective.due(now=given.now) == [given.holdout.pk]
    given.advance()
    assert ProspectiveLook.objects.get().n_labelled == 60
    assert prospective.due(now=given.now) == []


WRONG: list[tuple[dict[str, str], str, str]] = [
    ({"id": "item-00001"}, "id", "not an item of this holdout"),
    ({"id": "nobody"}, "id", "not an item of this holdout"),
    ({"label": "2"}, "label", "not one of the benchmark's classes"),
    ({"label": ""}, "label", "not one of the benchmark's classes"),
    ({"event_time": NOW.isoformat()}, "event_time", "when predictions were locked"),
    ({"event_time": "2026-03-02"}, "event_time", "with its offset"),
    ({"event_time": "yesterday"}, "event_time", "not an ISO 8601 time"),
    ({"arrived_at": (NOW + dt.timedelta(seconds=1)).isoformat()}, "arrived_at", "before the event"),
    ({"arrived_at": (NOW + 300 * DAY).isoformat()}, "arrived_at", "after the batch was received"),
]


@pytest.mark.parametrize(("changed", "column", "problem"), WRONG)
def test_a_wrong_batch_is_refused_by_row_and_changes_nothing(
    given: Awaited, changed: dict[str, str], column: str, problem: str
) -> None:
    rows = [*given.rows(range(3)), *given.rows([3], **changed)]

    batch = given.deliver(rows)
    given.advance()

    batch.refresh_from_db()
    assert (batch.status, batch.version) == ("REFUSED", None)
    (named,) = batch.problems
    assert (named["row"], named["column"]) == (5, column)
    assert problem in named["problem"]
    assert label_versions.newest(holdout=given.holdout).number == 0
    # The next one is taken all the same.
    assert given.delivered(range(3)).version == 1


def test_a_batch_whose_envelope_is_lost_is_refused_and_keeps_none_waiting(given: Awaited) -> None:
    behind = given.deliver(given.rows(range(3)))
    lost = LabelBatch.objects.create(
        holdout=given.holdout,
        provider=behind.provider,
        sequence=behind.sequence + 1,
        received_at=given.now,
        sha256="0" * 64,
    )
    LabelBatch.objects.filter(pk=behind.pk).update(sequence=behind.sequence + 2)
    with acting_as("audit"):
        given.advance()

    for batch in (lost, behind):
        batch.refresh_from_db()
    assert (lost.status, behind.status) == ("REFUSED", "ACCEPTED")
    (problem,) = lost.problems
    assert "not there any more" in problem["problem"]


def test_an_item_comes_once_in_a_batch(given: Awaited) -> None:
    batch = given.deliver(given.rows([1, 2, 1]))
    given.advance()
    batch.refresh_from_db()

    assert batch.status == "REFUSED"
    assert "occurs in an earlier row" in batch.problems[0]["problem"]


def test_no_problem_quotes_a_label(given: Awaited) -> None:
    """Not even where two columns were exchanged: the web process reads what a refusal says."""
    rows = [
        {
            "id": each["label"],
            "label": "SENTINEL",
            "event_time": "SENTINEL",
            "arrived_at": "SENTINEL",
        }
        for each in given.rows(range(30))
    ]
    batch = given.deliver(rows)
    given.advance()
    batch.refresh_from_db()

    assert batch.status == "REFUSED"
    assert "SENTINEL" not in json.dumps(batch.problems)
    entries = JournalEntry.objects.filter(benchmark=given.world.benchmark)
    assert not any("SENTINEL" in each.payload for each in entries)


def test_each_opening_is_journaled_before_it_is_made(
    given: Awaited, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = given.deliver(given.rows(range(40)))
    with monkeypatch.context() as patched:
        patched.setattr(crypto, "decrypt", die)
        with pytest.raises(KeyboardInterrupt):
            given.advance()

    (entry,) = JournalEntry.objects.filter(kind="open_batch")
    assert json.loads(entry.payload)["batch"] == str(batch.pk)


@pytest.mark.parametrize(
    ("room", "step"),
    [
        (label_batches, "_read"),
        (label_batches, "_settle"),
        (label_versions, "store"),
        (prospective, "_may_show"),
        (prospective, "_rounded"),
        (holdouts, "retire"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_killed_between_steps_is_done_again_once(
    given: Awaited, monkeypatch: pytest.MonkeyPatch, room: Any, step: str
) -> None:
    batch = given.deliver(given.rows(range(N_LATER)))
    with monkeypatch.context() as patched:
        patched.setattr(room, step, die)
        with pytest.raises(KeyboardInterrupt):
            given.advance()
    assert prospective.due(now=given.now) == [given.holdout.pk]

    given.advance()
    given.advance()

    batch.refresh_from_db()
    assert (batch.status, batch.version) == ("ACCEPTED", 1)
    assert LabelVersion.objects.filter(holdout=given.holdout).count() == 2
    assert ProspectiveLook.objects.count() == 1
    assert ProspectiveScore.objects.count() == ProspectiveResult.objects.count() == 2
    assert Holdout.objects.get(pk=given.holdout.pk).status == "RETIRED"
    assert prospective.due(now=given.now) == []
    assert journal.verify(benchmark_id=given.world.benchmark.pk)


def test_two_workers_at_once_settle_a_batch_once(
    given: Awaited, monkeypatch: pytest.MonkeyPatch
) -> None:
    given.deliver(given.rows(range(120)))
    at_work, may_go_on = threading.Event(), threading.Event()
    settle = label_batches.settle
    results: list[bool] = []

    def slow(**named: Any) -> None:
        at_work.set()
        assert may_go_on.wait(timeout=30)
        settle(**named)

    def other() -> None:
        try:
            results.append(
                prospective.advance(holdout_id=given.holdout.pk, clock=lambda: given.now)
            )
        finally:
            connection.close()

    monkeypatch.setattr(label_batches, "settle", slow)
    worker = threading.Thread(target=other)
    worker.start()
    assert at_work.wait(timeout=30)
    mine = prospective.advance(holdout_id=given.holdout.pk, clock=lambda: given.now)
    may_go_on.set()
    worker.join(timeout=30)

    assert (mine, results) == (False, [True])
    assert label_versions.newest(holdout=given.holdout).number == 1


def test_without_the_key_no_batch_is_refused(given: Awaited, settings: Any) -> None:
    batch = given.deliver(given.rows(range(40)))
    path, settings.AUDIT_PRIVATE_KEY_FILE = settings.AUDIT_PRIVATE_KEY_FILE, ""
    prospective.sweep(clock=lambda: given.now)
    batch.refresh_from_db()
    assert batch.status == "RECEIVED"

    settings.AUDIT_PRIVATE_KEY_FILE = path
    prospective.sweep(clock=lambda: given.now)
    batch.refresh_from_db()
    assert batch.status == "ACCEPTED"


def test_one_holdout_that_fails_keeps_no_other_waiting(
    given: Awaited, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    given.deliver(given.rows(range(40)))
    monkeypatch.setattr(label_batches, "_merged", crash)

    prospective.sweep(clock=lambda: given.now)

    assert "ZeroDivisionError" in caplog.text
    assert "division" not in caplog.text


def test_the_audit_worker_sweeps_them(given: Awaited) -> None:
    given.deliver(given.rows(range(120)))
    with acting_as("audit"):
        tasks.sweep()
    assert ProspectiveLook.objects.count() == 1


def test_a_prospective_holdout_never_decides_nor_holds_up_an_audit(given: Awaited) -> None:
    """Its round is audited and published before it has a single label."""
    assert label_versions.newest(holdout=given.holdout).number == 0
    assert not given.holdout.decides_beside(given.world.query)
    opened = JournalEntry.objects.filter(kind="open_labels")
    assert str(given.holdout.pk) not in "".join(each.payload for each in opened)
    assert Holdout.objects.get(pk=given.holdout.pk).status == "FRESH"


def test_a_rule_says_what_it_waits_for(given: Awaited) -> None:
    fixed = given.holdout.awaited
    assert awaited.rule_of(awaited=fixed) == "once 50% of the items have a label"
    fixed.mature_at = NOW
    assert awaited.rule_of(awaited=fixed).endswith("or from 2026-03-01 12:00 UTC on")


def test_the_database_settles_a_batch_once_and_keeps_what_was_scored(given: Awaited) -> None:
    batch = given.delivered(range(120))
    for status in ("RECEIVED", "REFUSED"):
        with acting_as("audit"), pytest.raises(ProgrammingError, match="becomes"):
            LabelBatch.objects.filter(pk=batch.pk).update(status=status)
    for model in (ProspectiveScore, ProspectiveResult, BatchEnvelope):
        with pytest.raises(IntegrityError, match="append-only"):
            model.objects.all().delete()
    with pytest.raises(IntegrityError, match="append-only"):
        ProspectiveLook.objects.update(n_labelled=1)


def test_a_second_round_does_not_take_the_same_items(vault_keys: None) -> None:
    """A cancelled plan gives them back."""
    given = awaited_round.published("taken", n_spare=60)
    world = given.world
    round = Round(
        benchmark=world.benchmark,
        query_holdout=world.fresh,  # it answers by now
        opens_at=NOW,
        closes_at=NOW + DAY,
        mechanism="exact",
        unaudited=True,
    )
    world.fresh.refresh_from_db()
    with pytest.raises(PlanError, match="belongs to one round, and this one to round 2"):
        checks.check(round=round, fresh_holdouts=[given.holdout], references=[], now=NOW)

    other = awaited_round.planned("other")
    vault_rounds.cancel(round=other.world.round, reason="no more", actor="olivia", now=NOW)
    round.benchmark, round.query_holdout = other.world.benchmark, other.world.query
    found = checks.check(round=round, fresh_holdouts=[other.holdout], references=[], now=NOW)
    assert found == {}
