"""Consumer groups that lose their offsets."""

from random import Random
from typing import ClassVar

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from agents import AGENTS, agent_named
from tests.faults.fault import Fault
from tests.faults.road import NAMESPACE, Road


class OffsetsLost(Fault):
    """An agent's committed offsets are set back to the beginning while it is away: it processes every record again."""

    name: ClassVar[str] = "offsets_lost"
    promise: ClassVar[str] = "everything comes a second time under the same ids, and nothing new comes of it"
    agent = ""

    def choose(self, random: Random) -> str:
        self.agent = random.choice(AGENTS)
        return self.agent

    async def strike(self, road: Road) -> None:
        await road.worker(self.agent).process.stop()
        topic = f"{NAMESPACE}.{agent_named(self.agent).source.name}"
        consumer = AIOKafkaConsumer(
            group_id=f"{NAMESPACE}-{self.agent}", enable_auto_commit=False, **road.pair.kafka.client_kwargs()
        )
        await consumer.start()
        try:
            places = [TopicPartition(topic, number) for number in road.partitions_of(topic)]
            consumer.assign(places)
            beginnings = await consumer.beginning_offsets(places)
            await consumer.commit({place: OffsetAndMetadata(offset, "") for place, offset in beginnings.items()})
        finally:
            await consumer.stop()

    async def mend(self, road: Road) -> None:
        process = road.worker(self.agent).process
        await process.start()
        await process.wait_ready()
