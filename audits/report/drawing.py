"""What the report's figures share: a palette, marks, axes and bytes that are the same in every run.

Only the audit worker's code imports it, and matplotlib with it. Lengths are in pixels of a page.
"""

import io
import math
import re
import warnings
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from audits.sentences import number
from stats.verdict import Verdict

WIDTH = 700
# A line of text, and the characters of a name that are shown.
LINE, MAX_LENGTH = 17.0, 26
INK, QUIET, RULE, BAND, PAGE = "#1d2329", "#57606a", "#d7dce2", "#d9dee4", "#fefefe"
# Of Okabe and Ito's palette, darkened where it is too light for a white page.
BLUE, VERMILLION, ORANGE, GREEN = "#0072b2", "#b84a00", "#9a6700", "#00785a"
DARK = {
    INK: "#e6e9ed",
    QUIET: "#a3acb8",
    RULE: "#39424d",
    BAND: "#3a444f",
    PAGE: "#14181d",
    BLUE: "#56b4e9",
    VERMILLION: "#ff8a4c",
    ORANGE: "#e6a81e",
    GREEN: "#2fc79b",
}
# A verdict is a shape as well as a colour; what nobody judged is hollow.
SHAPES = {
    Verdict.CONFIRMED: ("D", VERMILLION, True),
    Verdict.INVALID: ("X", VERMILLION, True),
    Verdict.SUSPECTED: ("^", ORANGE, True),
    Verdict.WITHIN_LUCK: ("o", BLUE, True),
    Verdict.NO_EVIDENCE: ("o", BLUE, True),
    Verdict.SHIFT: ("s", QUIET, False),
    Verdict.NOT_TESTED: ("o", QUIET, False),
}
REFERENCE = ("o", QUIET, False)
# Characters that no XML may hold.
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
SLIMMING = [
    (re.compile(pattern, re.S), instead)
    for pattern, instead in (
        (r"<!--.*?-->|<metadata>.*?</metadata>|<\?xml.*?\?>|<!DOCTYPE.*?>", ""),
        # Measured by one font, set in the page's own, which is narrower.
        (r" font-family: [^;\"]*;", ""),
        (r"(?=\*\{stroke-linejoin)", "text{font-family: system-ui, sans-serif}"),
        # A hundredth of a pixel is more than anybody sees.
        (r"(\d+\.\d\d)\d+", r"\1"),
        (r' transform="rotate\(-0 [^"]*"', ""),
        # Groups are called by nobody; what is used again has a hash for a name.
        (r' id="(?![mpCh]\w*[0-9a-f]{8})[^"]*"', ""),
        (r"\s*\n\s*(?=<|$)", "\n"),
        (r"\s*\n\s*(?!<)", " "),
    )
]
mpl.rcParams.update(
    {
        # Text stays text, so that it is read, found and set in the page's own font.
        "svg.fonttype": "none",
        "svg.hashsalt": "holdout vault",
        # A name may hold a dollar sign.
        "text.parse_math": False,
        "font.size": 12,
        "figure.dpi": 72,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": QUIET,
        "axes.labelcolor": QUIET,
        "axes.facecolor": "none",
        "xtick.color": QUIET,
        "ytick.color": QUIET,
        "text.color": INK,
        "lines.markersize": 7,
    }
)


def canvas(*, height: float, width: float = WIDTH) -> Figure:
    """Make an empty figure of this size."""
    return Figure(figsize=(width / 72, height / 72), dpi=72, facecolor="none")


def axes(figure: Figure, *, left: float, top: float, width: float, height: float) -> Axes:
    """Add axes at a distance from the figure's upper left corner."""
    whole_width, whole_height = figure.get_size_inches() * 72
    below = whole_height - top - height
    return figure.add_axes(
        (
            left / whole_width,
            below / whole_height,
            width / whole_width,
            height / whole_height,
        )
    )


def ends(values: Sequence[float], *, room: float = 0.06) -> tuple[float, float]:
    """Find where an axis begins and ends: around all values, with some room, and never of no length."""
    low, high = min(values), max(values)
    pad = max((high - low) * room, abs(high) * 1e-6, 1e-9)
    return low - pad, high + pad


def scale(axes: Axes, which: str, *, low: float, high: float, n_ticks: int = 6) -> None:
    """Let an axis go from end to end with round ticks, which are written as the report writes numbers."""
    ticks = [
        each
        for each in MaxNLocator(nbins=n_ticks, steps=[1, 2, 5, 10]).tick_values(low, high)
        if low <= each <= high
    ]
    step = ticks[1] - ticks[0] if len(ticks) > 1 else max(high - low, 1e-9)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    texts = [number(each, decimals=decimals) for each in ticks]
    if which == "x":
        axes.set_xlim(low, high)
        axes.set_xticks(ticks, texts)
    else:
        axes.set_ylim(low, high)
        axes.set_yticks(ticks, texts)


def shape(verdict: str, *, is_reference: bool = False) -> dict[str, Any]:
    """Give how the mark of a team is drawn."""
    marker, colour, is_full = REFERENCE if is_reference or not verdict else SHAPES[Verdict(verdict)]
    return {
        "marker": marker,
        "color": colour,
        "markerfacecolor": colour if is_full else PAGE,
        "markeredgecolor": colour,
        "linestyle": "none",
    }


def shown(name: str) -> str:
    """Write a name in a line, cut in its middle: of two teams with one title the ends differ."""
    line = " ".join(UNWRITABLE.sub("�", name).split())
    if len(line) <= MAX_LENGTH:
        return line
    half = MAX_LENGTH // 2
    return f"{line[: half - 1]}…{line[-half:]}"


def spread(*, wanted: Sequence[float], low: float, high: float, least: float) -> list[float]:
    """Find places that are at least so far apart, in the order of those wanted and near them."""
    order = sorted(range(len(wanted)), key=lambda each: wanted[each])
    places: list[float] = []
    for each in order:
        places.append(max(wanted[each], places[-1] + least if places else low))
    for position in reversed(range(len(places))):
        places[position] = min(places[position], high)
        high = places[position] - least
    found = dict(zip(order, places, strict=True))
    return [found[each] for each in range(len(wanted))]


def names(
    axes: Axes, marks: Sequence[tuple[str, float, float]], *, at: float, height: float
) -> None:
    """Write names of marks (name, x, y) in a column right of the axes, with leader lines, none over another.

    `at` is the column's place as a share of the axes' width, `height` that of the axes in pixels.
    """
    low, high = axes.get_ylim()
    least = (high - low) * LINE / height
    places = spread(
        wanted=[y for _, _, y in marks], low=low + least / 2, high=high - least / 2, least=least
    )
    transform = axes.get_yaxis_transform()
    for (name, x, y), place in zip(marks, places, strict=True):
        axes.annotate(
            shown(name),
            xy=(x, y),
            xycoords="data",
            xytext=(at, place),
            textcoords=transform,
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": RULE,
                "linewidth": 0.8,
                "shrinkA": 2,
                "shrinkB": 5,
                "relpos": (0, 0.5),
            },
        )


def as_svg(figure: Figure) -> dict[str, str]:
    """Write a figure for light pages and for dark ones; equal figures have equal bytes."""
    written = io.StringIO()
    with warnings.catch_warnings():
        # A name in a script that the measuring font has not is set by the page's font.
        warnings.filterwarnings("ignore", message=".*Glyph", category=UserWarning)
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    light = _slim(written.getvalue())
    colours = re.compile("|".join(DARK))
    return {"light": light, "dark": colours.sub(lambda found: DARK[found.group()], light)}


def _slim(text: str) -> str:
    """Leave out what no page shows: 200 teams have 400 figures, and all stand in one document."""
    for pattern, instead in SLIMMING:
        text = pattern.sub(instead, text)
    return f"{text.strip()}\n"
