"""What is refused when a file is scored: the labels as a baseline, and what reserved no query."""

import json
import logging
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike

from tests.vault.factories import NOW, World, acting_as, crash, make_world
from tests.vault.test_scoring import in_query
from vault import fit_to_score, holdout_ledger, opening, release, rounds
from vault.models import (
    Benchmark,
    BudgetEntry,
    JournalEntry,
    RawScore,
    Release,
    Round,
    Submission,
)
from vault.queue import leases
from vault.references import doubts as reference_doubts

pytestmark = [pytest.mark.usefixtures("vault_keys")]

ONE_HOT = [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
SPELT = [[0.1, 0.8, 0.1], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8]]
# A hard classifier whose second item is another class.
HARD = [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
SOFT = [[0.3, 0.4, 0.3], [0.9, 0.1, 0.0], [0.1, 0.1, 0.8]]


@pytest.mark.parametrize(
    ("form", "labels", "answers", "is_refused"),
    [
        ("label", [0, 1] * 20, [0, 1] * 20, True),
        ("label", [0, 1] * 20, [1, *[1, 0] * 19, 1], False),
        # Of fewer a good classifier is right about all.
        ("label", [0, 1] * 19 + [2], [0, 1] * 19 + [2], False),
        # Of fewer a good classifier that is sure of all is right about all.
        ("probability", [0, 1, 1], [0.0, 1.0, 1.0], False),
        ("probability", [1, 0, 2], ONE_HOT, False),
        ("probability", [0, 1, 1] * 20, [0.0, 1.0, 1.0] * 20, True),
        ("probability", [0, 1, 1] * 20, [0.4, 0.6, 0.6] * 20, True),
        # It orders all items rightly, and is no label file.
        ("probability", [0, 1, 1] * 20, [0.1, 0.2, 0.9] * 20, False),
        ("probability", [0, 0, 1, 1] * 20, [0.1, 0.2, 0.9, 0.9] * 20, False),
        ("probability", [0, 1, 1] * 20, [0.2, 0.2, 0.9] * 20, False),
        ("probability", [0, 1, 1] * 20, [1.0, 0.0, 0.0] * 20, False),
        ("probability", [1, 0, 2] * 20, ONE_HOT * 20, True),
        ("probability", [1, 0, 2] * 20, SPELT * 20, True),
        # Each own class is the most probable, as of a good classifier.
        ("probability", [1, 0, 2] * 20, SOFT * 20, False),
        ("probability", [1, 0, 2] * 20, HARD * 20, False),
        ("value", [0.5, 2.25, -1.0], [0.5, 2.25, -1.0], True),
        ("value", [0.5, 2.25, -1.0], [0.5, 2.25, -1.1], False),
        # A constant file is right where all labels are one, and no label file.
        ("label", [1] * 60, [1] * 60, False),
        ("probability", [1] * 60, [0.5] * 60, False),
    ],
)
def test_the_labels_are_known_in_every_form(
    form: str, labels: ArrayLike, answers: ArrayLike, is_refused: bool
) -> None:
    matches = fit_to_score.matches_every_label(
        benchmark=Benchmark(
            prediction_form=form, classes=[] if form == "value" else ["a", "b", "c"]
        ),
        labels=np.asarray(labels),
        answers=np.asarray(answers),
    )

    assert matches is is_refused


@pytest.fixture
def world(vault_keys: None) -> World:
    return make_world("fit")


def test_the_label_file_is_no_baseline(world: World) -> None:
    team = world.team("reference", is_reference=True)
    Round.objects.update(named_references=[team.pk])
    world.round.refresh_from_db()
    submission = world.submit(team, world.labels).submission
    with acting_as("scoring"):
        world.score(submission)

    assert (submission.status, submission.error_code) == ("FAILED", "matches_every_label")
    assert not RawScore.objects.exists()
    assert not Release.objects.exists()
    payload = json.loads(JournalEntry.objects.get(kind="scoring_failed").payload)
    assert payload["code"] == "matches_every_label"
    # It opens no round, and holds none up.
    assert "no file of the reference" in opening.obstacle(round=world.round, now=NOW)
    world.answered(team, world.wrong_at(range(60)))
    assert opening.obstacle(round=world.round, now=NOW) == ""


def test_nearly_the_labels_is_scored_and_doubted(world: World) -> None:
    """With one error of a hundred; an honest baseline and a competing team are not doubted."""
    team = world.team("reference", is_reference=True)
    honest = world.answered(team, world.wrong_at(range(30)))
    one, *_ = in_query(world)
    assert reference_doubts.warning(round=world.round) == ""

    nearly = world.answered(team, world.wrong_at([one]))

    assert (honest.status, nearly.status) == ("SCORED", "SCORED")
    assert reference_doubts.doubted(round=world.round) == {str(nearly.pk)}
    said = reference_doubts.warning(round=world.round)
    assert said.startswith(
        f"Implausibly good: {team.name}, file 2. Such a file loses less than a hundredth"
    )
    world.open()
    world.answered(world.team("ours"), world.wrong_at([one]))
    assert reference_doubts.doubted(round=world.round) == {str(nearly.pk)}


def test_an_honest_baseline_of_probabilities_is_scored() -> None:
    """Nearly sure and right about all of 50 items, as of an easy task; the labels spelt so are refused."""
    world = make_world("easy", n_query=50, n_fresh=20, metric="log_loss")
    team = world.team("reference", is_reference=True)
    noise = np.random.default_rng(5).uniform(0.001, 0.05, size=70)

    honest = world.answered(team, np.where(world.labels == 1, 1 - noise, noise))
    spelt = world.answered(team, np.where(world.labels == 1, 0.99, 0.01))

    assert (honest.status, honest.error_code) == ("SCORED", "")
    assert (spelt.status, spelt.error_code) == ("FAILED", "matches_every_label")


def test_an_honest_baseline_of_few_classes_is_scored() -> None:
    """98 % right is right about all of 30 items in every other file."""
    world = make_world("few", n_query=30, n_fresh=40)

    assert world.answered(world.team("reference", is_reference=True), world.labels).status == (
        "SCORED"
    )


def test_a_file_that_was_refused_as_the_labels_is_an_answer(world: World) -> None:
    """The ledger counts it as it counts one that the board shows: it tells that all labels are those."""
    team = world.team("reference", is_reference=True)
    world.answered(team, world.labels)
    world.answered(team, world.wrong_at(range(60)))

    world.open()

    one = holdout_ledger.account_of(round=world.round).nats(k=1)
    assert holdout_ledger.told_nats(holdout=world.query) == pytest.approx(2 * one)


def test_a_cancelled_round_counts_what_it_refused_as_the_labels(world: World) -> None:
    world.answered(world.team("reference", is_reference=True), world.labels)

    rounds.cancel(round=world.round, reason="a mistake", actor="test", now=NOW)

    one = holdout_ledger.account_of(round=world.round).nats(k=1)
    assert holdout_ledger.told_nats(holdout=world.query) == pytest.approx(one)


def opening_named(submission: Submission) -> int | None:
    """By the journal's entry on its failure."""
    entries = JournalEntry.objects.filter(kind="scoring_failed")
    told = [json.loads(payload) for payload in entries.values_list("payload", flat=True)]
    (named,) = [each["opening"] for each in told if each["submission"] == str(submission.pk)]
    return None if named is None else int(named)


def test_a_failure_names_the_opening_whose_labels_it_used(world: World) -> None:
    refused = world.answered(world.team("reference", is_reference=True), world.labels)

    opened = JournalEntry.objects.get(kind="open_labels")
    assert opening_named(refused) == opened.sequence


def test_a_failure_before_any_label_names_no_opening(world: World) -> None:
    """Though the process has the labels open, from another file that it scored."""
    world.answered(world.team("reference", is_reference=True), world.wrong_at(range(60)))
    submission = unreserved(world)
    world.score(submission)

    assert submission.error_code == "not_charged"
    assert opening_named(submission) is None


@pytest.mark.parametrize(
    ("step", "is_used"), [("predictions.load", False), ("evaluation.scores_of", True)]
)
def test_a_program_error_names_an_opening_if_it_came_after(
    world: World, settings: Any, monkeypatch: pytest.MonkeyPatch, step: str, is_used: bool
) -> None:
    settings.MAX_EXCEPTIONS = 1
    world.answered(world.team("reference", is_reference=True), world.wrong_at(range(60)))
    submission = world.submit(
        world.team("other", is_reference=True), world.wrong_at(range(40))
    ).submission
    monkeypatch.setattr(f"vault.scoring.{step}", crash)

    world.score(submission)

    assert submission.error_code == "scoring_failed"
    opened = JournalEntry.objects.get(kind="open_labels")
    assert opening_named(submission) == (opened.sequence if is_used else None)


def test_a_team_that_has_everything_right_is_scored(world: World) -> None:
    """Of a competing team a refusal would tell that all its answers are right."""
    world.open()

    assert world.answered(world.team("ours"), world.labels).status == "SCORED"


def unreserved(world: World) -> Submission:
    """A row that came in past the budget."""
    world.open()
    team = world.team("ours")
    made = world.submit(team, world.wrong_at([1])).submission
    copy = Submission.objects.get(pk=made.pk)
    copy.pk, copy.sequence, copy.sha256 = None, 0, "ab" * 32
    copy.save(force_insert=True)
    return copy


def test_a_file_that_reserved_no_query_fails_and_warns(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    submission = unreserved(world)
    with caplog.at_level(logging.WARNING), acting_as("scoring"):
        world.score(submission)

    assert (submission.status, submission.error_code) == ("FAILED", "not_charged")
    assert f"{submission.pk} is not scored: not_charged" in caplog.text
    assert not Release.objects.filter(submission=submission).exists()
    assert not BudgetEntry.objects.filter(submission=submission).exists()
    # No label was opened for it.
    opened = JournalEntry.objects.filter(payload__contains=str(submission.pk))
    assert set(opened.values_list("kind", flat=True)) == {"scoring_failed"}


def test_a_release_asks_for_the_reservation_too(world: World) -> None:
    submission = unreserved(world)
    claim = leases.claim(round_id=world.round.pk, team_id=submission.team_id)
    assert claim is not None
    late = Submission.objects.select_related(
        "team", "round__benchmark", "round__query_holdout", "round__secret"
    ).get(pk=claim.submission_id)
    evaluated = release.Evaluated(
        scorer_version="1",
        label_version=1,
        scores=[release.Score(metric="accuracy", value=0.5, low=0.4, high=0.6)],
        incumbent_id=None,
        paired_se=0.0,
        opening=1,
    )

    with pytest.raises(fit_to_score.UnfitError, match="not_charged"):
        release.publish(submission=late, fence=claim.fence, evaluated=evaluated, now=NOW)

    assert late.pk == submission.pk
    assert not Release.objects.exists()
