"""`improvement_ledger`: what released improvements claimed so far, beside what is kept on new labels."""

from typing import Any

from matplotlib.figure import Figure

from audits.report import drawing

LEFT, RIGHT, TOP, HEIGHT, BELOW = 66.0, 176.0, 14.0, 150.0, 46.0


def draw(data: dict[str, Any]) -> Figure:
    """Draw files with claimed and kept so far; the last of what is kept has its interval."""
    files, claimed, kept = data["files"], data["claimed"], data["kept"]
    figure = drawing.canvas(height=TOP + HEIGHT + BELOW)
    width = drawing.WIDTH - LEFT - RIGHT
    plane = drawing.axes(figure, left=LEFT, top=TOP, width=width, height=HEIGHT)
    interval = data["interval"] or []
    low, high = drawing.ends([0.0, *claimed, *kept, *interval], room=0.1)
    drawing.scale(plane, "y", low=low, high=high, n_ticks=5)
    plane.set_xlim(files[0] - 0.6, files[-1] + 0.9)
    drawing.scale(plane, "x", low=files[0] - 0.6, high=files[-1] + 0.9, n_ticks=8)
    plane.axhline(0.0, color=drawing.QUIET, linewidth=1)
    plane.fill_between(files, kept, claimed, color=drawing.BAND, linewidth=0, zorder=0)
    plane.plot(files, claimed, "--s", color=drawing.ORANGE, markersize=4.5, linewidth=1.6)
    plane.plot(files, kept, "-o", color=drawing.BLUE, markersize=4.5, linewidth=1.6)
    if interval:
        plane.plot([files[-1]] * 2, interval, color=drawing.BLUE, linewidth=1)
    marks = [
        ("claimed so far", files[-1], claimed[-1]),
        ("kept on new labels", files[-1], kept[-1]),
    ]
    drawing.names(plane, marks, at=1.02, height=HEIGHT)
    plane.set_xlabel("file that was released as an improvement, by its number")
    plane.set_ylabel(f"{data['unit']} better\nthan the first", fontsize=11)
    return figure
