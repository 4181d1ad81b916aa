"""When the audit worker signs journal heads: each close and publication, whatever is killed in between."""

from pathlib import Path
from typing import Any

import pytest

from audits import heads, rounds, runs, tasks
from tests.audits import stage
from tests.vault.factories import NOW, World, acting_as, die, make_world
from tests.vault.signing import make_signing_key
from vault import journal, signed_heads
from vault import rounds as vault_rounds
from vault.models import JournalEntry, Round, SignedHead

pytestmark = [pytest.mark.usefixtures("vault_keys")]


@pytest.fixture(autouse=True)
def _signing(tmp_path: Path, settings: Any, vault_keys: None) -> None:
    make_signing_key(directory=tmp_path, settings=settings, now=NOW)


def closing(slug: str) -> World:
    world = make_world(slug, closes_at=stage.FAR_AHEAD)
    world.open()
    world.answered(world.team("once"), world.labels)
    return stage.closing(world)


def occasions(world: World) -> list[str]:
    """What stands in the journal directly before each signature."""
    entries = JournalEntry.objects.filter(benchmark=world.benchmark)
    numbers = SignedHead.objects.filter(benchmark=world.benchmark).values_list("number", flat=True)
    return [entries.get(sequence=number - 1).kind for number in sorted(numbers)]


def verified(world: World) -> None:
    kept = signed_heads.kept(benchmark=world.benchmark)
    journal.verify(benchmark_id=world.benchmark.pk, kept=kept)


def test_the_close_is_signed_before_fresh_labels_are_opened_and_the_publication_after() -> None:
    world = closing("signed")

    with acting_as("audit"):
        tasks.audit_round(round_id=world.round.pk)
        tasks.audit_round(round_id=world.round.pk)
        assert occasions(world) == ["round_closed"]
        tasks.publish_round(round_id=world.round.pk)
        tasks.publish_round(round_id=world.round.pk)
        tasks.sweep()

    assert len(occasions(world)) == 2
    published = JournalEntry.objects.get(benchmark=world.benchmark, kind="round_published")
    opened = JournalEntry.objects.filter(benchmark=world.benchmark, kind="open_labels").last()
    first, second = SignedHead.objects.order_by("number")
    assert opened is not None
    assert first.number < opened.sequence < published.sequence < second.number
    verified(world)


@pytest.mark.parametrize("step", ["close", "publish"])
def test_what_a_killed_worker_left_unsigned_the_next_sweep_signs(
    monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    world = closing("killed")
    with acting_as("audit"):
        if step == "publish":
            tasks.audit_round(round_id=world.round.pk)
        before = SignedHead.objects.count()
        act = tasks.audit_round if step == "close" else tasks.publish_round
        with monkeypatch.context() as patched:
            patched.setattr(signed_heads, "sign_if_due", die)
            with pytest.raises(KeyboardInterrupt):
                act(round_id=world.round.pk)
        status = Round.objects.get(pk=world.round.pk).status
        assert (status, SignedHead.objects.count()) == (
            ("CLOSED", before) if step == "close" else ("PUBLISHED", before)
        )
        tasks.sweep()
        assert SignedHead.objects.count() == before + 1
        tasks.sweep()

    assert SignedHead.objects.count() == before + 1
    verified(world)


def test_a_close_of_the_other_sweeper_is_signed_before_its_audit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = closing("elsewhere")
    vault_rounds.close(round=world.round, actor="system", now=NOW)
    monkeypatch.setattr(runs, "run", die)

    with acting_as("audit"), pytest.raises(KeyboardInterrupt):
        tasks.sweep()

    assert occasions(world) == ["round_closed"]


@pytest.mark.parametrize("missing", ["setting", "file"])
def test_a_worker_that_cannot_sign_says_so_and_audits_all_the_same(
    settings: Any, caplog: pytest.LogCaptureFixture, missing: str
) -> None:
    world = closing("unsigned")
    settings.SIGNING_PRIVATE_KEY_FILE = "" if missing == "setting" else "/nonexistent"

    with acting_as("audit"):
        tasks.audit_round(round_id=world.round.pk)
        tasks.publish_round(round_id=world.round.pk)

    assert Round.objects.get(pk=world.round.pk).status == "PUBLISHED"
    assert "no head of unsigned was signed: " in caplog.text
    assert not SignedHead.objects.exists()


def test_one_journal_that_is_broken_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    worlds = [make_world(slug) for slug in ("broken", "sound")]
    walk = journal.walk

    def broken(*, benchmark_id: int, **given: Any) -> Any:
        if benchmark_id == worlds[0].benchmark.pk:
            raise ValueError
        return walk(benchmark_id=benchmark_id, **given)

    monkeypatch.setattr(journal, "walk", broken)
    with acting_as("audit"):
        heads.sign_all(clock=lambda: NOW)

    assert [each.slug for each in SignedHead.objects.all()] == ["sound"]
    assert "no head of broken was signed" in caplog.text


def test_a_round_that_is_advanced_by_hand_is_signed_too() -> None:
    """`advance` without a task, as the other callers use it."""
    world = closing("by-hand")

    with acting_as("audit"):
        assert rounds.advance(round_id=world.round.pk, clock=lambda: NOW)

    assert occasions(world) == ["round_closed"]
