"""Bodies that come packed by gzip (RFC 1952), unpacked no further than a file may be large.

Several members behind each other are one file, as the format says and as `cat a.gz b.gz` makes it; zeros at
the end are padding. The checksums are compared. Pure; it runs in the parser's child process.
"""

import zlib

from vault.errors import PackedBodyError, UnpackedSizeError

# Programs that pack in parallel make one for each block; millions of empty ones would cost time for nothing.
MAX_MEMBERS = 10_000
_PIECE = 1 << 18
# Of a member the first: what follows a small one is copied in vain.
_FIRST_PIECE = 1 << 10
_GZIP_ONLY = 16 + zlib.MAX_WBITS
_MAGIC = b"\x1f\x8b"
_CUT_OFF = "the gzip body is cut off: its end is missing; send all of the packed file"


def unpack(source: memoryview, target: memoryview) -> int:
    """Fill `target` from its start; return how many bytes the file has.

    Raises `PackedBodyError`, and `UnpackedSizeError` as soon as there is one byte more than `target` has room
    for.
    """
    if source[:2] != _MAGIC:
        raise PackedBodyError("the body is not packed by gzip; send it without Content-Encoding")
    n_written = 0
    for number in range(1, MAX_MEMBERS + 1):
        try:
            n_read, n_written = _unpack_member(source, target, n_written)
        except zlib.error as error:
            what = str(error).rpartition(": ")[2]
            raise PackedBodyError(
                f"the gzip body is damaged in its member {number}: {what}; pack the file again"
            ) from None
        source = source[n_read:]
        if not any(source):
            return n_written
        if source[:2] != _MAGIC:
            raise PackedBodyError(
                f"{len(source)} bytes that are not gzip follow the end of the gzip body; leave them out"
            )
    raise PackedBodyError(f"the gzip body has more than {MAX_MEMBERS} members")


def _unpack_member(source: memoryview, target: memoryview, n_written: int) -> tuple[int, int]:
    """Unpack one member behind what is written; return the bytes read of it, and all that are written."""
    n_read = 0
    inflater = zlib.decompressobj(wbits=_GZIP_ONLY)
    packed, has_more, longest = b"", False, _FIRST_PIECE
    while not inflater.eof:
        # A full piece may leave more inside the inflater although it took all of its input.
        if not has_more:
            packed = bytes(source[n_read : n_read + longest])
            longest = _PIECE
            if not packed:
                raise PackedBodyError(_CUT_OFF)
            n_read += len(packed)
        room = len(target) - n_written
        most = min(_PIECE, room + 1)
        piece = inflater.decompress(packed, most)
        if len(piece) > room:
            limit = len(target)
            raise UnpackedSizeError(f"the file unpacks to more than {limit} bytes", limit=limit)
        target[n_written : n_written + len(piece)] = piece
        n_written += len(piece)
        packed, has_more = inflater.unconsumed_tail, len(piece) == most
    return n_read - len(inflater.unused_data), n_written
