"""The processes that benchmarks of the gateway measure: one, and a bare aiohttp handler that only writes the body to Kafka."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import redis.asyncio
import uvloop
from aiohttp import web
from aiokafka import AIOKafkaProducer

from pipeline.gateway.request import MAX_BODY
from pipeline.gateway.server import GatewayServers, run_gateway
from pipeline.runtime import batches
from pipeline.runtime.collecting import spare_the_collector
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.log import configure_logging
from pipeline.runtime.sender import Sender
from pipeline.runtime.settings import Settings
from pipeline.state.redis_port import open_redis
from schemas.topics import COMPRESSION, DEAD_LETTERS, READS


@dataclass(frozen=True, slots=True)
class Where:
    """The servers. folder: for pictures."""

    kafka: KafkaConnection
    redis_url: str
    namespace: str
    folder: Path


async def gateway(where: Where, ready: Callable[[str], None], stopped: asyncio.Event) -> None:
    """A gateway as `vigie gateway serve` runs it."""
    sender, client = Sender(where.kafka.client_kwargs()), open_redis(where.redis_url)
    settings = Settings(
        data_dir=where.folder,
        namespace=where.namespace,
        gateway_connections=20_000,
        gateway_connections_per_address=20_000,
    )
    await sender.start()
    await run_gateway(settings, GatewayServers(sender, client), stopped, ready=ready)
    await _closed(sender, client)


async def bare(where: Where, ready: Callable[[str], None], stopped: asyncio.Event) -> None:
    """A handler that writes each body to Kafka, with the same guarantees, and answers 200 once it is acknowledged."""
    batches.bind()
    producer = AIOKafkaProducer(
        acks="all", enable_idempotence=True, compression_type=COMPRESSION, max_batch_size=256 * 1024,
        max_request_size=DEAD_LETTERS.max_message_bytes, **where.kafka.client_kwargs(),
    )  # fmt: skip
    await producer.start()
    topic = f"{where.namespace}.{READS.name}"

    async def take(request: web.Request) -> web.Response:
        await producer.send_and_wait(topic, await request.read())
        return web.Response(text="ok")

    app = web.Application(client_max_size=MAX_BODY)
    app.router.add_route("*", "/{path:.*}", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    (address,) = runner.addresses
    ready(f"http://127.0.0.1:{address[1]}")
    await stopped.wait()
    await runner.cleanup()
    await producer.stop()


PEERS: dict[str, Callable[[Where, Callable[[str], None], asyncio.Event], Awaitable[None]]] = {
    "gateway": gateway, "bare": bare,
}  # fmt: skip


def serve(name: str, where: Where, line: Connection) -> None:
    """Run one of PEERS in this process: sends its address on the line, and ends when something comes on it."""
    configure_logging(level="error")

    async def run() -> None:
        stopped = asyncio.Event()
        asyncio.get_running_loop().add_reader(line.fileno(), stopped.set)

        def ready(url: str) -> None:
            spare_the_collector()  # for both
            line.send(url)

        await PEERS[name](where, ready, stopped)

    uvloop.run(run())


async def _closed(sender: Sender, client: "redis.asyncio.Redis") -> None:
    await sender.stop()
    await client.aclose()
