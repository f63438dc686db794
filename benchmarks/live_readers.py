"""Readers of a live stream, in a process of their own: each holds one connection and notes how late each alert came.

Reads one JSON line from standard input: host, port, path, and the Cookie header of each reader. Prints a line once all are
connected; after a second line on standard input it prints how many alerts came after which delay, in whole milliseconds, and ends.
"""

import asyncio
import json
import re
import sys
import time
from collections import Counter
from typing import Any

import uvloop

CAPTURED = re.compile(rb'"captured_at_ms":(\d{13})')
TAIL = 64  # a field may lie in two pieces


class Reader(asyncio.Protocol):
    """One connection."""

    def __init__(self, request: bytes, delays: "Counter[int]", begun: asyncio.Event) -> None:
        self._request, self._delays, self._begun = request, delays, begun
        self._kept = b""

    def connection_made(self, transport: Any) -> None:
        """Send the request."""
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Note the delay of each alert in it."""
        now_ms = time.time_ns() // 1_000_000
        if not self._begun.is_set():
            assert data.startswith(b"HTTP/1.1 200"), data[:500]
            self._begun.set()
        text, at = self._kept + data, 0
        for found in CAPTURED.finditer(text):
            self._delays[now_ms - int(found[1])] += 1
            at = found.end()
        self._kept = text[max(at, len(text) - TAIL) :]


async def read() -> None:
    """Connect all, and tell what came."""
    loop, lines = asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    asked = json.loads(await lines.readline())
    delays: Counter[int] = Counter()
    for cookie in asked["cookies"]:
        head = f"GET {asked['path']} HTTP/1.1\r\nHost: {asked['host']}\r\nVigie-Reason: live%20bench\r\n"
        begun = asyncio.Event()
        reader = Reader(f"{head}Cookie: {cookie}\r\n\r\n".encode(), delays, begun)
        await loop.create_connection(lambda reader=reader: reader, "127.0.0.1", asked["port"])
        await begun.wait()
    print("connected", flush=True)
    while (told := (await lines.readline()).decode().strip()) == "anew":  # the warm-up is not counted
        delays.clear()
    assert told == "end", told
    print(json.dumps(delays), flush=True)


if __name__ == "__main__":
    uvloop.run(read())
