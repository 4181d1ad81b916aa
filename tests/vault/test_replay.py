"""Invariant 7: every released score can be recomputed, and one that was changed afterwards is named."""

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from stats.mechanisms import MECHANISMS as REGISTERED
from tests.vault.factories import NOW, World, acting_as, make_world
from tests.vault.tampering import tamper
from vault import journal, replay
from vault.errors import JournalError
from vault.models import JournalEntry, MechanismState, Release, Round, RoundSecret, Submission

pytestmark = [pytest.mark.usefixtures("vault_keys")]

MECHANISMS: dict[str, dict[str, Any]] = {
    "exact": {},
    "rounded": {"digits": 2},
    "ladder": {"c": 0.5},
    "parameter_free_ladder": {},
    "guarded_ladder": {"b": 2},
    "thresholdout": {"t": 0.01, "c": 0.5, "answers": 4},
    "gaussian": {"c": 0.5},
    "one_bit": {"b": 3},
    "blind": {},
}


def played(mechanism: str, metric: str = "accuracy") -> World:
    """A baseline, two teams that see answers, one of them beyond its cap, and one that is blind."""
    world = make_world(
        f"replay-{mechanism}", mechanism=mechanism, parameters=MECHANISMS[mechanism], metric=metric
    )
    world.open(baseline=world.wrong_at(range(150)))
    for name, counts in {"a": (160, 90, 95, 40, 3), "b": (100, 20)}.items():
        team = world.team(name)
        for count in counts:
            world.answered(team, world.wrong_at(range(count)))
    world.answered(world.team("blind", is_blind=True), world.wrong_at(range(30)))
    return world


@pytest.fixture
def world(vault_keys: None) -> World:
    return played("guarded_ladder")


def improved(world: World) -> Submission:
    return Submission.objects.get(team=world.teams["b"], sequence=1)


def refused(world: World, submission: Submission | None = None) -> str:
    with pytest.raises(JournalError) as caught:
        replay.replay(round=Round.objects.get(pk=world.round.pk))
    if submission is not None:
        assert str(submission.pk) in caught.value.message
    return caught.value.message


@pytest.mark.parametrize("mechanism", sorted(MECHANISMS))
def test_replay_in_the_role_of_the_scoring_worker_gives_every_release(mechanism: str) -> None:
    world = played(mechanism)

    with acting_as("scoring"):
        n_releases = replay.replay(round=world.round)

    assert n_releases == Release.objects.count() == 9


@pytest.mark.parametrize(
    ("column", "value"), [("value", 0.999), ("value", None), ("outcome", "no_improvement")]
)
def test_a_changed_release_is_named(world: World, column: str, value: object) -> None:
    changed = improved(world)
    tamper(
        "vault_release",
        f"UPDATE vault_release SET {column} = %s WHERE submission_id = %s",  # noqa: S608
        value,
        changed.pk,
    )

    assert "is not what its inputs give" in refused(world, changed)


def test_the_smallest_change_of_a_release_is_named(world: World) -> None:
    """One unit in the last place."""
    changed = improved(world)
    tamper(
        "vault_release",
        "UPDATE vault_release SET value = value * (1 + 3e-16::float8) WHERE submission_id = %s",
        changed.pk,
    )

    refused(world, changed)


def test_a_changed_release_of_a_reference_is_named(world: World) -> None:
    reference = Submission.objects.get(team=world.teams["reference"])
    tamper(
        "vault_release",
        "UPDATE vault_release SET value = value + 0.1 WHERE submission_id = %s",
        reference.pk,
    )

    refused(world, reference)


@pytest.mark.parametrize("table", ["submission", "release_input"])
def test_a_changed_validation_score_is_named(vault_keys: None, table: str) -> None:
    """Even where the answer would have been the same."""
    world = played("thresholdout")
    changed = improved(world)
    if table == "submission":
        slightly = F("validation_score") + 1e-12
        Submission.objects.filter(pk=changed.pk).update(validation_score=slightly)
    else:
        tamper(
            "vault_releaseinput",
            "UPDATE vault_releaseinput SET reported = reported + 1e-12 WHERE submission_id = %s",
            changed.pk,
        )

    assert "validation score" in refused(world, changed)


def test_every_mechanism_is_replayed() -> None:
    assert set(MECHANISMS) == set(REGISTERED)


@pytest.mark.parametrize("table", ["vault_rawscore", "vault_releaseinput"])
def test_a_changed_raw_score_is_named(world: World, table: str) -> None:
    """Even where the answer would have been the same."""
    changed = improved(world)
    column = "value" if table == "vault_rawscore" else "score"
    tamper(
        table,
        f"UPDATE {table} SET {column} = {column} + 1e-12 WHERE submission_id = %s",  # noqa: S608
        changed.pk,
    )

    assert "raw score" in refused(world, changed)


def test_a_changed_incumbent_is_named(world: World) -> None:
    changed = improved(world)
    tamper(
        "vault_releaseinput",
        "UPDATE vault_releaseinput SET incumbent_id = NULL WHERE submission_id = %s",
        changed.pk,
    )

    assert "incumbent" in refused(world, changed)


def test_a_changed_state_is_told(world: World) -> None:
    """It would give later submissions other answers."""
    state = MechanismState.objects.get(team=world.teams["b"])
    state.state["accepted"] = 0
    state.save()

    assert world.teams["b"].name in refused(world)


def test_a_changed_secret_shows_in_the_seeds(world: World) -> None:
    RoundSecret.objects.filter(round=world.round).update(entropy="0" * 64)

    assert "seed" in refused(world)


def test_a_changed_seed_is_named(world: World) -> None:
    """The chain shows it too; here somebody has recomputed the chain."""
    changed = improved(world)
    entry = JournalEntry.objects.get(kind="release", payload__contains=str(changed.pk))
    payload = json.loads(entry.payload) | {"seed": "1" * 64}
    tamper(
        "vault_journalentry",
        "UPDATE vault_journalentry SET payload = %s WHERE id = %s",
        json.dumps(payload, sort_keys=True, separators=(",", ":")),
        entry.pk,
    )

    assert "seed" in refused(world, changed)


@pytest.mark.parametrize("table", ["vault_release", "vault_releaseinput"])
def test_a_deleted_row_is_named(world: World, table: str) -> None:
    gone = improved(world)
    tamper(table, f"DELETE FROM {table} WHERE submission_id = %s", gone.pk)  # noqa: S608

    refused(world, gone)


def test_a_release_deleted_with_its_input_is_named(world: World) -> None:
    """The last of its team, so that no later answer misses it."""
    gone = Submission.objects.get(team=world.teams["b"], sequence=2)
    for table in ("vault_release", "vault_releaseinput"):
        tamper(table, f"DELETE FROM {table} WHERE submission_id = %s", gone.pk)  # noqa: S608

    assert "is gone" in refused(world, gone)


def test_a_second_entry_for_a_release_is_named(world: World) -> None:
    """The scoring worker may append releases; a second story about one is not believed."""
    told = improved(world)
    entry = JournalEntry.objects.get(kind="release", payload__contains=str(told.pk))
    with acting_as("scoring"):
        journal.append(
            benchmark_id=world.benchmark.pk,
            kind="release",
            actor="worker-scoring",
            payload=json.loads(entry.payload) | {"value": 1.0},
            now=NOW,
        )

    assert "twice in the journal" in refused(world, told)


def test_scoring_worker_may_run_the_command_as_documented(world: World) -> None:
    """The guide runs it in the scoring worker's place, which may read the chain's head, too."""
    with acting_as("scoring"):
        call_command("verify_journal", verbosity=0)
        call_command("verify_journal", "--replay", verbosity=0)


def test_the_command_names_the_submission_and_fails(world: World) -> None:
    call_command("verify_journal", "--replay", verbosity=0)
    changed = improved(world)
    tamper(
        "vault_release",
        "UPDATE vault_release SET value = 1 WHERE submission_id = %s",
        changed.pk,
    )

    call_command("verify_journal", verbosity=0)
    with pytest.raises(CommandError, match=str(changed.pk)) as caught:
        call_command("verify_journal", "--replay", verbosity=0)
    assert caught.value.returncode == 1
