"""Deliveries per second to one desk: signed, stored on disk, acknowledged, one after the other. Peer: bare aiohttp.

    python -m benchmarks.liaison [--count 1000]

Load: so many forwards of one country through the agent's handler to a desk process on this machine, over mutual TLS, after
100 to warm up; the peer signs and posts to the same desk and believes every 200. Three rounds, taking turns. No Kafka: the
stage adds the receipt's round trip to the broker. Ids are random, nothing else is. Prints one JSON line per measurement.
"""

import argparse
import asyncio
import json
import os
import platform
import ssl
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from random import Random

import aiohttp
from prometheus_client import CollectorRegistry

from agents.liaison import Counters, Liaison
from pipeline.neighbours.message import sign_forward, verify_forward
from pipeline.receiver.client import DeskClient, forwards_url
from pipeline.receiver.credentials import DeskCredentials, create_credentials
from pipeline.receiver.files import client_context, key_ring, signing_key
from pipeline.runtime.back_off import BackOff
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.log import configure_logging
from pipeline.stream.outputs import Record
from schemas.outcomes import Forward
from tests.desks import DeskProcess, forwards

WARM_UP = 100
ROUNDS = 3


class AlwaysFirst:
    """Stands in for the memory of second copies, which would cost a round trip to Redis."""

    async def first_time(self, ids: Sequence[str], _claims: Sequence[str]) -> list[bool]:
        """Every id counts as seen for the first time."""
        return [True] * len(ids)


class NothingMarked:
    """Stands in for the marks of recalled and attempted forwards: there are none."""

    async def is_recalled(self, forward_id: str) -> bool:
        """Always False."""
        return False

    async def was_attempted(self, forward_id: str) -> bool:
        """Always False."""
        return False

    async def told(self, forward: Forward) -> None:
        """Keep no note that something may be said of it later."""

    async def attempting(self, forward_id: str) -> None:
        """Keep no mark."""


async def nothing_wrong(_forward: Forward, _recorded_at_ms: int) -> str | None:
    """No forward has a fault. The agent's own check, which costs a look at Kafka and one at Redis, is left out."""
    return None


async def timed(name: str, post: Callable[[Forward], Awaitable[object]], count: int) -> None:
    """Post `count` forwards one after the other, after WARM_UP others, and print the figures."""
    for forward in forwards(WARM_UP, now_ms=platform_now_ms()).forwards:
        await post(forward)
    batch, times = forwards(count, now_ms=platform_now_ms()), []
    began, cpu = time.perf_counter(), time.process_time()
    for forward in batch.forwards:
        at = time.perf_counter()
        await post(forward)
        times.append(time.perf_counter() - at)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    times.sort()
    report(name, deliveries_per_s=round(count / seconds), sender_cpu_ms=round(cpu_seconds / count * 1000, 3),
           p50_ms=round(times[count // 2] * 1000, 2), p99_ms=round(times[count * 99 // 100] * 1000, 2),
           max_ms=round(times[-1] * 1000, 2), count=count)  # fmt: skip


def report(name: str, **figures: float) -> None:
    """Print the figures and the machine as one line of JSON."""
    machine = f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
    print(json.dumps({"benchmark": "liaison", "contender": name, **figures, "machine": machine}))


def signing(files: DeskCredentials, count: int) -> None:
    """Print the microseconds that it takes to sign and to verify one forward."""
    key = signing_key("key", files.sender_sign_key)
    ring = key_ring("ring", {"BE": files.sender_sign_public})
    batch = forwards(count, now_ms=platform_now_ms()).forwards
    at = time.perf_counter()
    tokens = [sign_forward(forward, key, sender="BE", at_ms=0) for forward in batch]
    signed = time.perf_counter()
    for token in tokens:
        verify_forward(token, ring)
    verified = time.perf_counter()
    report("signature", sign_us=round((signed - at) / count * 1e6), verify_us=round((verified - signed) / count * 1e6))


async def main(count: int) -> None:
    """Run a desk, and measure signing and every contender against it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = create_credentials(folder / "keys")
        signing(files, count)
        desk = await DeskProcess(folder, folder / "keys").start()
        try:
            await contenders(files, desk.url, count)
        finally:
            await desk.stop()


async def contenders(files: DeskCredentials, url: str, count: int) -> None:
    """Measure the agent's handler and bare aiohttp on the same work, in turns, ROUNDS times."""
    key = signing_key("key", files.sender_sign_key)

    def tls() -> ssl.SSLContext:
        return client_context(
            ca=("ca", files.sender_ca), cert=("cert", files.sender_cert), key=("key", files.sender_key)
        )

    client = DeskClient(url, tls=tls, ring=key_ring("desk", {"NL": files.desk_sign_public}), timeout_s=5.0)
    liaison = Liaison(desks={"NL": client}, key=key, sender="BE", now_ms=platform_now_ms,
                      seen=AlwaysFirst(), marks=NothingMarked(), words=NothingMarked(),  # type: ignore[arg-type]  # in the place of Redis
                      back_off=BackOff(), random=Random(1), counters=Counters(CollectorRegistry()), open={},
                      fault_of=nothing_wrong, answer_within_s={})  # fmt: skip

    async def through_the_handler(forward: Forward) -> object:
        return await liaison.handle([Record("forwards", 0, 0, 0, forward, b"")])

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls(), limit=1)) as session:

        async def bare(forward: Forward) -> object:
            token = sign_forward(forward, key, sender="BE", at_ms=platform_now_ms())
            async with session.post(forwards_url(url), data=token) as response:
                assert response.status == 200
                return await response.read()

        for _ in range(ROUNDS):
            await timed("liaison", through_the_handler, count)
            await timed("bare aiohttp", bare, count)
    await liaison.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    configure_logging(level="warning")
    asyncio.run(main(parser.parse_args().count))
