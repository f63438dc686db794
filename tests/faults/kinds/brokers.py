"""Faults of Kafka: brokers that die, the controller among them, and leaders that move."""

import asyncio
import json
from random import Random
from typing import Any, ClassVar

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import AlterPartitionReassignmentsRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Int16, Int32, Schema, String

from tests.faults.fault import Fault
from tests.faults.road import NAMESPACE, Road

MOVED = ("reads", "alerts", "violations", "forwards", "tracks")


class KillBroker(Fault):
    """One of three brokers is killed, stays away, and comes back."""

    name: ClassVar[str] = "kill_broker"
    node, away_s = 0, 0.0

    def choose(self, random: Random) -> str:
        self.node, self.away_s = random.randrange(3), random.uniform(2.0, 10.0)
        return f"broker {self.node}, {self.away_s:.0f} s"

    async def strike(self, road: Road) -> None:
        await road.pair.brokers[self.node].stop(kill=True)
        await asyncio.sleep(self.away_s)

    async def mend(self, road: Road) -> None:
        broker = road.pair.brokers[self.node]
        await broker.start()
        await broker.wait_ready()


class KillController(KillBroker):
    """The broker that is the leader of the controllers is killed."""

    name: ClassVar[str] = "kill_controller"

    def choose(self, random: Random) -> str:
        self.away_s = random.uniform(2.0, 10.0)
        return f"{self.away_s:.0f} s"

    async def strike(self, road: Road) -> None:
        self.node = controller_of(road)
        await super().strike(road)


class KillAllBrokers(Fault):
    """All brokers are killed at once, stay away, and come back."""

    name: ClassVar[str] = "kill_all_brokers"
    away_s = 0.0

    def choose(self, random: Random) -> str:
        self.away_s = random.uniform(0.0, 8.0)
        return f"{self.away_s:.0f} s"

    async def strike(self, road: Road) -> None:
        await asyncio.gather(*(broker.stop(kill=True) for broker in road.pair.brokers))
        await asyncio.sleep(self.away_s)

    async def mend(self, road: Road) -> None:
        for broker in road.pair.brokers:
            await broker.start()
        await asyncio.gather(*(broker.wait_ready() for broker in road.pair.brokers))


class MoveLeaders(Fault):
    """Every partition of one topic, or of the topic with the groups' offsets, gets another leader."""

    name: ClassVar[str] = "move_leaders"
    topic = ""

    def choose(self, random: Random) -> str:
        self.topic = random.choice(("__consumer_offsets", *(f"{NAMESPACE}.{name}" for name in MOVED)))
        return self.topic

    async def strike(self, road: Road) -> None:
        admin = AIOKafkaAdminClient(**road.pair.kafka.client_kwargs())
        await admin.start()
        try:
            (found,) = await admin.describe_topics([self.topic])
            turned: list[tuple[int, list[int], dict[int, bytes]]] = [
                (part["partition"], [*part["replicas"][1:], part["replicas"][0]], {}) for part in found["partitions"]
            ]
            reassigned = await _ask(admin, AlterPartitionReassignmentsRequest(10_000, [(self.topic, turned, {})], {}))
            assert reassigned.error_code == 0, reassigned
            await asyncio.sleep(1.0)
            elected = await _ask(admin, ElectLeaders(self.topic, [number for number, _, _ in turned]))
            codes = {part[1] for topic in elected.results for part in topic[1]}
            assert codes <= {0, _ALREADY_SO}, elected
        finally:
            await admin.close()


_ALREADY_SO = 84  # ELECTION_NOT_NEEDED


class _ElectedV0(Response):  # type: ignore[misc]  # aiokafka ships no types
    API_KEY = 43
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            Array(
                ("topic", String("utf-8")),
                ("partitions", Array(("partition", Int32), ("code", Int16), ("message", String("utf-8")))),
            ),
        ),
    )


class _ElectV0(RequestStruct):  # type: ignore[misc]  # as above
    API_KEY = 43
    API_VERSION = 0
    RESPONSE_TYPE = _ElectedV0
    SCHEMA = Schema(
        ("topics", Array(("topic", String("utf-8")), ("partitions", Array(Int32)))),
        ("timeout_ms", Int32),
    )


class ElectLeaders(Request[_ElectV0]):  # type: ignore[misc]  # as above
    """Request to make the preferred replicas leaders: Kafka's API 43, which aiokafka does not have."""

    API_KEY = 43

    def __init__(self, topic: str, partitions: list[int]) -> None:
        self._topics = [(topic, partitions)]

    def build(self, request_struct_class: Any) -> Any:
        """The request as aiokafka sends it."""
        return request_struct_class(self._topics, 10_000)


async def _ask(admin: AIOKafkaAdminClient, request: Any) -> Any:
    """Send the request to any broker, which passes it to the controller, and return the answer."""
    node = admin._client.get_random_node()
    return await admin._client.send(node, request)


def controller_of(road: Road) -> int:
    """The node that leads the controllers: the one with the newest epoch in the brokers' own files."""
    found: list[tuple[int, int]] = []
    for node in range(3):
        file = road.pair.data_dir / "kafka" / f"node-{node}" / "log" / "__cluster_metadata-0" / "quorum-state"
        state = json.loads(file.read_text())
        if state["leaderId"] >= 0:
            found.append((state["leaderEpoch"], state["leaderId"]))
    return max(found)[1]
