"""The form of a panel's file: Parquet with one column, `id` (string or int64), in panel order.

The parser's child process reads it too, so this file knows no Django.
"""

import io

import pyarrow as pa
import pyarrow.parquet as pq


def write(ids: pa.Array) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"id": ids}), sink, compression="zstd")
    return sink.getvalue()


def read(content: bytes) -> pa.Array:
    """Read the ids as one contiguous array. Only for files that this service wrote."""
    table = pq.read_table(pa.BufferReader(content), use_threads=False)
    column = table.column("id").combine_chunks()
    return column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
