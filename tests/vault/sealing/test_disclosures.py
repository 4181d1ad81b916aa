"""A retired holdout is published once, by the audit worker, whatever stops it in between."""

import hashlib
import json
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import IntegrityError, ProgrammingError, transaction

from config.settings import BASE_DIR
from tests.vault.api.test_at_once import all_at_once
from tests.vault.disclosed_holdouts import N_FRESH, N_QUERY, REASON, ask, carry_out, ended
from tests.vault.factories import NOW, World, acting_as, die, make_world
from vault import journal, repeated_audits, rounds, tasks
from vault.errors import LabelsUnavailableError, TransitionError
from vault.files import content_files
from vault.models import Benchmark, DisclosedFile, DisclosureRequest, Holdout, JournalEntry, Round
from vault.sealing import crypto, disclosures, holdouts

pytestmark = [pytest.mark.usefixtures("vault_keys")]


@pytest.fixture
def world(vault_keys: None) -> World:
    return ended()


def kinds(world: World) -> list[str]:
    entries = JournalEntry.objects.filter(benchmark=world.benchmark).order_by("sequence")
    return [each.kind for each in entries if each.kind not in ("seal", "round_planned")][1:]


def status_of(world: World) -> str:
    return Holdout.objects.get(pk=world.query.pk).status


def test_what_is_published_is_what_the_commitment_was_computed_of(world: World) -> None:
    ask(world, f" {REASON}\n")
    assert carry_out(world)

    file = DisclosedFile.objects.get()
    content = content_files.load(file_key=file.file_key)
    assert (file.sha256, file.size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert file.file_key == f"disclosed/{file.sha256}.json"
    told = json.loads(content)
    salt, text = bytes.fromhex(told["salt"]), told["text"]
    assert hashlib.sha256(salt + text.encode()).hexdigest() == world.query.commitment
    rows = dict(line.split(",") for line in text.splitlines()[1:])
    assert len(salt) == 32
    assert len(rows) == N_QUERY == told["n_items"]
    truth = {f"item-{i:05d}": str(label) for i, label in enumerate(world.labels.tolist())}
    assert rows.items() <= truth.items()
    assert (told["commitment"], told["holdout"]) == (world.query.commitment, str(world.query.pk))
    assert (told["benchmark"], told["panel_version"]) == ("weather", 1)
    assert told["panel_sha256"] == world.panel.sha256
    assert status_of(world) == "DISCLOSED"


def test_the_lines_of_the_page_check_it(world: World, tmp_path: Path) -> None:
    """As a stranger runs them: with Python, the file and the commitment that was published."""
    ask(world)
    carry_out(world)
    page = (BASE_DIR / "docs" / "disclosure.md").read_text()
    (tmp_path / "check.py").write_text(page.partition("```python\n")[2].partition("```")[0])
    file = tmp_path / "disclosed.json"
    content = content_files.load(file_key=DisclosedFile.objects.get().file_key)

    said = []
    for each in (content, content.replace(b",0\\n", b",1\\n", 1)):
        file.write_bytes(each)
        command = [sys.executable, "-I", "check.py", str(file), world.query.commitment]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        said.append(done.stdout.splitlines()[-1])

    assert said == ["verified", "NOT verified"]


def test_each_step_is_in_the_journal_and_no_label_is(world: World) -> None:
    ask(world)
    carry_out(world)

    assert kinds(world) == [
        "disclosure_requested",
        "open_labels",
        "holdout_status",
        "holdout_disclosed",
    ]
    entries = JournalEntry.objects.order_by("-sequence")[:4]
    asked, opened, moved, made = [json.loads(each.payload) for each in reversed(entries)]
    assert asked == {"holdout": str(world.query.pk), "reason": REASON}
    assert (opened["purpose"], opened["status"]) == ("audit", "RETIRED")
    assert opened["reason"] == {"disclose": True}
    assert (moved["before"], moved["after"]) == ("RETIRED", "DISCLOSED")
    file = DisclosedFile.objects.get()
    assert made == {"holdout": str(world.query.pk), "sha256": file.sha256, "size": file.size}
    assert [each.actor for each in reversed(entries)] == ["ada", *["worker-audit"] * 3]
    journal.verify(benchmark_id=world.benchmark.pk)


@pytest.mark.parametrize("status", ["SEALED", "FRESH", "QUERY", "DISCLOSED"])
def test_only_a_retired_holdout_is_disclosed(world: World, status: str) -> None:
    Holdout.objects.filter(pk=world.query.pk).update(status=status)

    with pytest.raises(TransitionError, match=f"is {status}"):
        ask(world)

    # Nor may a row lie in wait until it is retired, or count that was made while it was.
    planted = DisclosureRequest(holdout=world.query, reason="x", actor="eve", at=NOW)
    with (
        pytest.raises(ProgrammingError, match="only a retired holdout is disclosed"),
        acting_as("researcher"),
        transaction.atomic(),
    ):
        planted.save(force_insert=True)
    Holdout.objects.filter(pk=world.query.pk).update(status="RETIRED")
    planted.save(force_insert=True)
    Holdout.objects.filter(pk=world.query.pk).update(status=status)
    with pytest.raises(TransitionError):
        carry_out(world)
    assert "open_labels" not in kinds(world)
    assert not DisclosedFile.objects.exists()


@pytest.mark.parametrize("use", ["query", "fresh"])
@pytest.mark.parametrize("status", ["PLANNED", "OPEN", "CLOSING", "CLOSED", "AUDITED"])
def test_a_round_that_is_not_over_needs_its_holdouts(world: World, status: str, use: str) -> None:
    if use == "query":
        Round.objects.update(status=status)
    else:
        other = make_world("other", seed=2, n_query=N_QUERY, n_fresh=N_FRESH)
        Round.objects.filter(pk=other.round.pk).update(status=status, number=7)
        other.round.fresh_holdouts.add(world.query)
    number = 1 if use == "query" else 7

    with pytest.raises(TransitionError, match=rf"round {number} \({status}\)"):
        ask(world)
    assert not DisclosureRequest.objects.exists()

    DisclosureRequest.objects.create(holdout=world.query, reason="x", actor="eve", at=NOW)
    with pytest.raises(TransitionError, match="still needed"):
        carry_out(world)
    assert (status_of(world), "open_labels" in kinds(world)) == ("RETIRED", False)


def test_a_cancelled_round_needs_nothing(vault_keys: None) -> None:
    world = make_world("weather", n_query=N_QUERY, n_fresh=N_FRESH)
    rounds.cancel(round=world.round, reason="x", actor="ada", now=NOW)
    holdouts.retire(holdout=world.query, actor="worker", now=NOW)

    ask(world)

    assert carry_out(world)


def test_an_audit_that_is_to_be_repeated_comes_first(world: World) -> None:
    """Published labels are not opened again: the repeat that was promised could not be made."""
    with acting_as("researcher"):
        repeated_audits.ask(round=world.round, reason="again", actor="ada", now=NOW)

    with pytest.raises(TransitionError, match="round 1 is to be repeated on these labels"):
        ask(world)


def test_a_retired_holdout_is_in_no_later_plan(world: World) -> None:
    """So what nobody needs when it is asked for is needed by nobody later."""
    ask(world)
    fresh = world.fresh
    given: dict[str, Any] = {
        "benchmark": world.benchmark,
        "mechanism": "exact",
        "parameters": {},
        "opens_at": NOW,
        "closes_at": NOW.replace(year=2027),
        **dict.fromkeys(("window_seconds", "window_limit", "total_limit"), 5),
        **dict.fromkeys(("concurrent_limit", "max_teams"), 5),
        "actor": "ada",
        "now": NOW,
    }
    for query, others in ((world.query, [fresh]), (fresh, [world.query])):
        with pytest.raises(Exception, match="holdout is"):
            rounds.plan(query_holdout=query, fresh_holdouts=others, **given)


@pytest.mark.parametrize("reason", ["", " \n", "x" * 501])
def test_a_disclosure_has_a_reason(world: World, reason: str) -> None:
    with pytest.raises(TransitionError):
        ask(world, reason)
    assert not DisclosureRequest.objects.exists()


def test_it_is_asked_for_once(world: World) -> None:
    def act(_: int) -> str:
        try:
            ask(world)
        except TransitionError as error:
            return error.message
        return ""

    refused = "the disclosure of this holdout is asked for already"
    assert sorted(all_at_once(4, act)) == ["", *[refused] * 3]
    assert kinds(world) == ["disclosure_requested"]


def test_nothing_is_opened_that_nobody_asked_for(world: World) -> None:
    with pytest.raises(TransitionError, match="nobody has asked"):
        carry_out(world)
    assert kinds(world) == []


def test_twice_is_once(world: World) -> None:
    ask(world)

    assert [carry_out(world) for _ in range(3)] == [True] * 3

    assert kinds(world).count("open_labels") == 1
    assert disclosures.due() == []


def test_two_workers_at_once_do_it_once(world: World) -> None:
    ask(world)

    all_at_once(4, lambda _: carry_out(world))
    carry_out(world)

    assert [kinds(world).count(each) for each in ("open_labels", "holdout_disclosed")] == [1, 1]
    assert DisclosedFile.objects.count() == 1


STEPS: list[tuple[Any, str]] = [
    (holdouts, "open_retired"),
    (crypto, "decrypt"),
    (disclosures, "file_of"),
    (content_files, "store"),
    (disclosures, "_publish"),
    (holdouts, "disclose"),
    (DisclosedFile.objects, "create"),
    (journal, "append"),
]


@pytest.mark.parametrize(("place", "name"), STEPS, ids=[name for _, name in STEPS])
def test_a_worker_killed_between_two_steps_has_published_nothing(
    world: World, place: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the next one does the rest, with the same file."""
    ask(world)
    with monkeypatch.context() as patch:
        patch.setattr(place, name, die)
        with pytest.raises(KeyboardInterrupt):
            carry_out(world)
    assert status_of(world) == "RETIRED"
    assert not DisclosedFile.objects.exists()
    assert disclosures.due() == [world.query.pk]

    assert carry_out(world)

    assert status_of(world) == "DISCLOSED"
    assert kinds(world).count("holdout_disclosed") == 1
    assert len(stored()) == 1


def stored() -> list[str]:
    return default_storage.listdir("disclosed")[1]


def killed_after(act: Callable[..., Any]) -> Callable[..., Any]:
    def acts(*args: Any, **given: Any) -> Any:
        act(*args, **given)
        raise KeyboardInterrupt

    return acts


def test_a_worker_killed_once_the_file_is_stored_finds_it_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(world)
    with monkeypatch.context() as patch:
        patch.setattr(content_files, "store", killed_after(content_files.store))
        with pytest.raises(KeyboardInterrupt):
            carry_out(world)
    first = stored()

    carry_out(world)

    assert stored() == first
    assert DisclosedFile.objects.get().file_key == f"disclosed/{first[0]}"


def test_labels_that_are_not_those_of_the_commitment_are_not_published(world: World) -> None:
    ask(world)
    Benchmark.objects.filter(pk=world.benchmark.pk).update(classes=["dry", "rain"])

    with pytest.raises(LabelsUnavailableError, match="nothing was published"):
        carry_out(world)

    assert status_of(world) == "RETIRED"
    assert not default_storage.exists("disclosed")


def test_without_the_audit_key_nothing_is_opened(world: World, settings: Any) -> None:
    """As in the web's process and in the admin's."""
    ask(world)
    settings.AUDIT_PRIVATE_KEY_FILE = ""

    with pytest.raises(LabelsUnavailableError):
        carry_out(world)
    assert "open_labels" not in kinds(world)


@pytest.mark.parametrize("role", ["web", "researcher", "scoring"])
def test_no_other_role_discloses(world: World, role: str) -> None:
    ask(world)

    with pytest.raises(ProgrammingError, match="permission denied"), acting_as(role):
        disclosures.carry_out(holdout_id=world.query.pk, clock=lambda: NOW)

    assert (status_of(world), DisclosedFile.objects.exists()) == ("RETIRED", False)


def test_requests_and_files_are_kept_as_they_are(world: World) -> None:
    ask(world)
    carry_out(world)

    for rows in (DisclosureRequest.objects.all(), DisclosedFile.objects.all()):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            rows.update(at=NOW)
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            rows.delete()


def test_the_task_and_the_sweep_disclose(world: World) -> None:
    other = ended("autumn", seed=2)
    ask(world)
    ask(other)
    with acting_as("audit"):
        tasks.disclose_holdout(holdout_id=str(world.query.pk))
        assert (status_of(world), status_of(other)) == ("DISCLOSED", "RETIRED")
        for _ in range(2):
            tasks.sweep_disclosures()

    assert status_of(other) == "DISCLOSED"
    assert DisclosedFile.objects.count() == 2


def test_one_that_cannot_be_opened_holds_up_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sound = ended("autumn", seed=2)
    ask(world)
    ask(sound)
    whole = disclosures.carry_out

    def failing(*, holdout_id: uuid.UUID, clock: Any) -> bool:
        if holdout_id == world.query.pk:
            raise ValueError("a label could be in here")
        return whole(holdout_id=holdout_id, clock=clock)

    monkeypatch.setattr(disclosures, "carry_out", failing)
    with acting_as("audit"):
        tasks.sweep_disclosures()

    assert (status_of(world), status_of(sound)) == ("RETIRED", "DISCLOSED")
    assert f"holdout {world.query.pk} was not disclosed: ValueError" in caplog.text
    assert "a label could be" not in caplog.text


def test_both_tasks_go_to_the_worker_that_has_the_key() -> None:
    for task in (tasks.disclose_holdout, tasks.sweep_disclosures):
        assert settings.CELERY_TASK_ROUTES[task.name] == {"queue": "audit"}
    beat = settings.CELERY_BEAT_SCHEDULE["sweep-disclosures"]
    assert beat["task"] == tasks.sweep_disclosures.name
