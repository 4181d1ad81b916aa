"""The two figures of a board as plain SVG: no script, no style attribute, no name of a team."""

import math
from collections.abc import Sequence
from html import escape

from audits.boards.axes import Scale
from audits.boards.examined import Audit, oriented
from audits.boards.wording import decimals
from audits.sentences import number

WIDTH, HEIGHT = 680, 420
LEFT, RIGHT, TOP, BOTTOM = 84, 24, 46, 56
RADIUS = 3.5


def gap_against_entries(audit: Audit) -> str:
    """Draw each team's gap over its entries (each step to the right doubles them), with quartile medians."""
    entries, quartiles = audit.board.entries, audit.quartiles
    if entries is None or quartiles is None:
        return ""
    public, private = oriented(board=audit.board, metric=audit.metric)
    gaps, doubled = (public - private).tolist(), [math.log2(each) for each in entries.tolist()]
    across = _scale(doubled, start=LEFT, end=WIDTH - RIGHT)
    up = _scale([*gaps, 0.0], start=HEIGHT - BOTTOM, end=TOP)
    parts = [_line("equal", (LEFT, up(0.0)), (WIDTH - RIGHT, up(0.0)))]
    parts += [_dot(across(x), up(y)) for x, y in zip(doubled, gaps, strict=True)]
    places = range(len(quartiles.medians))
    for place, median in zip(places, quartiles.medians, strict=True):
        if median is not None:
            low, high = quartiles.min_entries[place], quartiles.max_entries[place]
            start, end = across(math.log2(low)), across(math.log2(high))
            parts.append(_line("median", (start - RADIUS, up(median)), (end + RADIUS, up(median))))
    for power in range(math.ceil(across.low), math.floor(across.high) + 1):
        parts.append(_text("tick middle", across(power), HEIGHT - BOTTOM + 18, f"{2**power:g}"))
    parts += _heights(up)
    parts += _axes("entries (each step doubles them)", "gap: better on the public half ↑")
    digits = decimals(audit)
    said = [number(each, decimals=digits) for each in quartiles.medians if each is not None]
    title = f"Median gap {said[0]} with the fewest entries, {said[-1]} with the most"
    return _figure(
        parts,
        title=title,
        legend="thick lines: medians of quarters of the teams; dashed line: no gap",
    )


def public_against_private(audit: Audit) -> str:
    """Draw each team's public and private score as printed, with the line of equality."""
    public, private = audit.board.public.tolist(), audit.board.private.tolist()
    both = [*public, *private]
    across = _scale(both, start=LEFT, end=WIDTH - RIGHT)
    up = _scale(both, start=HEIGHT - BOTTOM, end=TOP)
    ends = (across(across.low), up(up.low)), (across(across.high), up(up.high))
    parts = [_line("equal", *ends)]
    parts += [_dot(across(x), up(y)) for x, y in zip(public, private, strict=True)]
    for tick, text in across.ticks:
        parts.append(_text("tick middle", across(tick), HEIGHT - BOTTOM + 18, text))
    parts += _heights(up)
    direction = "higher is better" if audit.metric.greater_is_better else "lower is better"
    parts += _axes(f"public score ({direction})", f"private score ({direction})")
    away = "Below" if audit.metric.greater_is_better else "Above"
    title = f"{away} the line: better on the public half than on the private one"
    return _figure(parts, title=title, legend="dashed line: equal on both halves")


def _scale(values: Sequence[float], *, start: float, end: float) -> Scale:
    # A scale has a length where all values are one.
    pad = max((max(values) - min(values)) * 0.06, 1e-6)
    return Scale(low=min(values) - pad, high=max(values) + pad, start=start, end=end)


def _heights(up: Scale) -> list[str]:
    return [_text("tick end", LEFT - 8, up(tick) + 4, text) for tick, text in up.ticks]


def _axes(across: str, up: str) -> list[str]:
    middle = (TOP + HEIGHT - BOTTOM) / 2
    return [
        _text("axis middle", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, across),
        f'<text class="axis middle" transform="translate(18 {middle}) rotate(-90)">'
        f"{escape(up)}</text>",
    ]


def _dot(x: float, y: float) -> str:
    return f'<circle class="team" cx="{x}" cy="{y}" r="{RADIUS}"/>'


def _line(kind: str, start: tuple[float, float], end: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = start, end
    return f'<line class="{kind}" x1="{x1:.2f}" y1="{y1:.2f}" x2="{x2:.2f}" y2="{y2:.2f}"/>'


def _text(kind: str, x: float, y: float, text: str) -> str:
    return f'<text class="{kind}" x="{x:.2f}" y="{y:.2f}">{escape(text)}</text>'


def _figure(parts: Sequence[str], *, title: str, legend: str) -> str:
    above = [
        f'<svg class="figure" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}">',
        _text("title", LEFT, 18, title),
        _text("axis", LEFT, 35, legend),
    ]
    return "\n".join([*above, *parts, "</svg>"])
