"""Audits that are made again: beside the first, equal without a change, waiting where teams could gain."""

import datetime as dt
import json
from typing import Any

import pytest
from django.db import connection

from audits import repeats, rounds, runs, tasks
from audits.models import AuditRun, Finding, Publication, RepeatedAudit
from tests.audits import stage
from tests.audits.test_rounds import entered
from tests.vault.api.stage import Caller
from tests.vault.factories import NOW, World, acting_as, die
from vault import notices, repeated_audits
from vault.errors import ActError
from vault.models import Holdout, HoldoutTold, JournalEntry, PublishedResult, Round, RoundNotice
from vault.sealing import label_versions

pytestmark = [pytest.mark.usefixtures("vault_keys")]

REASON = "two labels were wrong"


def published(slug: str, **given: Any) -> World:
    world = stage.small_round(slug, **given)
    return stage.published(stage.audited(stage.closing(world)))


def ask(world: World, reason: str = REASON) -> RoundNotice:
    with acting_as("researcher"):
        return repeated_audits.ask(round=world.round, reason=reason, actor="ada", now=NOW)


def sweep() -> None:
    """As the audit worker's task does it, with its rights."""
    with acting_as("audit"):
        for notice_id in repeats.due():
            repeats.make(notice_id=notice_id, clock=lambda: NOW + dt.timedelta(days=1))


def planned_on_its_labels(world: World) -> Round:
    """The next round, which is to be asked on the labels that judged this one."""
    later = Round.objects.get()
    later.pk, later.number, later.status, later.query_holdout = None, 2, "PLANNED", world.fresh
    later.opened_at = later.closed_at = later.audited_at = later.published_at = None
    later.stopped_at = None
    later.save(force_insert=True)
    return later


def findings(run: AuditRun) -> list[dict[str, Any]]:
    rows = Finding.objects.filter(run=run).order_by("check_name", "team__name").values()
    apart = ("id", "run_id")
    return [{name: value for name, value in row.items() if name not in apart} for row in rows]


def test_a_repeat_without_changes_finds_the_same_of_an_audited_round() -> None:
    world = stage.audited(stage.closing(stage.small_round("again")))
    first = AuditRun.objects.get()
    ask(world)
    sweep()

    again = AuditRun.objects.exclude(pk=first.pk).get()
    assert (again.status, again.seed_entropy) == ("DONE", first.seed_entropy)
    assert findings(again) == findings(first)
    assert again.snapshot == first.snapshot
    assert set(first.snapshot["labels"].values()) == {1}
    repeat = RepeatedAudit.objects.get()
    assert (repeat.inputs, repeat.differences, repeat.reason) == ([], None, REASON)
    # Another sweep makes none.
    sweep()
    assert AuditRun.objects.count() == 2
    # Nobody but researchers has read any: the last one is published.
    stage.published(world)
    assert rounds.latest_run(round=world.round) == again


def test_a_repeat_of_a_published_round_changes_nothing_that_was_published() -> None:
    world = published("stays")
    document = Publication.objects.get().document
    results = list(PublishedResult.objects.order_by("pk").values())
    told = list(HoldoutTold.objects.order_by("pk").values())
    first = AuditRun.objects.get()
    ask(world)
    sweep()

    assert findings(AuditRun.objects.exclude(pk=first.pk).get()) == findings(first)
    repeat = RepeatedAudit.objects.get()
    assert (repeat.inputs, repeat.differences) == ([], [])
    assert Publication.objects.get().document == document
    assert list(PublishedResult.objects.order_by("pk").values()) == results
    assert list(HoldoutTold.objects.order_by("pk").values()) == told
    world.round.refresh_from_db()
    assert world.round.status == "PUBLISHED"
    (change,) = notices.changes(round=world.round)
    assert (change.kind, change.reason) == ("audit_repeated", REASON)


@pytest.mark.usefixtures("api_site")
def test_everybody_reads_both_and_what_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code has changed since: what it finds otherwise is said, and counted."""
    world = published("differs", n_spare=60)
    publication = Publication.objects.get()
    before = publication.document
    # As if the published audit had found something else of one team.
    attacked = next(row for row in before["teams"] if row["team"].endswith(stage.ATTACKER))
    was = attacked["verdict"]
    attacked["verdict"] = "NO_EVIDENCE"
    Publication.objects.update(document=before)
    monkeypatch.setattr(runs, "VERSION", "2")
    n_told = HoldoutTold.objects.count()
    ask(world)
    sweep()

    shown = Caller().get(f"audits/{publication.pk}/").json()

    assert shown["document"]["teams"]
    (repeat,) = shown["repeats"]
    assert repeat["inputs"] == ["code of the audit: version 1 then, 2 now"]
    assert repeat["differences"] == [
        {
            "team": attacked["team"],
            "before": {"verdict": "NO_EVIDENCE"},
            "after": {"verdict": was},
        }
    ]
    assert repeat["reason"] == REASON
    # What it tells of the holdout that answers the next round is in its ledger.
    assert HoldoutTold.objects.count() == n_told + 1
    assert HoldoutTold.objects.filter(holdout=world.fresh, what__startswith="repeat ").exists()
    entry = JournalEntry.objects.filter(kind="audit").latest("sequence")
    assert json.loads(entry.payload)["repeats"] is True


def test_corrected_labels_are_read_and_named() -> None:
    """A version of labels that came after the audit."""
    world = published("corrected", publication="full")
    fresh = world.fresh
    labels = label_versions.newest(holdout=fresh)
    assert labels.number == 1
    first = AuditRun.objects.get()
    first.snapshot["labels"][str(fresh.pk)] = 0
    first.save()
    ask(world)
    sweep()

    said = f"labels of holdout {str(fresh.pk)[:8]}: version 0 then, 1 now"
    assert RepeatedAudit.objects.get().inputs == [said]


def test_it_waits_until_a_round_that_asks_the_same_labels_has_stopped() -> None:
    world = published("waits", n_spare=60)
    assert Holdout.objects.get(pk=world.fresh.pk).status == "QUERY"
    later = planned_on_its_labels(world)
    Round.objects.filter(pk=later.pk).update(status="OPEN", opened_at=NOW)
    assert repeated_audits.waits_for(round=world.round, now=NOW) == later
    ask(world)

    sweep()
    assert AuditRun.objects.count() == 1
    assert repeats.due()

    Round.objects.filter(pk=later.pk).update(status="CLOSING")
    sweep()
    assert [each.status for each in AuditRun.objects.order_by("pk")] == ["DONE", "DONE"]
    assert RepeatedAudit.objects.get().differences == []


@pytest.mark.parametrize(
    ("then", "told"), [("OPEN", False), ("CLOSING", True), ("CANCELLED", True)]
)
def test_it_waits_for_a_planned_round_on_its_labels(then: str, told: bool) -> None:
    world = published(f"planned-{then.lower()}", n_spare=60)
    later = planned_on_its_labels(world)
    ask(world)

    sweep()
    assert AuditRun.objects.count() == 1
    assert repeated_audits.waits_for(round=world.round, now=NOW) == later

    others: dict[str, Any] = {"opened_at": NOW}
    if then == "CANCELLED":
        others = {"cancelled_at": NOW, "cancelled_reason": "x"}
    Round.objects.filter(pk=later.pk).update(status=then, **others)
    sweep()
    assert RepeatedAudit.objects.exists() == told
    assert AuditRun.objects.count() == 1 + told


def test_what_a_repeat_found_waits_for_a_round_that_was_planned_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = published("meanwhile", n_spare=60)
    ask(world)
    repeat, planned = runs.repeat, list[Round]()

    def slow(**given: Any) -> AuditRun:
        run = repeat(**given)
        connection.cursor().execute("RESET ROLE")
        planned.append(planned_on_its_labels(world))
        return run

    monkeypatch.setattr(runs, "repeat", slow)
    sweep()
    sweep()
    assert AuditRun.objects.filter(status="DONE").count() == 2
    assert not RepeatedAudit.objects.exists()

    Round.objects.filter(pk=planned[0].pk).update(status="CLOSING")
    sweep()
    assert RepeatedAudit.objects.count() == 1
    assert AuditRun.objects.count() == 2


@pytest.mark.parametrize("status", ["PLANNED", "OPEN", "CLOSING", "CLOSED", "CANCELLED"])
def test_only_what_was_audited_is_audited_again(status: str) -> None:
    world = entered(f"only-{status.lower()}")
    told = {"cancelled_at": NOW, "cancelled_reason": "x", "opened_at": None}
    Round.objects.update(status=status, **(told if status == "CANCELLED" else {}))

    with pytest.raises(ActError, match=f"is {status}: an audit is repeated once"):
        ask(world)
    assert not RoundNotice.objects.exists()


def test_disclosed_labels_are_not_opened_again() -> None:
    world = published("disclosed")
    with pytest.raises(ActError, match="give a reason"):
        ask(world, " ")
    Holdout.objects.filter(pk=world.query.pk).update(status="DISCLOSED")

    with pytest.raises(ActError, match="are published: anybody can repeat the figures"):
        ask(world)


def test_a_repeat_that_was_asked_for_before_a_disclosure_fails_once() -> None:
    world = published("late")
    ask(world)
    Holdout.objects.filter(pk=world.query.pk).update(status="DISCLOSED")

    tasks.sweep()
    tasks.sweep()

    last = AuditRun.objects.latest("pk")
    assert (last.status, last.error) == ("FAILED", "LabelsUnavailableError")
    assert AuditRun.objects.count() == 2
    assert repeats.due() == []


@pytest.mark.parametrize(("room", "step"), [(runs, "_store"), (repeats, "_tell")])
def test_killed_between_steps_is_taken_up_again(
    monkeypatch: pytest.MonkeyPatch, room: Any, step: str
) -> None:
    world = published(f"killed-{step.replace('_', '')}")
    ask(world)
    with monkeypatch.context() as patched:
        patched.setattr(room, step, die)
        with pytest.raises(KeyboardInterrupt):
            sweep()

    sweep()

    assert AuditRun.objects.filter(status="DONE").count() == 2
    assert RepeatedAudit.objects.count() == 1
