"""How the gateway hands to Kafka what cameras sent."""

import asyncio
import contextlib
from collections.abc import Sequence

import pytest

from pipeline.errors import Unavailable
from pipeline.gateway.keeping import Keeper
from pipeline.runtime.sender import Outgoing, Sender
from pipeline.stream import codec
from schemas.topics import READS
from tests.builders import make_read


class OnePartition(Sender):
    """Takes records for a topic of one partition, and acknowledges them at once."""

    def __init__(self) -> None:
        super().__init__({})
        self.sent: list[list[str]] = []  # of each call, the plates

    async def partitions(self, topic: str) -> int:
        """Of every topic."""
        return 1

    async def send_all(self, records: Sequence[Outgoing]) -> None:
        """Note the plates of these records."""
        self.sent.append([read.plate for one in records for read in codec.decode(READS, one.value).reads])


async def test_what_comes_shortly_after_one_another_is_one_record() -> None:
    """Kafka and each agent take about the same time for a record, whether it holds one read or ten."""
    sender = OnePartition()
    keeper = Keeper(sender, "test", gather_s=0.5)
    running = asyncio.create_task(keeper.run())
    keeping: list[asyncio.Task[None]] = []
    for plate in ("1ABC001", "1ABC002", "1ABC003"):
        keeping.append(asyncio.create_task(keeper.keep([make_read(plate=plate)])))
        for _ in range(5):
            await asyncio.sleep(0)
    await asyncio.gather(*keeping)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert [["1ABC001", "1ABC002", "1ABC003"]] == sender.sent


class Silent(OnePartition):
    """Never acknowledges anything."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    async def send_all(self, records: Sequence[Outgoing]) -> None:
        """Wait for ever."""
        self.asked.set()
        await asyncio.Event().wait()


async def test_each_message_that_kafka_does_not_acknowledge_in_time_is_given_up() -> None:
    """Also those that came later and wait behind it: their cameras are told to send again."""
    sender = Silent()
    keeper = Keeper(sender, "test", gather_s=0.0, patience_s=0.2)
    running = asyncio.create_task(keeper.run())
    first = asyncio.create_task(keeper.keep([make_read(plate="1ABC001")]))
    await sender.asked.wait()
    second = asyncio.create_task(keeper.keep([make_read(plate="1ABC002")]))
    async with asyncio.timeout(30):
        ended = await asyncio.gather(first, second, return_exceptions=True)
        with pytest.raises(Unavailable):
            await keeper.keep([make_read(plate="1ABC003")])
    assert [Unavailable, Unavailable] == [type(one) for one in ended]
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


class Broken(OnePartition):
    """Fails in a way that nobody foresaw."""

    async def send_all(self, records: Sequence[Outgoing]) -> None:
        """Raise it."""
        raise RuntimeError("unforeseen")


async def test_what_is_under_way_when_the_keeper_fails_is_given_up_at_once() -> None:
    """It is started again, and would not come back to them."""
    keeper = Keeper(Broken(), "test", gather_s=0.0)
    keeping = asyncio.create_task(keeper.keep([make_read()]))
    with pytest.raises(RuntimeError):
        await keeper.run()
    with pytest.raises(Unavailable):
        await keeping
