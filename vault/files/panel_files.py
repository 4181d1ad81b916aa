"""The form of a panel's file: Parquet with one column, `id` (string or int64), in panel order.

The parser's child process reads it too, so this file knows no Django.
"""

import io

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

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
    return table.column("id").combine_chunks()


def wrong_texts(ids: pa.Array) -> list[tuple[pa.Array, str]]:
    """List which of these texts no id may be, and why; a null is right."""
    lengths = pc.binary_length(ids)
    is_too_long = pc.or_(pc.equal(lengths, 0), pc.greater(lengths, MAX_ID_BYTES))
    is_unclean = pc.match_substring_regex(ids, r"[\x00-\x1f\x7f]|^\s|\s$")
    return [(is_too_long, TOO_LONG), (is_unclean, UNCLEAN)]
