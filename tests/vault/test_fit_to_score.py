"""What is refused when a file is scored: the labels as a baseline, and what reserved no query."""

import json
import logging

import numpy as np
import pytest
from numpy.typing import ArrayLike

from tests.vault.factories import NOW, World, acting_as, make_world
from tests.vault.test_scoring import in_query
from vault import fit_to_score, leases, opening, reference_doubts, release
from vault.models import (
    Benchmark,
    BudgetEntry,
    JournalEntry,
    RawScore,
    Release,
    Round,
    Submission,
)

pytestmark = [pytest.mark.usefixtures("vault_keys")]

ONE_HOT = [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
SOFT = [[0.3, 0.4, 0.3], [0.9, 0.1, 0.0], [0.1, 0.1, 0.8]]


@pytest.mark.parametrize(
    ("form", "labels", "answers", "is_refused"),
    [
        ("label", [0, 1, 2], [0, 1, 2], True),
        ("label", [0, 1, 2], [0, 1, 1], False),
        ("probability", [0, 1, 1], [0.0, 1.0, 1.0], True),
        ("probability", [0, 1, 1], [0.1, 0.2, 0.9], True),
        ("probability", [0, 1, 1], [0.2, 0.2, 0.9], False),
        ("probability", [1, 0, 2], ONE_HOT, True),
        ("probability", [1, 0, 2], SOFT, True),
        ("probability", [0, 0, 2], SOFT, False),
        ("value", [0.5, 2.25, -1.0], [0.5, 2.25, -1.0], True),
        ("value", [0.5, 2.25, -1.0], [0.5, 2.25, -1.1], False),
        # A constant file is right where all labels are one, and no label file.
        ("label", [1, 1, 1], [1, 1, 1], False),
        ("probability", [1, 1, 1], [0.5, 0.5, 0.5], False),
    ],
)
def test_the_labels_are_known_in_every_form(
    form: str, labels: ArrayLike, answers: ArrayLike, is_refused: bool
) -> None:
    matches = fit_to_score.matches_every_label(
        benchmark=Benchmark(prediction_form=form),
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
    assert said.startswith(f"Implausibly good: {team.name}, file 2. It loses less than a hundredth")
    world.open()
    world.answered(world.team("ours"), world.wrong_at([one]))
    assert reference_doubts.doubted(round=world.round) == {str(nearly.pk)}


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
        scores=[release.Score(metric="accuracy", value=0.5, low=0.4, high=0.6)],
        incumbent_id=None,
        paired_se=0.0,
        opening=1,
    )

    with pytest.raises(fit_to_score.UnfitError, match="not_charged"):
        release.publish(submission=late, fence=claim.fence, evaluated=evaluated, now=NOW)

    assert late.pk == submission.pk
    assert not Release.objects.exists()
