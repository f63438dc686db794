"""Messages to bytes and back, by each topic's encoding. What cannot be decoded is a BadRecord that says where it is wrong."""

import json
from functools import cache
from typing import Any, TypeVar

import msgspec

from pipeline.errors import BadRecord
from schemas.base import Message
from schemas.reads import PlateRead
from schemas.topics import Topic

M = TypeVar("M", bound=Message)
_JSON = msgspec.json.Encoder()
_MSGPACK = msgspec.msgpack.Encoder()
_UNREADABLE = (
    msgspec.MsgspecError,
    UnicodeDecodeError,
    RecursionError,
)  # the last: nested more deeply than anything of ours


def encode(topic: Topic[M], message: M) -> bytes:
    """The bytes that the topic carries for this message."""
    return (_JSON if topic.encoding == "json" else _MSGPACK).encode(message)


@cache  # by what is cheap to hash: a topic's own hash is of all its fields
def _decoder(message: type[Message], encoding: str) -> "msgspec.json.Decoder[Any] | msgspec.msgpack.Decoder[Any]":
    return msgspec.json.Decoder(message) if encoding == "json" else msgspec.msgpack.Decoder(message)


def decode(topic: Topic[M], payload: bytes | None) -> M:
    """The message in these bytes. Raises BadRecord: empty, undecodable (no JSON or msgpack) or invalid (names the field)."""
    if not payload:
        raise BadRecord("empty", "the record has no value")
    try:
        message: M = _decoder(topic.message, topic.encoding).decode(payload)
    except msgspec.ValidationError as error:
        raise BadRecord("invalid", str(error)) from error
    except _UNREADABLE as error:
        raise BadRecord("undecodable", f"not {topic.encoding}: {error}") from error
    return message


class _RawBatch(msgspec.Struct):
    reads: list[msgspec.Raw]


class _AnyBatch(msgspec.Struct):
    reads: list[Any]


def decode_reads_one_by_one(payload: bytes) -> tuple[list[PlateRead], list[tuple[int, bytes, BadRecord]]]:
    """A batch whose whole does not validate: its good reads, and (index, bytes, why) of each bad one.

    Raises BadRecord when it is no batch at all, so that one bad read never takes 99 good ones with it.
    """
    good: list[PlateRead] = []
    bad: list[tuple[int, bytes, BadRecord]] = []
    for index, item in enumerate(reads_in(payload)):
        try:
            good.append(_READ.decode(item))
        except _UNREADABLE as error:
            bad.append((index, item, BadRecord("invalid", str(error))))
    return good, bad


def reads_in(payload: bytes) -> list[bytes]:
    """A batch taken apart, none of its reads looked at. Raises BadRecord when it is no batch.

    What is no JSON but Python's own dialect of it (NaN, Infinity) is taken apart, too; the words for its numbers become text.
    """
    try:
        return [bytes(raw) for raw in _RAW_BATCH.decode(payload).reads]
    except _UNREADABLE as error:
        whole = BadRecord("invalid" if isinstance(error, msgspec.ValidationError) else "undecodable", str(error))
    try:
        found = msgspec.convert(json.loads(payload, parse_constant=str), _AnyBatch).reads
    except (*_UNREADABLE, ValueError):
        raise whole from None
    return [json.dumps(item).encode() for item in found]


_READ = msgspec.json.Decoder(PlateRead)
_RAW_BATCH = msgspec.json.Decoder(_RawBatch)
