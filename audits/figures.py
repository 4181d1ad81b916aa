"""Figures as plain SVG: no script, no style attribute, so that a strict policy shows them.

Each says in its title what it shows, names its axes with their direction, and has a text alternative. A
verdict is a shape as well as a colour. A figure grows with the number of names that it holds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from django.utils.safestring import SafeString, mark_safe

from audits import labels
from audits.sentences import number

WIDTH = 680
LEFT, RIGHT, TOP, BOTTOM = 64, 210, 46, 56
MIN_HEIGHT = 300.0
TICKS = 5
# What lies on a side of the line of no overstatement is named where there is room on that side.
SIDE_WIDTH = 170.0


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One team: its place, and for an overstatement its interval, luck and smallest effect found."""

    name: str
    verdict: str
    x: float
    y: float = 0.0
    low: float = 0.0
    high: float = 0.0
    luck: float | None = None
    limit: float | None = None

    @property
    def kind(self) -> str:
        """The name of its colour."""
        return (self.verdict or "reference").lower().replace("_", "-")


@dataclass(frozen=True, kw_only=True)
class _Scale:
    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 2)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Round values from end to end, with their text."""
        least = (self.high - self.low) / TICKS
        power = math.floor(math.log10(least))
        step = next(each for each in (1, 2, 5, 10) if each * 10.0**power >= least) * 10.0**power
        # The last bit of a logarithm must not cost a digit.
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        values = [place * step for place in range(first, last + 1)]
        return [(value, number(value, decimals=decimals)) for value in values]


def query_against_fresh(points: Sequence[Mark], *, axis: str, decimals: int) -> SafeString:
    """Draw finals by their exact score on query and on new labels, with the line of equality."""
    if not points:
        return mark_safe("")
    body = max(MIN_HEIGHT, labels.height_for(n_names=len(points)))
    values = [value for mark in points for value in (mark.x, mark.y)]
    # Room at both ends; and a scale that has a length where all values are one.
    pad = max((max(values) - min(values)) * 0.08, 1e-6)
    ends = {"low": min(values) - pad, "high": max(values) + pad}
    across = _Scale(**ends, start=LEFT, end=WIDTH - RIGHT)
    up = _Scale(**ends, start=TOP + body, end=TOP)
    parts = [
        f'<line class="equal" x1="{across(across.low)}" y1="{up(up.low)}" '
        f'x2="{across(across.high)}" y2="{up(up.high)}"/>',
        f'<text class="axis end" x="{across(across.high) - 24}" y="{up(up.high) + 4}">'
        "dashed line: equal on both</text>",
        *_ticks(across, up, body),
    ]
    for mark in points:
        title = (
            f"{mark.name}: on query labels {number(mark.x, decimals=decimals)}, "
            f"on new labels {number(mark.y, decimals=decimals)}"
        )
        parts.append(_mark(mark, across(mark.x), up(mark.y), title))
    names = [(mark.name, across(mark.x), up(mark.y)) for mark in points]
    column = labels.column(marks=names, x=WIDTH - RIGHT + 24, low=TOP, high=TOP + body)
    parts += [label.svg for label in column]
    parts += [
        f'<text class="axis middle" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{TOP + body + 40}">'
        f"on the query labels ({escape(axis)})</text>",
        f'<text class="axis middle" transform="translate(14 {TOP + body / 2}) rotate(-90)">'
        f"on new labels ({escape(axis)})</text>",
    ]
    away = "Below" if "higher" in axis else "Above"
    return _figure(
        parts,
        body=body,
        title=f"{away} the line: better on the query labels than on new ones",
        alternative=f"{len(points)} files by their scores on query and on new labels: finals, references, "
        "and of who is accused by it the best-scored file",
    )


def overstatements(marks: Sequence[Mark], *, unit: str, decimals: int) -> SafeString:
    """Draw a forest plot, largest first: interval, luck as a band, a tick for the smallest that is found."""
    if not marks:
        return mark_safe("")
    ordered = sorted(marks, key=lambda mark: (-mark.x, mark.name))
    row = 22.0
    body = row * len(ordered)
    values = [0.0]
    for mark in ordered:
        values += [mark.low, mark.high]
        values += [each for each in (mark.luck, mark.limit) if each is not None]
    pad = max((max(values) - min(values)) * 0.05, 1e-6)
    across = _Scale(low=min(values) - pad, high=max(values) + pad, start=LEFT + 126, end=WIDTH - 24)
    parts = []
    for place, mark in enumerate(ordered):
        parts += _effect(mark, across, TOP + row * (place + 0.5), row, decimals)
    parts += _effect_axis(across, low=TOP + body, unit=unit)
    return _figure(
        parts,
        body=body,
        title="Overstatement of each team with its 95 % interval",
        legend="grey band: luck; grey tick: the smallest overstatement that is found with 80 %",
        alternative=f"Overstatement of {len(ordered)} teams with intervals, beside what luck explains",
    )


def ranks(marks: Sequence[Mark]) -> SafeString:
    """Ranks on the board and on new labels, of those who have both and among them alone.

    Names stand at their rank on new labels.
    """
    if len(marks) < 2:
        # One team has no rank to lose.
        return mark_safe("")
    body = max(120.0, labels.height_for(n_names=len(marks)))
    worst = max(max(mark.x, mark.y) for mark in marks)
    down = _Scale(low=0.5, high=worst + 0.5, start=TOP, end=TOP + body)
    left, right = LEFT + 60.0, WIDTH - RIGHT - 60.0
    parts = [
        f'<text class="axis middle" x="{x}" y="{TOP + body + 24}">{text}</text>'
        for x, text in ((left, "rank on the board"), (right, "rank on new labels"))
    ]
    for mark in marks:
        title = f"{mark.name}: {mark.x:.0f} on the board, {mark.y:.0f} on new labels"
        parts += [
            f'<line class="slope {mark.kind}" x1="{left}" y1="{down(mark.x)}" '
            f'x2="{right}" y2="{down(mark.y)}"><title>{escape(title)}</title></line>',
            _mark(mark, right, down(mark.y), title),
        ]
    for rank in sorted({int(mark.x) for mark in marks}):
        parts.append(f'<text class="tick end" x="{left - 8}" y="{down(rank) + 4}">{rank}</text>')
    names = [(f"{mark.y:.0f} {mark.name}", right, down(mark.y)) for mark in marks]
    column = labels.column(marks=names, x=right + 24, low=TOP, high=TOP + body)
    parts += [label.svg for label in column]
    moved = sum(mark.x != mark.y for mark in marks)
    return _figure(
        parts,
        body=body,
        title=f"{moved} of the {len(marks)} teams with both scores have another rank on new labels",
        alternative=f"Ranks of {len(marks)} teams on the board and on new labels, among these teams",
    )


def _effect(mark: Mark, across: _Scale, y: float, row: float, decimals: int) -> list[str]:
    parts = []
    if mark.luck is not None:
        start, end = sorted((across(0.0), across(mark.luck)))
        parts.append(
            f'<rect class="luck" x="{start}" y="{y - row / 2 + 2}" '
            f'width="{end - start:.2f}" height="{row - 4}"/>'
        )
    if mark.limit is not None:
        x = across(mark.limit)
        parts.append(f'<line class="limit" x1="{x}" y1="{y - 7}" x2="{x}" y2="{y + 7}"/>')
    title = f"{mark.name}: {number(mark.x, decimals=decimals)}"
    return [
        *parts,
        f'<line class="interval {mark.kind}" x1="{across(mark.low)}" y1="{y}" '
        f'x2="{across(mark.high)}" y2="{y}"/>',
        _mark(mark, across(mark.x), y, title),
        f'<text class="name end" x="{LEFT + 116}" y="{y + 4}">'
        f"{escape(labels.shortened(mark.name))}</text>",
    ]


def _effect_axis(across: _Scale, *, low: float, unit: str) -> list[str]:
    """Draw ticks and the line of no overstatement, with what lies on either side of it, and the unit."""
    zero, middle = across(0.0), (across.start + across.end) / 2
    return [
        f'<line class="equal" x1="{zero}" y1="{TOP}" x2="{zero}" y2="{low}"/>',
        *(
            f'<text class="tick middle" x="{across(tick)}" y="{low + 16}">{text}</text>'
            for tick, text in across.ticks
        ),
        *(
            [f'<text class="axis end" x="{zero - 8}" y="{low + 33}">← better on new labels</text>']
            if zero - across.start >= SIDE_WIDTH
            else []
        ),
        *(
            [
                f'<text class="axis" x="{zero + 8}" y="{low + 33}">better on the query labels →</text>'
            ]
            if across.end - zero >= SIDE_WIDTH
            else []
        ),
        f'<text class="axis middle" x="{middle}" y="{low + 50}">'
        f"overstatement in units of {escape(unit)}; dashed line: none</text>",
    ]


def _mark(mark: Mark, x: float, y: float, title: str) -> str:
    """Draw a diamond for what is confirmed, a triangle for what is suspected, else a circle."""
    shown = f"<title>{escape(title)}</title>"
    if mark.kind == "confirmed":
        path = f"M{x} {y - 6.5}L{x + 6.5} {y}L{x} {y + 6.5}L{x - 6.5} {y}Z"
    elif mark.kind == "suspected":
        path = f"M{x} {y - 6}L{x + 6} {y + 5}L{x - 6} {y + 5}Z"
    else:
        return f'<circle class="point {mark.kind}" cx="{x}" cy="{y}" r="5">{shown}</circle>'
    return f'<path class="point {mark.kind}" d="{path}">{shown}</path>'


def _ticks(across: _Scale, up: _Scale, body: float) -> list[str]:
    parts = []
    for tick, text in across.ticks:
        parts += [
            f'<text class="tick middle" x="{across(tick)}" y="{TOP + body + 18}">{text}</text>',
            f'<text class="tick end" x="{LEFT - 6}" y="{up(tick) + 4}">{text}</text>',
        ]
    return parts


def _figure(
    parts: list[str], *, body: float, title: str, alternative: str, legend: str = ""
) -> SafeString:
    height = TOP + body + BOTTOM
    return mark_safe(  # noqa: S308 - names are escaped above
        "\n".join(
            [
                f'<svg class="figure" viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
                f'aria-label="{escape(alternative)}">',
                f'<text class="title" x="{LEFT}" y="20">{escape(title)}</text>',
                f'<text class="axis" x="{LEFT}" y="37">{escape(legend)}</text>' if legend else "",
                *parts,
                "</svg>",
            ]
        )
    )
