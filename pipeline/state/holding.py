"""From when an item says that it holds."""

import msgspec


class _Holds(msgspec.Struct):
    holds_from_ms: int | None = None


HOLDS = b'"holds_from_ms"'
"""Stands in the JSON of every item that says from when it holds."""
_DECODER = msgspec.json.Decoder(_Holds)


def holds_from(data: bytes) -> str:
    """The moment from which an item (its JSON) says that it holds, UTC ms as text; empty when it says none."""
    if HOLDS not in data:
        return ""
    holds_from_ms = _DECODER.decode(data).holds_from_ms
    return "" if holds_from_ms is None else str(holds_from_ms)
