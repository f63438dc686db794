"""A history in the order of its arrival, one object a line: what was put, removed, read, and forgotten.

```text
{"at_ms": 0, "put": {"collection": "sections", "item": {...}}}       as `vigie sections import` takes it
{"at_ms": 0, "remove": {"collection": "hotlist", "key": "e1"}}
{"at_ms": 0, "reads": [{...}, ...]}                                  one batch; read_id and received_at_ms may be left out
{"at_ms": 0, "forget": "redis"}                                      Redis is emptied
```

at_ms is when it arrived, in milliseconds since 1970, UTC: the platform's clock then, and the broker's.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Annotated, Any, Literal

import msgspec

from pipeline.errors import BadRecord
from pipeline.state.collections import COLLECTIONS
from schemas import ids
from schemas.base import UNREADABLE, EpochMs
from schemas.reads import MAX_BATCH

NAMES = tuple(collection.name for collection in COLLECTIONS)


class Put(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An item was put. It holds from its arrival, or from its `holds_from_ms`."""

    collection: str
    item: dict[str, Any]


class Remove(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An item was removed."""

    collection: str
    key: str


class HistoryEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line: exactly one of put, remove, reads and forget. number: of the line, from 1."""

    at_ms: EpochMs
    put: Put | None = None
    remove: Remove | None = None
    reads: Annotated[list[dict[str, Any]], msgspec.Meta(min_length=1, max_length=MAX_BATCH)] | None = None
    forget: Literal["redis"] | None = None
    number: int = 0

    def payload(self) -> bytes:
        """The event's reads as the broker has them, one encoded ReadBatch; read_id and received_at_ms are filled in where
        they were left out."""
        return msgspec.json.encode({"reads": [_completed(read, self.at_ms) for read in self.reads or ()]})


_DECODER = msgspec.json.Decoder(HistoryEvent)


def events_in(lines: Iterable[bytes]) -> Iterator[HistoryEvent]:
    """Yields the events in these lines; blank lines are skipped. Raises BadRecord naming the number of a line that is wrong
    or earlier than one above it, and the reason."""
    before_ms = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        event = _event(line, number)
        if event.at_ms < before_ms:
            raise _bad(
                number, f"at_ms is {event.at_ms}, before the {before_ms} of a line above: write in order of arrival"
            )
        before_ms = event.at_ms
        yield event


def _event(line: bytes, number: int) -> HistoryEvent:
    try:
        event = _DECODER.decode(line.removeprefix(b"\xef\xbb\xbf"))
    except UNREADABLE as error:
        raise _bad(number, " ".join(str(error).split())) from error
    given = [name for name in ("put", "remove", "reads", "forget") if getattr(event, name) is not None]
    if len(given) != 1:
        raise _bad(number, f"has {' and '.join(given) or 'none'} of put, remove, reads and forget: give exactly one")
    change = event.put or event.remove
    if change is not None and change.collection not in NAMES:
        raise _bad(number, f"{change.collection!r} is no collection: one of {', '.join(NAMES)}")
    return msgspec.structs.replace(event, number=number)


def bad_item(event: HistoryEvent, reason: str) -> BadRecord:
    """The error for an event whose values make no item of its collection; it names the line."""
    return _bad(event.number, reason)


def _bad(number: int, reason: str) -> BadRecord:
    return BadRecord("bad_line", f"line {number}: {reason}")


def _completed(read: dict[str, Any], at_ms: int) -> dict[str, Any]:
    full = {"received_at_ms": at_ms} | read
    if "read_id" not in full:
        with suppress(KeyError):
            full["read_id"] = ids.read_id(*(str(read[name]) for name in ("camera_id", "captured_at_ms", "plate")))  # type: ignore[arg-type]  # the id is made of texts
    return full
