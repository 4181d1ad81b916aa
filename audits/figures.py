"""Figures as plain SVG: no script, no style attribute, so that a strict policy shows them.

Each says in its title what it shows, names its axes with their direction, and has a text alternative. A
verdict is a shape as well as a colour. A figure grows with the number of names that it holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from django.utils.safestring import SafeString, mark_safe

from audits import labels
from audits.axes import Scale as _Scale
from audits.sentences import number

WIDTH = 680
LEFT, RIGHT, TOP, BOTTOM = 64, 210, 46, 56
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


def query_against_fresh(points: Sequence[Mark], *, axis: str, decimals: int) -> SafeString:
    """Draw finals by their exact score on query and on new labels, with the line of equality."""
    if not points:
        return mark_safe("")
    body = max(300.0, labels.height_for(n_names=len(points)))
    values = [value for mark in points for value in (mark.x, mark.y)]
    # Room at both ends; and a scale that has a length where all values are one.
    pad = max((max(values) - min(values)) * 0.08, 1e-6)
    ends = {"low": min(values) - pad, "high": max(values) + pad}
    across = _Scale(**ends, start=LEFT, end=WIDTH - RIGHT)
    up = _Scale(**ends, start=TOP + body, end=TOP)
    start, bottom = across(across.low), up(up.low)
    end, top = across(across.high), up(up.high)
    parts = [
        _line("equal", (start, bottom), (end, top)),
        _text("axis end", end - 24, top + 4, "dashed line: equal on both"),
    ]
    for tick, text in across.ticks:
        parts.append(_text("tick middle", across(tick), TOP + body + 18, text))
        parts.append(_text("tick end", LEFT - 6, up(tick) + 4, text))
    for mark in points:
        query, fresh = (number(value, decimals=decimals) for value in (mark.x, mark.y))
        title = f"{mark.name}: on query labels {query}, on new labels {fresh}"
        parts.append(_mark(mark, across(mark.x), up(mark.y), title))
    names = [(mark.name, across(mark.x), up(mark.y)) for mark in points]
    parts += _names(names, x=WIDTH - RIGHT + 24, body=body)
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts += [
        _text("axis middle", middle, TOP + body + 40, f"on the query labels ({axis})"),
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
    drawn = [(mark.low, mark.high, mark.luck, mark.limit) for mark in ordered]
    values = [0.0, *(each for ends in drawn for each in ends if each is not None)]
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
    """Draw ranks among those who have both scores; names stand at their rank on new labels."""
    if len(marks) < 2:
        # One team has no rank to lose.
        return mark_safe("")
    body = max(120.0, labels.height_for(n_names=len(marks)))
    worst = max(max(mark.x, mark.y) for mark in marks)
    down = _Scale(low=0.5, high=worst + 0.5, start=TOP, end=TOP + body)
    left, right = LEFT + 60.0, WIDTH - RIGHT - 60.0
    parts = [
        _text("axis middle", left, TOP + body + 24, "rank on the board"),
        _text("axis middle", right, TOP + body + 24, "rank on new labels"),
    ]
    for mark in marks:
        title = f"{mark.name}: {mark.x:.0f} on the board, {mark.y:.0f} on new labels"
        parts += [
            _line(f"slope {mark.kind}", (left, down(mark.x)), (right, down(mark.y)), title),
            _mark(mark, right, down(mark.y), title),
        ]
    for rank in sorted({int(mark.x) for mark in marks}):
        parts.append(_text("tick end", left - 8, down(rank) + 4, str(rank)))
    names = [(f"{mark.y:.0f} {mark.name}", right, down(mark.y)) for mark in marks]
    parts += _names(names, x=right + 24, body=body)
    moved = sum(mark.x != mark.y for mark in marks)
    have = "has" if moved == 1 else "have"
    return _figure(
        parts,
        body=body,
        title=f"{moved} of the {len(marks)} teams with both scores {have} another rank on new labels",
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
        parts.append(_line("limit", (x, y - 7), (x, y + 7)))
    title = f"{mark.name}: {number(mark.x, decimals=decimals)}"
    return [
        *parts,
        _line(f"interval {mark.kind}", (across(mark.low), y), (across(mark.high), y)),
        _mark(mark, across(mark.x), y, title),
        _text("name end", LEFT + 116, y + 4, labels.shortened(mark.name)),
    ]


def _effect_axis(across: _Scale, *, low: float, unit: str) -> list[str]:
    """Draw ticks and the line of no overstatement, with what lies on either side of it, and the unit."""
    zero, middle = across(0.0), (across.start + across.end) / 2
    parts = [_line("equal", (zero, TOP), (zero, low))]
    parts += [_text("tick middle", across(tick), low + 16, text) for tick, text in across.ticks]
    if zero - across.start >= SIDE_WIDTH:
        parts.append(_text("axis end", zero - 8, low + 33, "← better on new labels"))
    if across.end - zero >= SIDE_WIDTH:
        parts.append(_text("axis", zero + 8, low + 33, "better on the query labels →"))
    said = f"overstatement in units of {unit}; dashed line: none"
    return [*parts, _text("axis middle", middle, low + 50, said)]


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


def _line(kind: str, start: tuple[float, float], end: tuple[float, float], title: str = "") -> str:
    (x1, y1), (x2, y2) = start, end
    line = f'<line class="{kind}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"'
    return f"{line}><title>{escape(title)}</title></line>" if title else f"{line}/>"


def _text(kind: str, x: float, y: float, text: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{escape(text)}</text>'


def _names(marks: Sequence[tuple[str, float, float]], *, x: float, body: float) -> list[str]:
    return [each.svg for each in labels.column(marks=marks, x=x, low=TOP, high=TOP + body)]


def _figure(
    parts: list[str], *, body: float, title: str, alternative: str, legend: str = ""
) -> SafeString:
    height = TOP + body + BOTTOM
    above = [
        f'<svg class="figure" viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
        f'aria-label="{escape(alternative)}">',
        _text("title", LEFT, 20, title),
        _text("axis", LEFT, 37, legend) if legend else "",
    ]
    return mark_safe("\n".join([*above, *parts, "</svg>"]))  # noqa: S308 - names are escaped above
