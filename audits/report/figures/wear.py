"""Wear of a query holdout: what it told, and what it may still tell, as one bar."""

from typing import Any

from matplotlib.figure import Figure

from audits.report import drawing

LEFT, TOP, HEIGHT, BELOW = 20.0, 40.0, 34.0, 50.0


def draw(data: dict[str, Any]) -> Figure:
    """Draw nats that were told, answered and reserved, which holds what was answered, and the plan."""
    told, answered, reserved = (data[name] or 0.0 for name in ("told", "answered", "reserved"))
    figure = drawing.canvas(height=TOP + HEIGHT + BELOW)
    across = drawing.axes(figure, left=LEFT, top=TOP, width=drawing.WIDTH - 40, height=HEIGHT)
    left = max(reserved - answered, 0.0)
    parts = [
        (told, drawing.ORANGE, "told to everybody"),
        (answered, drawing.BLUE, "answers to teams"),
        (left, drawing.BAND, "reserved, not told yet"),
    ]
    start = 0.0
    for length, colour, _ in parts:
        across.barh(0, length, left=start, height=0.8, color=colour, linewidth=0)
        start += length
    planned = data.get("planned")
    if planned is not None:
        across.plot([planned, planned], [-0.5, 0.5], color=drawing.INK, linewidth=2)
    drawing.scale(across, "x", low=0.0, high=max(start, planned or 0.0, 1e-6) * 1.02)
    across.set_ylim(-0.5, 0.5)
    across.set_yticks([])
    across.spines["left"].set_visible(False)
    across.set_xlabel("nats of the labels (more is more wear)")
    place = LEFT
    lines = [*parts, *([(planned, drawing.INK, "planned in all (line)")] if planned else [])]
    for _, colour, name in lines:
        at, height = place / drawing.WIDTH, TOP + HEIGHT + BELOW
        figure.text(at, 1 - 18 / height, "■", color=colour, va="center")
        figure.text((place + 16) / drawing.WIDTH, 1 - 18 / height, name, va="center", fontsize=11)
        place += 40 + 6.6 * len(name)
    return figure
