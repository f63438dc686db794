"""Messages to bytes and back, by each topic's encoding. What cannot be decoded is a BadRecord that says where it is wrong.

On a topic that also carries withdrawals a record is first decoded as the topic's own message. If it is not one, but says that
it is a withdrawal, it is decoded as a withdrawal.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain
from typing import Any, TypeVar

import msgspec

from pipeline.errors import BadRecord
from schemas.base import Message
from schemas.identity import id_fault
from schemas.outcomes import Alert, Violation, Withdrawal
from schemas.reads import MAX_BATCH, PlateRead, ReadBatch, fault_in
from schemas.topics import Topic

M = TypeVar("M", bound=Message)
Item = TypeVar("Item")
TOO_LARGE = "record_too_large"
MOST_ITEMS = 10 * MAX_BATCH
"""A record that is not valid and has more reads than this is refused whole; of a smaller one the good reads are kept."""
MOST_COMMAS = 100 * MOST_ITEMS
"""The same for its commas: to count them costs a hundredth of taking half a million items apart."""
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
    """The message in these bytes. Raises BadRecord: empty, record_too_large (larger than its topic takes, before it was packed),
    undecodable (no JSON or msgpack) or invalid (names the field)."""
    if not payload:
        raise BadRecord("empty", "the record has no value")
    if len(payload) > topic.max_message_bytes:
        most = topic.max_message_bytes
        raise BadRecord(TOO_LARGE, f"{len(payload)} bytes when unpacked, at most {most}; the first {most} are kept")
    try:
        message: M = _decoder(topic.message, topic.encoding).decode(payload)
    except msgspec.ValidationError as error:
        if topic.withdrawals and _is_withdrawal(payload):
            return _withdrawal(payload)  # type: ignore[return-value]  # what the topic's own type says that it carries
        raise BadRecord("invalid", str(error)) from error
    except _UNREADABLE as error:
        raise BadRecord("undecodable", f"not {topic.encoding}: {error}") from error
    fault = fault_in(_READS_OF.get(topic.message, _no_reads)(message)) or id_fault(message)
    if fault is not None:
        raise BadRecord("invalid", fault)
    return message


def decode_all(topic: Topic[M], payloads: Sequence[bytes | None]) -> list[M] | None:
    """The messages in all these bytes; None when `decode` would refuse one of them, or one is a withdrawal, which `decode` takes.

    Per message it costs the least that it can.
    """
    decode_one = _decoder(topic.message, topic.encoding).decode
    try:
        if max(map(len, payloads), default=0) > topic.max_message_bytes:  # type: ignore[arg-type]  # of None comes a TypeError
            return None
        messages: list[M] = list(map(decode_one, payloads))  # type: ignore[arg-type]  # as above
    except (*_UNREADABLE, TypeError):  # the last: no payload at all
        return None
    reads_of = _READS_OF.get(topic.message)
    if reads_of is not None and fault_in(list(chain.from_iterable(map(reads_of, messages)))) is not None:
        return None
    if topic.message is not ReadBatch and any(id_fault(message) is not None for message in messages):
        return None
    return messages


class _Typed(msgspec.Struct):
    type: str = ""


def _is_withdrawal(payload: bytes) -> bool:
    try:
        return _TYPED.decode(payload).type == "withdrawal"
    except _UNREADABLE:
        return False


def _withdrawal(payload: bytes) -> Withdrawal:
    try:
        return _WITHDRAWAL.decode(payload)
    except _UNREADABLE as error:
        raise BadRecord("invalid", str(error)) from error


def _no_reads(_message: Message) -> Sequence[PlateRead]:
    return ()


# where a message holds reads, whose names msgspec leaves to `fault_in`
_READS_OF: dict[type[Message], Callable[[Any], Sequence[PlateRead]]] = {
    ReadBatch: lambda batch: batch.reads,
    Alert: lambda alert: (alert.read,),
    Violation: lambda violation: (violation.entry, violation.exit),
}


class _RawBatch(msgspec.Struct):
    reads: list[msgspec.Raw]


class _AnyBatch(msgspec.Struct):
    reads: list[Any]


def decode_reads_one_by_one(
    payload: bytes,
) -> tuple[list[tuple[int, PlateRead]], list[tuple[int, bytes, BadRecord]]]:
    """A batch that is not valid as a whole: (index, read) of each good read, and (index, bytes, why) of each bad one.

    One bad read does not take the good ones with it. Raises BadRecord when it is no batch at all, or holds more than MOST_ITEMS
    items or MOST_COMMAS commas.
    """
    good: list[tuple[int, PlateRead]] = []
    bad: list[tuple[int, bytes, BadRecord]] = []
    for index, item in enumerate(_items_of(payload)):
        try:
            read = _READ.decode(item)
        except _UNREADABLE as error:
            bad.append((index, item, BadRecord("invalid", str(error))))
            continue
        fault = fault_in((read,))
        if fault is None:
            good.append((index, read))
        else:
            bad.append((index, item, BadRecord("invalid", fault)))
    return good, bad


def _items_of(payload: bytes) -> list[bytes]:
    """The JSON text of each item of a batch, not checked. Raises BadRecord when it is no batch, or has too many items or commas.

    NaN and Infinity, which Python writes and JSON does not have, are accepted; they become strings.
    """
    if payload.count(b",") > MOST_COMMAS:
        raise BadRecord("invalid", f"more than {MOST_COMMAS} commas, where {MAX_BATCH} reads have a few thousand")
    try:
        return [bytes(raw) for raw in _few(_RAW_BATCH.decode(payload).reads)]
    except _UNREADABLE as error:
        whole = BadRecord("invalid" if isinstance(error, msgspec.ValidationError) else "undecodable", str(error))
    try:
        found = msgspec.convert(json.loads(payload, parse_constant=str), _AnyBatch).reads
    except (*_UNREADABLE, ValueError):
        raise whole from None
    return [json.dumps(item).encode() for item in _few(found)]


def _few(items: list[Item]) -> list[Item]:
    """The items. Raises BadRecord for more than any sender means: each that is bad would cost as much as a good one."""
    if len(items) > MOST_ITEMS:
        raise BadRecord("invalid", f"{len(items)} reads in one record, at most {MAX_BATCH}")
    return items


_READ = msgspec.json.Decoder(PlateRead)
_TYPED = msgspec.json.Decoder(_Typed)
_WITHDRAWAL = msgspec.json.Decoder(Withdrawal)
_RAW_BATCH = msgspec.json.Decoder(_RawBatch)
