"""Turns one message from its bytes into its items and the answer: the work of a listener without the network."""

from collections.abc import Mapping

import msgspec

from pipeline.gateway.drafts import all_of
from pipeline.gateway.http_bodies import unpacked
from pipeline.gateway.items import Ignored, Item, Refuse, Rejected
from pipeline.gateway.makers import maker_of
from pipeline.gateway.passages import UNIQUE_KEPT_MS, OneMessage, PassageMemory
from pipeline.gateway.personal import count_personal
from pipeline.gateway.protocols import Maker, plain_answer
from pipeline.gateway.request import Answer, Circumstances, Request

_SEND_AGAIN = frozenset({"incomplete_body", "xml_with_doctype", "unreadable", "too_large", "unknown_format"})
"""Reasons that are answered as an error: the sender should send again, or is no camera. What it cannot mend is answered 200."""


class MessageReading(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one message gave: its items, its maker (None: not recognised) and the answer to its sender."""

    maker: str | None
    items: tuple[Item, ...]
    answer: Answer
    passage_ms: int = UNIQUE_KEPT_MS  # how long a passage key of this sender names the same passage
    dropped: Mapping[str, int] = {}  # what may not come in, by kind: faces, persons, owners, phones, addresses
    is_searched: bool = True  # False: the body could not be unpacked, so nobody knows whether such is in it


def received(
    body: bytes,
    around: Circumstances,
    memory: PassageMemory,
    *,
    method: str = "",
    target: str = "",
    headers: Mapping[str, str] | None = None,
    maker: Maker | None = None,
) -> MessageReading:
    """The result of a message as it came over the network. Its passages are remembered at once, as if it had been stored.
    memory: of one sender's passages; method, target, headers: of the request, where it came over HTTP. maker: where the listener
    knows it; None: it is recognised."""
    headers = headers or {}
    try:
        plain, short_by = unpacked(body, headers)
    except Refuse as refused:
        return not_unpacked(refused)
    request = Request(
        body=plain, circumstances=around, method=method, target=target, headers=headers, short_by=short_by
    )
    passages = memory.message("")
    reading = related(parsed(request, maker), passages, request.circumstances.received_at_ms)
    passages.keep()
    return reading


def not_unpacked(refused: Refuse) -> MessageReading:
    """The result of a message whose body could not be unpacked, for the reason in `refused`."""
    return MessageReading(maker=None, items=(refused.item,), answer=plain_answer(False), is_searched=False)


def parsed(request: Request, maker: Maker | None = None) -> MessageReading:
    """What a message says by itself. request: its body is unpacked already (see http_bodies.unpacked). maker: where the
    listener knows it; None: it is recognised. What cannot be read becomes an item Rejected."""
    maker = maker or maker_of(request)
    dropped = count_personal(request.words)
    if maker is None:
        refused = Rejected(reason="unknown_format", detail="no maker's message: a mapping can be written for it")
        return MessageReading(maker=None, items=(refused,), answer=plain_answer(False), dropped=dropped)
    items = _items(request, maker)
    to_come_again = [item for item in items if isinstance(item, Rejected) and item.reason in _SEND_AGAIN]
    return MessageReading(
        maker=maker.NAME,
        items=items,
        answer=maker.answer(not to_come_again),
        passage_ms=maker.PASSAGE_MS,
        dropped=dropped,
    )


def related(one: MessageReading, passages: OneMessage, received_at_ms: int) -> MessageReading:
    """The message with each read's relation to earlier ones of its passage. passages: of this message's sender; only messages of
    one sender are compared.

    Raises Unavailable while an earlier message on the same passage is being kept.
    """
    maker, kept_ms = one.maker or "", one.passage_ms
    items = tuple([passages.related(item, maker, received_at_ms, kept_ms) for item in one.items])
    return msgspec.structs.replace(one, items=items)


def _items(request: Request, maker: Maker) -> tuple[Item, ...]:
    if request.short_by:
        return (Rejected(reason="incomplete_body", detail=f"{request.short_by} bytes or more did not come"),)
    try:
        items = all_of(maker.parse(request))
    except Refuse as refused:
        return (refused.item,)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, AttributeError, IndexError) as error:
        # a parser's own fault must not take the connection with it: the message is kept as a dead letter, and told of
        return (Rejected(reason="unreadable", detail=f"{maker.NAME}: {type(error).__name__}"),)
    return tuple(items) or (Ignored(reason="no_result"),)
