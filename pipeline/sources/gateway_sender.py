"""Sends reads to a gateway over HTTP, each camera's in their order, each again until the gateway says yes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import blake2b

import aiohttp

from pipeline.errors import BadRecord, Unavailable
from pipeline.runtime.back_off import BackOff
from pipeline.simulation.speaking import Spoken
from schemas.reads import PlateRead

CONNECTIONS = 64
MOST_WAITING = 100
"""Reads that wait for one connection; then `put` waits."""
PATIENCE_S = 120.0
"""For so long a read is sent again; then sending ends."""
_AGAIN = BackOff(first_s=0.2, cap_s=5.0)


class GatewaySender:
    """Connections to one gateway. url: its address. say: makes the message of a read. sent: how many reads were answered with a
    yes. again: how many times a read was sent once more."""

    def __init__(self, http: aiohttp.ClientSession, url: str, say: Callable[[PlateRead], Spoken]) -> None:
        self._http, self._url, self._say = http, url.rstrip("/"), say
        self._lanes: list[asyncio.Queue[PlateRead]] = [asyncio.Queue(MOST_WAITING) for _ in range(CONNECTIONS)]
        self.sent = self.again = 0

    async def put(self, read: PlateRead) -> None:
        """Take one read. Waits while MOST_WAITING wait for its connection."""
        lane = int.from_bytes(blake2b(read.camera_id.encode(), digest_size=2).digest()) % CONNECTIONS
        await self._lanes[lane].put(read)

    async def flush(self) -> None:
        """Wait until all that was put is answered with a yes."""
        await asyncio.gather(*(lane.join() for lane in self._lanes))

    async def run(self) -> None:
        """Send, until cancelled. Raises an ExceptionGroup: of BadRecord where the gateway refuses a read or does not let the
        sender in, of Unavailable where it does not take one for PATIENCE_S."""
        async with asyncio.TaskGroup() as group:
            for lane in self._lanes:
                group.create_task(self._connection(lane))

    async def _connection(self, lane: "asyncio.Queue[PlateRead]") -> None:
        while True:
            await self._send(self._say(await lane.get()))
            self.sent += 1
            lane.task_done()

    async def _send(self, spoken: Spoken) -> None:
        loop = asyncio.get_running_loop()
        until_s, attempt = loop.time() + PATIENCE_S, 0
        while not await self._is_taken(spoken):
            if loop.time() > until_s:
                raise Unavailable(f"the gateway at {self._url}")
            attempt += 1
            self.again += 1
            await asyncio.sleep(_AGAIN.wait_s(attempt))

    async def _is_taken(self, spoken: Spoken) -> bool:
        """Whether the gateway says yes; False where the message is to be sent again. Raises BadRecord where the gateway refuses
        it."""
        try:
            async with self._http.post(self._url + spoken.target, data=spoken.body, headers=spoken.headers) as answer:
                if answer.status < 300:
                    return True
                if answer.status in (408, 503):
                    return False
                if answer.status == 401 and not self.sent:  # gateways follow registrations within a second
                    return False
        except (aiohttp.ClientError, TimeoutError):
            return False
        raise BadRecord("gateway_refused", f"{self._url} answered {answer.status}")


@asynccontextmanager
async def open_gateway_sender(
    url: str, user: str, password: str, say: Callable[[PlateRead], Spoken]
) -> AsyncIterator[GatewaySender]:
    """Yields a sender. user, password: sent with each message that brings none of its own. At the block's end everything is
    answered first, unless an error ended the block. The first error of GatewaySender.run, BadRecord or Unavailable, ends the block
    at once, and is raised."""
    headers = {"Authorization": aiohttp.encode_basic_auth(user, password)}
    connector, timeout = aiohttp.TCPConnector(limit=CONNECTIONS), aiohttp.ClientTimeout(total=30.0)
    async with aiohttp.ClientSession(headers=headers, connector=connector, timeout=timeout) as http:
        sender = GatewaySender(http, url, say)
        try:
            async with asyncio.TaskGroup() as group:
                running = group.create_task(sender.run())
                yield sender
                await sender.flush()
                running.cancel()
        except BaseExceptionGroup as failed:
            raise _first(failed) from failed


def _first(failed: BaseException) -> BaseException:
    return _first(failed.exceptions[0]) if isinstance(failed, BaseExceptionGroup) else failed
