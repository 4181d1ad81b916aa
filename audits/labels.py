"""Names beside the marks of a figure: a column with leader lines, in which no two names overlap."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

LINE = 15.0
# Of the figures' font of 12 pixels; a wide guess, so that a box holds its text.
CHARACTER = 7.2
MAX_LENGTH = 26


@dataclass(frozen=True, kw_only=True)
class Label:
    """A name at the end of a leader line from its mark; `y` is the middle of its box."""

    text: str
    full: str
    mark_x: float
    mark_y: float
    x: float
    y: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom."""
        width = len(self.text) * CHARACTER
        return self.x, self.y - LINE / 2, self.x + width, self.y + LINE / 2

    @property
    def svg(self) -> str:
        """The line, and the name with the whole of it as its title."""
        return (
            f'<line class="leader" x1="{self.mark_x:.1f}" y1="{self.mark_y:.1f}" '
            f'x2="{self.x - 3:.1f}" y2="{self.y:.1f}"/>'
            f'<text class="name" x="{self.x:.1f}" y="{self.y + 4:.1f}">{escape(self.text)}'
            f"<title>{escape(self.full)}</title></text>"
        )


def height_for(*, n_names: int) -> float:
    """Compute what a column of so many names needs."""
    return n_names * LINE


def column(
    *, marks: Sequence[tuple[str, float, float]], x: float, low: float, high: float
) -> list[Label]:
    """Put names of marks (name, x, y) in a column at x, near their marks; for the room see `height_for`."""
    ordered = sorted(marks, key=lambda mark: (mark[2], mark[1], mark[0]))
    places = spread(wanted=[mark[2] for mark in ordered], low=low + LINE / 2, high=high - LINE / 2)
    return [
        Label(text=shortened(name), full=name, mark_x=mark_x, mark_y=mark_y, x=x, y=place)
        for (name, mark_x, mark_y), place in zip(ordered, places, strict=True)
    ]


def spread(*, wanted: Sequence[float], low: float, high: float) -> list[float]:
    """Find ascending places at least a line apart, pushed down from above and then up from below."""
    places: list[float] = []
    for value in wanted:
        least = places[-1] + LINE if places else low
        places.append(max(value, least))
    for position in reversed(range(len(places))):
        places[position] = min(places[position], high)
        high = places[position] - LINE
    return places


def shortened(name: str) -> str:
    """Keep both ends of a long name: of two teams with one title the ends differ."""
    if len(name) <= MAX_LENGTH:
        return name
    half = MAX_LENGTH // 2
    return f"{name[: half - 1]}…{name[-half:]}"
