"""Cameras that send over HTTP to two gateways behind one address, each message again until it is answered with a yes."""

import asyncio
import itertools
import sys
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

import aiohttp

from pipeline.access.sender_secrets import digest_of
from pipeline.runtime.back_off import BackOff
from pipeline.runtime.ports import free_ports
from pipeline.servers.processes import Program, Supervised
from pipeline.servers.served_program import is_served
from pipeline.simulation.speaking import vigie
from schemas.reads import PlateRead
from schemas.senders import Sender, SenderCamera, SenderSecret
from tests.faults.proxy import HOST, Proxy

SECRET = "abcdefghijkmnpqrstuv"
SHARE = 4  # one camera in so many sends to the gateways, the others to Kafka
LANES = 64
AGAIN_S = 0.3


def through_gateways(camera_id: str) -> bool:
    """Whether this camera sends to the gateways."""
    return _hash(camera_id) % SHARE == 0


def senders_of(camera_ids: tuple[str, ...]) -> list[Sender]:
    """A sender for each camera that sends to the gateways."""
    return [
        Sender(sender_id=one, cameras=(SenderCamera(camera_id=one),),
               secrets=(SenderSecret(digest=digest_of(one, SECRET), made_at_ms=0),))
        for one in camera_ids if through_gateways(one)
    ]  # fmt: skip


class Gateways:
    """Two gateways, the address before them, and the cameras. links: the proxies between the gateways and Kafka, Redis."""

    def __init__(self, data_dir: Path, env: dict[str, str], links: tuple[Proxy, ...]) -> None:
        self.links = links
        self.twice = False  # cameras send each message twice at the same time
        self.idle = asyncio.Event()  # a gateway has said yes to every read
        self._waiting = 0
        self.processes = [_gateway(number, data_dir, env, port) for number, port in enumerate(free_ports((), 2), 1)]
        self._ports = [int(one.program.env["VIGIE_GATEWAY_PORT"]) for one in self.processes]
        self._turn = itertools.cycle(self._ports)
        self._lanes: list[asyncio.Queue[tuple[PlateRead, Callable[[PlateRead], None]]]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._server: asyncio.Server | None = None
        self._url = ""

    async def start(self) -> None:
        """Start gateways, balancer and cameras."""
        for one in self.processes:
            await one.start()
        await asyncio.gather(*(one.wait_ready() for one in self.processes))
        self._server = await asyncio.start_server(self._balanced, HOST, 0)
        self._url = f"http://{HOST}:{self._server.sockets[0].getsockname()[1]}"
        self._lanes = [asyncio.Queue() for _ in range(LANES)]
        self._tasks = [asyncio.create_task(self._camera(lane)) for lane in self._lanes]
        self.idle.set()

    async def stop(self) -> None:
        """Stop them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            self._server.close()
        await asyncio.gather(*(one.stop() for one in self.processes))

    def put(self, read: PlateRead, answered: Callable[[PlateRead], None]) -> None:
        """Have the read's camera send it, in its order. answered: called once a gateway says yes."""
        self._waiting += 1
        self.idle.clear()
        self._lanes[_hash(read.camera_id) // SHARE % LANES].put_nowait((read, answered))

    async def _camera(self, lane: "asyncio.Queue[tuple[PlateRead, Callable[[PlateRead], None]]]") -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15.0)) as http:
            while True:
                read, answered = await lane.get()
                await self._until_yes(http, read)
                self._waiting -= 1
                answered(read)
                if not self._waiting:
                    self.idle.set()

    async def _until_yes(self, http: aiohttp.ClientSession, read: PlateRead) -> None:
        while True:
            if any(await asyncio.gather(*(self._said_yes(http, read) for _ in range(1 + self.twice)))):
                return
            await asyncio.sleep(AGAIN_S)

    async def _said_yes(self, http: aiohttp.ClientSession, read: PlateRead) -> bool:
        spoken = vigie(read)
        headers = dict(spoken.headers) | {"Authorization": aiohttp.encode_basic_auth(read.camera_id, SECRET)}
        try:
            async with http.post(self._url + spoken.target, data=spoken.body, headers=headers) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _balanced(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Join a connection with one of the gateways, in turn; the next one where one does not accept it."""
        for _ in self._ports:
            try:
                there = await asyncio.open_connection(HOST, next(self._turn))
            except OSError:
                continue
            await asyncio.gather(_piped(reader, there[1]), _piped(there[0], writer), return_exceptions=True)
            there[1].transport.abort()
            break
        writer.transport.abort()


async def _piped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


def _hash(camera_id: str) -> int:
    return int.from_bytes(blake2b(camera_id.encode(), digest_size=4).digest())


def _gateway(number: int, data_dir: Path, env: dict[str, str], port: int) -> Supervised:
    program = Program(
        name=f"gateway-{number}",
        argv=(sys.executable, "-u", "-m", "pipeline.cli", "gateway", "serve"),
        env={**env, "VIGIE_GATEWAY_PORT": str(port), "VIGIE_DATA_DIR": str(data_dir)},
        health=lambda: asyncio.to_thread(is_served, f"http://{HOST}:{port}/health"),
        health_every_s=0.3,
        ready_within_s=180.0,
        back_off=BackOff(first_s=0.2, cap_s=5.0),
    )
    return Supervised(program, data_dir)
