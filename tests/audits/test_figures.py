"""Figures: names never overlap, marks lie where the numbers are, and nothing needs a script or a style."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits import figures, labels
from audits.figures import Mark

HOSTILE = "<script>alert('x')</script>&\"name\""


def overlaps(boxes: list[tuple[float, float, float, float]]) -> list[tuple[int, int]]:
    """Pairs of boxes (left, top, right, bottom) that have more than an edge in common."""
    return [
        (i, j)
        for (i, one), (j, other) in itertools.combinations(enumerate(boxes), 2)
        if one[0] < other[2] - 1e-6
        and other[0] < one[2] - 1e-6
        and one[1] < other[3] - 1e-6
        and other[1] < one[3] - 1e-6
    ]


def boxes_in(svg: str) -> list[tuple[float, float, float, float]]:
    """Of every name of a figure, as wide as its characters."""
    found = re.findall(r'class="name( end)?" x="([\d.]+)" y="([\d.]+)">([^<]*)', svg)
    boxes = []
    for end, x, y, text in found:
        width = len(text) * labels.CHARACTER
        left = float(x) - width if end else float(x)
        boxes.append((left, float(y) - 4 - 6, left + width, float(y) - 4 + 6))
    return boxes


def near(n: int) -> list[Mark]:
    """Scores within half a percent of each other, as at the top of a board."""
    rng = np.random.default_rng(n)
    return [
        Mark(
            name=f"a team with a name {place}",
            verdict="NO_EVIDENCE",
            x=0.8 + 0.005 * rng.random(),
            y=0.8 + 0.005 * rng.random(),
            low=-0.01,
            high=0.02,
            luck=0.01,
            limit=0.03,
        )
        for place in range(n)
    ]


@pytest.mark.parametrize("n", [1, 2, 12, 50])
def test_no_two_names_overlap(n: int) -> None:
    """Twelve teams with nearly equal scores, and fifty."""
    marks = near(n)
    ranked = [
        Mark(name=mark.name, verdict=mark.verdict, x=1 + place % 3, y=1 + place // 4)
        for place, mark in enumerate(marks)
    ]
    for svg in (
        figures.query_against_fresh(marks, axis="accuracy, higher is better", decimals=4),
        figures.overstatements(marks, unit="accuracy", decimals=4),
        *([figures.ranks(ranked)] if n > 1 else []),
    ):
        boxes = boxes_in(svg)
        assert len(boxes) == n
        assert overlaps(boxes) == []
        width, height = map(float, re.findall(r'viewBox="0 0 (\d+) (\d+)"', svg)[0])
        for left, top, right, bottom in boxes:
            assert 0 <= left < right <= width
            assert 0 <= top < bottom <= height


@given(st.lists(st.floats(-50, 500), min_size=1, max_size=20))
def test_places_are_a_line_apart_and_within(wanted: list[float]) -> None:
    places = labels.spread(wanted=sorted(wanted), low=0.0, high=300.0)

    assert places == sorted(places)
    assert all(one + labels.LINE <= other + 1e-9 for one, other in itertools.pairwise(places))
    assert places[-1] <= 300
    assert places[0] >= -1e-9


def test_a_place_that_is_free_is_kept() -> None:
    assert labels.spread(wanted=[20.0, 100.0, 180.0], low=0.0, high=300.0) == [20.0, 100.0, 180.0]


def test_long_names_are_cut_and_kept_as_titles() -> None:
    (label,) = labels.column(marks=[("x" * 40, 1.0, 50.0)], x=10.0, low=0.0, high=100.0)

    assert len(label.text) == labels.MAX_LENGTH
    assert f"<title>{'x' * 40}</title>" in label.svg
    assert labels.shortened("Institute of Meteorology (team-7)") == "Institute of…logy (team-7)"
    assert len(labels.shortened("x" * 27)) == labels.MAX_LENGTH
    assert overlaps([label.box, label.box]) == [(0, 1)]


def test_a_figure_says_what_it_shows() -> None:
    """Alternative text for who does not see it, and a title for every mark."""
    svg = figures.query_against_fresh(
        [
            Mark(name="ours", verdict="CONFIRMED", x=0.9, y=0.7),
            Mark(name=HOSTILE, verdict="NO_EVIDENCE", x=0.7, y=0.7),
            Mark(name="base", verdict="", x=0.6, y=0.6),
        ],
        axis="accuracy, higher is better",
        decimals=3,
    )

    assert 'role="img"' in svg
    assert (
        "3 files by their scores on query and on new labels: finals, references, and of who is"
        in svg
    )
    assert "<title>ours: on query labels .900, on new labels .700</title>" in svg
    assert "on the query labels (accuracy, higher is better)" in svg
    assert "board" not in svg
    assert "Below the line: better on the query labels than on new ones" in svg
    assert "<script" not in svg
    assert "style=" not in svg
    kinds = re.findall(r'<(path|circle) class="point ([a-z-]+)"', svg)
    assert kinds == [("path", "confirmed"), ("circle", "no-evidence"), ("circle", "reference")]


def test_of_a_loss_the_other_side_of_the_line_looks_better_on_query_labels() -> None:
    marks = [Mark(name="a", verdict="", x=56.9, y=58.4), Mark(name="b", verdict="", x=57, y=57)]
    svg = figures.query_against_fresh(marks, axis="RMSE, lower is better", decimals=1)

    assert "Above the line: better on the query labels than on new ones" in svg


def test_marks_lie_where_their_numbers_are() -> None:
    svg = figures.query_against_fresh(
        [Mark(name="a", verdict="", x=0.5, y=0.5), Mark(name="b", verdict="", x=0.9, y=0.6)],
        axis="accuracy, higher is better",
        decimals=3,
    )
    (line,) = re.findall(
        r'class="equal" x1="([\d.]+)" y1="([\d.]+)" x2="([\d.]+)" y2="([\d.]+)"', svg
    )
    x1, y1, x2, y2 = map(float, line)
    places = [
        (float(x), float(y)) for x, y in re.findall(r'<circle[^>]*cx="([\d.]+)" cy="([\d.]+)"', svg)
    ]

    def height_of_line(x: float) -> float:
        return y1 + (x - x1) / (x2 - x1) * (y2 - y1)

    assert places[0][1] == pytest.approx(height_of_line(places[0][0]), abs=0.02)
    assert places[1][1] > height_of_line(places[1][0]) + 50  # further down the page


def test_overstatements_are_ordered_by_size_with_luck_beside_them() -> None:
    svg = figures.overstatements(
        [
            Mark(
                name="low", verdict="NO_EVIDENCE", x=0.01, low=0, high=0.02, luck=0.016, limit=0.04
            ),
            Mark(name="high", verdict="SUSPECTED", x=0.06, low=0.05, high=0.07),
        ],
        unit="log loss",
        decimals=3,
    )

    assert re.findall(r'class="name end"[^>]*>(\w+)<', svg) == ["high", "low"]
    # Nothing lies left of the line here.
    assert "better on the query labels →" in svg
    assert "← better on new labels" not in svg
    assert "overstatement in units of log loss; dashed line: none" in svg
    assert "grey tick: the smallest overstatement that is found with 80 %" in svg
    assert svg.count('class="luck"') == svg.count('class="limit"') == 1
    assert '<path class="point suspected"' in svg


def test_each_side_of_no_overstatement_is_named_on_its_own_side() -> None:
    svg = figures.overstatements(
        [Mark(name=name, verdict="", x=x, low=x, high=x) for name, x in (("a", -0.1), ("b", 0.1))],
        unit="accuracy",
        decimals=3,
    )
    ((zero,),) = [re.findall(r'class="equal" x1="([\d.]+)"', svg)]
    ((end, left),) = re.findall(r'class="axis( end)" x="([\d.]+)"[^>]*>← better', svg)
    (right,) = re.findall(r'class="axis" x="([\d.]+)"[^>]*>better on the query', svg)

    assert end == " end"
    assert float(left) < float(zero) < float(right)


def test_ranks_say_how_many_moved() -> None:
    marks = [Mark(name="a", verdict="", x=1, y=2), Mark(name="b", verdict="", x=2, y=2)]

    assert "1 of the 2 teams with both scores has another rank on new labels" in figures.ranks(
        marks
    )


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.668, 0.843, [".70", ".75", ".80", ".85"]),
        (-0.015, 0.125, [".00", ".05", ".10"]),
        (56.0, 58.9, ["56", "57", "58", "59"]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, expected: list[str]) -> None:
    marks = [Mark(name="a", verdict="", x=low, y=low), Mark(name="b", verdict="", x=high, y=high)]
    svg = figures.query_against_fresh(marks, axis="accuracy, higher is better", decimals=4)

    assert re.findall(r'class="tick end"[^>]*>([^<]*)<', svg) == expected


def test_nothing_is_drawn_of_nothing() -> None:
    assert figures.query_against_fresh([], axis="", decimals=1) == ""
    assert figures.overstatements([], unit="", decimals=1) == ""
    assert figures.ranks([]) == ""
    assert figures.ranks([Mark(name="alone", verdict="", x=1, y=1)]) == ""
