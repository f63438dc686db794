"""Parses the two text forms of Dahua's streams: lines of Events[n].Name=value, and Code=...;action=...;index=...;data={...}."""

import json
import re
from collections.abc import Iterator

from pipeline.gateway.node import Value

MAX_EVENTS = 100
MAX_LINES = 5000
_LINE = re.compile(r"(?:Return)?Events\[(\d{1,3})\]\.([^=\r\n]{1,200})=(.*)")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d{1,3})\]")
_EVENT = re.compile(r"Code=([A-Za-z0-9_]{1,60});\s*action=([^;\r\n]{0,40})(?:;index=[^;\r\n]{0,20})?(?:;data=)?")
_IN_LINES = re.compile(r"^[ \t]*(?:Return)?Events\[", re.MULTILINE)
_BLANKS = re.compile(r"\s*")
_LENIENT = json.JSONDecoder(strict=False)


def events_of_lines(text: str) -> Iterator[tuple[str, dict[str, Value] | None]]:
    """Yields the code and the data of each event; data None: the event is cut off. Of an event that ends (action Stop) the code is
    empty: it was told when it began."""
    if _IN_LINES.search(text):
        yield from _of_lines(text)
        return
    found = _EVENT.search(text)
    for _ in range(MAX_EVENTS):
        if found is None:
            return
        value, at = _data_at(text, found.end())
        is_stop = found[2].strip().lower() == "stop"
        yield ("", {}) if is_stop else (found[1], value)
        found = _EVENT.search(text, at) if at >= 0 else None


def _data_at(text: str, at: int) -> tuple[dict[str, Value] | None, int]:
    """The data that begins here, and where it ends: what its texts say is no event. Data None: it is cut off, or no JSON, and the
    next event begins a line; -1: none does."""
    begin = _BLANKS.match(text, at).end()  # type: ignore[union-attr]  # the pattern also matches nothing
    if not text.startswith("{", begin):
        return {}, at
    try:
        value, end = _LENIENT.raw_decode(text, begin)
    except (ValueError, RecursionError):
        return None, text.find("\nCode=", begin)
    return value if isinstance(value, dict) else {}, end


def _of_lines(text: str) -> Iterator[tuple[str, dict[str, Value] | None]]:
    events: dict[int, dict[str, Value]] = {}
    for line in text.splitlines()[:MAX_LINES]:
        found = _LINE.match(line.strip())
        if found and (int(found[1]) in events or len(events) < MAX_EVENTS):
            _put(events.setdefault(int(found[1]), {}), found[2], found[3].strip())
    for number in sorted(events):
        event = events[number]
        base = event.get("EventBaseInfo")
        code = event.get("Code") or (base.get("Code") if isinstance(base, dict) else None)
        data = event.get("Data")
        if isinstance(data, dict):
            event = {**event, **data}
        action = event.get("Action") or (base.get("Action") if isinstance(base, dict) else None)
        yield code if isinstance(code, str) and action != "Stop" else "", event


def _put(event: dict[str, Value], path: str, value: str) -> None:
    """Put a value into the event at its dotted path. An index at the end appends it to a list; one within the path is a name."""
    steps = [name or number for name, number in _STEP.findall(path)][:12]
    here = event
    for at, step in enumerate(steps[:-1]):
        if steps[at + 1].isdigit() and at + 2 == len(steps):
            there = here.setdefault(step, [])
            if isinstance(there, list) and len(there) < 100:
                there.append(value)
            return
        deeper = here.setdefault(step, {})
        if not isinstance(deeper, dict):
            return
        here = deeper
    if steps:
        here[steps[-1]] = value
