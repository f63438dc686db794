"""Keeps what cameras sent: a message is kept once Kafka has acknowledged its reads and its dead letters.

What waits is sent together, one record a partition, so that a gateway asks Kafka a few hundred times a second at most.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import structlog

from pipeline.errors import BadRecord, Unavailable, VigieError
from pipeline.runtime.partitioner import partition_of
from pipeline.runtime.sender import Outgoing, Sender
from pipeline.stream import codec
from schemas.outcomes import DeadLetter
from schemas.reads import MAX_BATCH, PlateRead, ReadBatch
from schemas.topics import DEAD_LETTERS, READS

log = structlog.get_logger()
PATIENCE_S = 10.0
"""So long a sender waits for Kafka; then it is told to send again."""
LOOK_S = 0.1
"""All that wait are looked through at most so often for those that have waited for too long."""
MOST_WAITING = 5_000
AT_ONCE = 500
GATHER_S = 0.005
"""So long what comes is gathered before it is sent: at 1,900 reads a second Kafka takes half the processor time for each."""


class _Message(NamedTuple):
    reads: Sequence[PlateRead]
    letters: Sequence[DeadLetter]
    kept: "asyncio.Future[None]"
    until_s: float  # of the loop's clock: then it is given up


class Keeper:
    """Sends messages' reads and letters. run() must run while keep() is called. gather_s, patience_s: see GATHER_S, PATIENCE_S."""

    def __init__(
        self, sender: Sender, namespace: str, *, gather_s: float = GATHER_S, patience_s: float = PATIENCE_S
    ) -> None:
        self._sender, self._namespace, self._gather_s, self._patience_s = sender, namespace, gather_s, patience_s
        self._waiting: deque[_Message] = deque()
        self._under_way: Sequence[_Message] = ()
        self._something = asyncio.Event()
        self._patience: asyncio.TimerHandle | None = None  # one for all messages: one for each took a microsecond

    async def keep(self, reads: Sequence[PlateRead], letters: Sequence[DeadLetter] = ()) -> None:
        """Wait until Kafka has acknowledged all of these reads and letters. Raises Unavailable when too many
        messages wait, or when Kafka does not within PATIENCE_S; in the second case it may have them nevertheless, and readers
        drop the second copy by its id. Raises BadRecord for what is too large."""
        if not reads and not letters:
            return
        if len(self._waiting) >= MOST_WAITING:
            raise Unavailable("Kafka", retry_after_s=PATIENCE_S)
        loop = asyncio.get_running_loop()
        message = _Message(reads, letters, loop.create_future(), loop.time() + self._patience_s)
        self._waiting.append(message)
        self._something.set()
        if self._patience is None:
            self._patience = loop.call_at(message.until_s, self._give_up)
        await message.kept

    async def run(self) -> None:
        """Send what waits, until cancelled."""
        while True:
            await self._something.wait()
            self._something.clear()
            while self._waiting:
                await asyncio.sleep(self._gather_s)
                some = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
                self._under_way = [one for one in some if not one.kept.done()]  # nobody waits for the others any more
                try:
                    await self._send(self._under_way)
                except BaseException:  # nobody would give them up once others are under way
                    _settle(self._under_way, Unavailable("Kafka", retry_after_s=PATIENCE_S))
                    raise
                self._under_way = ()

    def _give_up(self) -> None:
        """Settle the messages that have waited for too long, and look again when the next one will have."""
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        waiting = [one for one in (*self._under_way, *self._waiting) if not one.kept.done()]
        _settle([one for one in waiting if one.until_s <= now_s], Unavailable("Kafka", retry_after_s=PATIENCE_S))
        next_s = min((one.until_s for one in waiting if one.until_s > now_s), default=None)
        again_s = None if next_s is None else max(next_s, now_s + LOOK_S)
        self._patience = None if again_s is None else loop.call_at(again_s, self._give_up)

    async def _send(self, some: Sequence[_Message]) -> None:
        try:
            await self._sender.send_all(await self._records(some))
        except BadRecord as error:
            if len(some) > 1:  # one is too large: each by itself
                for one in some:
                    await self._send([one])
            else:
                _settle(some, error)
        except VigieError as error:
            log.warning("gateway.not_kept", cause=str(error), messages=len(some))
            _settle(some, error)
        else:
            _settle(some, None)

    async def _records(self, some: Sequence[_Message]) -> list[Outgoing]:
        if not some:
            return []
        topic = f"{self._namespace}.{READS.name}"
        count = await self._sender.partitions(topic)
        by_partition: dict[int, list[PlateRead]] = {}
        for message in some:
            for read in message.reads:
                by_partition.setdefault(partition_of(read.camera_id.encode(), count), []).append(read)
        records = [
            Outgoing(topic, codec.encode(READS, ReadBatch(reads=tuple(reads[at : at + MAX_BATCH]))), None, partition)
            for partition, reads in by_partition.items()
            for at in range(0, len(reads), MAX_BATCH)
        ]
        return records + [
            Outgoing(
                f"{self._namespace}.{DEAD_LETTERS.name}", codec.encode(DEAD_LETTERS, letter), letter.topic.encode()
            )
            for message in some
            for letter in message.letters
        ]


def _settle(some: Sequence[_Message], error: VigieError | None) -> None:
    for one in some:
        with contextlib.suppress(asyncio.InvalidStateError):  # it stopped waiting meanwhile
            one.kept.set_exception(error) if error is not None else one.kept.set_result(None)
