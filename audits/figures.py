"""Figures as plain SVG: no script, no style attribute, so that a strict policy shows them."""

from html import escape

from django.utils.safestring import SafeString, mark_safe

Point = tuple[str, float, float, str]

SIZE = 420
MARGIN = 52


def query_against_fresh(points: list[Point]) -> SafeString:
    """Finals by their score on the query and on the fresh holdout, with the line of equality.

    Points are (name, query, fresh, verdict), oriented scores. Below the line: better on the labels
    that answered queries than on fresh ones.
    """
    if not points:
        return mark_safe("")
    values = [value for _, query, fresh, _ in points for value in (query, fresh)]
    low, high = min(values), max(values)
    pad = max((high - low) * 0.08, 1e-6)
    low, high = low - pad, high + pad

    def across(value: float) -> float:
        return round(MARGIN + (value - low) / (high - low) * (SIZE - 2 * MARGIN), 2)

    def up(value: float) -> float:
        return round(SIZE - across(value), 2)

    ticks = [low + (high - low) * step / 4 for step in range(5)]
    parts = [
        f'<svg class="figure" viewBox="0 0 {SIZE} {SIZE}" role="img" '
        f'aria-label="Finals on query and fresh labels">',
        f'<line class="equal" x1="{across(low)}" y1="{up(low)}" x2="{across(high)}" y2="{up(high)}"/>',
    ]
    for tick in ticks:
        parts += [
            f'<text class="tick middle" x="{across(tick)}" y="{SIZE - MARGIN + 16}">{tick:.3f}</text>',
            f'<text class="tick end" x="{MARGIN - 6}" y="{up(tick) + 4}">{tick:.3f}</text>',
        ]
    for name, query, fresh, verdict in points:
        kind = (verdict or "reference").lower().replace("_", "-")
        parts.append(
            f'<circle class="point {kind}" cx="{across(query)}" cy="{up(fresh)}" r="5">'
            f"<title>{escape(name)}: query {query:.4f}, fresh {fresh:.4f}</title></circle>"
        )
    parts += [
        f'<text class="axis middle" x="{SIZE / 2}" y="{SIZE - 8}">score on query labels</text>',
        f'<text class="axis middle" transform="translate(12 {SIZE / 2}) rotate(-90)">'
        "score on fresh labels</text>",
        "</svg>",
    ]
    return mark_safe("\n".join(parts))  # noqa: S308 - names are escaped above
