"""Unpacking gzip: what is accepted, and that nothing is unpacked beyond the limit."""

import gzip
import io
import random
import zlib
from contextlib import suppress

import pytest

from vault.errors import PackedBodyError, UnpackedSizeError
from vault.files import gzip_bodies

TEXT = b"id,label\n" + b"".join(b"item-%05d,%d\n" % (i, i % 7) for i in range(60_000))
RANDOM = random.Random(3).randbytes(900_000)


def unpacked(packed: bytes, *, limit: int = 1 << 20) -> bytes:
    room = bytearray(limit)
    with memoryview(packed) as source, memoryview(room) as target:
        size = gzip_bodies.unpack(source, target)
    return bytes(room[:size])


def named(content: bytes) -> bytes:
    """As gzip(1) writes it, with a name and a time."""
    sink = io.BytesIO()
    with gzip.GzipFile("predictions.csv", "wb", fileobj=sink) as file:
        file.write(content)
    return sink.getvalue()


@pytest.mark.parametrize("content", [b"", b"a", TEXT, RANDOM, b"\0" * (1 << 20)])
@pytest.mark.parametrize("level", [0, 1, 9])
def test_whole_file_comes_out(content: bytes, level: int) -> None:
    assert unpacked(gzip.compress(content, level)) == content


def test_members_are_one_file() -> None:
    parts = [TEXT[start : start + 65_280] for start in range(0, len(TEXT), 65_280)]

    assert unpacked(b"".join(gzip.compress(part) for part in parts)) == TEXT
    assert unpacked(named(b"a") + named(b"") + named(b"b")) == b"ab"


def test_zeros_at_the_end_are_padding() -> None:
    assert unpacked(gzip.compress(TEXT) + b"\0" * 1000) == TEXT


@pytest.mark.parametrize("n_members", [1, 3])
def test_limit_is_exact(n_members: int) -> None:
    packed = b"".join(gzip.compress(b"x" * 1000) for _ in range(n_members))

    assert unpacked(packed, limit=1000 * n_members) == b"x" * 1000 * n_members
    with pytest.raises(UnpackedSizeError, match="more than") as caught:
        unpacked(packed, limit=1000 * n_members - 1)
    assert caught.value.data == {"limit": 1000 * n_members - 1}


def test_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred megabytes in a hundred kilobytes: no more comes out than there is room for, and a piece."""
    bomb = gzip.compress(b"\0" * (100 << 20))
    asked: list[int] = []

    class Counting:
        def __init__(self, wbits: int) -> None:
            self._real = real(wbits=wbits)

        def decompress(self, packed: bytes, most: int) -> bytes:
            piece = self._real.decompress(packed, most)
            asked.append(len(piece))
            return bytes(piece)

        def __getattr__(self, name: str) -> object:
            return getattr(self._real, name)

    real = zlib.decompressobj
    monkeypatch.setattr(zlib, "decompressobj", Counting)

    with pytest.raises(UnpackedSizeError):
        unpacked(bomb, limit=1 << 20)
    assert sum(asked) == (1 << 20) + 1


WHOLE = gzip.compress(TEXT, mtime=0)


@pytest.mark.parametrize(
    "length", [2, 5, 10, 11, 1000, len(WHOLE) - 9, len(WHOLE) - 8, len(WHOLE) - 1]
)
def test_cut_off_body_is_named_so(length: int) -> None:
    with pytest.raises(PackedBodyError, match="cut off"):
        unpacked(WHOLE[:length])
    with pytest.raises(PackedBodyError, match="cut off"):
        unpacked(WHOLE + WHOLE[:length], limit=2 << 20)


@pytest.mark.parametrize("rest", [b"\n", b"id,label\n", b"\0\0x", b"\x1f\x8c" + b"0" * 20])
def test_what_follows_is_refused(rest: bytes) -> None:
    with pytest.raises(PackedBodyError, match=f"^{len(rest)} bytes that are not gzip follow"):
        unpacked(WHOLE + rest)


@pytest.mark.parametrize("body", [b"", b"\x1f", TEXT, b"PK\x03\x04", b"\x28\xb5\x2f\xfd"])
def test_what_is_not_gzip_is_named_so(body: bytes) -> None:
    with pytest.raises(PackedBodyError, match="not packed by gzip; send it without"):
        unpacked(body)


def test_damage_is_found() -> None:
    for position in (2, len(WHOLE) // 2, len(WHOLE) - 6, len(WHOLE) - 2):
        damaged = bytearray(WHOLE)
        damaged[position] ^= 0x55
        with pytest.raises(PackedBodyError, match=r"damaged in its member 1|cut off"):
            unpacked(bytes(damaged))


def test_bit_flips_are_refused_or_change_nothing() -> None:
    """Flags and the time in the header are under no checksum."""
    rng = random.Random(5)
    for _ in range(300):
        damaged = bytearray(WHOLE)
        damaged[rng.randrange(len(WHOLE))] ^= 1 << rng.randrange(8)
        with suppress(PackedBodyError, UnpackedSizeError):
            assert unpacked(bytes(damaged)) == TEXT


def test_members_have_a_limit() -> None:
    empty = gzip.compress(b"")
    assert unpacked(empty * gzip_bodies.MAX_MEMBERS) == b""
    with pytest.raises(PackedBodyError, match="more than 10000 members"):
        unpacked(empty * (gzip_bodies.MAX_MEMBERS + 1))


def test_small_members_are_not_copied_over_and_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each of 20,000 empty ones a quarter of a megabyte was taken and given back: seconds in all."""
    taken: list[int] = []
    plain = zlib.decompressobj

    class Counting:
        def __init__(self, *, wbits: int) -> None:
            self.inner = plain(wbits=wbits)

        def decompress(self, packed: bytes, most: int) -> bytes:
            taken.append(len(packed))
            return self.inner.decompress(packed, most)

        def __getattr__(self, name: str) -> object:
            return getattr(self.inner, name)

    monkeypatch.setattr(zlib, "decompressobj", Counting)
    packed = gzip.compress(b"") * 20_000

    with pytest.raises(PackedBodyError, match="more than 10000 members"):
        unpacked(packed, limit=10)

    assert sum(taken) <= 10_000 * 1024
