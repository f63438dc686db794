"""Shows what certain senders' messages become to who watches them at the mast. Of all other senders nothing is shown, and that
costs nothing."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import msgspec
import structlog

from pipeline.errors import VigieError
from pipeline.gateway.intake import Message, Taken
from pipeline.gateway.items import CameraRead, Picture
from pipeline.gateway.node import Value
from pipeline.gateway.told import told
from pipeline.state.camera_looks import CameraLooks, Look

log = structlog.get_logger()
EVERY_S = 0.5
MOST_ITEMS, MOST_PICTURE = 8, 2 * 1024 * 1024


class _Seen(NamedTuple):
    message: Message
    taken: Taken | None
    error: str


class Onlookers:
    """The watches that gateways know of. Of several messages of one sender within EVERY_S the last is shown; all are
    counted."""

    def __init__(self, looks: CameraLooks, now_ms: Callable[[], int]) -> None:
        self._looks, self._now_ms = looks, now_ms
        self._watched: frozenset[str] = frozenset()
        self._counts: dict[str, int] = {}
        self._last: dict[str, _Seen] = {}

    def note(self, message: Message, taken: Taken | None, error: str = "") -> None:
        """Note what a message became; taken None: it was not kept, and why stands in error."""
        sender_id = message.sender.sender_id
        if sender_id in self._watched:
            self._counts[sender_id] = self._counts.get(sender_id, 0) + 1
            self._last[sender_id] = _Seen(message, taken, error)

    async def run(self) -> None:
        """Follow who watches, and show them what came, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            seen, self._last = self._last, {}
            try:
                for one in seen.values():
                    look, picture = self._look(one)
                    await self._looks.show(look, picture)
                self._watched = await self._looks.watched(self._now_ms())
            except VigieError as error:
                log.warning("gateway.onlookers", cause=str(error))
            self._counts = {name: count for name, count in self._counts.items() if name in self._watched}

    def _look(self, seen: _Seen) -> tuple[Look, bytes | None]:
        message, taken = seen.message, seen.taken
        picture = _picture_of(taken) if taken is not None else None
        look = Look(
            sender_id=message.sender.sender_id,
            number=self._counts.get(message.sender.sender_id, 1),
            at_ms=message.received_at_ms,
            bytes=len(message.body),
            maker=taken.reading.maker if taken is not None else None,
            known_by=message.claim.by,
            reads=taken.reads if taken is not None else 0,
            items=_items_of(taken) if taken is not None else (),
            why=tuple(one[:1000] for one in taken.why[:MOST_ITEMS]) if taken is not None else (),
            error=seen.error[:1000],
            picture=picture is not None,
        )
        return look, picture


def _items_of(taken: Taken) -> tuple[msgspec.Raw, ...]:
    items: Value = told(taken.reading, with_answer=False)["items"]
    return tuple(
        msgspec.Raw(msgspec.json.encode(one)) for one in (items if isinstance(items, list) else [])[:MOST_ITEMS]
    )


def _picture_of(taken: Taken) -> bytes | None:
    """Of the first read that has pictures, the one that shows the most; None where no read has any, or this one is too large."""
    for item in taken.reading.items:
        if isinstance(item, CameraRead) and item.pictures:
            best: Picture = min(item.pictures, key=lambda one: ("overview", "vehicle", "plate").index(one.kind))
            return best.data if len(best.data) <= MOST_PICTURE else None
    return None
