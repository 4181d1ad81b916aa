"""How wide the columns of a table are: names and intervals fold at words, and no figure is broken."""

import re
from collections.abc import Sequence

from rich.cells import cell_len

# Between two columns.
GAP = 2
# A name's word is kept whole up to this; a longer one is broken anyway, down to the least width.
NAME_WIDTH, MIN_WIDTH = 16, 8
# An interval stays on one line while there is room for it.
PIECES = re.compile(r"\[[^\]]*\]|\S+")


def widths(
    columns: Sequence[Sequence[str]],
    *,
    whole: Sequence[int],
    yielding: int | None,
    room: int,
) -> list[int] | None:
    """Find a width for each column, of its header and its texts; None: there is no room for its words.

    `yielding` gives way first, columns of `whole` never. Then intervals go below their figures, the widest
    column first; then they are parted at their comma.
    """
    found = [_longest(texts) for texts in columns]
    others = [at for at in range(len(columns)) if at not in whole and at != yielding]
    widest = sorted(others, key=lambda at: -found[at])
    least = [
        *((at, _longest(PIECES.findall(" ".join(columns[at])))) for at in widest),
        *((at, _longest(" ".join(columns[at]).split())) for at in widest),
    ]
    if yielding is not None:
        word = _longest(" ".join(columns[yielding]).split())
        least.insert(0, (yielding, word if word <= NAME_WIDTH else MIN_WIDTH))
        least.append((yielding, MIN_WIDTH))
    for at, floor in least:
        excess = sum(found) + GAP * (len(found) - 1) - room
        if excess <= 0:
            break
        found[at] = max(min(floor, found[at]), found[at] - excess)
    return found if sum(found) + GAP * (len(found) - 1) <= room else None


def folded(text: str, *, width: int) -> str:
    """Fold into lines of whole words, an interval on one line if it fits there."""
    if cell_len(text) <= width:
        return text
    pieces = PIECES.findall(text)
    if _longest(pieces) > width:
        pieces = text.split()
    lines = [""]
    for piece in pieces:
        joined = f"{lines[-1]} {piece}".strip()
        if cell_len(joined) <= width:
            lines[-1] = joined
        else:
            lines.append(piece)
    return "\n".join(lines)


def _longest(texts: Sequence[str]) -> int:
    return max(map(cell_len, texts), default=0)
