"""Items as Redis has them, read into messages."""

from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from pipeline.state.collections import Collection
from schemas.base import UNREADABLE

log = structlog.get_logger()


def readable(collection: Collection[Any], page: bytes, decode: Callable[[bytes], list[Any]]) -> list[Any]:
    """The items of a JSON array. An item that cannot be read (written by a newer release) is left out, and an error is
    logged.

    decode: collection.decode_versions or decode_changed.
    """
    try:
        return decode(page)
    except UNREADABLE:
        pass
    found: list[Any] = []
    for raw in msgspec.json.decode(page, type=list[msgspec.Raw]):
        try:
            found += decode(b"[" + bytes(raw) + b"]")
        except UNREADABLE as error:
            log.error("replica.unreadable_item", collection=collection.name, error=str(error))
    return found
