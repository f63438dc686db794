"""Runs gateways on the session's servers and plays cameras, for tests."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import msgspec
from redis.asyncio import Redis

from pipeline.access.sender_secrets import digest_of
from pipeline.gateway.server import GatewayServers, run_gateway
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.sender import Sender as KafkaSender
from pipeline.runtime.settings import Settings
from pipeline.state.collections import CAMERAS, SENDERS
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.stream import codec
from schemas.outcomes import DeadLetter
from schemas.reads import PlateRead, ReadBatch
from schemas.reference import Camera as Registered
from schemas.senders import Sender, SenderCamera, SenderSecret
from schemas.topics import DEAD_LETTERS
from tests.conftest import records_in

SECRET = "abcdefghijkmnpqrstuv"


def make_sender(sender_id: str = "CAM-1", *secrets: str, **fields: object) -> Sender:
    """A sender with one camera of its own name, and these secrets; without any, with SECRET."""
    made = tuple(SenderSecret(digest=digest_of(sender_id, one), made_at_ms=0) for one in secrets or (SECRET,))
    given = {"cameras": (SenderCamera(camera_id=sender_id),), "secrets": made} | fields
    return Sender(sender_id=sender_id, **given)  # type: ignore[arg-type]  # names as the struct has them


@dataclass(slots=True)
class Reply:
    """A gateway's answer."""

    status: int
    body: bytes
    headers: Mapping[str, str]


@dataclass(slots=True)
class Gateways:
    """The servers that the gateways of one test share, and what the gateways wrote to them."""

    kafka: KafkaConnection
    redis: Redis
    namespace: str
    folder: Path

    async def let_in(self, *senders: Sender, ago_ms: int = 3_600_000) -> None:
        """Store these senders as if that had been done so long ago, so that gateways let them in."""
        writer = ReplicaWriter(self.redis, self.namespace, now_ms=lambda: platform_now_ms() - ago_ms)
        await writer.put(SENDERS, senders)

    async def register(self, camera: Registered, *, arrived_ms: int) -> None:
        """Register the camera as if that happened at arrived_ms (UTC)."""
        writer = ReplicaWriter(self.redis, self.namespace, now_ms=lambda: arrived_ms)
        await writer.put(CAMERAS, [camera])

    @contextlib.asynccontextmanager
    async def running(self, kafka: KafkaConnection | None = None, **given: object) -> AsyncIterator["Camera"]:
        """Run one gateway while the block lasts; yields something that sends to it. kafka: the gateway's; None: the session's.
        given: settings."""
        ours = {"data_dir": self.folder, "namespace": self.namespace, "log_level": "error"}
        settings = Settings(**ours | given)  # type: ignore[arg-type]  # names as the struct has them
        stopped, address = asyncio.Event(), asyncio.get_running_loop().create_future()
        sender = KafkaSender((kafka or self.kafka).client_kwargs())
        servers = GatewayServers(sender, self.redis)
        task = asyncio.create_task(run_gateway(settings, servers, stopped, ready=address.set_result))
        await asyncio.wait({task, address}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        try:
            async with aiohttp.ClientSession() as http:
                yield Camera(http, await address)
        finally:
            stopped.set()
            await task
            await sender.stop()

    async def reads(self) -> list[PlateRead]:
        """All reads that were kept, in order per partition."""
        records = await records_in(self.kafka, f"{self.namespace}.reads")
        return [read for one in records for read in msgspec.json.decode(one.value, type=ReadBatch).reads]

    async def letters(self) -> list[DeadLetter]:
        """All dead letters so far, in order per partition."""
        records = await records_in(self.kafka, f"{self.namespace}.dead_letters")
        return [codec.decode(DEAD_LETTERS, one.value) for one in records]


@dataclass(slots=True)
class Camera:
    """A sender of requests to one gateway."""

    http: aiohttp.ClientSession
    url: str

    async def send(
        self,
        body: bytes,
        target: str = "/",
        *,
        user: str | None = "CAM-1",
        secret: str = SECRET,
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
    ) -> Reply:
        """Send one HTTP request to the gateway and return its answer. user None: without name and password."""
        given = dict(headers or {})
        if user is not None:
            given["Authorization"] = aiohttp.encode_basic_auth(user, secret)
        async with self.http.request(method, self.url + target, data=body, headers=given) as answer:
            return Reply(answer.status, await answer.read(), dict(answer.headers))
