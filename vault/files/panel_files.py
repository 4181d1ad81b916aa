"""The form of a panel's file: Parquet with one column, `id` (string or int64), in panel order.

The parser's child process reads it too, so this file knows no Django.
"""

import io

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

MAX_ID_BYTES = 200
# Every id must survive a line of CSV in anybody's program.
TOO_LONG = f"an item id has 1 to {MAX_ID_BYTES} bytes"
UNCLEAN = "an item id holds a control character, or white space at an end"


def write(ids: pa.Array) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"id": ids}), sink, compression="zstd")
    return sink.getvalue()


def read(content: bytes) -> pa.Array:
    """Read the ids as one contiguous array. Only for files that this service wrote."""
    table = pq.read_table(pa.BufferReader(content), use_threads=False)
    column = table.column("id").combine_chunks()
    return column.chunk(0) if isinstance(column, pa.ChunkedArray) else column


def is_too_long(ids: pa.Array) -> NDArray[np.bool_]:
    """Which of these texts are empty or longer than an id may be; a null is neither."""
    lengths = pc.binary_length(ids)
    wrong = pc.or_(pc.equal(lengths, 0), pc.greater(lengths, MAX_ID_BYTES))
    return _flags(wrong)


def is_unclean(ids: pa.Array) -> NDArray[np.bool_]:
    """Which of these texts hold what no id may."""
    return _flags(pc.match_substring_regex(ids, r"[\x00-\x1f\x7f]|^\s|\s$"))


def _flags(found: pa.Array) -> NDArray[np.bool_]:
    flags: NDArray[np.bool_] = found.fill_null(False).to_numpy(zero_copy_only=False)
    return flags
