"""Runs the desks' server in the test's own process, on the session's servers, and plays a browser's part of HTTP."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from redis.asyncio import Redis

from pipeline.access.login import Bounds, Shift
from pipeline.access.record import Recorder
from pipeline.desks.cookies import SESSION
from pipeline.desks.server import DeskServers, run_desks
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.sender import Outgoing, Sender
from pipeline.runtime.settings import Settings
from pipeline.state.collections import DESIGNATIONS, USERS
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.state.session_store import SessionStore
from pipeline.stream import codec
from schemas.base import Message
from schemas.people import Designation, Role, User
from schemas.topics import Topic
from tests.people import make_designation, make_user

REASON = "stolen van seen near the depot, file 17"
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Reply:
    """The server's answer."""

    status: int
    headers: "dict[str, str]"
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return msgspec.json.decode(self.body)

    @property
    def rule(self) -> str | None:
        """The rule that a refusal names (the end of its problem's type); None: the answer is no refusal."""
        return str(self.json["type"]).rpartition(":")[2] if self.status >= 400 else None


@dataclass(slots=True)
class Browser:
    """A browser at the desks: its cookies, and the headers that a page of the desks sends. reason: the header Vigie-Reason;
    None: it is not sent."""

    desks: "Desks"
    cookies: dict[str, str] = field(default_factory=dict)
    reason: str | None = REASON

    async def ask(
        self, method: str, path: str, body: object = None, *, headers: dict[str, str | None] | None = None,
        data: bytes | None = None,
    ) -> Reply:  # fmt: skip
        """Send one request. headers: further ones; a value None leaves one out. data: a body as bytes."""
        given: dict[str, str | None] = {"Sec-Fetch-Site": "same-origin"}
        if self.reason:
            given["Vigie-Reason"] = self.reason
        if self.cookies:
            given["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None or data is not None:
            given["Content-Type"] = "application/json"
        sent = {name: value for name, value in (given | (headers or {})).items() if value is not None}
        content = data if data is not None else None if body is None else msgspec.json.encode(body)
        assert self.desks.http is not None, "the process runs"
        url = self.desks.url + path
        async with self.desks.http.request(method, url, data=content, headers=sent, allow_redirects=False) as answer:
            self._keep(answer.headers.getall("Set-Cookie", []))
            stream = answer.headers.get("Content-Type", "").startswith("text/event-stream")
            return Reply(answer.status, dict(answer.headers), b"" if stream else await answer.read())

    def _keep(self, lines: Sequence[str]) -> None:
        for line in lines:
            for name, cookie in SimpleCookie(line).items():
                if cookie["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = cookie.value


@dataclass(slots=True)
class Desks:
    """The desks' server, run in this process: its servers and stores, and its address while it runs."""

    kafka: KafkaConnection
    redis: Redis
    namespace: str
    settings: Settings
    writer: ReplicaWriter
    sessions: SessionStore
    url: str = ""
    http: aiohttp.ClientSession | None = None

    @contextlib.asynccontextmanager
    async def running(self, recorder: Recorder, **options: Any) -> AsyncIterator[None]:
        """Run the server of the desks while the block lasts; it has loaded everything that the stores and topics held before.
        options: of run_desks."""
        stopped, address = asyncio.Event(), asyncio.get_running_loop().create_future()
        servers = DeskServers(self.kafka, self.redis, recorder)
        task = asyncio.create_task(run_desks(self.settings, servers, stopped, ready=address.set_result, **options))
        await asyncio.wait({task, address}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        self.url = await address
        try:
            async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as self.http:
                yield
        finally:
            stopped.set()
            await task

    def browser(self, **fields: Any) -> Browser:
        """A browser without cookies."""
        return Browser(self, **fields)

    async def person(self, user_id: str, *roles: Role, user: User | None = None, **fields: Any) -> None:
        """Store a person with a designation for each role, which began yesterday unless fields say otherwise."""
        now_ms = platform_now_ms()
        defaults = {
            "valid_from_ms": now_ms - DAY_MS,
            "valid_until_ms": now_ms + DAY_MS,
            "trained_until_ms": now_ms + DAY_MS,
        }
        made: list[Designation] = [make_designation(role, user_id, **(defaults | fields)) for role in roles]
        await self.writer.put(USERS, [user or make_user(user_id)])
        await self.writer.put(DESIGNATIONS, made)

    async def logged_in(self, user_id: str, *, desk_id: str | None = None) -> Browser:
        """A browser in which this person has just logged in. desk_id: begin a shift at this desk, too; None: no shift."""
        now_ms = platform_now_ms()
        token, session = await self.sessions.open(user_id, "password", now_ms)
        if desk_id is not None:
            shift = Shift(desk_id=desk_id, reason=REASON, access_id="e-0", began_ms=now_ms)
            await self.sessions.keep(token, msgspec.structs.replace(session, shift=shift), now_ms)
        return self.browser(cookies={SESSION: token})

    async def send(self, topic: Topic[Any], *messages: Message, key: str | None = None) -> None:
        """Send these messages to a topic, under this key; None: to one partition."""
        where: dict[str, Any] = {"partition": 0} if key is None else {"key": key.encode()}
        sender = Sender(self.kafka.client_kwargs())
        try:
            await sender.send_all(
                [Outgoing(f"{self.namespace}.{topic.name}", codec.encode(topic, one), **where) for one in messages]
            )
        finally:
            await sender.stop()


def desks_of(kafka: KafkaConnection, redis: Redis, namespace: str, folder: Path) -> Desks:
    """The desks' server in this namespace, not yet running."""
    settings = Settings(namespace=namespace, data_dir=folder, desks_port=0)
    return Desks(
        kafka, redis, namespace, settings, ReplicaWriter(redis, namespace), SessionStore(redis, namespace, Bounds())
    )
