"""A team's way: what the board showed as steps, its files' scores on new labels as dots."""

import math
from typing import Any

from matplotlib.figure import Figure

from audits.report import drawing

LEFT, RIGHT, TOP, HEIGHT, BELOW = 66.0, 176.0, 14.0, 170.0, 46.0
NEVER = math.nan


def draw(data: dict[str, Any]) -> Figure:
    """Draw files in time order: attempt, released, query and fresh score, and which of them is what."""
    attempts, fresh, query = data["attempts"], data["fresh"], data["query"]
    figure = drawing.canvas(height=TOP + HEIGHT + BELOW)
    width = drawing.WIDTH - LEFT - RIGHT
    plane = drawing.axes(figure, left=LEFT, top=TOP, width=width, height=HEIGHT)
    steps = _held(data["released"])
    low, high = drawing.ends([each for each in (*fresh, *query, *steps) if each is not None])
    drawing.scale(plane, "y", low=low, high=high, n_ticks=5)
    drawing.scale(plane, "x", low=attempts[0] - 0.6, high=attempts[-1] + 0.9, n_ticks=8)
    # The last answer stands to the end.
    x = [*attempts, attempts[-1] + 0.6]
    y = [NEVER if each is None else each for each in (*steps, steps[-1])]
    plane.plot(x, y, drawstyle="steps-post", color=drawing.ORANGE, linewidth=1.6)
    plane.plot(attempts, fresh, "o", color=drawing.BLUE, markersize=3.5)
    kept = data["accepted"]
    plane.plot(
        *([attempts[each] for each in kept], [steps[each] for each in kept]),
        "^",
        color=drawing.ORANGE,
        markersize=6,
    )
    named = [
        ("final", data["final"], "D", drawing.BLUE),
        ("best-scored", data["best"], "s", drawing.VERMILLION),
    ]
    marks = [("on the board", x[-1], y[-1])] if not math.isnan(y[-1]) else []
    for name, file, marker, colour in named:
        if file is not None:
            plane.plot(
                *([attempts[file]], [fresh[file]]),
                marker,
                markerfacecolor="none",
                markeredgecolor=colour,
                markeredgewidth=1.6,
                markersize=9,
            )
            marks.append((f"{name}, new labels", attempts[file], fresh[file]))
    drawing.names(plane, marks, at=1.02, height=HEIGHT)
    plane.set_xlabel("attempt")
    plane.set_ylabel(data["axis"], fontsize=11)
    return figure


def _held(released: list[float | None]) -> list[float | None]:
    """Let each value stand on the board until the next one."""
    held, result = None, []
    for each in released:
        held = held if each is None else each
        result.append(held)
    return result
