"""What figures share: names never overlap, names of any script are written, bytes are equal every time."""

import itertools
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.report import drawing
from audits.report.figures import DRAWINGS
from config.settings import BASE_DIR

HOSTILE = "<script>alert('x')</script>&\"name\" $x_1^$ \x07\ud83d"
WEAR = {"told": 1.0, "answered": 2.0, "reserved": 4.0, "planned": 5.0}
AGAIN = f"""
from audits.report.drawing import as_svg
from audits.report.figures import DRAWINGS
print(as_svg(DRAWINGS["wear"]({WEAR!r}))["light"], end="")
"""


@given(st.lists(st.floats(-50, 500), min_size=1, max_size=20))
def test_places_are_a_line_apart_within_and_in_order(wanted: list[float]) -> None:
    places = drawing.spread(wanted=wanted, low=0.0, high=300.0, least=15.0)

    ordered = sorted(places)
    assert all(one + 15.0 <= other + 1e-9 for one, other in itertools.pairwise(ordered))
    assert ordered[0] >= -1e-9
    assert ordered[-1] <= 300.0
    for i, j in itertools.combinations(range(len(wanted)), 2):
        if wanted[i] != wanted[j]:
            assert (wanted[i] < wanted[j]) == (places[i] < places[j])


def test_a_place_that_is_free_is_kept() -> None:
    assert drawing.spread(wanted=[180.0, 20.0], low=0.0, high=300.0, least=15.0) == [180.0, 20.0]


def test_long_names_are_cut_in_their_middle() -> None:
    """Of two teams with one title the ends differ."""
    assert drawing.shown("Institute of Meteorology (team-7)") == "Institute of…logy (team-7)"
    assert drawing.shown("x" * 26) == "x" * 26
    assert drawing.shown("two\nlines \x07") == "two lines �"


@pytest.mark.parametrize(("low", "high"), [(0.668, 0.843), (-0.015, 0.125), (56.0, 58.9)])
def test_ticks_are_round_numbers(low: float, high: float) -> None:
    """Written without the zero before the point, and alike; steps are 1, 2 or 5 of a power of ten."""
    axes = drawing.axes(drawing.canvas(height=200), left=20, top=20, width=300, height=100)
    drawing.scale(axes, "x", low=low, high=high)
    texts = [each.get_text() for each in axes.get_xticklabels()]

    assert 3 <= len(texts) <= 7
    steps = {round(float(b) - float(a), 9) for a, b in itertools.pairwise(texts)}
    assert len(steps) == 1
    assert len({len(each.partition(".")[2]) for each in texts}) == 1
    assert all(low <= float(each) <= high for each in texts)
    assert not any(each.startswith("0.") for each in texts)


def test_a_figure_is_drawn_in_two_palettes_and_is_plain_svg() -> None:
    """Every colour of the light one has its other; no script, and nothing from elsewhere."""
    svg = drawing.as_svg(DRAWINGS["wear"](WEAR))

    for text in svg.values():
        ET.fromstring(text)  # noqa: S314 - our own
        assert "<script" not in text
        assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", text)
    light, dark = (set(re.findall("#[0-9a-f]{6}", svg[mode])) for mode in ("light", "dark"))
    assert light <= set(drawing.DARK)
    assert dark <= set(drawing.DARK.values())
    assert "system-ui" in svg["light"]
    assert "DejaVu" not in svg["light"]


def test_bytes_are_the_same_in_another_process(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", AGAIN],
        cwd=BASE_DIR,
        env={"PYTHONPATH": str(BASE_DIR), "PYTHONHASHSEED": "5", "MPLCONFIGDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == drawing.as_svg(DRAWINGS["wear"](WEAR))["light"]


def test_no_name_breaks_a_figure() -> None:
    """Markup, formulas, controls and half characters; scripts that the measuring font has not."""
    row = {"verdict": "CONFIRMED", "overstatement": 0.1, "low": 0.0, "high": 0.2}
    rows = [{**row, "name": name, "luck": 0.01, "limit": None} for name in (HOSTILE, "随机森林")]
    svg = drawing.as_svg(DRAWINGS["overstatements"]({"rows": rows, "unit": "accuracy"}))

    ET.fromstring(svg["light"])  # noqa: S314 - our own
    assert "<script" not in svg["light"]
    assert "&lt;script&gt;" in svg["light"]
    assert "随机森林" in svg["light"]
