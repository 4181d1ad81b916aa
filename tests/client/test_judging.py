"""Whether a score lets a pipeline pass: by the value of the file itself, never by an earlier one's."""

from typing import Any

import pytest
from holdout.exit_codes import ExitCode

from tests.client.command import run
from tests.client.service import Service, a_round, a_submission, answer, page

SCORED = a_submission("SCORED")
BENCHMARK = {
    "slug": "rain",
    "title": "Rain",
    "primary_metric": "accuracy",
    "greater_is_better": True,
}


def submitting(*later: Any) -> Service:
    return Service(answers=[page(a_round()), *later])


@pytest.mark.parametrize(
    ("threshold", "greater_is_better", "expected"),
    [
        ("0.75", True, ExitCode.OK),
        ("0.76", True, ExitCode.BELOW_THRESHOLD),
        ("0.75", False, ExitCode.OK),
        ("0.74", False, ExitCode.BELOW_THRESHOLD),
    ],
)
def test_threshold(file: str, threshold: str, greater_is_better: bool, expected: ExitCode) -> None:
    benchmark = answer({**BENCHMARK, "greater_is_better": greater_is_better})
    service = submitting(answer(a_submission(), 202), answer(SCORED), benchmark)

    given = run(service, "submit", file, "-b", "rain", "--fail-below", threshold)

    assert given.exit_code == expected


def test_threshold_is_not_reached_where_nothing_is_shown(file: str) -> None:
    blind = answer(a_submission("SCORED", released=None, outcome="blind"))
    service = submitting(answer(a_submission(), 202), blind, answer(BENCHMARK))

    given = run(service, "submit", file, "-b", "rain", "--fail-below", "0.1")

    assert given.exit_code == ExitCode.BELOW_THRESHOLD


def test_threshold_is_not_reached_by_the_value_of_an_earlier_file(file: str) -> None:
    """A file of accuracy .494 after one of .9: what stands on display is not its score."""
    worse = a_submission("SCORED", released=None, on_display=0.9, outcome="no_improvement")
    service = submitting(answer(a_submission(), 202), answer(worse), answer(BENCHMARK))

    given = run(service, "submit", file, "-b", "rain", "--wait", "--fail-below", "0.8")

    assert given.exit_code == ExitCode.BELOW_THRESHOLD
    assert (
        "no value was released of this submission (no_improvement), so it cannot be compared with 0.8"
    ) in given.stderr
    assert "0.9 on display is of an earlier submission" in given.stderr


def test_threshold_is_not_reached_by_a_value_that_is_only_repeated(file: str) -> None:
    """Services of before wrote the value on display as `released`."""
    worse = a_submission("SCORED", released=0.9, outcome="no_improvement")
    service = submitting(answer(a_submission(), 202), answer(worse), answer(BENCHMARK))

    given = run(service, "submit", file, "-b", "rain", "--wait", "--fail-below", "0.8")

    assert given.exit_code == ExitCode.BELOW_THRESHOLD


def before(released: float | None, sequence: int = 4, **members: Any) -> dict[str, Any]:
    return {**SCORED, "released": released, "sequence": sequence, **members}


@pytest.mark.parametrize(
    ("last", "earlier", "expected"),
    [
        ({"outcome": "improved"}, [], ExitCode.OK),
        ({"outcome": "no_improvement"}, [], ExitCode.BELOW_THRESHOLD),
        ({"outcome": "cap_used"}, [], ExitCode.BELOW_THRESHOLD),
        ({"outcome": "blind", "released": None}, [], ExitCode.BELOW_THRESHOLD),
        ({"outcome": "scored"}, [], ExitCode.OK),
        ({"outcome": "scored"}, [before(0.7), before(0.74)], ExitCode.OK),
        ({"outcome": "scored"}, [before(0.75)], ExitCode.BELOW_THRESHOLD),
        ({"outcome": "scored"}, [before(0.9, round=1), before(0.9, sequence=6)], ExitCode.OK),
        ({"outcome": "scored"}, [before(0.9, status="WITHDRAWN"), before(None)], ExitCode.OK),
    ],
)
def test_improvement(
    file: str, last: dict[str, Any], earlier: list[dict[str, Any]], expected: ExitCode
) -> None:
    scored = answer(a_submission("SCORED", **last))
    service = submitting(answer(a_submission(), 202), scored, answer(BENCHMARK), page(*earlier))

    given = run(service, "submit", file, "-b", "rain", "--fail-unless-improved")

    assert given.exit_code == expected


def test_digits_of_a_value_below_the_threshold_tell_them_apart(file: str) -> None:
    near = a_submission("SCORED", released=0.7999999)
    costly = a_submission("SCORED", released=57.58314333333333)
    said = []
    for made, threshold in ((near, "0.8"), (costly, "60")):
        service = submitting(answer(a_submission(), 202), answer(made), answer(BENCHMARK))
        said.append(run(service, "submit", file, "-b", "rain", "--fail-below", threshold).stderr)

    assert "0.7999999 does not reach 0.8" in said[0]
    assert "57.5831 does not reach 60" in said[1]


@pytest.mark.parametrize(
    ("answered", "warned"),
    [
        ({"released": None, "on_display": 0.7, "outcome": "no_improvement"}, True),
        ({"released": None, "outcome": "blind"}, True),
        ({"released": 0.7, "outcome": "improved"}, False),
        ({"released": 0.7, "outcome": "scored"}, False),
    ],
)
def test_final_without_a_released_value_is_warned_of(
    file: str, answered: dict[str, Any], warned: bool
) -> None:
    """It has no rank and is left out of the published figures: say so while it can be changed."""
    made = a_submission("SCORED", is_final=True, **answered)
    submitted = run(
        submitting(answer(a_submission(), 202), answer(made), answer(made)),
        *("submit", file, "-b", "rain", "--final"),
    )
    declared = run(Service(answers=[answer(made)]), "final", made["id"])

    for given in (submitted, declared):
        assert given.exit_code == ExitCode.OK
        said = "no value of its own was released: as final it has no rank before publication and no"
        assert (said in given.stderr) is warned


def test_final_of_one_bit_lacks_its_rank_alone() -> None:
    """Its improvement beat the baseline, so its figure is published."""
    made = a_submission("SCORED", is_final=True, released=None, outcome="improved")

    given = run(Service(answers=[answer(made)]), "final", made["id"])

    assert "no rank before publication;" in given.stderr
