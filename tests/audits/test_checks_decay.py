"""Decay: scores over windows of the sealed times, their slope, and whether the order lasts."""

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.stats as sps
from numpy.typing import NDArray

from audits.checks import decay
from audits.collected import Collected, Opened
from audits.models import Finding
from stats.metrics import Scorer
from tests.audits.histories import answering, collected, context, opened
from tests.audits.reported import judged, reports_html, run_with, text_of
from tests.vault.factories import World, make_world

DAYS = 120


def days(n: int, *, start: str = "2026-01-01", spread: int = DAYS) -> NDArray[np.object_]:
    """Items over this many days, evenly and not in order."""
    first = dt.date.fromisoformat(start)
    texts = [(first + dt.timedelta(days=(i * 7) % spread)).isoformat() for i in range(n)]
    return np.array(texts, object)


def later(n: int, **given: Any) -> Opened:
    return opened(n, **{"kind": "temporal", "times": days(n), **given})


def answers_that_fall(
    rng: np.random.Generator, times: NDArray[np.object_], *, start: float, end: float
) -> NDArray[Any]:
    """Right with a rate that moves from the first day to the last; all labels are 0."""
    number = np.array([dt.date.fromisoformat(each).toordinal() for each in times])
    place = (number - number.min()) / np.ptp(number)
    wrong: NDArray[Any] = (rng.random(len(times)) > start + (end - start) * place).astype(int)
    return wrong


def ends_of(found: Finding) -> tuple[float, float]:
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def of_answers(*answers: NDArray[Any], period: Opened | None = None, **given: Any) -> Collected:
    teams = [answering(i + 1, each) for i, each in enumerate(answers)]
    return collected(*teams, others={"t": period or later(len(answers[0]))}, **given)


def test_the_slope_is_that_of_weighted_least_squares(rng: np.random.Generator) -> None:
    """Windows by the calendar, the line by numpy: 12,000 items over 120 days in 12 windows of ten."""
    times = days(12_000)
    answers = answers_that_fall(rng, times, start=0.9, end=0.6)

    (found,) = decay.check(of_answers(answers), context())

    told = found.evidence["timelines"][decay.LATER]
    window = np.array([dt.date.fromisoformat(each).toordinal() for each in times])
    window = (window - window.min()) // 10
    shares = np.array([1 - answers[window == w].mean() for w in range(12)])
    assert told["n"] == np.bincount(window).tolist()
    assert told["scores"] == pytest.approx(shares)
    assert told["errors"] == pytest.approx(np.sqrt(shares * (1 - shares) / 1_000), rel=0.01)
    slope = np.polyfit(np.arange(12), shares, 1, w=1 / np.array(told["errors"]))[0]
    assert found.estimate == told["slope"] == pytest.approx(slope)
    assert (found.low, found.high) == tuple(told["interval"])
    # It fell by .3 in 120 days, .025 a window, give or take four standard errors of .0012.
    assert slope == pytest.approx(-0.025, abs=0.005)
    assert ends_of(found)[1] < 0
    assert (told["from"], told["until"], told["days"]) == ("2026-01-01", "2026-04-30", 10.0)
    rate = -np.polyfit(np.arange(12), np.log(shares), 1, w=1 / np.array(told["errors"]))[0]
    assert told["half_life"] == pytest.approx(np.log(2) / rate)


def test_without_change_the_interval_covers_none_in_95_of_100(rng: np.random.Generator) -> None:
    """400 finals of which nothing changes: those that leave out 0 stay below .05 and four errors."""
    answers = [(rng.random(1_200) < 0.2).astype(int) for _ in range(400)]

    found = decay.check(of_answers(*answers), context())

    of_teams = [each for each in found if each.team_id is not None]
    missed = [each for each in of_teams if not each.low <= 0 <= each.high]  # type: ignore[operator]
    assert len(missed) / 400 <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 400)
    assert all(
        e.evidence["timelines"][decay.LATER]["half_life"] is None
        for e in of_teams
        if e not in missed
    )


@pytest.mark.parametrize(("n", "windows"), [(12_000, 12), (360, 7), (240, 4), (120, None)])
def test_as_many_windows_as_all_have_enough_items(n: int, windows: int | None) -> None:
    found = decay.check(of_answers(np.zeros(n, int), period=later(n)), context())

    sizes = [len(each.evidence["timelines"][decay.LATER]["n"]) for each in found]
    assert sizes == ([] if windows is None else [windows])
    for each in found:
        assert min(each.evidence["timelines"][decay.LATER]["n"]) >= 50


def test_a_period_with_a_hole_has_no_line() -> None:
    """Half of the items in January, half in December: any four windows have two empty ones."""
    times = np.concatenate([days(500, spread=20), days(500, start="2026-12-01", spread=20)])

    assert (
        decay.check(of_answers(np.zeros(1_000, int), period=later(1_000, times=times)), context())
        == []
    )


def test_several_later_holdouts_are_one_period(rng: np.random.Generator) -> None:
    """Two shards of 600, one after the other: six windows of the first half are those of the first shard."""
    first = opened(600, kind="temporal", times=days(600, spread=60))
    second = opened(600, first=600, kind="temporal", times=days(600, start="2026-03-02", spread=60))
    answers = np.repeat([0, 1], [600, 600])
    given = collected(answering(1, answers), others={"b": second, "a": first})

    (found,) = decay.check(given, context())

    told = found.evidence["timelines"][decay.LATER]
    assert told["scores"] == [1.0] * 6 + [0.0] * 6
    assert ends_of(found)[1] < -0.05


def test_new_labels_with_times_are_a_period_too_and_stress_cases_are_none() -> None:
    stress = opened(600, kind="stress", times=days(600))
    fresh = opened(600, times=days(600))

    (found,) = decay.check(
        collected(answering(1, np.zeros(600, int)), others={"s": stress}, fresh=fresh, m=600),
        context(),
    )
    without = decay.check(
        collected(answering(1, np.zeros(600, int)), fresh=opened(600), m=600), context()
    )

    assert list(found.evidence["timelines"]) == [decay.NEW]
    assert without == []


def test_answers_that_are_all_right_are_still_not_certain() -> None:
    (found,) = decay.check(of_answers(np.zeros(600, int)), context())

    assert found.estimate == pytest.approx(0)
    low, high = ends_of(found)
    assert low < -0.001
    assert high > 0.001


def test_a_loss_that_rises_gets_worse(rng: np.random.Generator) -> None:
    """Stored so that higher is better; there is no half-life below zero."""
    times = days(1_200)
    place = np.array([dt.date.fromisoformat(each).toordinal() for each in times], float)
    answers = 0.1 + 0.3 * (place - place.min()) / np.ptp(place)
    given = of_answers(
        answers,
        period=later(1_200),
        metric="log_loss",
        scorer=Scorer(metric="log_loss", n_classes=2),
    )

    (found,) = decay.check(given, context())

    assert ends_of(found)[1] < 0
    assert found.evidence["timelines"][decay.LATER]["half_life"] is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02", "2026-01-02T00:00:00+00:00"),
        ("2026-01-02 03:04", "2026-01-02T03:04:00+00:00"),
        ("2026-01-02T03:04:05,5Z", "2026-01-02T03:04:05.5+00:00"),
        ("2026-01-02T03:04:05.123456789+0200", "2026-01-02T01:04:05.123456+00:00"),
        ("2026-01-02T99:99", "2026-01-02T00:00:00+00:00"),
        ("0001-01-01T00:00+14:00", None),
        ("9999-12-31T23:59-14:00", None),
    ],
)
def test_reads_every_time_that_can_be_sealed(text: str, expected: str | None) -> None:
    found = decay.second_of(text)

    assert np.isfinite(found)
    if expected is not None:
        assert found == dt.datetime.fromisoformat(expected).timestamp()


def test_the_order_of_windows_is_compared_with_items_dealt_at_random(
    rng: np.random.Generator,
) -> None:
    """Six teams cross over the period: their order turns, and that of mixed windows does not."""
    times = days(6_000)
    ends = np.linspace(0.6, 0.95, 6)
    answers = [
        answers_that_fall(rng, times, start=float(one), end=float(other))
        for one, other in zip(ends, ends[::-1], strict=True)
    ]

    found = decay.check(of_answers(*answers, period=later(6_000)), context())

    board = next(each for each in found if each.team_id is None)
    order = board.evidence["orders"][decay.LATER]
    scores = np.array([e.evidence["timelines"][decay.LATER]["scores"] for e in found if e.team_id])
    taus = [
        sps.kendalltau(scores[:, i], scores[:, j]).statistic
        for i in range(12)
        for j in range(i + 1, 12)
    ]
    assert order["mean"] == pytest.approx(np.mean(taus))
    assert order["lowest"] == pytest.approx(min(taus))
    assert order["first_to_last"] == pytest.approx(
        sps.kendalltau(scores[:, 0], scores[:, -1]).statistic
    )
    assert order["first_to_last"] < -0.8
    assert order["next"] > 0.6

    # Where nothing changes the two say the same, to what 66 pairs of windows allow.
    still = [answers_that_fall(rng, times, start=float(e), end=float(e)) for e in ends]
    found = decay.check(of_answers(*still, period=later(6_000)), context())
    order = next(each for each in found if each.team_id is None).evidence["orders"][decay.LATER]
    assert order["mean"] == pytest.approx(order["if_nothing_changed"], abs=0.1)


def test_few_teams_and_unranked_ones_have_no_order() -> None:
    answers = [np.zeros(600, int)] * decay.MIN_TEAMS

    whole = decay.check(of_answers(*answers), context())
    one_less = decay.check(of_answers(*answers, unranked=frozenset({1})), context())

    assert [each.team_id for each in whole] == [1, 2, 3, 4, 5, None]
    assert [each.team_id for each in one_less] == [1, 2, 3, 4, 5]


def test_a_team_without_a_final_has_none() -> None:
    gone = replace(answering(1, np.zeros(600, int)), final=None)

    assert decay.check(collected(gone, others={"t": later(600)}), context()) == []


def test_evidence_has_no_item_and_stays_small(rng: np.random.Generator) -> None:
    (found,) = decay.check(of_answers((rng.random(5_000) < 0.2).astype(int)), context())

    assert len(str(found.evidence)) < 1_500


@pytest.fixture
def world(vault_keys: None) -> World:
    return make_world("decay")


def line(**given: Any) -> dict[str, Any]:
    whole = {
        **{
            "from": "2026-01-01",
            "until": "2026-04-30",
            "days": 30.0,
            "n": [1_000, 1_000, 990, 1_010],
        },
        **{"scores": [0.8, 0.78, 0.76, 0.74], "errors": [0.0126, 0.0131, 0.0136, 0.0138]},
        **{"slope": -0.02, "interval": [-0.031, -0.009], "half_life": 27.4},
    }
    return whole | given


def reported(world: World, **given: Any) -> str:
    run = run_with(world)
    Finding.objects.create(
        run=run,
        team=judged(run, "NO_EVIDENCE").team,
        check_name="decay",
        evidence={"timelines": {decay.LATER: line(**given)}},
    )
    return text_of(reports_html(run))


def test_the_report_says_what_changes_and_by_how_much(world: World) -> None:
    text = reported(world)

    change = "the score changes by -.0200 [-.0310, -.0090] a window of 30 days"
    assert f"Over the later period: it gets worse; {change}" in text
    assert "the score would be half as high after 27 windows" in text
    assert "1 1,000 .8000 .0126" in text
    assert "higher is better" in text


def test_no_trend_is_called_so(world: World) -> None:
    text = reported(world, slope=-0.001, interval=[-0.012, 0.01], half_life=None)

    assert "no trend beyond chance; the score changes by -.0010 [-.0120, .0100]" in text
    assert "half as high" not in text


def test_the_round_says_whether_the_order_lasts(world: World) -> None:
    run = run_with(world)
    order = {
        **{"n_teams": 20, "n_windows": 8, "days": 12.5, "mean": 0.71, "if_nothing_changed": 0.88},
        **{"next": 0.8, "first_to_last": 0.55, "lowest": 0.5, "lowest_between": [1, 7]},
    }
    Finding.objects.create(run=run, check_name="decay", evidence={"orders": {decay.LATER: order}})

    text = text_of(reports_html(run))

    assert (
        "the order of 20 finals in one window agrees with that in another with tau .71 on average"
        in text
    )
    assert "dealt to windows at random it would be .88" in text
