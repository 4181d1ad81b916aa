"""A process that parses other people's files and can do nothing else: `python -m vault.parser_child`.

It knows no Django, no database and no secret: its environment is empty, it may write no file, and its
memory is limited before it reads a byte. It talks over the socket on its standard input and ends when that
is closed, or by an alarm if one file takes too long: a lost parent leaves no busy child behind.
"""

import resource
import signal
import socket
import sys
from typing import Any

import pyarrow as pa

from vault import panel_files
from vault.errors import InvalidFileError
from vault.parser_frames import receive, send
from vault.parsing import FileSpec, parse

_PANELS_KEPT = 4


def main(memory_mb: int, seconds: float) -> None:
    _limit(memory_mb)
    pa.set_cpu_count(1)
    panels: dict[str, pa.Array] = {}
    with socket.socket(fileno=sys.stdin.fileno()) as parent:
        while True:
            request = receive(parent)
            if request is None:
                return
            signal.setitimer(signal.ITIMER_REAL, seconds)
            header, body = _answer(*request, panels)
            signal.setitimer(signal.ITIMER_REAL, 0)
            send(parent, header, body)


def _limit(memory_mb: int) -> None:
    for limit, value in (
        (resource.RLIMIT_AS, memory_mb << 20),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))


def _answer(
    header: dict[str, Any], body: bytes, panels: dict[str, pa.Array]
) -> tuple[dict[str, Any], bytes]:
    sha256 = header["panel"]
    try:
        if header["act"] == "panel":
            while len(panels) >= _PANELS_KEPT:
                panels.pop(next(iter(panels)))
            panels[sha256] = panel_files.read(body)
            return {"outcome": "ready"}, b""
        if sha256 not in panels:
            return {"outcome": "panel wanted"}, b""
        spec = FileSpec(**{**header["spec"], "classes": tuple(header["spec"]["classes"])})
        predictions = parse(
            body=body,
            content_type=header["content_type"],
            spec=spec,
            panel_ids=panels[sha256],
        )
        return {"outcome": "parsed"}, predictions.canonical
    except InvalidFileError as error:
        return {"outcome": "invalid", "message": error.message, "data": error.data}, b""
    except MemoryError:
        return {"outcome": "memory"}, b""


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
