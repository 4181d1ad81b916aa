"""Arrow streams as sealing writes them: nothing in one is compressed, so that reading it takes no more room.

Whoever makes an envelope can put a stream into it of which a few bytes unpack to gigabytes. Whether a batch
is compressed stands in its message's header, which is read here without its body. Arrow's reader of messages
has checked the offsets in that header, whose layout is Message.fbs and Schema.fbs of the Arrow format.
"""

import struct

import pyarrow as pa

# Of `MetadataVersion`: before the fifth a compression could be said elsewhere, too.
_V5 = 4
_SCHEMA, _DICTIONARY, _RECORDS = 1, 2, 3


def read(plaintext: bytes) -> pa.Table:
    """Read a table without a copy; `ValueError` if anything in it is compressed."""
    content = pa.py_buffer(plaintext)
    for message in pa.ipc.MessageReader.open_stream(content):
        _check(bytes(message.metadata))
    with pa.ipc.open_stream(content) as stream:
        return stream.read_all()


def _check(header: bytes) -> None:
    try:
        is_plain = _is_plain(header)
    except (struct.error, IndexError):
        is_plain = False
    if not is_plain:
        raise ValueError("the stream is compressed, or of another version")


def _is_plain(header: bytes) -> bool:
    message = _followed(header, 0)
    version, kind = _member(header, message, 0), _member(header, message, 1)
    if version is None or struct.unpack_from("<h", header, version)[0] != _V5 or kind is None:
        return False
    if header[kind] == _SCHEMA:
        return True
    batch = _table(header, message, 2)
    if header[kind] == _DICTIONARY and batch is not None:
        batch = _table(header, batch, 1)
    elif header[kind] != _RECORDS:
        return False
    return batch is not None and _member(header, batch, 3) is None


def _table(header: bytes, table: int, index: int) -> int | None:
    place = _member(header, table, index)
    return None if place is None else _followed(header, place)


def _member(header: bytes, table: int, index: int) -> int | None:
    """Find where a table's member is; None if it has none."""
    members = table - int(struct.unpack_from("<i", header, table)[0])
    entry = 4 + 2 * index
    if entry >= struct.unpack_from("<H", header, members)[0]:
        return None
    offset = int(struct.unpack_from("<H", header, members + entry)[0])
    return table + offset if offset else None


def _followed(header: bytes, place: int) -> int:
    return place + int(struct.unpack_from("<I", header, place)[0])
