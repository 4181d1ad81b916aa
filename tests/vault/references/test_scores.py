"""A reference's score before its round opens: rounded wherever it leaves, and exact from then on."""

import json
from typing import Any

import pytest
from django.test import RequestFactory

from stats.metrics import Scorer
from tests.vault.factories import NOW, World, acting_as, make_world
from vault import leaderboard, replay, rounds
from vault.admin.site import site
from vault.admin.submissions import SubmissionAdmin
from vault.api import representations, selectors, submission_state
from vault.models import JournalEntry, RawScore, Release, Submission
from vault.references import scores as reference_scores

pytestmark = [pytest.mark.usefixtures("vault_keys")]


REGRESSION = {"n_classes": None}


@pytest.mark.parametrize(
    ("rules", "value", "told"),
    [
        ({"metric": "accuracy"}, 0.8567, 0.86),
        ({"metric": "accuracy"}, 0.0123, 0.01),
        ({"metric": "accuracy"}, 0.004, 0.0),
        ({"metric": "accuracy"}, 1.0, 1.0),
        ({"metric": "mcc"}, -0.4567, -0.5),
        ({"metric": "mcc"}, 0.01, 0.0),
        ({"metric": "brier"}, 0.01234, 0.01),
        ({"metric": "log_loss"}, 0.69315, 0.7),
        ({"metric": "log_loss"}, 0.005, 0.0),
        ({"metric": "expected_cost", "cost_matrix": [[0, 1], [60, 0]]}, 12.345, 12.0),
        ({"metric": "r2", **REGRESSION}, -123.4, -120.0),
        ({"metric": "mae", **REGRESSION}, 0.012345, 0.012),
        ({"metric": "mae", "loss_cap": 3.0, **REGRESSION}, 0.012345, 0.0),
        ({"metric": "rmse", "loss_cap": 900.0, **REGRESSION}, 456.7, 460.0),
        ({"metric": "rmse", **REGRESSION}, 4567.0, 4600.0),
        ({"metric": "rmse", **REGRESSION}, 0.0, 0.0),
    ],
)
def test_two_digits_and_no_finer_than_a_hundredth_of_the_range(
    rules: dict[str, Any], value: float, told: float
) -> None:
    scorer = Scorer(**{"n_classes": 2, **rules})

    assert reference_scores.coarse(value=value, scorer=scorer) == pytest.approx(told, abs=1e-15)


@pytest.fixture
def world(vault_keys: None, settings: Any) -> World:
    """A query label is worth a third of what is shown."""
    settings.ROOT_URLCONF = "config.admin_urls"
    return make_world("rounded", n_query=300, n_fresh=300)


def scored(world: World) -> Submission:
    team = world.team("reference", is_reference=True)
    return world.answered(team, world.wrong_at(range(110)))


def found(submission: Submission) -> Submission:
    """As the API finds it."""
    return selectors.submissions_of(submission.team).get(pk=submission.pk)


def exact(submission: Submission) -> float:
    value = RawScore.objects.get(submission=submission).value
    assert abs(value - round(value, 2)) > 1e-6
    return value


def admin_page(submission: Submission) -> tuple[str, str]:
    """The released value, and all that the page's tables say."""
    page = SubmissionAdmin(Submission, site)
    row = page.get_queryset(RequestFactory().get("/")).get(pk=submission.pk)
    return page.released(row), str([table.rows for table in page.tables(row)])


def test_it_is_rounded_until_the_round_opens_and_then_exact(world: World) -> None:
    reference = scored(world)
    value = exact(reference)
    coarse = round(value, 2)
    answer = representations.submission(found(reference))
    (row,) = leaderboard.board(round=world.round)
    released, tables = admin_page(reference)
    assert answer["released"] == answer["on_display"] == row.released == coarse
    assert released == str(coarse)
    assert str(coarse) in tables
    assert f"{value:.6g}" not in tables
    entry = JournalEntry.objects.get(kind="release")
    assert json.loads(entry.payload)["value"] == coarse

    rounds.open_round(round=world.round, references=None, actor="test", now=NOW)

    answer = representations.submission(found(reference))
    (row,) = leaderboard.board(round=world.round)
    assert answer["released"] == row.released == pytest.approx(value, abs=1e-9)
    assert f"{value:.6g}" in admin_page(reference)[1]
    # What the opening and the judge go by was never rounded, and the journal agrees with it.
    assert Release.objects.get(submission=reference).value == value
    with acting_as("scoring"):
        assert replay.replay(round=world.round) == 1


def test_in_a_cancelled_round_it_stays_rounded(world: World) -> None:
    """Its query holdout may serve another round."""
    reference = scored(world)
    rounds.cancel(round=world.round, reason="no more", actor="test", now=NOW)

    assert representations.submission(found(reference))["released"] == round(exact(reference), 2)


def test_an_etag_is_not_made_of_the_exact_score(world: World) -> None:
    """Whoever has the ETag could try the few hundred scores that there can be."""
    reference = scored(world)
    state = submission_state.of_row(found(reference))
    asked = submission_state.polled(submission_id=reference.pk, team_id=reference.team_id)
    assert state == asked
    assert state.on_display is None

    rounds.open_round(round=world.round, references=None, actor="test", now=NOW)

    later = submission_state.polled(submission_id=reference.pk, team_id=reference.team_id)
    assert later == submission_state.of_row(found(reference))
    assert later is not None
    assert later.on_display == exact(reference)
    assert later.etag() != state.etag()


def test_the_order_of_a_list_does_not_tell_which_of_two_is_better(world: World) -> None:
    page = SubmissionAdmin(Submission, site)
    team = world.team("reference", is_reference=True)
    for wrong in (3, 1, 2):
        world.answered(team, world.wrong_at(range(wrong)))

    key = getattr(page.released, "admin_order_field")  # noqa: B009
    rows = page.get_queryset(RequestFactory().get("/")).annotate(key=key)

    assert {row.key for row in rows} == {None}
