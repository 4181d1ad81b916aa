"""Ranks before and after as slopes, beside the ranks that are possible; tiers as bands."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from audits.report import drawing

ROW, LEFT, SLOPES, NAMES, TOP, BELOW = 20.0, 46.0, 170.0, 276.0, 36.0, 46.0


def draw(data: dict[str, Any]) -> Figure:
    """Draw rows of name, verdict, before, after, tier and interval, as they stand on new labels."""
    rows = data["rows"]
    n = len(rows)
    height = ROW * n
    figure = drawing.canvas(height=TOP + height + BELOW)
    left = drawing.axes(figure, left=LEFT, top=TOP, width=SLOPES, height=height)
    start = LEFT + SLOPES + NAMES
    right = drawing.axes(
        figure, left=start, top=TOP, width=drawing.WIDTH - start - 20, height=height
    )
    places = {row["before"]: _place(rows, row["before"]) for row in rows}
    for panel in (left, right):
        panel.set_ylim(n - 0.5, -0.5)
        panel.set_yticks([])
        panel.spines[["left", "bottom"]].set_visible(False)
        _tiers(panel, rows)
    left.set_xlim(0, 1)
    for place, row in enumerate(rows):
        mark = drawing.shape(row["verdict"])
        ends = {"color": mark["color"], "linewidth": 1.5, "clip_on": False}
        left.plot([0.04, 0.96], [places[row["before"]], place], **ends)
        left.plot([0.96], [place], **mark, clip_on=False)
        tier = "" if row["tier"] is None else f"  (tier {row['tier']:,})"
        left.text(1.05, place, f"{row['after']:,}  {drawing.shown(row['name'])}{tier}", va="center")
        if row["interval"]:
            right.plot(row["interval"], [place, place], color=mark["color"], linewidth=2)
            right.plot([row["after"]], [place], **mark, clip_on=False)
    for rank, middle in places.items():
        left.text(0.0, middle, f"{rank:,}", va="center", ha="right", color=drawing.QUIET)
    left.set_xticks([0.04, 0.96], ["on the board", "on new labels"])
    left.xaxis.tick_top()
    left.tick_params(length=0)
    _possible(right, rows)
    return figure


def _place(rows: list[dict[str, Any]], rank: int) -> float:
    """Find the middle of the places of those who share a rank; the first is 0."""
    shared: int = sum(row["before"] == rank for row in rows)
    better: int = sum(row["before"] < rank for row in rows)
    return better + (shared - 1) / 2


def _tiers(panel: Axes, rows: list[dict[str, Any]]) -> None:
    """Shade every other tier."""
    tiers = sorted({row["tier"] for row in rows if row["tier"] is not None})
    for place, row in enumerate(rows):
        if row["tier"] is not None and tiers.index(row["tier"]) % 2 == 0:
            panel.axhspan(place - 0.5, place + 0.5, color=drawing.BAND, linewidth=0, zorder=0)


def _possible(panel: Axes, rows: list[dict[str, Any]]) -> None:
    known = [rank for row in rows for rank in row["interval"] or ()]
    if not known:
        panel.set_visible(False)
        return
    most = max(*known, *(row["after"] for row in rows))
    panel.set_xlim(0.5, most + 0.5)
    step = next(each for each in (1, 2, 5, 10, 20, 50, 100) if most <= each * 8 or each == 100)
    panel.set_xticks([1, *range(max(step, 2), most + 1, step)])
    panel.spines["bottom"].set_visible(True)
    panel.set_xlabel("true rank, all at once (95 %)")
