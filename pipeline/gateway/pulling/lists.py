"""Fetches the list of what a LILIN camera read, again and again: each entry once, as a message of its own.

Source: https://github.com/LILINOpenGitHub/LILIN-LPR-Camera-SDK (get_search_info). The list keeps the last 1,000 entries, so that
what came while no gateway asked is fetched afterwards.
"""

import asyncio
import weakref
from urllib.parse import urlsplit

import msgspec
import yarl

from pipeline.gateway.documents import json_of
from pipeline.gateway.items import Refuse
from pipeline.gateway.node import Node
from pipeline.gateway.pulling.fetching import Asked, CannotReach, Sink
from pipeline.gateway.pulling.http_line import HttpLine, http_line

EVERY_S = 2.0
QUIET_S = 20.0
_PATH = "/get_search_info?list=log"
_KNOWN: "weakref.WeakKeyDictionary[Sink, set[bytes]]" = weakref.WeakKeyDictionary()
"""The entries that each sink has of the last list: a connection that breaks brings none of them again."""


async def fetch(asked: Asked, sink: Sink) -> None:
    """See Fetch. An address without a path is asked for the usual list."""
    address = asked.pull.address
    url = yarl.URL(address if urlsplit(address).path.strip("/") else address.rstrip("/") + _PATH, encoded=True)
    async with http_line(asked, QUIET_S) as line:
        while True:
            entries = await _entries(line, url, asked)
            sink.answered()
            listed = set[bytes]()
            for entry in reversed(entries):  # the newest stands first
                message = msgspec.json.encode({"LPR_COUNT": 1, "INFORMATION": [_lasting(entry)]})
                listed.add(message)
                if message not in _KNOWN.get(sink, ()):
                    await sink.put(message)
            _KNOWN[sink] = listed
            await asyncio.sleep(EVERY_S)


async def _entries(line: HttpLine, url: yarl.URL, asked: Asked) -> list[Node]:
    async with line.answer(url) as answer:
        body = await line.whole(answer)
    try:
        found = await asyncio.to_thread(json_of, body)
    except Refuse as error:
        raise CannotReach(f"{asked.place} answered no list", "its address has another path", wait_s=60.0) from error
    return [one for one in found.at("INFORMATION") if one.at("TS") or one.at("MOD_TS")]


def _lasting(entry: Node) -> object:
    """The entry without its place in the list, which changes with every entry after it."""
    assert isinstance(entry.value, dict)
    return {name: value for name, value in entry.value.items() if name != "INDEX"}
