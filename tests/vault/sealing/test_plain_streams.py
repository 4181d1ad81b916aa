"""A stream that unpacks to more than it is gets refused before it is unpacked."""

import contextlib
import io
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from vault.sealing import plain_streams

COLUMNS: dict[str, Any] = {
    "position": pa.array(np.zeros(2_000_000, dtype=np.int64)),
    "group": pa.array(["a"] * 2_000_000).dictionary_encode(),
}


def stream(content: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    written = pa.ipc.IpcWriteOptions(**options)
    with pa.ipc.new_stream(sink, content.schema, options=written) as writer:
        writer.write_table(content)
    return sink.getvalue()


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize(
    "options",
    [
        {"compression": "zstd"},
        {"compression": "lz4"},
        {"metadata_version": pa.ipc.MetadataVersion.V4},
    ],
    ids=str,
)
def test_what_is_compressed_is_refused_before_it_is_unpacked(
    name: str, options: dict[str, Any]
) -> None:
    content = stream(pa.table({name: COLUMNS[name]}), **options)
    before = pa.total_allocated_bytes()

    with pytest.raises(ValueError, match="compressed"):
        plain_streams.read(content)

    assert pa.total_allocated_bytes() <= before


def test_a_dictionary_alone_may_be_compressed_and_is_refused() -> None:
    """The batch behind it need not be: each message says it of itself."""
    words = pa.array([f"{i:09d}" for i in range(1000)]).dictionary_encode()
    table = pa.table({"group": words})
    plain, small = stream(table), stream(table, compression="zstd")
    first = list(pa.ipc.MessageReader.open_stream(small))[:2]
    rest = list(pa.ipc.MessageReader.open_stream(plain))[2:]
    mixed = b"".join(message.serialize().to_pybytes() for message in [*first, *rest])
    assert pa.ipc.open_stream(mixed).read_all() == table

    with pytest.raises(ValueError, match="compressed"):
        plain_streams.read(mixed)


def test_what_is_plain_is_read_with_any_number_of_batches_and_zeros_behind() -> None:
    table = pa.table({"id": ["a", "b", "c"], "group": pa.array(["x", "y", "x"])})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        for batch in table.to_batches(max_chunksize=1):
            writer.write_batch(batch)

    assert plain_streams.read(sink.getvalue() + bytes(4096)) == table


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"no Arrow at all", b"\xff" * 64])
def test_what_is_no_stream_is_refused(content: bytes) -> None:
    with pytest.raises((ValueError, pa.ArrowException, OSError)):
        plain_streams.read(content)


def test_whatever_byte_is_changed_nothing_but_a_refusal_comes_of_it() -> None:
    content = stream(pa.table({"id": pa.array(range(20), pa.int32())}))
    for at in range(0, len(content), 3):
        changed = bytearray(content)
        changed[at] ^= 0xFF
        with contextlib.suppress(ValueError, pa.ArrowException, OSError):
            plain_streams.read(bytes(changed))
