"""How the gateway hands to Kafka what cameras sent."""

import asyncio
import contextlib
from collections.abc import Sequence

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
