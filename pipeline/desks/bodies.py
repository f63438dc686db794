"""Parses a request's body, query and path to typed values, or refuses it with the place of the fault."""

import asyncio
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from pipeline.desks.problems import Problem, bad_request, not_found
from pipeline.tables.columns import TABLES
from pipeline.tables.refusals import unknown_field
from schemas.base import UNREADABLE, Message

M = TypeVar("M", bound=Message)
MOST_BYTES = 256 * 1024
WITHIN_S = 10.0  # a body must have come
_FAULTS = {table.message: table.fault for table in TABLES.values()}


async def read(request: web.Request, most: int = MOST_BYTES) -> bytes:
    """The whole body, of at most so many bytes. Raises Problem when its header does not say JSON, or it is compressed, too long,
    too slow or cut off."""
    if request.content_type != "application/json" or request.charset not in (None, "utf-8"):
        raise Problem(415, "media", "Send JSON.", permits="Content-Type: application/json")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Problem(415, "media", "Send JSON that is not packed.")
    try:
        async with asyncio.timeout(WITHIN_S * max(1, most // MOST_BYTES) ** 0.5):
            data = bytearray()
            async for chunk in request.content.iter_any():
                data += chunk
                if len(data) > most:
                    raise Problem(413, "too_large", "This is too long.", permits=f"at most {most} bytes")
            return bytes(data)
    except (TimeoutError, ConnectionError, web.RequestPayloadError):  # or it was cut off: hardly anybody hears of it
        raise Problem(408, "too_slow", "This came too slowly.") from None


def item_of(data: bytes, kind: type[M], home: str) -> M:
    """The message in a JSON object. Raises Problem, naming the place, for an unknown field, a wrong value, or an item that
    our country's rules refuse."""
    try:
        values = msgspec.json.decode(data)
    except UNREADABLE as error:
        raise bad_request(f"no JSON: {error}") from None
    if not isinstance(values, dict):
        raise bad_request("a JSON object is needed")
    return _converted(values, kind, home, strict=True)


def query_of(request: web.Request, kind: type[M] | None) -> M | None:
    """The query's values; None where the route takes none. Raises Problem for an unknown name, a wrong value, or a name that occurs
    twice."""
    values = dict(request.query)
    if len(values) != len(request.query):
        raise bad_request("each name in the query may stand there once")
    if kind is None:
        if values:
            raise bad_request("nothing may stand in the query here")
        return None
    return _converted(values, kind, "", strict=False)


def params_of(request: web.Request, kinds: Mapping[str, Any]) -> dict[str, str]:
    """The names in the path. Raises Problem (not found) for a text that cannot be a name."""
    try:
        return {name: msgspec.convert(value, kinds[name]) for name, value in request.match_info.items()}
    except msgspec.ValidationError:
        raise not_found() from None


def _converted(values: dict[str, Any], kind: type[M], home: str, *, strict: bool) -> M:
    unknown = unknown_field(values, kind)
    if unknown is not None:
        raise bad_request(f"{'.'.join(map(str, unknown[0]))}: {unknown[1]}", "unknown_field")
    try:
        item = msgspec.convert(values, kind, strict=strict)
    except (msgspec.ValidationError, RecursionError) as error:
        raise bad_request(str(error)) from None
    fault = _FAULTS[kind](item, home) if kind in _FAULTS else None
    if fault is not None:
        raise bad_request(f"{fault[0]}: {fault[1]}", "against_a_rule")
    return item
