"""What locked finals are worth on labels that come later: as numpy and others compute it."""

import datetime as dt
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from audits import prospective
from stats.publication_grid import publication_step
from stats.quality.awaited_labels import awaited_mean
from stats.sequential import empirical_bernstein
from tests.audits import awaited_round
from tests.audits.awaited_round import N_LATER, Awaited, bounds, interval, right
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
    own, wider = (
        empirical_bernstein(stream=losses, alpha=0.025, population=size) for size in (N_LATER, None)
    )
    least = losses.sum() / N_LATER
    most = least + (N_LATER - 120) / N_LATER
    low, _, high = interval(ProspectiveScore.objects.get(team=given.world.teams["good"]))
    assert high == pytest.approx(1 - max(min(own.low[-1], wider.low[-1]), least))
    assert low == pytest.approx(1 - min(max(own.high[-1], wider.high[-1]), most))


def test_labels_that_arrive_at_once_do_not_stand_in_the_order_of_the_file(
    given: Awaited, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file may go from easy to hard; the order is fixed with the items, before any label."""
    seen = []

    def spy(**arguments: Any) -> Any:
        seen.append(arguments["losses"])
        return awaited_mean(**arguments)

    monkeypatch.setattr(prospective, "awaited_mean", spy)
    at_once = max(each["arrived_at"] for each in given.rows(range(120)))
    given.delivered(range(120), arrived_at=at_once)

    fixed = np.random.default_rng(given.holdout.pk.int).permutation(N_LATER)
    losses = 1.0 - right(given, "good")
    expected = losses[sorted(range(120), key=fixed.__getitem__)]
    in_order = [each[~np.isnan(each)].tolist() for each in seen]
    assert expected.tolist() in in_order
    assert losses[:120].tolist() not in in_order


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


@pytest.mark.parametrize("metric", ["accuracy", "brier"])
def test_bounds_hold_the_score_on_all_items_at_every_look(vault_keys: None, metric: str) -> None:
    """In each direction; they are of the rounded score and the counts alone, and the interval within."""
    given = awaited_round.published("bounds", metric=metric)
    for number in range(5):
        given.delivered(range(40 * number, 40 * number + 40))

    widths = []
    for row in ProspectiveResult.objects.order_by("look__n_labelled").select_related("look"):
        last = ProspectiveScore.objects.get(look__n_labelled=N_LATER, team=row.team)
        shown_low, shown, shown_high = interval(row)
        least, most = bounds(row)
        _, truth, _ = interval(last)
        assert least <= truth <= most
        assert least <= shown_low <= shown <= shown_high <= most
        step = publication_step(unit=1.0, n_fresh=row.look.n_labelled)
        missing = 1 - row.look.n_labelled / N_LATER
        assert least == pytest.approx(shown * (1 - missing), abs=1.6 * step)
        assert most == pytest.approx(shown * (1 - missing) + missing, abs=1.6 * step)
        widths.append(most - least)
    assert widths[-1] < widths[0]


def test_where_wrong_answers_come_late_there_is_no_row(given: Awaited) -> None:
    """The first half that comes is what the final has right; with all labels there is a score.

    Bounds there are, as of a score: they need no word on delays.
    """
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
    shown = ProspectiveResult.objects.get(team=given.world.teams["good"])
    assert (shown.reason, shown.value, shown.low) == (score.reason, None, None)
    least, most = bounds(shown)
    assert least <= is_right.mean() <= most
    assert most - least < 0.25

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
    row = ProspectiveResult.objects.get(team=given.world.teams["good"])
    least, most = bounds(row)
    assert least <= right(given, "good").mean() <= most
    # From what is shown alone: not knowing the strata they are wide.
    step = publication_step(unit=1.0, n_fresh=len(came))
    missing = 1 - len(came) / N_LATER
    assert least == pytest.approx(interval(row)[1] - missing, abs=1.6 * step)


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
    row = ProspectiveResult.objects.get(team=given.world.teams["good"])
    assert (row.low, bounds(row)) == (None, [])


def test_a_lost_file_costs_its_own_team_alone(given: Awaited) -> None:
    final = Final.objects.select_related("submission").get(
        round=given.world.round, team=given.world.teams["fair"]
    )
    predictions.remove(file_key=final.submission.file_key)
    given.delivered(range(120))

    lost = ProspectiveScore.objects.get(team=given.world.teams["fair"])
    assert (lost.value, lost.reason) == (None, prospective.DAMAGED)
    assert ProspectiveScore.objects.get(team=given.world.teams["good"]).value is not None
