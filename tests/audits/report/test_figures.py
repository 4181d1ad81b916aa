"""Each drawing: marks lie where the numbers are, names do not overlap, and a figure grows with its names."""

import itertools
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from audits.report import drawing
from audits.report.figures import DRAWINGS


def boxes(figure: Figure, *, of: set[str]) -> list[Any]:
    """Where the texts stand that begin with one of these, in pixels."""
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    found = [each for each in figure.findobj(Text) if each.get_text() in of]
    extents = [Text.get_window_extent(each, canvas.get_renderer()) for each in found]
    # What is not shown has no extent.
    return [each for each in extents if each.width > 2]


def drawn(name: str, data: dict[str, Any]) -> Any:
    """The axes of a figure that has one."""
    (found,) = DRAWINGS[name](data).axes
    return found


def assert_apart(found: list[Any], figure: Figure) -> None:
    width, height = figure.get_size_inches() * 72
    for one, other in itertools.combinations(found, 2):
        assert not (
            one.x0 < other.x1 - 0.5
            and other.x0 < one.x1 - 0.5
            and one.y0 < other.y1 - 0.5
            and other.y0 < one.y1 - 0.5
        )
    for box in found:
        assert -0.5 <= box.x0 < box.x1 <= width + 0.5
        assert -0.5 <= box.y0 < box.y1 <= height + 0.5


def board(n: int) -> dict[str, dict[str, Any]]:
    """The figures of a board on which scores are within half a percent of each other."""
    rng = np.random.default_rng(n)
    names = [f"a team with a long name {i}" for i in range(n)]
    score = 0.8 + 0.005 * rng.random((2, n))
    points = [
        {
            **{"name": name, "verdict": "NO_EVIDENCE", "is_named": True},
            **{"query": float(query), "fresh": float(fresh)},
            **{"query_interval": [0.79, 0.82], "fresh_interval": None},
        }
        for name, query, fresh in zip(names, *score, strict=True)
    ]
    forest = [
        {
            **{"name": name, "verdict": "NO_EVIDENCE", "overstatement": 0.01},
            **{"low": -0.01, "high": 0.03, "luck": 0.01, "limit": 0.04},
        }
        for name in names
    ]
    places = [
        {
            **{"name": name, "verdict": "SHIFT", "tier": 1 + at // 3},
            **{"before": n - at, "after": at + 1, "interval": [1, n]},
        }
        for at, name in enumerate(names)
    ]
    return {
        "board_against_new": {"points": points, "axis": "accuracy", "side": "below"},
        "overstatements": {"rows": forest, "unit": "accuracy"},
        "ranks": {"rows": places},
    }


@pytest.mark.parametrize("n", [1, 2, 12, 50])
@pytest.mark.parametrize("name", ["board_against_new", "overstatements", "ranks"])
def test_no_two_names_overlap(name: str, n: int) -> None:
    """Twelve teams with nearly equal scores, and fifty."""
    data = board(n)[name]
    figure = DRAWINGS[name](data)
    shown = {drawing.shown(f"a team with a long name {i}") for i in range(n)}
    if name == "ranks":
        shown = {
            f"{row['after']}  {drawing.shown(row['name'])}  (tier {row['tier']})"
            for row in data["rows"]
        }
    found = boxes(figure, of=shown)

    assert len(found) == n
    assert_apart(found, figure)


def test_figures_grow_with_their_names() -> None:
    for name in board(2):
        small, large = (DRAWINGS[name](board(n)[name]).get_size_inches()[1] for n in (12, 50))
        assert large > 1.5 * small


def test_points_lie_where_their_scores_are_and_the_line_is_that_of_equality() -> None:
    data = board(2)["board_against_new"]
    data["points"][0] |= {"query": 0.5, "fresh": 0.5}
    plane = drawn("board_against_new", data)
    lines = [np.column_stack(each.get_data()).tolist() for each in plane.lines]

    assert [[0.5, 0.5]] in lines
    equal = next(each for each in plane.lines if each.get_linestyle() == "--")
    assert np.array_equal(*equal.get_data())
    assert plane.get_xlim() == plane.get_ylim()


def test_overstatements_have_interval_luck_and_limit_in_their_row() -> None:
    rows = [
        {"name": "high", "verdict": "CONFIRMED", "overstatement": 0.06, "low": 0.05, "high": 0.07}
        | {"luck": 0.016, "limit": 0.04},
        {"name": "low", "verdict": "NO_EVIDENCE", "overstatement": 0.01, "low": 0.0, "high": 0.02}
        | {"luck": None, "limit": None},
    ]
    across = drawn("overstatements", {"rows": rows, "unit": "log loss"})
    marks = {
        each.get_marker(): each.get_xdata()[0]
        for each in across.lines
        if each.get_marker() != "None"
    }

    assert marks == {"D": 0.06, "o": 0.01}
    (band,) = (each for each in across.patches if each.get_width() != 0)
    assert (band.get_x(), band.get_width()) == (0, 0.016)
    assert [each.get_text() for each in across.get_yticklabels()] == ["high", "low"]
    assert across.yaxis_inverted()
    assert "log loss" in across.get_xlabel()


def test_a_way_holds_what_the_board_showed_until_the_next_answer() -> None:
    """The first file has no answer, the third none of its own; the last stands to the end."""
    data = {
        **{"attempts": [1, 2, 3, 5], "released": [None, 0.7, None, 0.8]},
        **{"query": [0.6, 0.7, 0.65, 0.8], "fresh": [0.61, 0.66, 0.64, 0.7]},
        **{"accepted": [1, 3], "final": 3, "best": 3, "axis": "accuracy"},
    }
    plane = drawn("trajectory", data)
    steps = plane.lines[0]
    texts = [each.get_text() for each in plane.texts]

    assert np.array_equal(steps.get_ydata(), [np.nan, 0.7, 0.7, 0.8, 0.8], equal_nan=True)
    assert steps.get_drawstyle() == "steps-post"
    assert texts == ["on the board", "final, new labels", "best-scored, new labels"]
    assert [0.61, 0.66, 0.64, 0.7] in [list(each.get_ydata()) for each in plane.lines]
    assert DRAWINGS["trajectory"]({**data, "released": [None] * 4, "final": None, "accepted": []})


def test_a_ledger_ends_with_the_interval_of_what_is_kept() -> None:
    data = {
        **{"files": [1, 4], "claimed": [0.0, 0.05], "kept": [0.0, 0.01], "unit": "accuracy"},
        "interval": [0.0, 0.02],
    }
    plane = drawn("improvement_ledger", data)

    assert [list(each.get_ydata()) for each in plane.lines][-1] == [0.0, 0.02]
    assert [each.get_text() for each in plane.texts] == ["claimed so far", "kept on new labels"]
    assert DRAWINGS["improvement_ledger"]({**data, "interval": None})


def test_wear_is_a_bar_of_what_was_told_and_what_is_left() -> None:
    """What was answered is part of what was reserved; a holdout that told nothing has its figure, too."""
    told = {"told": 1.0, "answered": 2.0, "reserved": 5.0, "planned": 7.0}
    across = drawn("wear", told)
    bars = [(each.get_x(), each.get_width()) for each in across.patches]

    assert bars == [(0.0, 1.0), (1.0, 2.0), (3.0, 3.0)]
    assert list(across.lines[0].get_xdata()) == [7.0, 7.0]
    nothing = {"told": 0.0, "answered": 0.0, "reserved": 0.0, "planned": None}
    assert drawing.as_svg(DRAWINGS["wear"](nothing))
