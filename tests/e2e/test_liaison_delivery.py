"""Forwards through the real broker, the liaison worker as its own process, and real desks; things are killed meanwhile."""

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest_asyncio
from aiokafka import AIOKafkaConsumer

from pipeline.neighbours.recalls import recall_of
from pipeline.receiver.credentials import create_credentials, settings_toml
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.sender import Outgoing, Sender
from pipeline.servers.access import provide
from pipeline.servers.pair import EmbeddedPair
from pipeline.state.collections import CAMERAS, HOTLIST, POLICIES
from pipeline.state.redis_port import open_redis
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.stream import codec
from pipeline.stream.dead_letters import letters_in
from schemas.outcomes import DeadLetter, Forward, Receipt, RecordPlace
from schemas.topics import ALERTS, FORWARDS, TOPICS
from tests.conftest import PARTITIONS
from tests.desks import DeskProcess
from tests.forwards import Scene

WAIT_S = 180.0  # a machine may be busy
PLACE = {"NL": 0, "LU": 1}


class Road:
    """One test's topics, its worker process and the desks of two countries."""

    def __init__(self, pair: EmbeddedPair, namespace: str, folder: Path) -> None:
        self.folder, self._pair, self._namespace = folder, pair, namespace
        self.keys = folder / "keys"
        self.desks: dict[str, DeskProcess] = {}
        self._sender = Sender(pair.kafka.client_kwargs())
        self.scene = Scene()
        self.worker: asyncio.subprocess.Process | None = None

    async def open(self) -> None:
        """Keys, desks and the worker's settings file."""
        files = create_credentials(self.keys)
        for country in PLACE:
            self.desks[country] = await DeskProcess(self.folder, self.keys, country).start()
        toml = settings_toml(files, {country: desk.url for country, desk in self.desks.items()})
        quick = "[liaison]\ntimeout_s = 2.0\nmax_backoff_s = 1.0"
        (self.folder / "vigie.toml").write_text(toml.replace("[liaison]", quick, 1))

    async def furnish(self) -> None:
        """The reference data on which the scene's forwards rest."""
        async with open_redis(self._pair.redis_url) as client:
            writer = ReplicaWriter(client, self._namespace)
            await writer.put(HOTLIST, [self.scene.entry])
            await writer.put(POLICIES, self.scene.policies)
            await writer.put(CAMERAS, [self.scene.camera])

    async def forwards(self, count: int, country: str = "NL") -> list[Forward]:
        """So many forwards to one country, each of a passage of its own millisecond, whose alerts are on their topic."""
        first, now_ms = len(self.scene.alerts), platform_now_ms()
        made = [self.scene.forward(now_ms - number, country) for number in range(count)]
        topic = f"{self._namespace}.alerts"
        values = [codec.encode(ALERTS, alert) for alert in self.scene.alerts[first:]]
        await self._sender.send_all([Outgoing(topic, value, partition=self.scene.partition) for value in values])
        return made

    async def send(self, forwards: Sequence[Forward], country: str) -> None:
        """Put forwards where the country's partition is."""
        topic = f"{self._namespace}.forwards"
        values = [codec.encode(FORWARDS, forward) for forward in forwards]
        key = country.encode()
        await self._sender.send_all([Outgoing(topic, value, key=key, partition=PLACE[country]) for value in values])

    async def letters(self, wanted: int) -> list[DeadLetter]:
        """Wait for so many dead letters."""
        async with asyncio.timeout(WAIT_S):
            while len(found := [one async for one in letters_in(self._pair.kafka, self._namespace)]) < wanted:  # noqa: ASYNC110 - another process writes them
                await asyncio.sleep(0.2)
        return found

    async def start_worker(self) -> None:
        """`vigie worker liaison`."""
        environ = os.environ | {
            "VIGIE_NAMESPACE": self._namespace, "VIGIE_DATA_DIR": str(self.folder), "VIGIE_LOG_FORMAT": "json",
            **self._pair.env(), "VIGIE_CONFIG": str(self.folder / "vigie.toml"), "VIGIE_SESSION_TIMEOUT_S": "6",
        }  # fmt: skip
        program = "from pipeline.commands.run import worker; worker('liaison')"
        with (self.folder / "worker.log").open("ab") as log:
            self.worker = await asyncio.create_subprocess_exec(sys.executable, "-c", program, env=environ, stderr=log)

    async def stop_worker(self, number: signal.Signals) -> float:
        """Send a signal; seconds until the process had ended."""
        assert self.worker
        began = time.monotonic()
        self.worker.send_signal(number)
        await asyncio.wait_for(self.worker.wait(), 20.0)
        return time.monotonic() - began

    async def receipts(self, wanted: int, within_s: float = WAIT_S) -> list[Receipt]:
        """Receipts from the beginning of the topic, until so many different ones were seen."""
        found: list[Receipt] = []
        consumer = AIOKafkaConsumer(
            f"{self._namespace}.receipts", auto_offset_reset="earliest", **self._pair.kafka.client_kwargs()
        )
        await consumer.start()
        try:
            async with asyncio.timeout(within_s):
                while len({receipt.receipt_id for receipt in found}) < wanted:
                    fetched = await consumer.getmany(timeout_ms=500)
                    found += [
                        msgspec.json.decode(each.value, type=Receipt) for batch in fetched.values() for each in batch
                    ]
        finally:
            await consumer.stop()
        return found

    async def close(self) -> None:
        """End every process."""
        await self._sender.stop()
        if self.worker and self.worker.returncode is None:
            self.worker.kill()
            await self.worker.wait()
        for desk in self.desks.values():
            await desk.stop()


@pytest_asyncio.fixture
async def road(pair: EmbeddedPair, namespace: str, tmp_path: Path) -> AsyncIterator[Road]:
    """A road with two desks; its processes are ended afterwards."""
    await provide(
        pair.kafka, pair.redis_url, namespace, pair.accounts, partitions={one.name: PARTITIONS for one in TOPICS}
    )
    made = Road(pair, namespace, tmp_path)
    try:
        await made.open()
        await made.furnish()
        yield made
    finally:
        await made.close()


def ids_of(forwards: Sequence[Forward]) -> list[str]:
    """Their ids, in order."""
    return [forward.forward_id for forward in forwards]


async def taken(desk: DeskProcess, count: int) -> None:
    """Wait until a desk has so many forwards."""
    async with asyncio.timeout(WAIT_S):
        while len(desk.entries()) < count:  # noqa: ASYNC110 - another process writes them
            await asyncio.sleep(0.05)


async def test_nothing_is_lost_or_stored_twice_whoever_is_killed(road: Road) -> None:
    """NL's desk is down from the start, the worker is killed in mid-stream, NL's desk comes back: all arrives in order.

    LU is served meanwhile; each forward has one receipt by id, and second copies of forwards reach no inbox.
    """
    batches = {country: await road.forwards(60, country) for country in PLACE}
    await road.desks["NL"].kill()
    await road.start_worker()
    for country, batch in batches.items():
        await road.send(batch, country)
        await road.send(batch[:20], country)
    await taken(road.desks["LU"], 25)
    await road.stop_worker(signal.SIGKILL)
    await road.start_worker()
    await taken(road.desks["LU"], 60)
    assert [] == road.desks["NL"].entries()
    await road.desks["NL"].start()
    receipts = await road.receipts(wanted=120)
    for country, batch in batches.items():
        assert ids_of(batch) == [entry.forward.forward_id for entry in road.desks[country].entries()]
    assert {"acknowledged"} == {receipt.outcome for receipt in receipts}
    signed = {receipt.receipt_id: receipt.signed for receipt in receipts}
    assert all(receipt.signed == signed[receipt.receipt_id] for receipt in receipts)
    assert max(Counter(receipt.receipt_id for receipt in receipts).values()) <= 2


async def test_a_worker_whose_desk_is_away_stops_in_time(road: Road) -> None:
    """SIGTERM while a desk hangs ends the worker cleanly; the next one delivers what was open."""
    batch = await road.forwards(5)
    await road.desks["NL"].tell("hang")
    await road.start_worker()
    await road.send(batch, "NL")
    await road.send(await road.forwards(1, "LU"), "LU")
    await taken(road.desks["LU"], 1)
    seconds = await road.stop_worker(signal.SIGTERM)
    assert road.worker
    assert road.worker.returncode == 0
    assert seconds < 8.0
    await road.desks["NL"].tell("ok")
    await road.start_worker()
    await taken(road.desks["NL"], 5)
    assert ids_of(batch) == [entry.forward.forward_id for entry in road.desks["NL"].entries()]


async def test_what_somebody_wrote_into_forwards_by_hand_is_never_signed(road: Road) -> None:
    """Another plate, another charge, an alert that is not there, none at all, an invented recall: each is one dead letter.

    The genuine forward that was sent after them, and whose id one of them bore, arrives.
    """
    genuine, other = await road.forwards(2)
    nowhere = RecordPlace(partition=0, offset=99)
    forged = [
        msgspec.structs.replace(genuine, **fields)
        for fields in ({"plate": "9XYZ999"}, {"offence_category": "terrorism"}, {"alert_at": None}, {"alert_at": nowhere},
                       {"alert_at": other.alert_at}, {"expires_at_ms": genuine.expires_at_ms + 1})
    ]  # fmt: skip
    forged.append(recall_of(genuine, now_ms=platform_now_ms()))
    await road.start_worker()
    await road.send([*forged, genuine], "NL")
    await taken(road.desks["NL"], 1)
    letters = await road.letters(len(forged))
    assert [genuine.forward_id] == [entry.forward.forward_id for entry in road.desks["NL"].entries()]
    assert {"unsupported"} == {letter.reason for letter in letters}
    assert list(range(len(forged))) == sorted(letter.offset for letter in letters)
    assert [genuine.forward_id] == [receipt.forward_id for receipt in await road.receipts(wanted=1)]
