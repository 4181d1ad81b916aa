"""Many bots in one program: each asks for its submission, waits as long as it is told, and asks again.

Run beside a measurement, in a process of its own, so that it does not slow down who measures.
"""

import argparse
import asyncio
import json
import random
import sys
from collections import Counter


async def poll(port: int, request: bytes, end: float, seen: Counter[str]) -> None:
    """One bot on one connection, until the time is up."""
    loop = asyncio.get_running_loop()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while loop.time() < end:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        status = head.split(" ", 2)[1]
        if status != "304":
            await reader.readexactly(int(fields.get("content-length", 0)))
        seen[status] += 1
        seen["waited"] += "preference-applied" in fields
        wait = int(fields.get("retry-after", "1"))
        await asyncio.sleep(min(wait * (1 + random.random() / 2), max(0.0, end - loop.time())))
    writer.close()


async def play(port: int, requests: list[str], seconds: float) -> Counter[str]:
    seen: Counter[str] = Counter()
    end = asyncio.get_running_loop().time() + seconds
    await asyncio.gather(*(poll(port, text.encode(), end, seen) for text in requests))
    return seen


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    seen = asyncio.run(play(options.port, json.load(sys.stdin), options.seconds))
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main()
