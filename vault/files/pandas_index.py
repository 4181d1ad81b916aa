"""Ids that pandas keeps as the index of a frame: where they stand in a Parquet file.

pandas writes an index behind the other columns, under its name or as `__index_level_0__`, and an index that
only counts into the metadata alone.
"""

import json
from typing import Any

UNNAMED = "__index_level_"
_MAX_METADATA = 1 << 20
_INT64 = range(-(2**63), 2**63)


def ids(metadata: Any, names: list[str], *, n_rows: int) -> str | range | None:
    """Find the column or range of the ids if they are the only index; None: the columns say it themselves."""
    index = _only_index(metadata)
    # A name that occurs twice is refused where the columns are checked.
    if isinstance(index, str) and names.count(index) == 1:
        return index if index == "id" or (index.startswith(UNNAMED) and "id" not in names) else None
    if isinstance(index, dict) and index.get("name") == "id" and "id" not in names:
        bounds: list[Any] = [index.get(name) for name in ("start", "stop", "step")]
        if not all(type(bound) is int and bound in _INT64 for bound in bounds) or bounds[2] == 0:
            return None
        # Bounds and rows of 64 bits: `len` could fail on more.
        if abs(bounds[1] - bounds[0]) in _INT64 and len(range(*bounds)) == n_rows:
            return range(*bounds)
    return None


def _only_index(metadata: Any) -> Any:
    """Read what the file says of its index; it may say anything."""
    text = (metadata or {}).get(b"pandas", b"")
    if not 0 < len(text) <= _MAX_METADATA:
        return None
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    columns = told.get("index_columns") if isinstance(told, dict) else None
    return columns[0] if isinstance(columns, list) and len(columns) == 1 else None
