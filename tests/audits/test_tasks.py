"""The tasks of the audit worker: they may come twice, late, or for a round that cannot be audited."""

from typing import Any

import pytest
from django.conf import settings

from audits import rounds, tasks
from audits.models import AuditRun
from tests.audits import stage
from tests.vault.factories import World, acting_as, make_world
from vault.errors import TransitionError
from vault.models import Round

pytestmark = [pytest.mark.usefixtures("vault_keys")]


def closing(slug: str) -> World:
    world = make_world(slug, closes_at=stage.FAR_AHEAD)
    world.open()
    world.answered(world.team("once"), world.labels)
    return stage.closing(world)


def status_of(world: World) -> str:
    return Round.objects.get(pk=world.round.pk).status


def test_audit_and_publish_by_task_twice() -> None:
    world = closing("by-task")

    with acting_as("audit"):
        for _ in range(2):
            tasks.audit_round(round_id=world.round.pk)
        assert status_of(world) == "AUDITED"
        for _ in range(2):
            tasks.publish_round(round_id=world.round.pk)

    assert status_of(world) == "PUBLISHED"
    assert AuditRun.objects.count() == 1


def test_publishing_what_was_not_audited_fails() -> None:
    world = closing("too-early")

    with acting_as("audit"), pytest.raises(TransitionError):
        tasks.publish_round(round_id=world.round.pk)
    assert status_of(world) == "CLOSING"


def test_the_sweep_audits_what_waits_and_publishes_nothing() -> None:
    worlds = [closing("waits-a"), closing("waits-b")]

    with acting_as("audit"):
        tasks.sweep()
        tasks.sweep()

    assert [status_of(world) for world in worlds] == ["AUDITED", "AUDITED"]
    assert AuditRun.objects.count() == 2


def test_a_round_that_cannot_be_audited_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = closing("broken"), closing("sound")
    advance = rounds.advance

    def failing(*, round_id: int, clock: Any) -> bool:
        if round_id == broken.round.pk:
            raise ValueError("a label could be in here")
        return advance(round_id=round_id, clock=clock)

    monkeypatch.setattr(rounds, "advance", failing)
    with acting_as("audit"):
        tasks.sweep()

    assert [status_of(world) for world in (broken, sound)] == ["CLOSING", "AUDITED"]
    assert f"round {broken.round.pk} was not audited" in caplog.text


def test_every_task_goes_to_the_audit_queue() -> None:
    """A scoring worker holds no audit key, so an audit that it takes would fail."""
    for task in (tasks.audit_round, tasks.publish_round, tasks.sweep):
        assert task.name.startswith("audits.tasks.")
    assert settings.CELERY_TASK_ROUTES["audits.tasks.*"] == {"queue": "audit"}
    assert settings.CELERY_BEAT_SCHEDULE["sweep-audits"]["task"] == tasks.sweep.name
