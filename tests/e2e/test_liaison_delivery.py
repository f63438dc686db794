"""Forwards through the real broker, the liaison worker as its own process, and real desks; things are killed meanwhile."""

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest_asyncio
from aiokafka import AIOKafkaConsumer

from pipeline.receiver.credentials import create_credentials, settings_toml
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.sender import Outgoing, Sender
from pipeline.servers.access import provide
from pipeline.servers.pair import EmbeddedPair
from pipeline.stream import codec
from schemas.outcomes import Receipt
from schemas.topics import FORWARDS, TOPICS
from tests.conftest import PARTITIONS
from tests.desks import Batch, DeskProcess, forwards

PLACE = {"NL": 0, "LU": 1}


class Road:
    """One test's topics, its worker process and the desks of two countries."""

    def __init__(self, pair: EmbeddedPair, namespace: str, folder: Path) -> None:
        self.folder, self._pair, self._namespace = folder, pair, namespace
        self.keys = folder / "keys"
        self.desks: dict[str, DeskProcess] = {}
        self._sender = Sender(pair.kafka.client_kwargs())
        self.worker: asyncio.subprocess.Process | None = None

    async def open(self) -> None:
        """Keys, desks and the worker's settings file."""
        files = create_credentials(self.keys)
        for country in PLACE:
            self.desks[country] = await DeskProcess(self.folder, self.keys, country).start()
        toml = settings_toml(files, {country: desk.url for country, desk in self.desks.items()})
        quick = "[liaison]\ntimeout_s = 2.0\nmax_backoff_s = 1.0"
        (self.folder / "vigie.toml").write_text(toml.replace("[liaison]", quick, 1))

    async def send(self, batch: Batch, country: str) -> None:
        """Put forwards where the country's partition is."""
        topic = f"{self._namespace}.forwards"
        values = [codec.encode(FORWARDS, forward) for forward in batch.forwards]
        key = country.encode()
        await self._sender.send_all([Outgoing(topic, value, key=key, partition=PLACE[country]) for value in values])

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

    async def receipts(self, wanted: int, within_s: float = 60.0) -> list[Receipt]:
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
        yield made
    finally:
        await made.close()


async def taken(desk: DeskProcess, count: int) -> None:
    """Wait until a desk has so many forwards."""
    async with asyncio.timeout(60.0):
        while len(desk.entries()) < count:  # noqa: ASYNC110 - another process writes them
            await asyncio.sleep(0.05)


async def test_nothing_is_lost_or_stored_twice_whoever_is_killed(road: Road) -> None:
    """NL's desk is down from the start, the worker is killed in mid-stream, NL's desk comes back: all arrives in order.

    LU is served meanwhile; each forward has one receipt by id, and second copies of forwards reach no inbox.
    """
    now_ms = platform_now_ms()
    batches = {country: forwards(150, now_ms=now_ms, country=country) for country in PLACE}
    await road.desks["NL"].kill()
    await road.start_worker()
    for country, batch in batches.items():
        await road.send(batch, country)
        await road.send(Batch(prefix=batch.prefix, forwards=batch.forwards[:50]), country)
    await taken(road.desks["LU"], 60)
    await road.stop_worker(signal.SIGKILL)
    await road.start_worker()
    await taken(road.desks["LU"], 150)
    assert [] == road.desks["NL"].entries()
    await road.desks["NL"].start()
    receipts = await road.receipts(wanted=300)
    for country, batch in batches.items():
        assert batch.ids == [entry.forward.forward_id for entry in road.desks[country].entries()]
    assert {"acknowledged"} == {receipt.outcome for receipt in receipts}
    signed = {receipt.receipt_id: receipt.signed for receipt in receipts}
    assert all(receipt.signed == signed[receipt.receipt_id] for receipt in receipts)
    assert max(Counter(receipt.receipt_id for receipt in receipts).values()) <= 2


async def test_a_worker_whose_desk_is_away_stops_in_time(road: Road) -> None:
    """SIGTERM while a desk hangs ends the worker cleanly; the next one delivers what was open."""
    batch = forwards(5, now_ms=platform_now_ms())
    await road.desks["NL"].tell("hang")
    await road.start_worker()
    await road.send(batch, "NL")
    lu = forwards(1, now_ms=platform_now_ms(), country="LU")
    await road.send(lu, "LU")
    await taken(road.desks["LU"], 1)
    seconds = await road.stop_worker(signal.SIGTERM)
    assert road.worker
    assert road.worker.returncode == 0
    assert seconds < 8.0
    await road.desks["NL"].tell("ok")
    await road.start_worker()
    await taken(road.desks["NL"], 5)
    assert batch.ids == [entry.forward.forward_id for entry in road.desks["NL"].entries()]
