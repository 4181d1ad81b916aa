"""What locked finals are worth on labels that come later: as numpy and others compute it."""

import datetime as dt
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from audits import prospective
from stats.publication_grid import publication_step
from stats.sequential import empirical_bernstein
from tests.audits import awaited_round
from tests.audits.awaited_round import N_LATER, Awaited, interval, right
from tests.vault.factories import NOW
from vault import predictions
from vault.models import Final, ProspectiveResult, ProspectiveScore

pytestmark = [pytest.mark.usefixtures("vault_keys")]


@pytest.fixture
def given(vault_keys: None) -> Awaited:
    return awaited_round.published("later")


def test_the_interval_is_the_confidence_sequence_of_arrivals(given: Awaited) -> None:
    given.delivered(range(120))

    order = sorted(range(120), key=lambda i: given.rows([i])[0]["arrived_at"])
    losses = 1.0 - right(given, "good")[order]
    sequence = empirical_bernstein(stream=losses, alpha=0.025)
    low, _, high = interval(ProspectiveScore.objects.get(team=given.world.teams["good"]))
    assert [low, high] == pytest.approx([1 - sequence.high[-1], 1 - sequence.low[-1]])


def test_rows_for_everybody_stand_on_the_grid(given: Awaited) -> None:
    given.delivered(range(120))

    step = publication_step(unit=1.0, n_fresh=120)
    for row in ProspectiveResult.objects.all():
        exact = ProspectiveScore.objects.get(look=row.look, team=row.team)
        (shown_low, shown, shown_high), (low, value, high) = interval(row), interval(exact)
        lines = shown / step
        assert lines == pytest.approx(round(lines), abs=0.05)
        assert abs(shown - value) <= step / 2 + 1e-3
        assert shown_low <= low < high <= shown_high


def test_where_wrong_answers_come_late_there_is_no_row(given: Awaited) -> None:
    """The first half that comes is what the final has right; with all labels there is a score."""
    is_right = right(given, "good")
    order = np.argsort(~is_right, kind="stable").tolist()
    for row in (rows := given.rows(order[: N_LATER - 10])):
        place = given.ids.index(row["id"])
        late = NOW + dt.timedelta(hours=2 if is_right[place] else 20, minutes=place)
        row["event_time"] = (NOW + dt.timedelta(minutes=1)).isoformat()
        row["arrived_at"] = late.isoformat()
    given.deliver(rows)
    given.advance()

    score = ProspectiveScore.objects.get(team=given.world.teams["good"])
    assert score.value is None
    assert "depends on the error" in score.reason
    assert ProspectiveResult.objects.get(team=given.world.teams["good"]).reason == score.reason

    given.delivered(order[N_LATER - 10 :])
    complete = ProspectiveScore.objects.get(look__label_version=2, team=given.world.teams["good"])
    assert complete.value == pytest.approx(is_right.mean())


def test_where_a_predicted_class_comes_late_labels_are_weighted(given: Awaited) -> None:
    """As numpy weighs them: by one over the share that came of such predictions."""
    final = Final.objects.select_related("submission").get(team=given.world.teams["good"])
    answers = predictions.load(file_key=final.submission.file_key)[-N_LATER:]
    ones = np.flatnonzero(answers == 1).tolist()
    zeros = np.flatnonzero(answers == 0).tolist()
    came = [*zeros, *ones[::4]]

    given.delivered(came)

    score = ProspectiveScore.objects.get(team=given.world.teams["good"])
    assert score.is_weighted
    weights = np.where(answers == 1, len(ones) / len(ones[::4]), 1.0)[came]
    assert score.value == pytest.approx(np.average(right(given, "good")[came], weights=weights))


def probabilities(given: Awaited, name: str) -> Any:
    final = Final.objects.select_related("submission").get(
        round=given.world.round, team=given.world.teams[name]
    )
    return predictions.load(file_key=final.submission.file_key)[-N_LATER:]


def test_a_loss_is_shown_as_a_loss(vault_keys: None) -> None:
    """Lower is better: value and interval are in the metric's own direction."""
    given = awaited_round.published("brier", metric="brier")
    given.delivered(range(120))

    for name in ("fair", "good"):
        score = ProspectiveScore.objects.get(team=given.world.teams[name])
        errors = (probabilities(given, name)[:120] - given.truth[:120]) ** 2
        low, value, high = interval(score)
        assert value == pytest.approx(errors.mean())
        assert low <= value <= high


def test_a_metric_that_is_no_mean_has_a_value_and_no_interval(vault_keys: None) -> None:
    given = awaited_round.published("auc", metric="roc_auc")
    given.delivered(range(120))

    score = ProspectiveScore.objects.get(team=given.world.teams["good"])
    expected = roc_auc_score(given.truth[:120], probabilities(given, "good")[:120])
    assert score.value == pytest.approx(expected)
    assert (score.low, score.high) == (None, None)


def test_a_lost_file_costs_its_own_team_alone(given: Awaited) -> None:
    final = Final.objects.select_related("submission").get(
        round=given.world.round, team=given.world.teams["fair"]
    )
    predictions.remove(file_key=final.submission.file_key)
    given.delivered(range(120))

    lost = ProspectiveScore.objects.get(team=given.world.teams["fair"])
    assert (lost.value, lost.reason) == (None, prospective.DAMAGED)
    assert ProspectiveScore.objects.get(team=given.world.teams["good"]).value is not None
