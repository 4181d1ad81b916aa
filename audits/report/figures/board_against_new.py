"""Scores on the query labels against those on new ones, with the line on which both are equal."""

from typing import Any

from matplotlib.figure import Figure

from audits.report import drawing

LEFT, RIGHT, TOP, BELOW, MIN_HEIGHT = 66.0, 224.0, 16.0, 48.0, 400.0


def draw(data: dict[str, Any]) -> Figure:
    """Draw points of name, verdict, query, fresh and their intervals; references hollow, names beside."""
    points = data["points"]
    named = [point for point in points if point["is_named"]]
    height = max(MIN_HEIGHT, drawing.LINE * (len(named) + 1))
    figure = drawing.canvas(height=TOP + height + BELOW)
    width = drawing.WIDTH - LEFT - RIGHT
    plane = drawing.axes(figure, left=LEFT, top=TOP, width=width, height=height)
    values = [value for point in points for value in _values(point)]
    low, high = drawing.ends(values)
    for which in "xy":
        drawing.scale(plane, which, low=low, high=high)
    plane.plot([low, high], [low, high], color=drawing.QUIET, linewidth=1, linestyle=(0, (4, 3)))
    for point in points:
        mark = drawing.shape(point["verdict"])
        thin = {"color": mark["color"], "linewidth": 0.8, "alpha": 0.55, "zorder": 1}
        if point["query_interval"]:
            plane.plot(point["query_interval"], [point["fresh"]] * 2, **thin)
        if point["fresh_interval"]:
            plane.plot([point["query"]] * 2, point["fresh_interval"], **thin)
        plane.plot([point["query"]], [point["fresh"]], **mark, zorder=3)
    marks = [(point["name"], point["query"], point["fresh"]) for point in named]
    drawing.names(plane, marks, at=1.06, height=height)
    plane.set_xlabel(f"on the query labels ({data['axis']})")
    plane.set_ylabel(f"on new labels ({data['axis']})")
    plane.text(
        *(0.02, 0.98, f"dashed: equal on both; {data['side']} it: better on the query labels"),
        transform=plane.transAxes,
        color=drawing.QUIET,
        fontsize=11,
        va="top",
    )
    return figure


def _values(point: dict[str, Any]) -> list[float]:
    intervals = [*(point["query_interval"] or ()), *(point["fresh_interval"] or ())]
    return [point["query"], point["fresh"], *intervals]
