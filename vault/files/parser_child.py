"""A process that parses other people's files and can do nothing else: `python -m vault.files.parser_child`.

It knows no Django, no database and no secret: its environment is empty, it may write no file, and its
memory is limited before it reads a byte. It talks over the socket on its standard input and ends when that
is closed, or by an alarm if one file takes too long: a lost parent leaves no busy child behind.

Files come as descriptors. What a large one took is given back; a child that cannot says that it is spent.
"""

import ctypes
import mmap
import os
import resource
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa

from vault.errors import InvalidFileError, PackedBodyError, UnpackedSizeError
from vault.files import gzip_bodies, panel_files
from vault.files.parser_frames import receive, send
from vault.files.parsing import FileSpec, parse

_PANELS_KEPT = 4
# Beyond what it had at its start and keeps on purpose.
_MAX_KEPT_BYTES = 48 << 20
_TRIM = getattr(ctypes.CDLL(None), "malloc_trim", None)

Answer = tuple[dict[str, Any], bytes]


def main(memory_mb: int, seconds: float) -> None:
    for limit, value in (
        (resource.RLIMIT_AS, memory_mb << 20),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    pa.set_cpu_count(1)
    panels: dict[str, pa.Array] = {}
    at_start = _resident_bytes()
    with socket.socket(fileno=sys.stdin.fileno()) as parent:
        while True:
            request = receive(parent, max_files=2)
            if request is None:
                return
            signal.setitimer(signal.ITIMER_REAL, seconds)
            header, body = _answer(*request, panels)
            signal.setitimer(signal.ITIMER_REAL, 0)
            # All memory that is free is given back before the rest is counted.
            pa.default_memory_pool().release_unused()
            if _TRIM is not None:
                _TRIM(0)
            kept = at_start + len(body) + sum(ids.nbytes for ids in panels.values())
            is_spent = _resident_bytes() > kept + _MAX_KEPT_BYTES
            send(parent, {**header, "is_spent": is_spent}, body)


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def _answer(
    header: dict[str, Any], body: bytes, files: list[int], panels: dict[str, pa.Array]
) -> Answer:
    try:
        if header["act"] == "panel":
            while len(panels) >= _PANELS_KEPT:
                panels.pop(next(iter(panels)))
            panels[header["panel"]] = panel_files.read(body)
            return {"outcome": "ready"}, b""
        if header["act"] == "unpack":
            return _unpacked(header, files[0], files[1])
        if header["panel"] not in panels:
            return {"outcome": "panel wanted"}, b""
        predictions = parse(
            body=os.pread(files[0], header["size"], 0),
            content_type=header["content_type"],
            spec=FileSpec(**{**header["spec"], "classes": tuple(header["spec"]["classes"])}),
            panel_ids=panels[header["panel"]],
        )
        return {"outcome": "parsed"}, predictions.canonical
    except InvalidFileError as error:
        return {"outcome": "invalid", "message": error.message, "data": error.data}, b""
    except MemoryError:
        return {"outcome": "memory"}, b""
    finally:
        for file in files:
            os.close(file)


def _unpacked(header: dict[str, Any], packed: int, unpacked: int) -> Answer:
    """Unpack into the second file, which has room for the largest that may be."""
    with (
        mmap.mmap(packed, header["size"], prot=mmap.PROT_READ) as source,
        mmap.mmap(unpacked, header["limit"]) as target,
        memoryview(source) as content,
        memoryview(target) as room,
    ):
        # In here: while an error is at large, its frames hold on to both files.
        try:
            return {"outcome": "unpacked", "size": gzip_bodies.unpack(content, room)}, b""
        except UnpackedSizeError as error:
            return {"outcome": "too large", "message": error.message}, b""
        except PackedBodyError as error:
            return {"outcome": "damaged", "message": error.message}, b""


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
