"""A round on corrected labels: all answers once more, in order, current for everybody in one commit."""

import hashlib
import json
from typing import Any

import numpy as np
import pytest

from audits import rounds as audit_rounds
from tests.vault.corrected import (
    answers,
    ask_to_replace,
    ask_to_void,
    current,
    flip,
    query_positions,
    reseal,
    score_again,
)
from tests.vault.factories import NOW, World, acting_as, make_world
from tests.vault.tampering import tamper
from tests.vault.test_replay import MECHANISMS, played
from vault import (
    budget,
    finals,
    history,
    journal,
    leaderboard,
    predictions,
    release,
    replay,
    rounds,
    submissions,
    transcripts,
)
from vault.errors import JournalError, TransitionError
from vault.models import (
    BudgetEntry,
    Final,
    HoldoutTold,
    JournalEntry,
    MechanismState,
    RawScore,
    Release,
    Submission,
    Transcript,
)

pytestmark = [pytest.mark.usefixtures("vault_keys")]


@pytest.fixture
def world(vault_keys: None) -> World:
    return played("guarded_ladder")


def beginning(world: World, positions: Any = range(60)) -> Transcript:
    """Corrected and resealed; nothing is scored again yet."""
    labels = {each: 1 - int(world.labels[each]) for each in positions}
    assert reseal(ask_to_replace(world, labels))
    return current(world).transcripts.get(current_at=None)


@pytest.mark.parametrize("mechanism", sorted(MECHANISMS))
def test_every_mechanism_answers_again_and_replays(mechanism: str) -> None:
    """Invariant 7, of both transcripts, in the role that may run it."""
    world = played(mechanism)
    before = answers(world, 1)
    flip(world, range(0, 300, 4))

    assert answers(world, 1) == before
    assert len(answers(world, 2)) == len(before) == 9
    with acting_as("scoring"):
        assert replay.replay(round=current(world)) == 18
    journal.verify(benchmark_id=world.benchmark.pk)


def test_scores_are_of_the_corrected_labels_and_old_ones_stay(vault_keys: None) -> None:
    """Invariant 10: rows are added, none is edited."""
    world = make_world("exactly")
    world.open()
    given = world.answered(world.team("a"), world.wrong_at(range(0, 300, 5)))
    where = query_positions(world)
    before = RawScore.objects.get()

    flip(world, where[:10])

    truth = world.labels.copy()
    truth[where[:10]] ^= 1
    right = predictions.load(file_key=given.file_key)[where] == truth[where]
    first, second = RawScore.objects.order_by("label_version")
    assert (first.pk, first.value, first.label_version) == (before.pk, before.value, 1)
    assert second.label_version == 2
    assert second.value == pytest.approx(float(np.mean(right)))
    assert answers(world, 2) == [(pytest.approx(second.value), "scored")]


def test_items_that_are_left_out_count_nowhere_and_public_numbers_stay(vault_keys: None) -> None:
    world = make_world("voids")
    world.open()
    where = query_positions(world)
    given = world.answered(world.team("a"), world.wrong_at(where[:25]))
    resolution = leaderboard.resolution(round=current(world))
    reseal(ask_to_void(world, where[:25]))
    score_again()

    assert RawScore.objects.get(submission=given, label_version=2).value == 1.0
    assert current(world).query_holdout.n_items == 100
    assert leaderboard.resolution(round=current(world)) == resolution


def test_the_board_shows_the_current_transcript_alone(world: World) -> None:
    before = leaderboard.board(round=current(world))
    beginning(world)
    assert leaderboard.board(round=current(world)) == before

    score_again()
    now = leaderboard.board(round=current(world))

    best = Release.objects.filter(transcript=2, outcome__in=Release.OWN_VALUE).order_by("value")
    again = dict(best.values_list("submission__team", "value"))
    assert {row.team_id: row.released for row in now if row.released is not None} == {
        team_id: pytest.approx(value) for team_id, value in again.items()
    }
    assert now != before
    assert [row.attempts for row in sorted(now, key=lambda row: row.team_id)] == [
        row.attempts for row in sorted(before, key=lambda row: row.team_id)
    ]


def test_nothing_is_charged_again_and_both_transcripts_are_counted(world: World) -> None:
    """Invariants 3 and 14: a query is spent by its first release; the ledger counts every answer."""
    entries = list(BudgetEntry.objects.order_by("pk").values_list())
    account = budget.account_of(round=current(world))
    before = budget.holdout_nats(holdout=world.query)
    own = budget.team_nats(round=current(world), team=world.teams["a"])
    other = budget.told_nats(holdout=world.query)

    flip(world, range(60))

    assert list(BudgetEntry.objects.order_by("pk").values_list()) == entries
    superseded = account.nats(k=5) + account.nats(k=2)
    reference = account.nats(k=1)
    after = budget.holdout_nats(holdout=world.query)
    assert after == pytest.approx(before + superseded + reference, abs=1e-12)
    assert budget.told_nats(holdout=world.query) == pytest.approx(other + reference, abs=1e-12)
    assert budget.team_nats(round=current(world), team=world.teams["a"]) == pytest.approx(
        own + account.nats(k=5) + reference, abs=1e-12
    )
    left = budget.remaining(round=current(world), team=world.teams["a"], now=NOW)
    assert left.nats_used == pytest.approx(2 * account.nats(k=5))
    # A blind team was told nothing, twice.
    assert not HoldoutTold.objects.filter(team=world.teams["blind"]).exists()


def test_seeds_are_others_and_those_of_the_first_transcript_stay(world: World) -> None:
    """The same noise twice would show the exact difference."""
    round = current(world)
    given: dict[str, Any] = {"round": round, "team_id": world.teams["a"].pk, "sequence": 1}
    first = release.seed_of(**given)
    text = f"{round.secret.entropy}:{world.teams['a'].pk}:1"
    assert (
        first == hashlib.sha256(text.encode()).hexdigest() == release.seed_of(**given, transcript=1)
    )
    assert len({first, *(release.seed_of(**given, transcript=each) for each in (2, 3))}) == 3
    flip(world, range(60))
    told = [json.loads(each.payload) for each in JournalEntry.objects.filter(kind="release")]
    seeds = [each["seed"] for each in told if each["seed"]]
    assert len(set(seeds)) == len(seeds) == 14


def test_a_round_does_not_close_before_and_finals_follow_the_current_transcript(
    world: World,
) -> None:
    """A declared final stays; another is chosen by the answers that count at the close."""
    declared = Submission.objects.get(team=world.teams["b"], sequence=1)
    submissions.declare_final(submission=declared, now=NOW)
    beginning(world, range(0, 160))
    rounds.request_close(round=current(world), actor="ada", now=NOW)
    assert not rounds.close(round=current(world), actor="ada", now=NOW)

    score_again()
    assert rounds.close(round=current(world), actor="ada", now=NOW)

    states = MechanismState.objects.filter(round=world.round, transcript=2)
    incumbents = {each.team_id: each.incumbent for each in states}
    chosen = {each.team_id: each for each in Final.objects.all()}
    assert chosen[world.teams["b"].pk].submission == declared
    own = incumbents[world.teams["a"].pk]
    assert own is not None
    if own.team_id == world.teams["a"].pk:
        assert chosen[world.teams["a"].pk].submission == own


def test_finals_of_a_closed_round_are_chosen_again_and_declared_ones_stay(world: World) -> None:
    declared = Submission.objects.get(team=world.teams["b"], sequence=1)
    submissions.declare_final(submission=declared, now=NOW)
    rounds.request_close(round=current(world), actor="ada", now=NOW)
    assert rounds.close(round=current(world), actor="ada", now=NOW)
    before = {each.team_id: each.submission_id for each in Final.objects.all()}
    # The file that was all right but for three is now nearly all wrong, and the worst the best.
    flip(world, range(300 - 150))

    after = {each.team_id: each.submission_id for each in Final.objects.all()}
    assert after[world.teams["b"].pk] == before[world.teams["b"].pk] == declared.pk
    assert after == {
        **{team_id: each.pk for team_id, each in finals._chosen(current(world)).items()},
        world.teams["b"].pk: declared.pk,
    }


def test_references_of_a_planned_round_are_scored_again_before_it_opens(vault_keys: None) -> None:
    """The Ladder starts from the baseline's score on the labels that count."""
    world = make_world("planned", mechanism="guarded_ladder", parameters={"b": 2})
    world.answered(world.team("reference", is_reference=True), world.wrong_at(range(150)))
    beginning(world)
    with pytest.raises(TransitionError, match="scored again"):
        rounds.open_round(round=current(world), references=None, actor="ada", now=NOW)

    score_again()
    rounds.open_round(round=current(world), references=None, actor="ada", now=NOW)
    world.answered(world.team("a"), world.wrong_at(range(10)))

    account = budget.account_of(round=current(world))
    # Both answers to the reference, once.
    assert budget.told_nats(holdout=world.query) == pytest.approx(2 * account.nats(k=1))
    assert replay.replay(round=current(world)) == 3


def test_a_withdrawn_file_is_scored_again_in_its_place(world: World) -> None:
    withdrawn = Submission.objects.get(team=world.teams["a"], sequence=2)
    submissions.withdraw(submission=withdrawn, now=NOW)

    flip(world, range(60))

    assert Release.objects.filter(submission=withdrawn).count() == 2
    assert replay.replay(round=current(world)) == 18


def test_a_third_transcript_follows_the_second(world: World) -> None:
    flip(world, range(60))
    flip(world, range(60, 90))

    assert current(world).transcript == 3
    assert [each.number for each in current(world).transcripts.order_by("number")] == [2, 3]
    assert replay.replay(round=current(world)) == 27
    given = Submission.objects.get(team=world.teams["a"], sequence=1)
    assert [each.transcript for each in transcripts.superseded(submission=given)] == [1, 2]
    assert given.release.transcript == 3


@pytest.mark.parametrize("transcript", [1, 2])
def test_a_changed_release_of_either_transcript_is_named(world: World, transcript: int) -> None:
    flip(world, range(60))
    given = Submission.objects.get(team=world.teams["b"], sequence=1)
    tamper(
        "vault_release",
        "UPDATE vault_release SET value = 0.123 WHERE submission_id = %s AND transcript = %s",
        given.pk,
        transcript,
    )

    with pytest.raises(JournalError, match=str(given.pk)):
        replay.replay(round=current(world))


def test_it_is_in_the_journal(world: World) -> None:
    flip(world, range(60))

    entry = json.loads(JournalEntry.objects.get(kind="round_rescored").payload)
    assert entry == {
        "round": 1, "transcript": 2, "label_version": 2, "n_releases": 9, "lost": []
    }  # fmt: skip


def test_an_audit_waits_and_then_reads_the_current_transcript(world: World) -> None:
    rounds.request_close(round=current(world), actor="ada", now=NOW)
    assert rounds.close(round=current(world), actor="ada", now=NOW)
    beginning(world, query_positions(world)[:30])
    assert not audit_rounds.advance(round_id=world.round.pk, clock=lambda: NOW)
    assert current(world).status == "CLOSED"

    score_again()
    assert audit_rounds.advance(round_id=world.round.pk, clock=lambda: NOW)

    past = history.round_history(round=current(world))
    own = next(each for each in past.teams if each.team_id == world.teams["a"].pk)
    expected = dict(
        RawScore.objects.filter(label_version=2, metric="accuracy").values_list(
            "submission_id", "value"
        )
    )
    assert [each.raw for each in own.submissions] == [expected[each.id] for each in own.submissions]
    assert current(world).status == "AUDITED"
