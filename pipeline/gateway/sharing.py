"""Relates messages on one passage also where they come to several gateways, over Redis.

While Redis is away each gateway goes by its own memory: nothing waits for that, and a correction that comes to another gateway is a
read of its own then.
"""

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from pipeline.errors import Unavailable, VigieError
from pipeline.gateway.passages import AGAIN_S, OneMessage
from pipeline.state.shared_passages import SharedPassages

log = structlog.get_logger()
ALONE_S = 5.0
"""So long Redis is not asked again after it did not answer."""


class Sharing:
    """One gateway's share in what all know."""

    def __init__(self, shared: SharedPassages) -> None:
        self._shared = shared
        self._alone_until_s = 0.0
        self._telling: set[asyncio.Task[None]] = set()

    async def borrow(self, message: OneMessage, keys: Sequence[str]) -> None:
        """Hold these passages for the message, which learns what other gateways know of them. Raises Unavailable while
        another message on one of them is being kept. While Redis is away nothing is held, and nothing raised."""
        if not keys or asyncio.get_running_loop().time() < self._alone_until_s:
            return
        try:
            found = await asyncio.gather(*(self._shared.hold(key, message.token) for key in keys))
        except VigieError as error:  # also where the account may not see them yet
            self._alone_until_s = asyncio.get_running_loop().time() + ALONE_S
            log.warning("gateway.passages_alone", cause=str(error))
            return
        message.borrowed = tuple(key for key, one in zip(keys, found, strict=True) if one.held)
        if len(message.borrowed) < len(keys):
            raise Unavailable("an earlier message on the same passage", retry_after_s=AGAIN_S)
        for key, one in zip(keys, found, strict=True):
            if one.known is not None:
                message.learn(key, one.known)

    async def give_back(self, message: OneMessage, known: Mapping[str, bytes]) -> None:
        """Let go of what the message borrowed, and tell the other gateways what it said. known: as OneMessage.keep or drop
        returned it."""
        if not message.borrowed:
            return
        task = asyncio.create_task(self._tell(message, known))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)
        await asyncio.shield(task)  # also where who waits is cancelled

    async def _tell(self, message: OneMessage, known: Mapping[str, bytes]) -> None:
        try:
            await asyncio.gather(*(self._shared.tell(key, message.token, known.get(key)) for key in message.borrowed))
        except VigieError as error:  # what is held ends by itself
            log.warning("gateway.passages_alone", cause=str(error))
