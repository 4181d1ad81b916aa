import mmap
import os

import pytest

from vault.files.memory_files import MemoryFile


def test_content_is_what_was_written() -> None:
    with MemoryFile(b"ab") as file:
        file.write(b"cd" * 100_000)

        with file.view() as content:
            assert content == b"ab" + b"cd" * 100_000
        assert file.size == 200_002
        assert file.read(3) == b"abc"
        assert file.read() == b"dc" * 99_999 + b"d"
        assert file.read(1) == b""


def test_empty_one_can_be_looked_at() -> None:
    with MemoryFile() as file, file.view() as content:
        assert bytes(content) == b""


def test_nobody_changes_what_was_sealed() -> None:
    with MemoryFile(b"abc") as file:
        file.seal()
        with pytest.raises(PermissionError):
            os.pwrite(file.fileno(), b"x", 0)
        with pytest.raises(PermissionError):
            mmap.mmap(file.fileno(), 3)
        with pytest.raises(PermissionError):
            file.resize(2)
        with file.view() as content:
            assert bytes(content) == b"abc"


def test_room_that_was_made_is_cut_off() -> None:
    with MemoryFile() as file:
        file.resize(1 << 20)
        with mmap.mmap(file.fileno(), 1 << 20) as mapped:
            mapped[:3] = b"abc"
        file.resize(3)

        assert (file.size, file.read()) == (3, b"abc")
