"""Bodies that come packed by gzip (RFC 1952), unpacked no further than a file may be large.

Several members behind each other are one file, as the format says and as `cat a.gz b.gz` makes it; zeros at
the end are padding. The checksums are compared. Pure; it runs in the parser's child process.
"""

import zlib
from dataclasses import dataclass

from vault.errors import PackedBodyError, UnpackedSizeError

# Programs that pack in parallel make one for each block; millions of empty ones would cost time for nothing.
MAX_MEMBERS = 10_000
_PIECE = 1 << 18
# Of a member the first: what follows a small one is copied in vain.
_FIRST_PIECE = 1 << 10
_GZIP_ONLY = 16 + zlib.MAX_WBITS
_MAGIC = b"\x1f\x8b"
_CUT_OFF = "the gzip body is cut off: its end is missing; send all of the packed file"


@dataclass(kw_only=True)
class _Unpacking:
    source: memoryview
    target: memoryview
    n_read: int = 0
    n_written: int = 0


def unpack(source: memoryview, target: memoryview) -> int:
    """Fill `target` from its start; how many bytes the file has.

    Raises `PackedBodyError`, and `UnpackedSizeError` as soon as there is one byte more than `target` has room
    for.
    """
    if source[:2] != _MAGIC:
        raise PackedBodyError("the body is not packed by gzip; send it without Content-Encoding")
    work = _Unpacking(source=source, target=target)
    for number in range(1, MAX_MEMBERS + 1):
        try:
            _unpack_member(work)
        except zlib.error as error:
            what = str(error).rpartition(": ")[2]
            raise PackedBodyError(
                f"the gzip body is damaged in its member {number}: {what}; pack the file again"
            ) from None
        rest = source[work.n_read :]
        if not any(rest):
            return work.n_written
        if rest[:2] != _MAGIC:
            raise PackedBodyError(
                f"{len(rest)} bytes that are not gzip follow the end of the gzip body; leave them out"
            )
    raise PackedBodyError(f"the gzip body has more than {MAX_MEMBERS} members")


def _unpack_member(work: _Unpacking) -> None:
    inflater = zlib.decompressobj(wbits=_GZIP_ONLY)
    packed, has_more, longest = b"", False, _FIRST_PIECE
    while not inflater.eof:
        # A full piece may leave more inside the inflater although it took all of its input.
        if not has_more:
            packed = bytes(work.source[work.n_read : work.n_read + longest])
            longest = _PIECE
            if not packed:
                raise PackedBodyError(_CUT_OFF)
            work.n_read += len(packed)
        room = len(work.target) - work.n_written
        most = min(_PIECE, room + 1)
        piece = inflater.decompress(packed, most)
        if len(piece) > room:
            limit = len(work.target)
            raise UnpackedSizeError(f"the file unpacks to more than {limit} bytes", limit=limit)
        work.target[work.n_written : work.n_written + len(piece)] = piece
        work.n_written += len(piece)
        packed, has_more = inflater.unconsumed_tail, len(piece) == most
    work.n_read -= len(inflater.unused_data)
