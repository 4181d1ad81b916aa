"""Overstatements as a forest plot: the interval of each team, luck as a band, what would have been found."""

from typing import Any

from matplotlib.figure import Figure

from audits.report import drawing

ROW, LEFT, TOP, BELOW = 24.0, 200.0, 34.0, 66.0


def draw(data: dict[str, Any]) -> Figure:
    """Draw rows of name, verdict, overstatement, low, high, luck and limit, as they come, from above."""
    rows = data["rows"]
    height = ROW * len(rows)
    figure = drawing.canvas(height=TOP + height + BELOW)
    across = drawing.axes(
        figure, left=LEFT, top=TOP, width=drawing.WIDTH - LEFT - 20, height=height
    )
    drawn = [row[key] for row in rows for key in ("low", "high", "luck", "limit")]
    low, high = drawing.ends([0.0, *(each for each in drawn if each is not None)], room=0.04)
    drawing.scale(across, "x", low=low, high=high)
    across.set_ylim(len(rows) - 0.5, -0.5)
    across.axvline(0.0, color=drawing.QUIET, linewidth=1, linestyle=(0, (4, 3)))
    for place, row in enumerate(rows):
        mark = drawing.shape(row["verdict"])
        if row["luck"] is not None:
            across.barh(place, row["luck"], height=0.72, color=drawing.BAND, zorder=0)
        across.plot([row["low"], row["high"]], [place, place], color=mark["color"], linewidth=2)
        across.plot([row["overstatement"]], [place], **mark)
        if row["limit"] is not None:
            ends = [place - 0.32, place + 0.32]
            across.plot([row["limit"]] * 2, ends, color=drawing.INK, linewidth=1.6)
    across.set_yticks(range(len(rows)), [drawing.shown(row["name"]) for row in rows])
    across.tick_params(axis="y", length=0, labelcolor=drawing.INK)
    across.spines["left"].set_visible(False)
    across.set_xlabel(f"overstatement in units of {data['unit']}\n→ better on the query labels")
    figure.text(
        LEFT / drawing.WIDTH,
        1 - 14 / (TOP + height + BELOW),
        "grey band: luck of 19 in 20 honest teams   |   dark tick: would have been found with 80 %",
        color=drawing.QUIET,
        fontsize=11,
        va="center",
    )
    return figure
