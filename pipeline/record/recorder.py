"""Writes entries to the record: each is a message on the topic `accesses`, and counts when every copy of the partition
that is in step has it."""

import asyncio
import secrets
from collections.abc import Callable

import msgspec

from pipeline.access import record
from pipeline.access.record import MonthKey, NotRecorded, Operation, Result
from pipeline.errors import Unavailable, VigieError
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.sender import Outgoing, Sender
from pipeline.state.record_keys import RecordKeys
from schemas.accesses import Access
from schemas.topics import ACCESSES

PATIENCE_S = 5.0
"""How long a person waits for the record before he is refused."""
PARTITION = 0
"""All entries are in one partition: the log has one order."""


class KafkaRecorder:
    """A Recorder (pipeline.access.record) on Kafka. sender, keys: must stay open while it is used."""

    def __init__(
        self,
        sender: Sender,
        keys: RecordKeys,
        namespace: str,
        *,
        now_ms: Callable[[], int] = platform_now_ms,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._sender, self._keys = sender, keys
        self._topic = f"{namespace}.{ACCESSES.name}"
        self._now_ms = now_ms
        self._patience_s = patience_s

    async def intent(self, operation: Operation) -> str:
        """See Recorder.intent."""
        access_id = f"e-{secrets.token_hex(12)}"
        await self._write(
            lambda at_ms, key: record.intent(
                operation, access_id=access_id, salt=secrets.token_hex(16), at_ms=at_ms, key=key
            )
        )
        return access_id

    async def outcome(self, access_id: str, result: Result) -> None:
        """See Recorder.outcome."""
        await self._write(
            lambda at_ms, key: record.outcome(access_id, result, salt=secrets.token_hex(16), at_ms=at_ms, key=key)
        )

    async def _write(self, entry_of: Callable[[int, MonthKey], Access]) -> None:
        """Send one entry and wait for the acknowledgement. Raises NotRecorded without one, and what entry_of raises. An entry whose
        wait was cancelled may still arrive: that may add an entry, but never lose one."""
        at_ms = self._now_ms()
        try:
            async with asyncio.timeout(self._patience_s):
                entry = entry_of(at_ms, await self._keys.at(at_ms))
                value = _encoded(entry)
                await self._sender.send_all([Outgoing(self._topic, value, partition=PARTITION)])
        except NotRecorded:
            raise
        except (Unavailable, TimeoutError) as error:
            why = str(error) if isinstance(error, VigieError) else f"Kafka did not take it in {self._patience_s:g} s"
            raise NotRecorded(why) from error


def _encoded(entry: Access) -> bytes:
    """The entry's bytes. Raises NotRecorded when they are more than the log takes: the broker would take them, packed."""
    value = msgspec.json.encode(entry)
    if len(value) > ACCESSES.max_message_bytes:
        raise NotRecorded(f"its entry has {len(value)} bytes, at most {ACCESSES.max_message_bytes}: name fewer things")
    return value
